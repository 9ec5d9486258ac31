//! Golden files: what was printed once, was found good, and must stay so.

use std::fs;
use std::path::PathBuf;

/// Compares `text` with `golden/NAME.txt`; with `BLESS=1` writes it there.
pub(crate) fn check(name: &str, text: &str) {
    let path =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/golden")).join(format!("{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, text).expect("the golden directory can be written");
        return;
    }
    let golden = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; BLESS=1 writes it", path.display()));
    assert!(
        golden == text,
        "{} differs (BLESS=1 accepts the new text)\n--- golden\n{golden}\n--- now\n{text}",
        path.display()
    );
}
