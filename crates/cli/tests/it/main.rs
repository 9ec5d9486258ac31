//! The binary through its only door: text in, text out.
//!
//! Every test runs the real `anachron`.
use std::process::Command;

/// The program says what it is when it is called alone.
#[test]
fn alone_it_says_what_it_is() {
    let output = Command::new(env!("CARGO_BIN_EXE_anachron")).output().expect("the binary runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("anachron run"), "{text}");
    assert_eq!(output.status.code(), Some(0));
}
