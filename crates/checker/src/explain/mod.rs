//! Why no order works, in words that are checked before they are said.
//!
//! Why it exists: a core proves a violation to a program; this module proves it to a person. The order of attempts is
//! fixed for each kind of object: phantom, from the future, stale read, flip-flop, double winner, false refusal, two holders
//! and release without hold, the arguments about appends, elements, sums and tokens, what a text can have grown from, how
//! many copies there can be, which of two operations can come first, how often a value had to come back, a cycle, and last the
//! account of an exhaustive search, or of the verifier's own. The first that applies is told.
//!
//! What it promises: an explanation is a list of [`Fact`]s with their words. Each fact was checked against the object's
//! whole history (not only the core), each conclusion against the facts before it. For every kind but
//! [`AnomalyKind::NoOrder`] the facts together imply that the history has no legal order; the tests confirm it with an
//! inference that shares no code with this. A history that has an order is never given a kind.
//!
//! Left out on purpose: what the servers were doing. That is a story told from the trace, not a proof.

mod appends;
mod counters;
mod cycle;
mod elements;
mod fact;
mod grants;
mod growth;
mod kind;
mod locks;
mod multiplicity;
mod no_order;
mod others;
mod projection;
mod registers;
mod scans;
mod sentences;
mod stretch;
mod subject;
mod succession;
mod takers;
mod tokens;
mod words;

use std::fmt;

use anachron_vocabulary::OperationId;

pub use counters::SumFact;
pub use elements::{Ahead, ElementFact};
pub use fact::{Exclusion, Fact, Glimpse, Point};
pub use grants::GrantFact;
pub use growth::{BaseFlaw, GrowthFact, Part};
pub use kind::AnomalyKind;
pub use multiplicity::CopyFact;
pub use others::OthersFact;
pub use stretch::{From, Stretch, Until};
pub use subject::Subject;
pub use succession::{Lack, SuccessionFact};
pub use takers::TakerFact;
pub use words::circled;

pub use crate::verify::{Held, Moment};

use crate::{Core, CoreOperation, Model, Start};
use registers::Finder;
use words::Voice;

/// One step of the proof: facts, and how they are said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sentence {
    /// What is claimed.
    pub facts: Vec<Fact>,
    /// The same in words. Operations are called by their circled numbers.
    pub text: String,
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why no order of an object's operations works.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// What kind of anomaly it is.
    pub kind: AnomalyKind,
    /// The whole in one line, without numbers: `Stale read: client c3 read x=1 after x=2 had been written`.
    pub headline: String,
    /// The proof, step by step.
    pub sentences: Vec<Sentence>,
    /// The operations that the sentences speak of, by time of call: the first is ①, the second ②.
    pub numbered: Vec<OperationId>,
}

impl Explanation {
    /// Checks every fact again, in order; true if all hold.
    pub fn holds(&self, subject: &Subject<'_>) -> bool {
        all_hold(subject, self.sentences.iter().map(|sentence| &sentence.facts))
    }

    /// The number of an operation, from 1, if the sentences speak of it.
    pub fn number(&self, id: OperationId) -> Option<usize> {
        self.numbered.iter().position(|&numbered| numbered == id).map(|index| index + 1)
    }
}

/// The headline, then the sentences with their numbers.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline)?;
        for (index, sentence) in self.sentences.iter().enumerate() {
            writeln!(f, "{:>3}. {sentence}", index + 1)?;
        }
        Ok(())
    }
}

/// An explanation that has not been checked yet.
pub(crate) struct Candidate {
    kind: AnomalyKind,
    /// Without the kind's title.
    headline: String,
    sentences: Vec<Vec<Fact>>,
}

fn all_hold<'a>(subject: &Subject<'_>, sentences: impl Iterator<Item = &'a Vec<Fact>>) -> bool {
    let mut earlier: Vec<Fact> = Vec::new();
    for fact in sentences.flatten() {
        if !fact.holds(subject, &earlier) {
            return false;
        }
        earlier.push(fact.clone());
    }
    true
}

impl Candidate {
    fn checked(self, subject: &Subject<'_>) -> Option<Explanation> {
        all_hold(subject, self.sentences.iter()).then(|| self.told(subject))
    }

    fn told(self, subject: &Subject<'_>) -> Explanation {
        let mut numbered: Vec<OperationId> =
            self.sentences.iter().flatten().flat_map(Fact::operations).collect();
        numbered.sort_by_key(|&id| (subject.record(id).call, subject.record(id).returned(), id));
        numbered.dedup();
        let voice = Voice::numbered(subject, &numbered);
        let sentences = self
            .sentences
            .into_iter()
            .map(|facts| {
                let said: Vec<String> = facts.iter().map(|fact| voice.say(fact)).collect();
                Sentence { text: said.join(" "), facts }
            })
            .collect();
        let headline = format!("{}: {}", self.kind.title(), self.headline);
        Explanation { kind: self.kind, headline, sentences, numbered }
    }
}

/// Above this many operations no short argument is looked for: the work grows with the square. A core this large is
/// one that could not be shrunk in time.
const SHORT_ARGUMENT_LIMIT: usize = 2_000;

pub(crate) type Attempt = fn(&Subject<'_>, &[CoreOperation]) -> Vec<Candidate>;

/// The short arguments for registers, in the order of trial. Reads come before compare-and-sets, because two
/// compare-and-sets from one value are better told as a double winner.
pub(crate) const REGISTER: [Attempt; 12] = [
    registers::phantom,
    registers::from_the_future,
    |subject, core| registers::stale_read(subject, core, Finder::Read),
    |subject, core| registers::flip_flop(subject, core, Finder::Read),
    registers::double_winner,
    |subject, core| registers::stale_read(subject, core, Finder::CompareAndSet),
    |subject, core| registers::flip_flop(subject, core, Finder::CompareAndSet),
    registers::two_ways,
    registers::false_refusal,
    succession::neither_first,
    takers::too_often,
    cycle::ring,
];

/// The short arguments for texts that are appended to.
const APPENDED: [Attempt; 12] = [
    appends::phantom,
    appends::too_often,
    registers::phantom,
    registers::from_the_future,
    |subject, core| registers::stale_read(subject, core, Finder::Read),
    |subject, core| registers::flip_flop(subject, core, Finder::Read),
    appends::lost,
    appends::fork,
    growth::attempts::impossible,
    growth::attempts::neither,
    registers::two_ways,
    cycle::ring,
];

/// The short arguments for collections.
const ELEMENTS: [Attempt; 6] = [
    elements::attempts::refused,
    elements::attempts::too_often,
    elements::attempts::vanished,
    elements::attempts::overtook,
    multiplicity::attempts::miscounted,
    elements::ahead::left_behind,
];

/// The short arguments for counters.
const COUNTED: [Attempt; 2] = [counters::attempts::out_of_range, counters::attempts::step_by_step];

/// The short arguments for lists.
const LISTED: [Attempt; 4] = [
    elements::attempts::too_often,
    elements::attempts::lists,
    growth::attempts::impossible,
    multiplicity::attempts::miscounted,
];

/// The short arguments for leadership: a register that is claimed and resigned.
const LEADERSHIP: [Attempt; 10] = [
    registers::phantom,
    registers::from_the_future,
    succession::neither_first,
    |subject, core| registers::stale_read(subject, core, Finder::Read),
    |subject, core| registers::flip_flop(subject, core, Finder::Read),
    registers::double_winner,
    |subject, core| registers::stale_read(subject, core, Finder::CompareAndSet),
    registers::false_refusal,
    takers::too_often,
    cycle::ring,
];

/// Explains a core of a history that is not linearizable.
///
/// `core` is what the checker found: operations of the object, kept as they were or weakened. It steers what is looked
/// at; what is said is checked against the whole history all the same.
///
/// Nothing is returned for a core that has a legal order: then there is nothing to explain.
pub fn explain(subject: &Subject<'_>, core: &Core) -> Option<Explanation> {
    let start = core.start;
    let mut core: Vec<CoreOperation> =
        core.operations.iter().copied().filter(|kept| subject.owns(kept.id)).collect();
    core.sort_by_key(|kept| (subject.record(kept.id).call, kept.id));
    core.dedup_by_key(|kept| kept.id);
    let attempts: &[Attempt] = match subject.model() {
        // A lock's crowd is counted, however large.
        Model::Mutex => &[locks::count_turns],
        _ if core.len() > SHORT_ARGUMENT_LIMIT => &[],
        Model::LeaderRegister => &LEADERSHIP,
        Model::MultiRegister => &[projection::one_register, projection::ring],
        Model::FencingLock => &[tokens::regression, locks::count_turns, grants::count_by_tokens],
        Model::Queue | Model::Stack | Model::PriorityQueue | Model::Set | Model::Multiset => &ELEMENTS,
        Model::List => &LISTED,
        Model::Counter => &COUNTED,
        Model::KeyValue if appends::has_appends(subject) => &APPENDED,
        Model::Register | Model::CasRegister | Model::KeyValue => &REGISTER,
    };
    attempts
        .iter()
        .flat_map(|attempt| attempt(subject, &core))
        .find_map(|candidate| candidate.checked(subject))
        // The account is a search; to check it is to search again, which anyone may, by `holds`.
        .or_else(|| {
            let account = match start {
                Start::Initial => no_order::account(subject, &core),
                Start::Amid | Start::Any => others::account(subject, core, start),
            };
            account.map(|account| account.told(subject))
        })
}
