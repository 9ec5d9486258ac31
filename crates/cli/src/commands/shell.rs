//! `anachron completions` and `anachron man`: made from the same description of the command line as `--help`.

use anachron_report::jsonl;
use clap::CommandFactory;
use clap_mangen::Man;
use serde_json::json;

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::exit::{Exit, Failure};
use crate::output::{Output, note};

/// Prints a completion script.
pub(crate) fn completions(args: &CompletionsArgs, output: &mut Output) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "anachron", &mut script);
    tell("completions", &args.shell.to_string(), &script, output)?;
    Ok(Exit::Fine)
}

/// Prints the manual page, or writes all of them.
pub(crate) fn man(args: &ManArgs, output: &mut Output) -> Result<Exit, Failure> {
    let Some(folder) = &args.folder else {
        let mut page = Vec::new();
        Man::new(Cli::command()).render(&mut page)?;
        tell("man", "anachron", &page, output)?;
        return Ok(Exit::Fine);
    };
    let written =
        std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
    written.map_err(|error| Failure::usage(format!("can't write into {}: {error}", folder.display())))?;
    note(&format!("manual pages written into {}", folder.display()));
    Ok(Exit::Fine)
}

/// A text that is the same for everybody, or an object that holds it.
fn tell(kind: &str, name: &str, made: &[u8], output: &mut Output) -> Result<(), Failure> {
    let made = std::str::from_utf8(made).expect("help texts are UTF-8, and so is what is made of them");
    output.text(made)?;
    output.object(|| jsonl::line(kind, json!({ "name": name, "text": made })))?;
    Ok(())
}
