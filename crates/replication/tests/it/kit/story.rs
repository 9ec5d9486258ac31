//! Stories: text in, text out.
//!
//! A file `FAMILY/stories/NAME.VARIANT.txt` is a script with what came of it (`anachron_node::driver`). The variants
//! of one story are the same script under other settings: side by side they show what a setting is for. The script
//! is read from the first variant.
//!
//! `BLESS=1 cargo test -p anachron-replication --test it` writes the files anew; read the diff first.

use std::fs;
use std::path::PathBuf;

use anachron_node::Replica;
use anachron_node::driver::{Driver, script_of};

/// What came of a story's variants, in the order in which they were asked for.
pub(crate) struct Told {
    script: String,
    /// Each variant's name, and what was told.
    variants: Vec<(String, String)>,
}

/// Runs a story under every variant's settings and compares each with its file.
pub(crate) fn tell<R: Replica>(family: &str, name: &str, nodes: u16, variants: &[(&str, R::Config)]) -> Told {
    let script = script_of(&read(&path(family, name, variants[0].0)));
    assert!(script.lines().any(|line| !line.starts_with('#')), "{name}: commands start with `> `");
    Told { script, variants: Vec::new() }.beside::<R>(family, name, nodes, variants)
}

fn path(family: &str, name: &str, variant: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it"))
        .join(format!("{family}/stories/{name}.{variant}.txt"))
}

fn read(path: &PathBuf) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Told {
    /// The same script under another strategy, its variants behind those that are here.
    pub(crate) fn beside<R: Replica>(
        mut self,
        family: &str,
        name: &str,
        nodes: u16,
        variants: &[(&str, R::Config)],
    ) -> Self {
        for (variant, config) in variants {
            let output = Driver::<R>::new(config.clone(), nodes, 1)
                .run(&self.script)
                .unwrap_or_else(|error| panic!("{family}/{name}.{variant}.txt, {error}"));
            let path = path(family, name, variant);
            if std::env::var_os("BLESS").is_some() {
                fs::write(&path, &output).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            }
            let golden = read(&path);
            if golden != output {
                let same = golden.lines().zip(output.lines()).take_while(|(golden, told)| golden == told);
                let line = same.count() + 1;
                panic!(
                    "{family}/{name}.{variant}.txt differs from line {line} on (BLESS=1 accepts this):\n{output}"
                );
            }
            self.variants.push(((*variant).to_owned(), output));
        }
        self
    }

    /// Asserts the answer to a request, variant by variant; `-` for none.
    #[track_caller]
    pub(crate) fn answers(&self, request: &str, expected: &[&str]) {
        let mark = format!(" answers {request} ");
        self.each(expected, |output| {
            let answers: Vec<&str> =
                output.lines().filter_map(|line| line.split_once(&mark)).map(|(_, answer)| answer).collect();
            if answers.is_empty() { "-".to_owned() } else { answers.join("; ") }
        });
    }

    /// Asserts what a node holds at the end, variant by variant.
    #[track_caller]
    pub(crate) fn holds(&self, node: &str, expected: &[&str]) {
        let mark = format!("  {node} holds ");
        self.each(expected, |output| {
            output.lines().filter_map(|line| line.strip_prefix(&mark)).next_back().unwrap_or("-").to_owned()
        });
    }

    /// Asserts how often a text occurs, variant by variant.
    #[track_caller]
    pub(crate) fn counts(&self, text: &str, expected: &[usize]) {
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        self.each(&expected, |output| output.matches(text).count().to_string());
    }

    /// Asserts whether one text comes before another, variant by variant.
    #[track_caller]
    pub(crate) fn in_order(&self, first: &str, second: &str, expected: &[bool]) {
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        self.each(&expected, |output| {
            let place = |text| output.find(text).unwrap_or_else(|| panic!("no `{text}` in\n{output}"));
            (place(first) < place(second)).to_string()
        });
    }

    #[track_caller]
    fn each(&self, expected: &[&str], found: impl Fn(&str) -> String) {
        assert_eq!(expected.len(), self.variants.len(), "one expectation a variant");
        for (expected, (variant, output)) in expected.iter().zip(&self.variants) {
            assert_eq!(found(output), *expected, "under {variant}:\n{output}");
        }
    }
}
