//! The project's own commands: `cargo xtask test`, `bench`, `bless`.
//!
//! Why it exists: one command passes or fails everything, on a laptop as in CI, and says what to do next. It needs
//! nothing but Rust; where a tool is missing it names the command that installs it.
//!
//! Left out on purpose: dependencies. This crate is the first thing that a fresh machine builds.

mod clippy_list;
mod dependencies;
mod step;
mod test;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask test     everything that has to pass: format, lints, dependencies, tests, documentation
cargo xtask bench    every benchmark
cargo xtask bless    rewrite the golden files; look at the difference before you commit it
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let root = root();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["test"] => test::run(&root),
        ["bench", more @ ..] => {
            let mut command = cargo(&root);
            command.args(["bench", "--workspace", "--locked", "--benches"]).args(more);
            exit_like(&mut command)
        }
        ["bless", more @ ..] => {
            let mut command = cargo(&root);
            command.env("BLESS", "1").args(["test", "--workspace", "--locked"]).args(more);
            exit_like(&mut command)
        }
        [] | ["help" | "-h" | "--help"] => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        other => {
            eprint!("xtask does not know `{}`.\n\n{HELP}", other.join(" "));
            ExitCode::from(2)
        }
    }
}

/// The workspace's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

/// The cargo that runs this.
fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // Set by the outer cargo for this crate; an inner build must not take them for its own.
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            command.env_remove(name);
        }
    }
    command
}

fn exit_like(command: &mut Command) -> ExitCode {
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo does not start: {error}");
            ExitCode::FAILURE
        }
    }
}
