//! The map of ARCHITECTURE.md against the code: no crate depends on what its row does not name.
//!
//! The table is DESIGN.md's, section 1; it stands in ARCHITECTURE.md so that the map people read is the one that is
//! checked. An edge that follows from others (sim → node → vocabulary) needs no mention. Development dependencies count
//! too: the judge stays blind in its tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Edges = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The table: rows `| `crate` | what it knows | depends on |`.
fn table(architecture: &str) -> Edges {
    let rows = architecture.lines().skip_while(|line| !line.starts_with("| crate")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [name, _, depends] = cells.as_slice() else { panic!("three cells: {line}") };
            let names = depends.split([',', ' ']).map(|name| name.trim_matches('`'));
            let names = names.filter(|name| !name.is_empty() && *name != "–").map(str::to_owned);
            (name.trim_matches('`').to_owned(), names.collect())
        })
        .collect()
}

/// Everything that can be reached from `name`.
fn reachable(edges: &Edges, name: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![name.to_owned()];
    while let Some(next) = open.pop() {
        for further in edges.get(&next).unwrap_or_else(|| panic!("the table has no row for {next}")) {
            if seen.insert(further.clone()) {
                open.push(further.clone());
            }
        }
    }
    seen
}

/// The packages that a manifest depends on, in whatever way.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section.ends_with("dependencies");
            // [dependencies.name] is a dependency in itself.
            if let Some((_, name)) = section.split_once("dependencies.") {
                found.insert(name.trim_matches('"').to_owned());
            }
        } else if inside
            && !line.starts_with('#')
            && let Some(name) = line.split(['.', '=', ' ']).next().filter(|name| !name.is_empty())
        {
            found.insert(name.trim_matches('"').to_owned());
        }
    }
    found
}

/// The edges of the code that the table does not allow.
fn forbidden(edges: &Edges, manifests: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, manifest) in manifests {
        let allowed = reachable(edges, name);
        for dependency in dependencies(manifest) {
            if let Some(other) = dependency.strip_prefix("anachron-")
                && !allowed.contains(other)
            {
                wrong.push(format!("{name} → {other}"));
            }
        }
    }
    wrong
}

fn manifests() -> BTreeMap<String, String> {
    let folders = fs::read_dir(root().join("crates")).expect("the crates");
    folders
        .map(|folder| folder.expect("a folder").path())
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, read(&path.join("Cargo.toml")))
        })
        .collect()
}

#[test]
fn no_crate_depends_on_what_its_row_does_not_name() {
    let edges = table(&read(&root().join("ARCHITECTURE.md")));
    let manifests = manifests();
    assert_eq!(edges.keys().collect::<Vec<_>>(), manifests.keys().collect::<Vec<_>>(), "one row a crate");
    let wrong = forbidden(&edges, &manifests);
    assert!(wrong.is_empty(), "edges that ARCHITECTURE.md does not name: {}", wrong.join(", "));
}

#[test]
fn the_judge_is_blind() {
    let edges = table(&read(&root().join("ARCHITECTURE.md")));
    let known: BTreeSet<String> = ["history", "vocabulary"].map(str::to_owned).into();
    assert_eq!(reachable(&edges, "checker"), known);
    let strategies: BTreeSet<String> = ["node", "vocabulary"].map(str::to_owned).into();
    assert_eq!(reachable(&edges, "replication"), strategies);
}

#[test]
fn a_forbidden_edge_is_found_however_it_is_written() {
    let edges = table(
        "| crate | knows | depends on |\n|---|---|---|\n| `a` | x | `b` |\n| `b` | x | – |\n| `c` | x | – |\n",
    );
    for manifest in [
        "[dependencies]\nanachron-c.workspace = true\n",
        "[dev-dependencies]\nanachron-c = { path = \"../c\" }\n",
        "[build-dependencies]\n\"anachron-c\" = \"1\"\n",
        "[dependencies.anachron-c]\nworkspace = true\n",
        "[target.'cfg(unix)'.dependencies]\nanachron-c.workspace = true\n",
    ] {
        let manifests = BTreeMap::from([("a".to_owned(), manifest.to_owned())]);
        assert_eq!(forbidden(&edges, &manifests), ["a → c"], "{manifest}");
    }
    let fine = "[dependencies]\nanachron-b.workspace = true\n[lints]\nworkspace = true\n";
    assert!(forbidden(&edges, &BTreeMap::from([("a".to_owned(), fine.to_owned())])).is_empty());
}

/// Other people's checkers are compared in a workspace of their own: none of them may reach ours, and what they bring
/// comes from crates.io too.
#[test]
fn peers_stay_outside() {
    let peers = read(&root().join("peers/Cargo.toml"));
    assert!(peers.lines().any(|line| line == "[workspace]"), "peers/ is a workspace of its own");
    let lock = read(&root().join("Cargo.lock"));
    for name in dependencies(&peers).iter().filter(|name| !name.starts_with("anachron-") && *name != "clap") {
        assert!(!lock.contains(&format!("name = \"{name}\"\n")), "{name} has come into the main Cargo.lock");
    }
    for line in read(&root().join("peers/Cargo.lock")).lines().filter(|line| line.starts_with("source = ")) {
        assert_eq!(line, "source = \"registry+https://github.com/rust-lang/crates.io-index\"");
    }
}

/// One strategy never imports another; what they share has a home of its own (`common`).
#[test]
fn no_strategy_imports_another() {
    let source = root().join("crates/replication/src");
    let strategies: Vec<String> = fs::read_dir(&source)
        .expect("the strategies")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir() && !path.ends_with("common"))
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    for strategy in &strategies {
        for file in files(&source.join(strategy)) {
            let text = read(&file);
            for other in strategies.iter().filter(|other| *other != strategy) {
                for path in [format!("crate::{other}"), format!("super::super::{other}")] {
                    assert!(!text.contains(&path), "{} imports {other}", file.display());
                }
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
