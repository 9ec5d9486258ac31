//! `cargo xtask test`: everything that has to pass.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::step::{Steps, program, tests};
use crate::{cargo, clippy_list, dependencies};

/// Runs every step and stops at the first that fails. The last line says how many tests passed and failed.
pub(crate) fn run(root: &Path) -> ExitCode {
    let started = Instant::now();
    let mut steps = Steps::default();
    let result = all(root, &mut steps);
    let seconds = started.elapsed().as_secs_f64();
    let counts = steps.counts;
    match result {
        Ok(()) => {
            println!(
                "{} passed, {} failed ({} steps, {seconds:.0} s)",
                counts.passed, counts.failed, steps.done
            );
            ExitCode::SUCCESS
        }
        Err(why) => {
            println!("\n   {why}");
            // A step that is not a test counts as one failure.
            println!("{} passed, {} failed ({seconds:.0} s)", counts.passed, counts.failed.max(1));
            ExitCode::FAILURE
        }
    }
}

fn all(root: &Path, steps: &mut Steps) -> Result<(), String> {
    let nextest = has(root, &["nextest", "--version"]);
    steps.run("tools", "install what is missing, then run this again", |_| {
        for (arguments, install) in [
            (["fmt", "--version"], "rustup component add rustfmt"),
            (["clippy", "--version"], "rustup component add clippy"),
        ] {
            if !has(root, &arguments) {
                return Err(format!("`cargo {}` is missing; `{install}` installs it", arguments[0]));
            }
        }
        println!(
            "   tests run with {}",
            if nextest { "cargo nextest" } else { "cargo test (cargo nextest would be faster; not needed)" }
        );
        Ok(())
    })?;
    steps.run("format", "cargo fmt --all", |_| program(cargo(root).args(["fmt", "--all", "--check"])))?;
    steps.run(
        "dependencies",
        "see xtask/src/dependencies.rs: the policy and its exceptions stand there",
        |_| dependencies::check(root),
    )?;
    steps.run("the determinism list bites", "clippy.toml names something that clippy can't find", |_| {
        clippy_list::check(root)
    })?;
    steps.run("lints", "fix what clippy says; an `#[allow]` needs its reason beside it", |_| {
        program(cargo(root).args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    let rerun = "run the failing test alone: cargo test -p CRATE NAME; a golden file that may change: cargo xtask bless";
    if nextest {
        steps.run("tests", rerun, |counts| {
            let mut command = cargo(root);
            command.args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast", "--no-tests=pass"]);
            tests(command.env("NEXTEST_STATUS_LEVEL", "fail"), counts)
        })?;
        steps.run("examples in the documentation", rerun, |counts| {
            tests(cargo(root).args(["test", "--workspace", "--locked", "--doc", "--quiet"]), counts)
        })?;
    } else {
        steps.run("tests", rerun, |counts| {
            tests(cargo(root).args(["test", "--workspace", "--locked", "--no-fail-fast", "--quiet"]), counts)
        })?;
    }
    // The report was met by the debug build above; a run must not depend on the build profile.
    steps.run(
        "the same fingerprints in a release build",
        "see crates/experiment/tests/it/determinism.rs",
        |counts| {
            let mut command = cargo(root);
            command.args([
                "test",
                "--release",
                "--locked",
                "--quiet",
                "-p",
                "anachron-experiment",
                "--test",
                "it",
            ]);
            tests(command.args(["--", "determinism::every_story"]), counts)
        },
    )?;
    steps.run("documentation", "cargo doc --workspace --no-deps", |_| {
        let mut command = cargo(root);
        command.args(["doc", "--workspace", "--no-deps", "--document-private-items", "--locked", "--quiet"]);
        program(command.env("RUSTDOCFLAGS", "-D warnings"))
    })
}

/// True if cargo has this command.
fn has(root: &Path, arguments: &[&str]) -> bool {
    let mut command: Command = cargo(root);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
