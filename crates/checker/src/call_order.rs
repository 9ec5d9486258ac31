//! The order of calls, tried before anything else: where it is legal, there is nothing to look for.
//!
//! Why it exists: most objects of a history with many keys have a handful of operations that hardly overlap. To prepare
//! any other road for them costs more than to try the one order that is likely. The order of calls never contradicts
//! real time: what returned before another was called was called before it, too.
//!
//! Left out on purpose: objects with many operations, where the other roads cost little beside what they read, and where
//! the definition, which copies the state at each step, would be slow. Operations of unknown outcome are left out of
//! the order, as they may be.

use anachron_vocabulary::{OperationId, Outcome};

use crate::object::Object;
use crate::{Order, Part, Specification};

/// Objects with more operations than this are not tried.
const FEW: usize = 32;

/// The order of calls, if it is legal.
pub(crate) fn legal(part: &Part<'_>) -> Option<Order> {
    if part.ids.len() > FEW {
        return None;
    }
    let mut by_call: Vec<OperationId> = Vec::with_capacity(part.ids.len());
    by_call.extend(part.ids.iter().filter(|&&id| matches!(part.history.record(id).outcome, Outcome::Ok(_))));
    by_call.sort_by_key(|&id| part.history.record(id).call);
    let object = Object { model: part.model, initial: part.initial.clone() };
    let mut state = object.initial();
    for &id in &by_call {
        let record = part.history.record(id);
        let Outcome::Ok(reply) = &record.outcome else { unreachable!("only these were collected") };
        state = object.step(&state, &record.operation, Some(reply))?;
    }
    Some(Order(by_call))
}
