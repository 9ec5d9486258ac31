//! Several registers that are read and written together: one of them at a time, and rings through several.
//!
//! Why it exists: an order that is legal for all registers is legal for each of them alone, with what the operations did to
//! the others left aside. So whatever refutes one register refutes the whole, and the arguments about registers serve
//! as they are, wrapped in [`Fact::Of`]. What is fine for each register alone may still be a ring through several: a read
//! that has to come after a write for what it saw of one register, and before it for what it saw of another.
//!
//! Left out on purpose: names that an operation lists twice count with their first place in a read, their last in a
//! write.

use std::collections::BTreeSet;
use std::sync::Arc;

use anachron_history::{History, Names};
use anachron_vocabulary::{Key, Operation, OperationId, Outcome, Reply, Value};

use super::fact::Fact;
use super::subject::Subject;
use super::words::Voice;
use super::{AnomalyKind, Candidate, REGISTER, cycle};
use crate::{CoreOperation, Model};

/// What the object's operations did to one register. Operations keep their places; those that leave the register alone
/// count as failed.
fn history(subject: &Subject<'_>, register: &str) -> History {
    let whole = subject.history();
    let mut history = History {
        records: whole.records.clone(),
        keys: Names::default(),
        clients: whole.clients.clone(),
        time_unit: whole.time_unit,
    };
    let (here, elsewhere) = (Key(history.keys.number(register)), Key(history.keys.number("")));
    for record in &mut history.records {
        let ours = record.key == subject.key();
        let seen = match (&record.operation, &record.outcome) {
            (Operation::MultiRead(names), outcome) if ours => {
                names.iter().position(|name| **name == *register).map(|place| {
                    let outcome = match outcome {
                        Outcome::Ok(Reply::Value(Value::List(values))) => {
                            Outcome::Ok(Reply::Value(values.get(place).cloned().unwrap_or_default()))
                        }
                        other => other.clone(),
                    };
                    (Operation::Read, outcome)
                })
            }
            (Operation::MultiWrite(pairs), outcome) if ours => {
                let last = pairs.iter().rev().find(|(name, _)| **name == *register);
                last.map(|(_, value)| (Operation::Write(value.clone()), outcome.clone()))
            }
            _ => None,
        };
        record.key = if seen.is_some() { here } else { elsewhere };
        (record.operation, record.outcome) = seen.unwrap_or((Operation::Read, Outcome::Failed));
    }
    history
}

fn subject_of<'a>(history: &'a History, subject: &Subject<'_>) -> Subject<'a> {
    Subject::new(history, Key(0), Model::Register, subject.initial().clone())
}

/// What earlier facts say to an argument about one register: what is known of it, and what puts operations in order.
fn known(register: &str, earlier: &[Fact]) -> Vec<Fact> {
    let one = |fact: &Fact| match fact {
        Fact::Of { register: other, fact } if **other == *register => (**fact).clone(),
        other => other.clone(),
    };
    earlier.iter().map(one).collect()
}

/// The re-check of [`Fact::Of`].
pub(crate) fn holds(subject: &Subject<'_>, register: &str, fact: &Fact, earlier: &[Fact]) -> bool {
    let history = history(subject, register);
    subject.model() == Model::MultiRegister
        && fact.holds(&subject_of(&history, subject), &known(register, earlier))
}

/// [`Fact::Of`] in words.
pub(crate) fn say(voice: &Voice<'_>, register: &str, fact: &Fact) -> String {
    let history = history(voice.subject, register);
    let said = voice.of(&subject_of(&history, voice.subject)).say(fact);
    match fact {
        Fact::Source { .. }
        | Fact::BeforeSource { .. }
        | Fact::AfterRead { .. }
        | Fact::InTurn(_)
        | Fact::OnlyMakers { .. } => {
            format!("As for {}: {said}", history.key_name(Key(0)).escape_debug())
        }
        _ => said,
    }
}

/// The registers that the core's operations name.
fn registers(subject: &Subject<'_>, core: &[CoreOperation]) -> BTreeSet<Arc<str>> {
    core.iter()
        .flat_map(|kept| match &subject.record(kept.id).operation {
            Operation::MultiRead(names) => names.to_vec(),
            Operation::MultiWrite(pairs) => pairs.iter().map(|(name, _)| Arc::clone(name)).collect(),
            _ => Vec::new(),
        })
        .collect()
}

/// A fact of one register as one of the whole. What an operation did is told of all registers.
fn wrapped(register: &Arc<str>, fact: Fact) -> Fact {
    match fact {
        Fact::Did(_) | Fact::FinishedBefore { .. } => fact,
        fact => Fact::Of { register: Arc::clone(register), fact: Box::new(fact) },
    }
}

/// Every argument about one register alone.
pub(crate) fn one_register(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for register in registers(subject, core) {
        let history = history(subject, &register);
        let alone = subject_of(&history, subject);
        let core: Vec<CoreOperation> = core.iter().copied().filter(|kept| alone.owns(kept.id)).collect();
        for candidate in REGISTER.iter().flat_map(|attempt| attempt(&alone, &core)) {
            let wrap = |facts: Vec<Fact>| facts.into_iter().map(|fact| wrapped(&register, fact)).collect();
            let sentences = candidate.sentences.into_iter().map(wrap).collect();
            candidates.push(Candidate { sentences, ..candidate });
        }
    }
    candidates
}

/// A ring through several registers. One of a read and a write is a read that saw half of the write.
pub(crate) fn ring(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let names: Vec<Arc<str>> = registers(subject, core).into_iter().collect();
    let histories: Vec<History> = names.iter().map(|name| history(subject, name)).collect();
    let views: Vec<(Arc<str>, Subject<'_>)> =
        names.iter().cloned().zip(histories.iter().map(|history| subject_of(history, subject))).collect();
    let Some((points, mut candidate)) = cycle::ring_through(subject, &views, core, &wrapped) else {
        return Vec::new();
    };
    if let &[Some(one), Some(other)] = points.as_slice() {
        let is_read = |id: OperationId| subject.record(id).operation.is_read();
        if is_read(one) != is_read(other) {
            let (read, write) = if is_read(one) { (one, other) } else { (other, one) };
            let voice = Voice::new(subject);
            candidate.kind = AnomalyKind::FracturedRead;
            candidate.headline =
                format!("{}, which is only half of what {}", voice.did(read), voice.did(write));
        }
    }
    vec![candidate]
}
