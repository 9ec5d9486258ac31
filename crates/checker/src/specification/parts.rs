//! An object of a reader's own whose parts know nothing of each other, judged part by part.
//!
//! Why it exists: linearizability is local (Herlihy and Wing 1990, theorem 1), and an object with independent parts is as
//! good as several objects (Horn and Kroening 2015). The vocabulary's objects are split by key; a reader's own by
//! [`Specification::part`].
//!
//! A violation is its part's own: what is left out of the core is of another part, or the part's search has let it go.
//! Orders of parts become one order of all: each operation gets the latest call of those up to it in its part's order.
//! An operation's time is then at most its return, since nothing that stands before it in a legal order was
//! called later; so what returned before another's call comes out before it.

use std::collections::BTreeMap;

use anachron_vocabulary::OperationId;

use super::Specification;
use crate::{Event, Order, Verdict};

/// The positions of the events of each part; nothing if they can't be told apart, or there is only one part.
pub(crate) fn split<S: Specification>(specification: &S, events: &[Event<S>]) -> Option<Vec<Vec<usize>>> {
    let mut parts: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        parts.entry(specification.part(&event.operation)?).or_default().push(index);
    }
    (parts.len() > 1).then(|| parts.into_values().collect())
}

/// The verdict on the whole from those on its parts, which come one by one. A violation settles it; otherwise the first part
/// that was not decided leaves it open.
pub(crate) fn combine<S: Specification>(
    events: &[Event<S>],
    verdicts: impl Iterator<Item = Verdict>,
) -> Verdict {
    let mut open = None;
    let mut timed: Vec<(i64, OperationId)> = Vec::new();
    for verdict in verdicts {
        match verdict {
            Verdict::NotLinearizable(_) => return verdict,
            Verdict::Undecided(_) => open = open.or(Some(verdict)),
            Verdict::Linearizable(Order(order)) => {
                let mut time = i64::MIN;
                for id in order {
                    time = time.max(events[id.index()].call);
                    timed.push((time, id));
                }
            }
        }
    }
    open.unwrap_or_else(|| {
        // The sort is stable, and times in a part only grow: each part keeps its order.
        timed.sort_by_key(|&(time, _)| time);
        Verdict::Linearizable(Order(timed.into_iter().map(|(_, id)| id).collect()))
    })
}
