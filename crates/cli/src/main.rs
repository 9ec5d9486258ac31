//! `anachron`: the only voice of the project.
//!
//! Why it exists: it reads what a person asked for, calls the libraries, and says what they found: results to
//! stdout, progress and notes to stderr. It decides nothing that a library could decide.
//!
//! What it promises: exit codes as in `--help`; the seed before a run; no bars and no colour off a terminal; one
//! interrupt stops and sums up, a second one ends at once.

mod args;
mod commands;
mod exit;
mod interrupt;
mod library;
mod output;
mod progress;
mod source;
mod target;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit::{Exit, Failure};
use output::Output;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => return help_or_complaint(&said).unwrap_or_else(Failure::report).into(),
    };
    interrupt::listen();
    let mut output = Output::new(&cli.look);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| dispatch(&cli, &mut output)));
    let ended = match result {
        Ok(Ok(exit)) => output.finish().map(|()| exit).map_err(Failure::from),
        Ok(Err(failure)) => {
            // What was found before the failure is worth seeing; that it can't be written would be the smaller news.
            let _ = output.finish();
            Err(failure)
        }
        Err(_) => Err(Failure::internal("this is a bug in anachron; please report it with the lines above")),
    };
    ended.unwrap_or_else(Failure::report).into()
}

/// Help and versions are results, on stdout; all else that the parser has to say is a complaint, on stderr.
fn help_or_complaint(said: &clap::Error) -> Result<Exit, Failure> {
    if said.use_stderr() {
        // If stderr is gone as well there is nobody left to tell.
        let _ = said.print();
        return Ok(Exit::Usage);
    }
    said.print()?;
    std::io::stdout().flush()?;
    Ok(Exit::Fine)
}

fn dispatch(cli: &Cli, output: &mut Output) -> Result<Exit, Failure> {
    match &cli.command {
        None => commands::welcome(output),
        Some(Command::Run(args)) => commands::run::run(args, output),
        Some(Command::Check(args)) => commands::check::check(args, output),
        Some(Command::Verify(args)) => commands::verify::verify(args, output),
        Some(Command::List(args)) => commands::list::list(args, output),
        Some(Command::Explain(args)) => commands::explain::explain(args, output),
        Some(Command::Catalogue(args)) => commands::catalogue::catalogue(args, output),
        Some(Command::New(args)) => commands::new::new(args, output),
        Some(Command::Sweep(args)) => commands::sweep::sweep(args, output),
        Some(Command::Campaign(args)) => commands::campaign::campaign(args, output),
        Some(Command::Matrix(args)) => commands::matrix::matrix(args, output),
        Some(Command::Completions(args)) => commands::shell::completions(args, output),
        Some(Command::Man(args)) => commands::shell::man(args, output),
    }
}
