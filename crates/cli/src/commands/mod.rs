//! The commands, one file each.

pub(crate) mod check;
pub(crate) mod explain;
pub(crate) mod list;
pub(crate) mod run;
pub(crate) mod shell;
pub(crate) mod sweep;

use anachron_checker::{Decision, Judgement, Verdict};
use anachron_report::verdict::{self, Undecided};

use crate::args::Expected;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// `anachron` alone: what it is, and what to try.
pub(crate) fn welcome(output: &mut Output) -> Result<Exit, Failure> {
    output.text(
        "\
Anachron runs replicated storage in a simulated world, records what its clients
saw, decides whether that is linearizable, and proves the answer.

Try
  anachron run lost-acked-write-on-failover   a write is acknowledged, and lost
  anachron list                               all stories, with their cures
  anachron check FILE --model register        judge a history of a real system

`anachron --help` tells the rest.
",
    )?;
    Ok(Exit::Fine)
}

/// The exit code of a verdict, against an expectation if there is one.
fn exit(
    decision: Decision,
    kind: Option<anachron_checker::explain::AnomalyKind>,
    expected: Option<Expected>,
) -> Exit {
    match (expected, decision) {
        (Some(expected), _) if met(expected, decision, kind) => Exit::Fine,
        (_, Decision::Undecided) => Exit::Undecided,
        (Some(_), _) | (None, Decision::NotLinearizable) => Exit::Violation,
        (None, Decision::Linearizable) => Exit::Fine,
    }
}

fn met(expected: Expected, decision: Decision, kind: Option<anachron_checker::explain::AnomalyKind>) -> bool {
    expected.decision == decision && (expected.kind.is_none() || expected.kind == kind)
}

/// What to say of the first object that was not decided.
fn undecided(judgement: &Judgement, interrupted: bool, output: &Output) -> Option<String> {
    judgement.parts.iter().find_map(|part| match &part.verdict {
        Verdict::Undecided(progress) => {
            let (limit, advice) = match progress.limit {
                anachron_checker::Limit::Stopped if interrupted => ("the reader's patience".to_owned(), ""),
                anachron_checker::Limit::Stopped => {
                    ("the limit on time".to_owned(), "a larger `--budget`, such as `--budget 10min`")
                }
                anachron_checker::Limit::Memory => (progress.limit.to_string(), "a larger `--memory`"),
                anachron_checker::Limit::Configurations => (progress.limit.to_string(), ""),
            };
            Some(verdict::undecided(
                &Undecided {
                    limit: &limit,
                    configurations: part.configurations,
                    placed: progress.placed,
                    required: progress.required,
                    advice,
                },
                output.style,
            ))
        }
        _ => None,
    })
}
