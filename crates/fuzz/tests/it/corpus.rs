//! The regression corpus: every file of `fuzz/corpus/` through its target, and the scenarios and catalogue that seed it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anachron_fuzz::{TARGETS, Target};

/// No file of the corpus is worth more than this, in an unoptimized build beside other tests.
const LIMIT: Duration = Duration::from_secs(5);

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of a target, by name.
pub(crate) fn files(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = root().join("fuzz/corpus").join(target.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("a file"))).collect()
}

/// What inputs are made from: the corpus, and for scenarios those that are published.
pub(crate) fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = files(target).into_iter().map(|(_, bytes)| bytes).collect();
    if target.name == "scenario" {
        let entries = ["scenarios", "crates/scenario/tests/data"]
            .map(|folder| fs::read_dir(root().join(folder)).expect("the scenarios"));
        let mut paths: Vec<PathBuf> = (entries.into_iter().flatten())
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .filter(|path| !path.ends_with("schema.json"))
            .collect();
        paths.sort();
        seeds.extend(paths.iter().map(|path| fs::read(path).expect("a file")));
    }
    seeds
}

#[test]
fn every_file_keeps_its_promise() {
    for target in &TARGETS {
        let files = files(target);
        assert!(files.len() >= 3, "{} has a corpus", target.name);
        for (path, bytes) in files {
            println!("{}", path.display());
            let start = Instant::now();
            (target.run)(&bytes);
            let took = start.elapsed();
            assert!(took < LIMIT, "{} took {took:?}", path.display());
        }
    }
}
