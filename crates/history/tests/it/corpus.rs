//! Real histories (`../shared/corpus`): every file is read, its operations are counted independently, and no prefix
//! and no flipped bit of it does worse than an error.

use std::path::{Path, PathBuf};

use anachron_history::{Format, History, parse};
use anachron_vocabulary::{Outcome, Reply, Value};

struct File {
    name: String,
    bytes: Vec<u8>,
}

/// The histories in these folders of the corpus, or none, with a word about it, where there is no corpus.
fn corpus(folders: &[&str]) -> Vec<File> {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    if !shared.exists() {
        println!("skipped: ../shared is not here");
        return Vec::new();
    }
    let mut paths: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| {
            let folder = shared.join("corpus").join(folder);
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        })
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension != "csv"))
        .collect();
    paths.sort();
    assert!(paths.len() >= folders.len(), "files in {folders:?}");
    let read = |path: PathBuf| File {
        bytes: std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
        name: path.display().to_string(),
    };
    paths.into_iter().map(read).collect()
}

const LOG: &[&str] = &["jepsen-etcd"];
const KEY_VALUE: &[&str] = &["porcupine-kv"];
const KNOSSOS: &[&str] = &["knossos/cas-register/good", "knossos/cas-register/bad", "knossos/mutex/bad"];

fn history(file: &File, format: Format) -> History {
    let parsed = parse(&file.bytes, None).unwrap_or_else(|error| panic!("{}: {error}", file.name));
    assert_eq!(parsed.format, format, "{}", file.name);
    assert_eq!(parsed.history.validate(), Ok(()), "{}", file.name);
    parsed.history
}

/// Operations, and how many of them are ok, failed and unknown.
fn counts(history: &History) -> [usize; 4] {
    let count = |wanted: fn(&Outcome) -> bool| {
        history.records.iter().filter(|record| wanted(&record.outcome)).count()
    };
    [
        history.records.len(),
        count(|outcome| matches!(outcome, Outcome::Ok(_))),
        count(|outcome| matches!(outcome, Outcome::Failed)),
        count(|outcome| matches!(outcome, Outcome::Unknown)),
    ]
}

#[test]
fn logs_have_as_many_operations_as_invocations() {
    let mut total = [0; 4];
    for file in corpus(LOG) {
        let text = String::from_utf8(file.bytes.clone()).expect("text");
        let lines = |parts: &[&str]| {
            text.lines()
                .filter(|line| {
                    let words: Vec<&str> = line.split_whitespace().collect();
                    parts.iter().all(|part| words.contains(part))
                })
                .count()
        };
        let failed_cas = lines(&[":fail", ":cas"]);
        let failed = lines(&[":fail"]) - failed_cas;
        let ok = lines(&[":ok"]) + failed_cas;
        let called = lines(&[":invoke"]);
        let history = history(&file, Format::JepsenLog);
        let counted = counts(&history);
        assert_eq!(counted, [called, ok, failed, called - ok - failed], "{}", file.name);
        let observed = history.records.iter().filter(|r| r.outcome == Outcome::Ok(Reply::Answer(false)));
        assert_eq!(observed.count(), failed_cas, "{}", file.name);
        total.iter_mut().zip(counted).for_each(|(total, count)| *total += count);
    }
    println!("logs: {total:?} operations, ok, failed, unknown");
}

#[test]
fn edn_files_have_as_many_operations_as_invocations() {
    for file in corpus(KNOSSOS).into_iter().chain(corpus(KEY_VALUE)) {
        let text = String::from_utf8(file.bytes.clone()).expect("text");
        // No file of these has `:type` of the nemesis other than `:info`.
        let count = |kind: &str| text.matches(&format!(":type {kind}")).count();
        let (called, ok, failed) = (count(":invoke"), count(":ok"), count(":fail"));
        let counted = counts(&history(&file, Format::Edn));
        assert_eq!(counted, [called, ok, failed, called - ok - failed], "{}", file.name);
        assert!(called > 0, "{}", file.name);
    }
}

#[test]
fn only_key_value_data_starts_as_the_empty_string() {
    for file in corpus(KEY_VALUE) {
        let parsed = parse(&file.bytes, None).expect("a history");
        assert_eq!(parsed.initial_hint, Some(Value::from("")), "{}", file.name);
        assert!(parsed.history.keys.len() > 1, "{}", file.name);
    }
    for file in corpus(KNOSSOS).into_iter().chain(corpus(LOG)) {
        assert_eq!(parse(&file.bytes, None).expect("a history").initial_hint, None, "{}", file.name);
    }
}

/// A prefix is an error or the beginning of the same history; a collection that isn't closed is always an error.
#[test]
fn a_file_that_ends_in_the_middle_is_an_error_or_a_beginning() {
    let (mut errors, mut beginnings) = (0, 0);
    for file in corpus(LOG).into_iter().chain(corpus(KNOSSOS)).chain(corpus(KEY_VALUE)) {
        let whole = parse(&file.bytes, None).expect("a history");
        let trimmed = file.bytes.trim_ascii_end().len();
        let first = file.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        let in_brackets = whole.format == Format::Edn && first != Some(&b'{');
        for end in (0..file.bytes.len()).step_by(97) {
            match parse(&file.bytes[..end], Some(whole.format)) {
                Err(_) => errors += 1,
                Ok(part) => {
                    beginnings += 1;
                    assert!(!in_brackets || end >= trimmed, "{} cut at {end}", file.name);
                    assert_eq!(part.history.validate(), Ok(()));
                    let records = &part.history.records;
                    assert!(records.len() <= whole.history.records.len());
                    for (cut, full) in records.iter().zip(&whole.history.records) {
                        assert_eq!((cut.client, cut.key, cut.call), (full.client, full.key, full.call));
                        assert_eq!(cut.operation, full.operation, "{} cut at {end}", file.name);
                        assert!(cut.outcome == full.outcome || cut.outcome == Outcome::Unknown);
                    }
                }
            }
        }
    }
    println!("{errors} errors, {beginnings} beginnings");
}

/// Bits flipped, bytes replaced, lines lost and doubled: an answer that is well-formed, or a place in the file.
#[test]
fn damaged_files_give_an_answer_or_a_place() {
    let mut draw = 42_u64;
    let mut next = |below: usize| {
        draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(draw >> 33).expect("31 bits") % below
    };
    for file in corpus(LOG).into_iter().chain(corpus(KNOSSOS)).chain(corpus(KEY_VALUE)) {
        let format = parse(&file.bytes, None).expect("a history").format;
        for round in 0..60 {
            let mut bytes = file.bytes.clone();
            for _ in 0..=next(3) {
                let at = next(bytes.len());
                match round % 3 {
                    0 => bytes[at] ^= 1 << next(8),
                    1 => bytes[at] = b"{}[]()\"\\#;:, \n\t\0_0-/"[next(20)],
                    _ => {
                        let end = (at + next(200)).min(bytes.len() - 1);
                        bytes.drain(at..end);
                    }
                }
            }
            for format in [None, Some(format)] {
                match parse(&bytes, format) {
                    Ok(parsed) => assert_eq!(parsed.history.validate(), Ok(())),
                    Err(error) => {
                        let lines = bytes.split(|&byte| byte == b'\n').count();
                        assert!((1..=lines).contains(&error.line), "{error}");
                        assert!(error.caret <= error.excerpt.chars().count() && error.column >= 1, "{error}");
                        assert!(
                            !error.to_string().contains('\n') && error.to_string().len() < 1_000,
                            "{error}"
                        );
                    }
                }
            }
        }
    }
}
