//! Every order of a small history, tried: the definition of linearizability, run.
//!
//! Why it exists: the judge's roads and searches share tables, reductions and shortcuts; this shares nothing with them but
//! what the objects mean ([`Object`]). Herlihy and Wing 1990, section 2: an operation of unknown outcome may be left
//! out or take effect anywhere after its call; one that failed is left out.

use anachron_checker::{Object, ObjectState, Specification};
use anachron_history::{History, Record};
use anachron_vocabulary::{Outcome, Reply};

/// True if some order of the operations respects real time and is legal.
pub(crate) fn is_linearizable(object: &Object, history: &History) -> bool {
    let records: Vec<&Record> =
        history.records.iter().filter(|record| record.outcome != Outcome::Failed).collect();
    place(object, &records, &object.initial())
}

fn place(object: &Object, rest: &[&Record], state: &ObjectState) -> bool {
    if !rest.iter().any(|record| matches!(record.outcome, Outcome::Ok(_))) {
        return true;
    }
    rest.iter().enumerate().any(|(index, next)| {
        if rest.iter().any(|other| other.precedes(next)) {
            return false;
        }
        let reply: Option<&Reply> = match &next.outcome {
            Outcome::Ok(reply) => Some(reply),
            _ => None,
        };
        object.step(state, &next.operation, reply).is_some_and(|after| {
            let mut others = rest.to_vec();
            others.remove(index);
            place(object, &others, &after)
        })
    })
}
