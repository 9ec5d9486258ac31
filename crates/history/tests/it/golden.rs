//! One small file a format and layout, and the history that it is, as native JSON Lines a person can read.

use std::fmt::Write as _;
use std::path::PathBuf;

use anachron_history::{Format, Parsed, parse, write_json_lines};

/// Compares `text` with the golden file `name`; with `BLESS=1` writes it there.
pub(crate) fn check(name: &str, text: &str) {
    let path = path(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).expect("a place for the golden file");
        return;
    }
    let golden = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; BLESS=1 writes it", path.display()));
    assert!(golden == text, "{name} changed; read and bless (BLESS=1). Now:\n{text}");
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/golden")).join(name)
}

fn shown(parsed: &Parsed) -> String {
    let Parsed { history, format, initial_hint } = parsed;
    history.validate().expect("what was read is well-formed");
    let mut text = format!("format {format}, times {:?}", history.time_unit);
    if let Some(initial) = initial_hint {
        write!(text, ", every object starts as {initial}").expect("a String takes everything");
    }
    text.push('\n');
    let mut lines = Vec::new();
    write_json_lines(history, &mut lines).expect("memory takes everything");
    text + std::str::from_utf8(&lines).expect("JSON is UTF-8")
}

#[test]
fn every_format_reads_as_its_golden_history() {
    for (name, format) in [
        ("native.jsonl", Format::JsonLines),
        ("literals.jsonl", Format::JsonLines),
        ("etcd.log", Format::JepsenLog),
        ("newer.log", Format::JepsenLog),
        ("history.txt", Format::JepsenLog),
        ("vector.edn", Format::Edn),
        ("list.edn", Format::Edn),
        ("lines.edn", Format::Edn),
        ("values.edn", Format::Edn),
        ("porcupine-kv.txt", Format::Edn),
    ] {
        let input = std::fs::read_to_string(path(name)).expect(name);
        let parsed = parse(input.as_bytes(), None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(parsed.format, format, "{name}");
        let told = parse(input.as_bytes(), Some(format)).expect("the same with the format told");
        assert_eq!(shown(&told), shown(&parsed), "{name}");
        check(&format!("{name}.out"), &shown(&parsed));
        // Windows' line ends and a byte order mark change nothing.
        let windows = format!("\u{feff}{}", input.replace('\n', "\r\n"));
        let windows = parse(windows.as_bytes(), None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(shown(&windows), shown(&parsed), "{name} with CRLF");
    }
}

#[test]
fn formats_have_names() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse::<Format>(), Ok(format));
    }
    let error = "xml".parse::<Format>().expect_err("no such format").to_string();
    assert_eq!(error, "no format is called `xml`; there are jsonl, jepsen-log and edn");
}
