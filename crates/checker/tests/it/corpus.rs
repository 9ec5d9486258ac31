//! Real histories with known verdicts.

use std::path::{Path, PathBuf};

use anachron_checker::explain::{AnomalyKind, Subject, explain};
use anachron_checker::{Budget, CheckOptions, Decision, Model, Start, check, combine, partition, verify};
use anachron_history::parse;

use crate::notation::shared;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension != "csv"));
    files.sort();
    assert!(!files.is_empty(), "{} is not empty", folder.display());
    files
}

/// Checks a file within a fixed number of configurations, so that a slow road fails on every machine alike.
fn decide(file: &Path, model: Model) -> Decision {
    let bytes = std::fs::read(file).expect("a readable file");
    let parsed = parse(&bytes, None).unwrap_or_else(|error| panic!("{}: {error:?}", file.display()));
    let initial = parsed.initial_hint.unwrap_or(model.default_initial());
    let options = CheckOptions::new(model).initial(initial);
    let parts = partition(&parsed.history, &options).expect("operations that the model knows");
    let mut budget = Budget::default().configurations(50_000);
    let judgement = combine(parts.iter().map(|part| part.check(&mut budget)).collect());
    for part in &judgement.parts {
        if let Err(flaw) = verify::verify(&parsed.history, &options, part) {
            panic!("{}: {flaw}: {part:?}", file.display());
        }
    }
    let core = judgement.violation().map_or(0, |(_, core)| core.operations.len());
    let name = file.file_name().expect("a name").to_string_lossy();
    let configurations = judgement.configurations();
    println!("{name}: {}, {configurations} configurations, core of {core}", judgement.decision());
    judgement.decision()
}

#[test]
fn etcd_under_jepsen() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("corpus/jepsen-etcd");
    let verdicts = std::fs::read_to_string(folder.join("verdicts.csv")).expect("the verdicts");
    let mut checked = 0;
    for line in verdicts.lines().skip(1) {
        let (file, verdict) = line.split_once(',').expect("file,verdict");
        assert_eq!(decide(&folder.join(file), Model::CasRegister).name(), verdict, "{file}");
        checked += 1;
    }
    assert!(checked >= 20);
}

#[test]
fn porcupines_key_value_store() {
    let Some(shared) = shared() else { return };
    for file in files(&shared.join("corpus/porcupine-kv")) {
        let bad = file.to_string_lossy().ends_with("-bad.txt");
        assert_eq!(decide(&file, Model::KeyValue) == Decision::NotLinearizable, bad, "{}", file.display());
    }
}

#[test]
fn knossos_registers_and_its_lock() {
    let Some(shared) = shared() else { return };
    for (folder, model, expected) in [
        ("cas-register/good", Model::CasRegister, Decision::Linearizable),
        ("cas-register/bad", Model::CasRegister, Decision::NotLinearizable),
        ("mutex/bad", Model::Mutex, Decision::NotLinearizable),
    ] {
        for file in files(&shared.join("corpus/knossos").join(folder)) {
            assert_eq!(decide(&file, model), expected, "{}", file.display());
        }
    }
}

/// Between events 246 and 1122 this lock was granted 104 times, and 102 releases can lie there. No window with fewer
/// operations has too many of either kind (a script of its own looked at all of them), so the core is as large; the
/// explanation counts instead of listing. The core names the grants only, for the releases need not be told apart.
#[test]
fn a_lock_that_goes_wrong_by_a_hundred_turns_is_explained_by_counting() {
    let Some(shared) = shared() else { return };
    let bytes = std::fs::read(shared.join("corpus/knossos/mutex/bad/etcd.edn")).expect("a readable file");
    let parsed = parse(&bytes, None).expect("a history");
    let options = CheckOptions::new(Model::Mutex);
    let judgement = check(&parsed.history, &options).expect("a lock's operations");
    let (part, core) = judgement.violation().expect("it is not linearizable");
    assert_eq!((core.operations.len(), core.start), (104, Start::Amid));
    assert_eq!(verify::verify(&parsed.history, &options, part), Ok(()));
    let subject = Subject::new(&parsed.history, part.key, options.model, options.initial.clone());
    let explanation = explain(&subject, core).expect("an explanation");
    println!("{explanation}");
    assert_eq!(explanation.kind, AnomalyKind::TwoHolders);
    assert_eq!(explanation.sentences.len(), 3);
    assert!(explanation.holds(&subject));
}
