//! A lock with fencing tokens, judged by its tokens alone.
//!
//! Every grant's token is greater than all before it, and a release that names a token gives back the latest grant. So in
//! a legal order the grants whose token is known and the releases that name one stand in ascending order of the token,
//! for equal tokens the grant before its release, and no two of one kind have the same token. Everything else may
//! go: take it out of a legal order, and what is left is still in ascending order. So two operations are a core if they
//! are alike, or if the one returned before the other was called and has to stand behind it. It is judged from
//! any state ([`Start::Any`](crate::Start)).

use anachron_history::Record;
use anachron_vocabulary::{Operation, Outcome, Reply, Value};

use super::records::Records;
use crate::{CheckOptions, CoreOperation, Kept, Model};

/// The place of an operation among those that show tokens.
fn place(record: &Record) -> Option<(i64, bool)> {
    match (&record.operation, &record.outcome) {
        (Operation::Acquire, Outcome::Ok(Reply::Value(Value::Integer(token)))) => Some((*token, false)),
        (Operation::ReleaseToken(token), Outcome::Ok(_)) => Some((*token, true)),
        _ => None,
    }
}

/// True if the core is two operations whose tokens can't be in ascending order.
pub(super) fn prove(object: &Records<'_>, options: &CheckOptions, kept: &[CoreOperation]) -> bool {
    let [first, second] = kept else { return false };
    let (first_record, second_record) = (object.record(first.id), object.record(second.id));
    let (Some(one), Some(other)) = (place(first_record), place(second_record)) else { return false };
    options.model == Model::FencingLock
        && first.kept == Kept::AsItWas
        && second.kept == Kept::AsItWas
        && (one == other
            || (one > other && first_record.precedes(second_record))
            || (other > one && second_record.precedes(first_record)))
}
