//! Proves that the list of clippy.toml bites: a crate that uses everything on it must be reported line by line.
//!
//! Why it exists: clippy ignores a path that it can't find, so a misspelt or renamed entry would leave a hole in the
//! fence and nobody would notice.

use std::fs;
use std::path::Path;

use crate::cargo;

/// One use of everything on the list, one a line: what is used, and the line that uses it.
const OFFENCES: &[(&str, &str)] = &[
    ("std::time::Instant", "type A1 = std::time::Instant;"),
    ("std::time::SystemTime", "type A2 = std::time::SystemTime;"),
    ("std::collections::HashMap", "type A3 = std::collections::HashMap<u8, u8>;"),
    ("std::collections::HashSet", "type A4 = std::collections::HashSet<u8>;"),
    ("std::hash::RandomState", "type A5 = std::hash::RandomState;"),
    ("std::hash::DefaultHasher", "type A6 = std::hash::DefaultHasher;"),
    ("std::fs::File", "type A7 = std::fs::File;"),
    ("std::net::TcpStream", "type A8 = std::net::TcpStream;"),
    ("std::net::TcpListener", "type A9 = std::net::TcpListener;"),
    ("std::net::UdpSocket", "type A10 = std::net::UdpSocket;"),
    ("std::process::Command", "type A11 = std::process::Command;"),
    ("std::thread::spawn", "fn b1() { let _ = std::thread::spawn(|| ()); }"),
    ("std::thread::scope", "fn b2() { std::thread::scope(|_| ()); }"),
    ("std::thread::sleep", "fn b3() { std::thread::sleep(std::time::Duration::ZERO); }"),
    ("std::thread::current", "fn b4() { let _ = std::thread::current(); }"),
    ("std::thread::available_parallelism", "fn b5() { let _ = std::thread::available_parallelism(); }"),
    ("std::env::var", "fn b6() { let _ = std::env::var(\"x\"); }"),
    ("std::env::var_os", "fn b7() { let _ = std::env::var_os(\"x\"); }"),
    ("std::env::vars", "fn b8() { let _ = std::env::vars(); }"),
    ("std::env::args", "fn b9() { let _ = std::env::args(); }"),
    ("std::io::stdin", "fn b10() { let _ = std::io::stdin(); }"),
    ("std::fs::read", "fn b11() { let _ = std::fs::read(\"x\"); }"),
    ("std::fs::read_to_string", "fn b12() { let _ = std::fs::read_to_string(\"x\"); }"),
    ("std::fs::read_dir", "fn b13() { let _ = std::fs::read_dir(\"x\"); }"),
    ("std::fs::write", "fn b14() { let _ = std::fs::write(\"x\", \"\"); }"),
    ("std::fs::create_dir_all", "fn b15() { let _ = std::fs::create_dir_all(\"x\"); }"),
    ("std::fs::remove_file", "fn b16() { let _ = std::fs::remove_file(\"x\"); }"),
    ("f64::ln", "fn c1(x: f64) -> f64 { x.ln() }"),
    ("f64::log2", "fn c2(x: f64) -> f64 { x.log2() }"),
    ("f64::log10", "fn c3(x: f64) -> f64 { x.log10() }"),
    ("f64::ln_1p", "fn c4(x: f64) -> f64 { x.ln_1p() }"),
    ("f64::exp", "fn c5(x: f64) -> f64 { x.exp() }"),
    ("f64::exp_m1", "fn c6(x: f64) -> f64 { x.exp_m1() }"),
    ("f64::powf", "fn c7(x: f64) -> f64 { x.powf(x) }"),
    ("f64::powi", "fn c8(x: f64) -> f64 { x.powi(2) }"),
    ("f64::sin", "fn c9(x: f64) -> f64 { x.sin() }"),
    ("f64::cos", "fn c10(x: f64) -> f64 { x.cos() }"),
    ("f64::tan", "fn c11(x: f64) -> f64 { x.tan() }"),
];

/// Compiles the offending crate and compares what clippy reports with the list.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let list =
        fs::read_to_string(root.join("clippy.toml")).map_err(|error| format!("clippy.toml: {error}"))?;
    let listed: Vec<&str> =
        list.lines().filter_map(|line| line.trim().strip_prefix("{ path = \"")?.split('"').next()).collect();
    for path in &listed {
        if !OFFENCES.iter().any(|(used, _)| used == path) {
            return Err(format!("nothing in xtask/src/clippy_list.rs uses {path}; add a line that does"));
        }
    }
    for (path, _) in OFFENCES {
        if !listed.contains(path) {
            return Err(format!(
                "{path} is no longer in clippy.toml; take it out of xtask/src/clippy_list.rs too"
            ));
        }
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
    let place = target.join("xtask").join("offender");
    fs::create_dir_all(place.join("src")).map_err(|error| error.to_string())?;
    let manifest = "[package]\nname = \"offender\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
    let lines: Vec<&str> = OFFENCES.iter().map(|(_, line)| *line).collect();
    let source = format!("#![allow(dead_code, unused_must_use)]\n{}\n", lines.join("\n"));
    for (name, text) in [("Cargo.toml", manifest.to_owned()), ("src/lib.rs", source)] {
        fs::write(place.join(name), text).map_err(|error| error.to_string())?;
    }
    let output = cargo(root)
        .args(["clippy", "--quiet", "--offline", "--message-format", "short", "--manifest-path"])
        .arg(place.join("Cargo.toml"))
        .args(["--", "-W", "clippy::disallowed_types", "-W", "clippy::disallowed_methods"])
        .env("CLIPPY_CONF_DIR", root)
        .env("CARGO_TARGET_DIR", place.join("target"))
        .output()
        .map_err(|error| format!("clippy does not start: {error}"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    for (index, (path, _)) in OFFENCES.iter().enumerate() {
        let position = format!("lib.rs:{}:", index + 2);
        let reported = report.lines().any(|line| line.contains(&position) && line.contains("disallowed"));
        if !reported {
            return Err(format!("clippy does not report {path}. It said:\n{report}"));
        }
    }
    println!("   {} entries, all reported", OFFENCES.len());
    Ok(())
}
