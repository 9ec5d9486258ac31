//! `anachron completions` and `anachron man`: made from the same description of the command line as `--help`.

use clap::CommandFactory;
use clap_mangen::Man;

use crate::args::{Cli, CompletionsArgs, ManArgs};
use crate::exit::{Exit, Failure};
use crate::output::{Output, note};

/// Prints a completion script.
pub(crate) fn completions(args: &CompletionsArgs, output: &mut Output) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "anachron", &mut script);
    output.raw(&script)?;
    Ok(Exit::Fine)
}

/// Prints the manual page, or writes all of them.
pub(crate) fn man(args: &ManArgs, output: &mut Output) -> Result<Exit, Failure> {
    let Some(folder) = &args.folder else {
        let mut page = Vec::new();
        Man::new(Cli::command()).render(&mut page)?;
        output.raw(&page)?;
        return Ok(Exit::Fine);
    };
    let written =
        std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
    written
        .map_err(|error| Failure::internal(format_args!("can't write into {}: {error}", folder.display())))?;
    note(&format!("manual pages written into {}", folder.display()));
    Ok(Exit::Fine)
}
