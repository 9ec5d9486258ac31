//! Re-checks certificates: short, slow where it may be, and meant to be believed on reading.
//!
//! Why it exists: the roads that find verdicts are clever, so they are not to be trusted. This module shares no code
//! with them, nor even the compiled form of the specification: it replays operations on a plain object of its own.
//!
//! What it promises: `Ok` means that the certificate proves its verdict for that object of that history. Anything
//! that it can't re-check within its own small means is an error ([`Flaw::TooBig`]), never a pass.

mod amid;
mod cells;
mod core_rules;
mod lists;
mod projection;
mod records;
mod replay;
mod sums;
mod tokens;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anachron_history::History;
use anachron_vocabulary::{Key, Operation, OperationId, Outcome, Reply, Value};

use crate::{CheckOptions, Core, CoreOperation, Kept, Model, Order, PartVerdict, Start, Verdict};
pub use amid::{Held, Moment};
pub(crate) use records::{Records, of_key};
use replay::Replay;

/// How much the re-check of a core may take: configurations times the operations looked at in each.
const CORE_EFFORT: usize = 50_000_000;

/// Why a certificate does not prove its verdict.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// It names an operation that the history does not have.
    NoSuchOperation(OperationId),
    /// It names an operation of another object.
    OtherObject(OperationId),
    /// It names an operation twice.
    Twice(OperationId),
    /// It uses an operation that certainly did not happen.
    DidNotHappen(OperationId),
    /// The order leaves out an operation that is ok.
    Missing(OperationId),
    /// The order puts the second operation after the first, but the second had returned before the first was called.
    RealTime(OperationId, OperationId),
    /// The specification refuses this operation at its place in the order.
    Refused(OperationId),
    /// The core keeps an operation as it was whose outcome nobody knows, or as a write one that did not swap.
    NotOk(OperationId),
    /// The core leaves out an operation that something kept could notice: without it the core proves nothing.
    Needed(OperationId),
    /// The core is to be judged from any state, but is not of the shape for which that proves something.
    NoWindow,
    /// The core is to be judged amid all others, and one of them may make up for what it saw.
    Excused,
    /// The core has this legal order, so it is no violation.
    Linearizable(Vec<OperationId>),
    /// Re-checking the core takes more than this module spends.
    TooBig,
    /// There is no certificate: the verdict is *undecided*.
    Undecided,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchOperation(id) => write!(f, "the history has no operation {}", id.0),
            Self::OtherObject(id) => write!(f, "operation {} belongs to another object", id.0),
            Self::Twice(id) => write!(f, "operation {} is there twice", id.0),
            Self::DidNotHappen(id) => write!(f, "operation {} failed, so it did not happen", id.0),
            Self::Missing(id) => write!(f, "operation {} is ok but is not in the order", id.0),
            Self::RealTime(first, second) => write!(
                f,
                "operation {} stands before operation {}, which had returned before it was called",
                first.0, second.0
            ),
            Self::Refused(id) => write!(f, "operation {} is not legal at its place in the order", id.0),
            Self::NotOk(id) => {
                write!(f, "operation {} is kept in a form that its outcome does not allow", id.0)
            }
            Self::Needed(id) => {
                write!(f, "operation {} is left out of the core, but something kept could notice it", id.0)
            }
            Self::NoWindow => {
                f.write_str("the core is not acquires and the releases among them, nor the reverse")
            }
            Self::Excused => f.write_str("operations that the core leaves out may make up for what it saw"),
            Self::Linearizable(order) => {
                let order: Vec<String> = order.iter().map(|id| id.0.to_string()).collect();
                write!(f, "the core has a legal order: {}", order.join(", "))
            }
            Self::TooBig => f.write_str("the core is too big to be re-checked"),
            Self::Undecided => f.write_str("an undecided verdict has no certificate"),
        }
    }
}

impl std::error::Error for Flaw {}

/// Re-checks the certificate of one object's verdict. Reads the whole history for it: see [`Verifier`] for many.
///
/// # Errors
/// The first flaw found.
pub fn verify(history: &History, options: &CheckOptions, part: &PartVerdict) -> Result<(), Flaw> {
    let ids = of_key(history, part.key);
    let object = Records::new(history, part.key, &ids);
    match &part.verdict {
        Verdict::Linearizable(order) => order_is_legal(&object, options, order),
        Verdict::NotLinearizable(core) => core_is_proof(&object, options, core, CORE_EFFORT),
        Verdict::Undecided(_) => Err(Flaw::Undecided),
    }
}

/// Re-checks the certificates of a history with many objects: it is read once, and not once for each of them.
#[derive(Debug)]
pub struct Verifier<'h> {
    history: &'h History,
    /// The operations of each object.
    of: BTreeMap<Key, Vec<OperationId>>,
}

impl<'h> Verifier<'h> {
    /// Reads the history.
    pub fn new(history: &'h History) -> Self {
        let mut of: BTreeMap<Key, Vec<OperationId>> = BTreeMap::new();
        for (id, record) in history.iter() {
            of.entry(record.key).or_default().push(id);
        }
        Self { history, of }
    }

    fn records(&self, key: Key) -> Records<'_> {
        Records::new(self.history, key, self.of.get(&key).map_or(&[], Vec::as_slice))
    }

    /// Re-checks the certificate of one object's verdict.
    ///
    /// # Errors
    /// The first flaw found.
    pub fn verify(&self, options: &CheckOptions, part: &PartVerdict) -> Result<(), Flaw> {
        match &part.verdict {
            Verdict::Linearizable(order) => self.verify_order(options, part.key, order),
            Verdict::NotLinearizable(core) => self.verify_core(options, part.key, core),
            Verdict::Undecided(_) => Err(Flaw::Undecided),
        }
    }

    /// Re-checks an order, as [`verify_order`] does. Log-linear in the object's operations and the texts in them.
    ///
    /// # Errors
    /// The first flaw found.
    pub fn verify_order(&self, options: &CheckOptions, key: Key, order: &Order) -> Result<(), Flaw> {
        order_is_legal(&self.records(key), options, order)
    }

    /// Re-checks a core, as [`verify_core`] does.
    ///
    /// # Errors
    /// The first flaw found.
    pub fn verify_core(&self, options: &CheckOptions, key: Key, core: &Core) -> Result<(), Flaw> {
        core_is_proof(&self.records(key), options, core, CORE_EFFORT)
    }
}

/// Checks that a certificate names operations of this object, each once, and none that failed.
fn check_names(
    object: &Records<'_>,
    ids: impl Iterator<Item = OperationId>,
) -> Result<BTreeSet<OperationId>, Flaw> {
    let mut seen = BTreeSet::new();
    for id in ids {
        let record = object.any(id).ok_or(Flaw::NoSuchOperation(id))?;
        if record.key != object.key {
            return Err(Flaw::OtherObject(id));
        }
        if record.outcome == Outcome::Failed {
            return Err(Flaw::DidNotHappen(id));
        }
        if !seen.insert(id) {
            return Err(Flaw::Twice(id));
        }
    }
    Ok(seen)
}

/// Re-checks an order: it holds every operation of the object that is ok, respects real time, and the specification
/// accepts it. Linear in the history and the texts in it.
///
/// # Errors
/// The first flaw found.
pub fn verify_order(history: &History, options: &CheckOptions, key: Key, order: &Order) -> Result<(), Flaw> {
    order_is_legal(&Records::new(history, key, &of_key(history, key)), options, order)
}

fn order_is_legal(object: &Records<'_>, options: &CheckOptions, order: &Order) -> Result<(), Flaw> {
    let Order(order) = order;
    let placed = check_names(object, order.iter().copied())?;
    for (id, record) in object.iter() {
        if matches!(record.outcome, Outcome::Ok(_)) && !placed.contains(&id) {
            return Err(Flaw::Missing(id));
        }
    }
    // Real time: nothing stands behind an operation that was called after it had returned. The latest call among
    // the operations so far is the one most likely to break this, and the only one that needs a look.
    let mut latest: Option<OperationId> = None;
    for &id in order {
        let record = object.record(id);
        if let Some(before) = latest
            && record.precedes(object.record(before))
        {
            return Err(Flaw::RealTime(before, id));
        }
        if latest.is_none_or(|before| object.record(before).call < record.call) {
            latest = Some(id);
        }
    }
    let mut state = Replay::new(options);
    for &id in order {
        let record = object.record(id);
        let reply = match &record.outcome {
            Outcome::Ok(reply) => Some(reply),
            Outcome::Unknown | Outcome::Failed => None,
        };
        if !state.apply(&record.operation, reply) {
            return Err(Flaw::Refused(id));
        }
    }
    Ok(())
}

/// Re-checks a core: it follows from the history by weakenings that can't invent a violation, and it has no legal
/// order from the state or states that it is judged from. See `core_rules` and `turns` for the weakenings and why they
/// are sound.
///
/// # Errors
/// The first flaw found.
pub fn verify_core(history: &History, options: &CheckOptions, key: Key, core: &Core) -> Result<(), Flaw> {
    core_is_proof(&Records::new(history, key, &of_key(history, key)), options, core, CORE_EFFORT)
}

/// What the judgement of a core goes through that is judged amid the others ([`Start::Amid`]) by what its object can hold:
/// one entry for each return that has to be met, up to the one that nothing meets.
///
/// # Errors
/// As for [`verify_core`]; [`Flaw::NoWindow`] if the core is judged by other means.
pub(crate) fn moments(
    history: &History,
    options: &CheckOptions,
    key: Key,
    core: &[CoreOperation],
) -> Result<Vec<Moment>, Flaw> {
    amid::moments(&Records::new(history, key, &of_key(history, key)), options, core, CORE_EFFORT)
}

/// The same with another effort: for proposing cores, most of which are refused.
pub(crate) fn core_is_proof(
    object: &Records<'_>,
    options: &CheckOptions,
    core: &Core,
    effort: usize,
) -> Result<(), Flaw> {
    let kept = &core.operations;
    check_names(object, kept.iter().map(|kept| kept.id))?;
    for &CoreOperation { id, kept } in kept {
        let record = object.record(id);
        let fits = match kept {
            Kept::AsItWas => matches!(record.outcome, Outcome::Ok(_)),
            Kept::AsWrite => {
                matches!(
                    (&record.operation, &record.outcome),
                    (Operation::CompareAndSet { .. }, Outcome::Ok(Reply::Answer(true)))
                        | (Operation::Acquire | Operation::Release, Outcome::Ok(Reply::Done))
                ) && options.model != Model::FencingLock
                    || cells::is_swap(options.model, &record.operation, &record.outcome)
            }
            Kept::AsUnknown => true,
        };
        if !fits {
            return Err(Flaw::NotOk(id));
        }
    }
    let mut replies = replies(object, kept);
    let counts = match options.model {
        Model::Counter => sums::check(object, options, kept, core.start).is_ok(),
        _ => turns::check(object, options, kept, core.start).is_ok_and(|turns| turns.are_too_few()),
    };
    if counts {
        return Ok(());
    }
    let starts = match (core.start, options.model) {
        (Start::Initial, _) => {
            let judged = core_rules::check(object, options, kept)?;
            let mut start = Replay::new(options);
            if let Some(judged) = judged {
                start.restrict(&judged);
                for reply in &mut replies {
                    restrict(reply, &judged);
                }
            }
            vec![start]
        }
        (Start::Amid, _) => return amid::prove(object, options, kept, effort),
        (Start::Any, Model::Counter) => return sums::check(object, options, kept, core.start),
        (Start::Any, _) => {
            if tokens::prove(object, options, kept) || lists::prove(object, options, kept) {
                return Ok(());
            }
            turns::check(object, options, kept, core.start)?;
            vec![Replay::Lock { held: false }, Replay::Lock { held: true }]
        }
    };
    for start in starts {
        match legal_order(object, start, kept, &replies, effort) {
            Answer::None => {}
            Answer::Order(order) => return Err(Flaw::Linearizable(order)),
            Answer::TooBig => return Err(Flaw::TooBig),
        }
    }
    Ok(())
}

/// What each operation answered, if anybody knows.
fn replies(object: &Records<'_>, kept: &[CoreOperation]) -> Vec<Option<Reply>> {
    kept.iter()
        .map(|kept| match &object.record(kept.id).outcome {
            Outcome::Ok(reply) => Some(reply.clone()),
            Outcome::Unknown | Outcome::Failed => None,
        })
        .collect()
}

/// Takes out of what a read shows whatever is none of these elements.
fn restrict(reply: &mut Option<Reply>, judged: &BTreeSet<Value>) {
    if let Some(Reply::Value(Value::List(elements))) = reply {
        *reply = Some(Reply::Value(elements.iter().filter(|e| judged.contains(e)).cloned().collect()));
    }
}

/// What the small search found.
enum Answer {
    None,
    Order(Vec<OperationId>),
    TooBig,
}

/// Wing and Gong's search (1993), remembering what it has seen: try every operation that nothing unplaced precedes, but
/// those that only observe as soon as they may.
fn legal_order(
    object: &Records<'_>,
    start: Replay,
    kept: &[CoreOperation],
    replies: &[Option<Reply>],
    effort: usize,
) -> Answer {
    let required = |index: usize| kept[index].kept != Kept::AsUnknown;
    // Texts only grow up to the next write, so a text is of use only as a beginning of what is still to be read.
    // Without writes every read to come has to agree. With some, an append that need not have happened may be left
    // out unless one read agrees: up to the next write nothing but appends follows it, and they don't mind.
    let grows = kept
        .iter()
        .all(|kept| matches!(object.record(kept.id).operation, Operation::Read | Operation::Append(_)));
    // A compare-and-set may need an append that no read shows.
    let compares =
        kept.iter().any(|kept| matches!(object.record(kept.id).operation, Operation::CompareAndSet { .. }));
    let is_dead = |placed: &[bool], replay: &Replay, next: usize| {
        let mut reads =
            (0..kept.len()).filter(|&index| !placed[index] && required(index)).filter_map(|index| {
                match (&object.record(kept[index].id).operation, &replies[index]) {
                    (Operation::Read, Some(Reply::Value(seen))) => Some(seen),
                    _ => None,
                }
            });
        let append = matches!(object.record(kept[next].id).operation, Operation::Append(_));
        if grows {
            reads.any(|seen| replay.is_past(seen))
        } else {
            !compares && append && !required(next) && reads.all(|seen| replay.is_past(seen))
        }
    };
    let mut seen: BTreeSet<(Vec<bool>, Replay)> = BTreeSet::new();
    let mut stack = vec![(vec![false; kept.len()], start, Vec::new())];
    while let Some((placed, replay, order)) = stack.pop() {
        if (0..kept.len()).all(|index| placed[index] || !required(index)) {
            return Answer::Order(order);
        }
        if !seen.insert((placed.clone(), replay.clone())) {
            continue;
        }
        if seen.len() * kept.len() > effort {
            return Answer::TooBig;
        }
        // What returned first among the operations to be placed has to stand before all that were called later.
        let first_return = (0..kept.len())
            .filter(|&index| !placed[index] && required(index))
            .filter_map(|index| object.record(kept[index].id).returned())
            .min();
        let can_be_next = |next: usize| {
            let call = object.record(kept[next].id).call;
            !placed[next] && first_return.is_none_or(|returned| call <= returned)
        };
        // Whoever only observes, and may here, goes first: whatever stands before it in a legal order of the rest is as
        // legal behind it.
        let observer = (0..kept.len()).find(|&next| {
            let record = object.record(kept[next].id);
            kept[next].kept == Kept::AsItWas
                && can_be_next(next)
                && !core_rules::may_change(record)
                && replay.clone().apply(&record.operation, replies[next].as_ref())
        });
        for next in observer.map_or(0..kept.len(), |observer| observer..observer + 1) {
            let record = object.record(kept[next].id);
            if !can_be_next(next) {
                continue;
            }
            let reply = replies[next].as_ref();
            let mut after = replay.clone();
            let legal = match kept[next].kept {
                Kept::AsWrite => after.overwrite(&record.operation),
                Kept::AsItWas | Kept::AsUnknown => after.apply(&record.operation, reply),
            };
            if legal {
                let (mut placed, mut order) = (placed.clone(), order.clone());
                placed[next] = true;
                order.push(kept[next].id);
                if !is_dead(&placed, &after, next) {
                    stack.push((placed, after, order));
                }
            }
        }
    }
    Answer::None
}
