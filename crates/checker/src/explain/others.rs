//! What is said of the operations that a core leaves out.
//!
//! Why it exists: an account of a core alone proves nothing to a reader who sees that more was going on. And a core that
//! is judged amid what it leaves out, or from any state, has no longest order that could be shown, for the others may act
//! in between. The honest account is then what the object can hold whenever an operation of the core returns, whoever
//! else acted, up to the return that nothing can meet.
//!
//! What it promises: nothing is said of the core as if it were alone. The sets that are told are those of the verifier's
//! own sweep (`verify/amid.rs`), which may be too large, never too small: "can only be" is true of every order.
//!
//! Left out on purpose: who made what possible. Many may have.

use anachron_vocabulary::{Operation, OperationId, Outcome, Reply};

use super::fact::Fact;
use super::no_order::weakened;
use super::subject::Subject;
use super::words::{Voice, these_operations};
use super::{AnomalyKind, Candidate};
use crate::verify::{Held, Moment, moments, verify_core};
use crate::{CheckOptions, Core, CoreOperation, Kept, Start};

/// Up to this many operations are told one by one.
const TOLD_OPERATIONS: usize = 12;
/// As many returns are told, the last ones.
const TOLD_MOMENTS: usize = 6;
/// So many values are named.
const NAMED_VALUES: usize = 8;

/// What is true of an object whatever those do that a core leaves out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OthersFact {
    /// Premise: the core's operations took effect as they were kept (one kept as unknown between its call and its return, or
    /// never), and each of these many others between its call and its return, any number of times or never.
    OthersAct {
        /// The core.
        core: Vec<CoreOperation>,
        /// How many operations it leaves out.
        others: usize,
    },
    /// When one of the core had returned, the object could only hold this.
    CanHold(Moment),
    /// Conclusion: one of the core can't have taken effect before it returned.
    CannotBePlaced {
        /// The moment at which it returned.
        moment: Moment,
        /// How many returns had been met before.
        met: usize,
    },
    /// The core proves that there is no order of all, as the verifier's rules say: by themselves, where it has to be judged
    /// from the initial state because its operations have none.
    Verified(Core),
}

fn options(subject: &Subject<'_>) -> CheckOptions {
    CheckOptions::new(subject.model()).initial(subject.initial().clone())
}

/// What the judgement of the core goes through; nothing if that is not how it is judged.
fn moments_of(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Moment> {
    moments(subject.history(), &options(subject), subject.key(), core).unwrap_or_default()
}

/// How many operations the core leaves out.
fn left_out(subject: &Subject<'_>, core: &[CoreOperation]) -> usize {
    subject.possible().filter(|id| core.iter().all(|kept| kept.id != *id)).count()
}

impl OthersFact {
    /// True if the fact is true of the whole history, or follows from the facts before it.
    pub(crate) fn holds(&self, subject: &Subject<'_>, earlier: &[Fact]) -> bool {
        // All moments of the core that is spoken of.
        let all = || {
            let core = earlier.iter().find_map(|fact| match fact {
                Fact::Others(Self::OthersAct { core, .. }) => Some(core),
                _ => None,
            });
            core.map_or_else(Vec::new, |core| moments_of(subject, core))
        };
        match self {
            Self::OthersAct { core, others } => {
                core.iter().all(|kept| subject.owns(kept.id)) && left_out(subject, core) == *others
            }
            Self::CanHold(moment) => all().contains(moment),
            Self::CannotBePlaced { moment, met } => {
                let all = all();
                all.len() == met + 1 && all.last() == Some(moment) && moment.with.is_empty()
            }
            Self::Verified(core) => {
                verify_core(subject.history(), &options(subject), subject.key(), core).is_ok()
            }
        }
    }

    /// The operations that the fact names.
    pub(crate) fn operations(&self) -> Vec<OperationId> {
        let ids = |core: &[CoreOperation]| core.iter().map(|kept| kept.id).collect();
        match self {
            Self::OthersAct { core, .. } => ids(core),
            Self::Verified(core) => ids(&core.operations),
            Self::CanHold(moment) | Self::CannotBePlaced { moment, .. } => vec![moment.returned],
        }
    }

    /// Says the fact.
    pub(crate) fn say(&self, voice: &Voice<'_>) -> String {
        match self {
            Self::OthersAct { core, others } => {
                let (once, placed): (Vec<_>, Vec<_>) =
                    core.iter().partition(|kept| kept.kept == Kept::AsUnknown);
                let marks = |some: &[&CoreOperation]| {
                    voice.marks(&some.iter().map(|kept| kept.id).collect::<Vec<_>>())
                };
                let once = match once.as_slice() {
                    [] => String::new(),
                    some => format!(", and {} once at most", marks(some)),
                };
                format!(
                    "Suppose that each of the other {others} operations took effect, or did not, or did so again and again, as \
                     long as it ran{once}. Even so {} can't be explained.",
                    marks(&placed)
                )
            }
            Self::CanHold(moment) => {
                let cases: Vec<String> = moment
                    .with
                    .iter()
                    .map(|(as_well, held)| match as_well.as_slice() {
                        [] => said(voice, held),
                        ids => format!("{} with {} done too", said(voice, held), voice.marks(ids)),
                    })
                    .collect();
                format!(
                    "When {} had finished, {} could only be {}.",
                    voice.mark(moment.returned),
                    voice.object(),
                    cases.join(", or else ")
                )
            }
            Self::CannotBePlaced { moment, met } => {
                let since = if *met == 0 { "Until" } else { "From then until" };
                format!(
                    "{since} {} had finished, {} could only be {}, {}. No order of these operations explains that, whatever the \
                     others did.",
                    voice.mark(moment.returned),
                    voice.object(),
                    said(voice, &moment.without),
                    found(voice, moment.returned),
                )
            }
            Self::Verified(core) => {
                let (count, others) = (core.operations.len(), left_out(voice.subject, &core.operations));
                let these = these_operations(count);
                match core.start {
                    Start::Initial => format!(
                        "The other {others} operations don't help: from an order of all {} there would follow one of {these}.",
                        count + others
                    ),
                    Start::Amid | Start::Any => {
                        format!(
                            "Whatever the other {others} did, {these} have no order: `anachron verify` checks it."
                        )
                    }
                }
            }
        }
    }
}

/// Values, as a choice.
fn said(voice: &Voice<'_>, held: &[Held]) -> String {
    if held.len() > NAMED_VALUES {
        return format!("one of {} values", held.len());
    }
    let one = |held: &Held| match held {
        Held::This(value) => voice.held(value),
        Held::OtherText => "a text that none of these found".to_owned(),
        Held::Other => "something that none of these found".to_owned(),
    };
    match held.iter().map(one).collect::<Vec<_>>().as_slice() {
        [] => "nothing at all".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// What an operation found instead.
fn found(voice: &Voice<'_>, id: OperationId) -> String {
    let record = voice.subject.record(id);
    let client = voice.client(id);
    match (&record.operation, &record.outcome) {
        (Operation::Read, Outcome::Ok(Reply::Value(value))) => {
            format!("but {client} got {}", voice.held(value))
        }
        (Operation::CompareAndSet { expected, .. }, Outcome::Ok(Reply::Answer(false))) => {
            format!("but {client} was told that it was not {}", voice.held(expected))
        }
        (Operation::CompareAndSet { expected, .. }, _) => {
            format!("but {client} found {}", voice.held(expected))
        }
        (Operation::Claim(_), Outcome::Ok(Reply::Answer(false))) => {
            format!("but {client} was told that somebody else leads")
        }
        (Operation::Claim(_), _) => format!("but {client} was made leader"),
        (Operation::Resign(_), Outcome::Ok(Reply::Answer(false))) => {
            format!("but {client} was told that it did not lead")
        }
        (Operation::Resign(_), _) => format!("but {client} could resign"),
        (Operation::Append(_), _) => format!("but {client} could append to it"),
        _ => format!("which does not go with what {client} did"),
    }
}

/// That the core may leave out whatever it leaves out, if it leaves out anything and the verifier agrees.
pub(crate) fn left_out_rightly(subject: &Subject<'_>, operations: &[CoreOperation]) -> Option<Fact> {
    let core = Core { operations: operations.to_vec(), ..Core::default() };
    let fact = Fact::Others(OthersFact::Verified(core));
    (left_out(subject, operations) > 0 && fact.holds(subject, &[])).then_some(fact)
}

/// The account of a core that does not start at the initial state, or of one that is judged amid the others.
pub(crate) fn account(
    subject: &Subject<'_>,
    operations: Vec<CoreOperation>,
    start: Start,
) -> Option<Candidate> {
    let voice = Voice::new(subject);
    let (count, others) = (operations.len(), left_out(subject, &operations));
    let mut sentences = Vec::new();
    let mut operations = operations;
    operations
        .sort_by_key(|kept| (subject.record(kept.id).call, subject.record(kept.id).returned(), kept.id));
    if count <= TOLD_OPERATIONS {
        sentences.extend(operations.iter().map(|kept| vec![Fact::Did(kept.id)]));
    }
    sentences.extend(weakened(subject, &operations, Kept::AsWrite));
    let mut moments = moments_of(subject, &operations);
    if let Some(last) = moments.pop() {
        sentences.push(vec![Fact::Others(OthersFact::OthersAct { core: operations, others })]);
        let met = moments.len();
        let told = moments.into_iter().skip(met.saturating_sub(TOLD_MOMENTS));
        sentences.extend(told.map(|moment| vec![Fact::Others(OthersFact::CanHold(moment))]));
        sentences.push(vec![Fact::Others(OthersFact::CannotBePlaced { moment: last, met })]);
    } else {
        let verified = Fact::Others(OthersFact::Verified(Core { operations, start, ..Core::default() }));
        if !verified.holds(subject, &[]) {
            return None;
        }
        sentences.push(vec![verified]);
    }
    let headline = format!(
        "no order of {} on {} works, whatever the other {others} did",
        these_operations(count),
        voice.object(),
    );
    Some(Candidate { kind: AnomalyKind::NoOrder, headline, sentences })
}
