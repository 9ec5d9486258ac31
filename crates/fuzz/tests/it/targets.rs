//! The coverage-guided fuzzer runs the same targets, and no others.

use std::collections::BTreeSet;
use std::fs;

use anachron_fuzz::TARGETS;

use crate::corpus::root;

#[test]
fn every_target_has_its_binary() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).expect("the fuzzer's manifest");
    let named: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(named.len(), TARGETS.len());
    for name in &named {
        let source = root().join("fuzz/fuzz_targets").join(format!("{name}.rs"));
        let text =
            fs::read_to_string(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        assert!(text.contains(&format!("target(\"{name}\")")), "{} runs its target", source.display());
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is a binary");
    }
    for folder in ["fuzz/fuzz_targets", "fuzz/corpus"] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            assert!(named.contains(stem.as_str()), "{} is no target's", path.display());
        }
    }
}
