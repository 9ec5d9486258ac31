//! What `run` and `check` have in common: certificates re-checked, verdicts told.

use anachron_checker::explain::Explanation;
use anachron_checker::verify::{Flaw, Verifier};
use anachron_checker::{CheckOptions, Decision, Judgement, Limit, PartVerdict, Progress, Verdict};
use anachron_history::History;
use anachron_report::number::count;
use anachron_report::verdict::{self, Placed, Undecided, Violation};
use anachron_report::{CauseLine, Style, jsonl, text};
use anachron_vocabulary::OperationId;

use crate::exit::Failure;
use crate::interrupt::interrupted;
use crate::output::{Output, note};

/// Re-checks every certificate with code that shares nothing with the search.
pub(super) fn recheck(
    name: &str,
    history: &History,
    options: &CheckOptions,
    judgement: &Judgement,
) -> Result<(), Failure> {
    let decided = judgement.parts.iter().filter(|part| part.verdict.decision() != Decision::Undecided);
    let verifier = Verifier::new(history);
    let mut too_big = 0;
    for part in decided {
        match verifier.verify(options, part) {
            Ok(()) => {}
            // The small checker's limits are no flaw of the certificate, and no pass either.
            Err(Flaw::TooBig) => too_big += 1,
            Err(flaw) => {
                let key = history.key_name(part.key);
                let said = format_args!("{name}: the certificate of {key:?} does not hold: {flaw}");
                return Err(Failure::internal(said));
            }
        }
    }
    if too_big == 0 {
        note(&format!("{name}: certificates re-checked"));
    } else {
        let what = count(too_big, "certificate");
        note(&format!("{name}: {what} NOT re-checked, because the core is too big for the small checker"));
    }
    Ok(())
}

/// So many objects are named that are not told of at length.
const MOST_NAMES: usize = 5;

/// A verdict, and what is known of the reasons.
#[derive(Clone, Copy)]
pub(super) struct Proof<'a> {
    pub history: &'a History,
    pub judgement: &'a Judgement,
    pub explanation: Option<&'a Explanation>,
    /// What the servers were doing.
    pub cause: &'a [CauseLine],
}

impl<'a> Proof<'a> {
    /// An order for each object that has one.
    pub(super) fn orders(&self) -> Vec<Placed<'a>> {
        let parts = self.judgement.parts.iter();
        parts
            .filter_map(|part| match &part.verdict {
                Verdict::Linearizable(order) => Some(Placed { key: part.key, order: &order.0 }),
                _ => None,
            })
            .collect()
    }

    /// The violation in one line.
    pub(super) fn headline(&self) -> &'a str {
        self.explanation
            .map_or("no order of these operations works", |explanation| explanation.headline.as_str())
    }

    fn sentences(&self) -> Vec<String> {
        self.explanation
            .map(|explanation| explanation.sentences.iter().map(ToString::to_string).collect())
            .unwrap_or_default()
    }

    /// The verdict for people, with all that proves it.
    pub(super) fn text(&self, style: Style) -> String {
        self.first(style) + &self.others(style)
    }

    /// Only one object is told of at length. That there are others must not go unsaid.
    fn others(&self, style: Style) -> String {
        let said =
            [(Decision::NotLinearizable, "not linearizable either"), (Decision::Undecided, "not decided")];
        let told = self.judgement.decision();
        let paragraphs = said.iter().map(|&(decision, words)| {
            let parts = self.judgement.parts.iter().filter(|part| part.verdict.decision() == decision);
            // The first is the one that was told of.
            let names: Vec<&str> = parts
                .skip(usize::from(decision == told))
                .map(|part| self.history.key_name(part.key))
                .collect();
            if names.is_empty() {
                return String::new();
            }
            let shown =
                names.iter().take(MOST_NAMES).map(|name| text::cut(&text::safe(name, style), 40, style));
            let shown: Vec<String> = shown.collect();
            let more = if names.len() > MOST_NAMES { " and more" } else { "" };
            let verb = if names.len() == 1 { "is" } else { "are" };
            let others = count(names.len() as u64, "other object");
            super::paragraph("  ", &format!("{others} {verb} {words}: {}{more}.", shown.join(", ")), style)
        });
        paragraphs.collect()
    }

    fn first(&self, style: Style) -> String {
        match self.judgement.decision() {
            Decision::Linearizable => verdict::linearizable(self.history, &self.orders(), style),
            Decision::NotLinearizable => {
                let (part, core) = self.judgement.violation().expect("a violation has a core");
                let violation = Violation {
                    headline: self.headline(),
                    sentences: &self.sentences(),
                    core: core.operations.len(),
                    operations: part.operations,
                    minimal: core.minimal,
                    cause: self.cause,
                };
                verdict::violation(&violation, style)
            }
            Decision::Undecided => {
                let (part, progress) = self.undecided().expect("an open question has an object");
                let (limit, advice) = limit(progress.limit);
                let undecided = Undecided {
                    limit: &limit,
                    configurations: part.configurations,
                    placed: progress.placed,
                    required: progress.required,
                    advice,
                };
                verdict::undecided(&undecided, style)
            }
        }
    }

    /// The first object that was not decided, and how far the search got with it.
    pub(super) fn undecided(&self) -> Option<(&'a PartVerdict, &'a Progress)> {
        self.judgement.parts.iter().find_map(|part| match &part.verdict {
            Verdict::Undecided(progress) => Some((part, progress)),
            _ => None,
        })
    }

    /// For programs: the objects that are not linearizable or not decided, and why the first violation is one.
    pub(super) fn objects(&self, output: &mut Output) -> Result<(), Failure> {
        let history = self.history;
        let parts = self.judgement.parts.iter();
        for part in parts.filter(|part| part.verdict.decision() != Decision::Linearizable) {
            output.object(|| {
                jsonl::object_verdict(&jsonl::ObjectVerdict {
                    key: history.key_name(part.key),
                    operations: part.operations,
                    verdict: part.verdict.decision().name(),
                    road: part.road.name(),
                    configurations: part.configurations,
                })
            })?;
        }
        let Some((part, core)) = self.judgement.violation() else { return Ok(()) };
        let core: Vec<OperationId> = core.operations.iter().map(|kept| kept.id).collect();
        output.object(|| {
            jsonl::explanation(&jsonl::Explained {
                key: history.key_name(part.key),
                anomaly: self.explanation.map_or("no-order", |explanation| explanation.kind.name()),
                headline: self.headline(),
                numbered: self.explanation.map_or(&[], |explanation| explanation.numbered.as_slice()),
                core: &core,
                sentences: &self.sentences(),
                cause: self.cause,
            })
        })?;
        Ok(())
    }
}

/// What ended the search, and what to try next.
pub(super) fn limit(limit: Limit) -> (String, &'static str) {
    match limit {
        Limit::Stopped if interrupted() => ("an interrupt".to_owned(), ""),
        Limit::Stopped => ("the limit on time".to_owned(), "a larger `--budget`, such as `--budget 10min`"),
        Limit::Memory => (limit.to_string(), "a larger `--memory`"),
        Limit::Configurations => (limit.to_string(), ""),
    }
}
