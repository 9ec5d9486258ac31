//! Stories: text in, text out.
//!
//! A file of a strategy's `stories/` is a script with what came of it (`anachron_node::driver`). `NAME.WEAKENING.txt` is
//! what comes of the same script when a known bug is switched on: the two side by side show what the rule is for.
//! `BLESS=1` writes these files anew; read the diff first.

use std::fs;
use std::path::PathBuf;

use anachron_node::Replica;
use anachron_node::driver::{Driver, script_of};

/// The stories of one strategy.
pub(crate) struct Shelf {
    /// The strategy's folder below `tests/it`.
    pub(crate) folder: &'static str,
}

impl Shelf {
    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it"))
            .join(self.folder)
            .join("stories")
            .join(format!("{name}.txt"))
    }

    fn read(&self, name: &str) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Tells a story with this configuration. The script is that of `script`; the golden file is that of `name`.
    pub(crate) fn tell<R: Replica>(&self, script: &str, name: &str, nodes: u16, config: R::Config) -> String {
        let commands = script_of(&self.read(script));
        assert!(
            commands.lines().any(|line| !line.starts_with('#')),
            "stories/{script}.txt: commands start with `> `"
        );
        let told = Driver::<R>::new(config, nodes, 1)
            .run(&commands)
            .unwrap_or_else(|error| panic!("stories/{script}.txt, {error}"));
        self.compare(name, &told);
        told
    }

    fn compare(&self, name: &str, told: &str) {
        if std::env::var_os("BLESS").is_some() {
            fs::write(self.path(name), told).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let golden = self.read(name);
        if golden != told {
            let same = golden.lines().zip(told.lines()).take_while(|(golden, told)| golden == told);
            let line = same.count() + 1;
            panic!("stories/{name}.txt differs from line {line} on (BLESS=1 accepts this):\n{told}");
        }
    }
}

/// The last line that says so much about an answer to this request.
pub(crate) fn answer<'a>(story: &'a str, request: &str) -> &'a str {
    let mark = format!(" answers {request} ");
    let mut answers = story.lines().filter_map(|line| line.split_once(&mark)).map(|(_, answer)| answer);
    answers.next_back().unwrap_or("nothing")
}
