//! The core of a lock in a window of time: more turns of one kind than the other kind leaves room for.
//!
//! Why it exists: a core that is judged from the start of the history keeps whoever may have brought about the state of
//! the lock, and on a busy lock that is everybody since the start. A lock has two states only, so it can be judged from
//! either: then what returned before the window does not matter, and what was called after it never did.
//!
//! What it promises: the window with the fewest operations in which *k* operations of one kind (acquires, say) that are
//! ok lie wholly, and at most *k* - 2 of the other kind, ok or unknown, can act. Acquire and release take turns, so
//! *k* of the one have at least *k* - 1 of the other between them. The rule by which the rest may go is stated, with its
//! proof, in the verifier (`verify/turns.rs`).
//!
//! Left out on purpose: windows in which the numbers suffice and only the places are wrong. The search's core does
//! those.

use crate::instance::Timed;
use crate::{Core, CoreOperation, Kept, Start};

/// Ends of windows that are looked at, all starts together.
const LOOKS: usize = 4_000_000;

/// The least window found so far.
#[derive(Clone, Copy, Debug)]
struct Window {
    start: i64,
    end: i64,
    /// How many of the one kind lie in it: the first of them by return.
    crowd: usize,
    /// How many of the other kind can act in it.
    others: usize,
}

impl Window {
    fn size(self) -> usize {
        self.crowd + self.others
    }
}

/// The smallest core of this shape, if there is one.
pub(crate) fn core(acquires: &[Timed], releases: &[Timed]) -> Option<Core> {
    let tries = [(by_return(acquires), releases), (by_return(releases), acquires)];
    let (window, members, others) = tries
        .iter()
        .filter_map(|(members, others)| Some((smallest(members, others)?, members, others)))
        .min_by_key(|(window, ..)| window.size())?;
    let may_act = |timed: &&Timed| {
        timed.call <= window.end && timed.returned.is_none_or(|returned| returned >= window.start)
    };
    let kept = |kept: Kept| move |timed: &Timed| (timed.call, CoreOperation { id: timed.id, kept });
    let inside = members.iter().map(|(_, timed)| *timed).filter(|timed| timed.call >= window.start);
    let mut operations: Vec<(i64, CoreOperation)> = inside
        .take(window.crowd)
        .map(kept(Kept::AsItWas))
        .chain(others.iter().filter(may_act).map(kept(Kept::AsUnknown)))
        .collect();
    assert_eq!(operations.len(), window.size(), "the window holds what was counted");
    operations.sort_by_key(|(call, kept)| (*call, kept.id));
    let operations = operations.into_iter().map(|(_, kept)| kept).collect();
    // The one kind is there exactly two times more than the other, of which all have to stay: nothing can go.
    Some(Core { operations, longest_order: Vec::new(), minimal: true, start: Start::Any })
}

/// Those that are ok, by return.
fn by_return(kind: &[Timed]) -> Vec<(i64, &Timed)> {
    let mut members: Vec<(i64, &Timed)> =
        kind.iter().filter_map(|timed| Some((timed.returned?, timed))).collect();
    members.sort_unstable_by_key(|&(returned, timed)| (returned, timed.call, timed.id));
    members
}

/// The window with the fewest operations in which too many of the members lie.
fn smallest(members: &[(i64, &Timed)], others: &[Timed]) -> Option<Window> {
    let mut starts: Vec<i64> = members.iter().map(|(_, timed)| timed.call).collect();
    starts.sort_unstable();
    starts.dedup();
    let mut calls: Vec<i64> = others.iter().map(|timed| timed.call).collect();
    calls.sort_unstable();
    let mut returns: Vec<i64> = others.iter().filter_map(|timed| timed.returned).collect();
    returns.sort_unstable();
    // With very many operations only the shorter windows are looked at.
    let looks = (LOOKS / starts.len().max(1)).max(2);
    let mut best: Option<Window> = None;
    for start in starts {
        let over = returns.partition_point(|&returned| returned < start);
        let first = members.partition_point(|&(returned, _)| returned < start);
        let mut crowd = 0;
        for &(end, timed) in members[first..].iter().take(looks) {
            if timed.call < start {
                continue;
            }
            crowd += 1;
            // Whoever returned before the start was called before the end.
            let others = calls.partition_point(|&call| call <= end) - over;
            let window = Window { start, end, crowd, others };
            if best.is_some_and(|best| best.size() <= window.size()) {
                break;
            }
            if crowd > others + 1 {
                best = Some(window);
                break;
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use anachron_history::History;
    use anachron_vocabulary::Operation;

    use super::{Kept, Timed, core};
    use crate::machine::{Compiled, compile};
    use crate::testing::{Dice, scramble};
    use crate::verify::verify_core;
    use crate::{Budget, CheckOptions, Core, Decision, Model, partition};

    /// Acquires and releases.
    fn kinds(history: &History, options: &CheckOptions) -> (Vec<Timed>, Vec<Timed>) {
        let parts = partition(history, options).expect("a lock's operations");
        let (Compiled::Register(_), operations) = compile(&parts[0]) else { panic!("a lock has two states") };
        operations.into_iter().partition(|timed| history.record(timed.id).operation == Operation::Acquire)
    }

    /// The size of the smallest window, by looking at every one.
    fn obvious(crowd: &[Timed], others: &[Timed]) -> Option<usize> {
        let mut best: Option<usize> = None;
        for (first, last) in crowd.iter().flat_map(|a| crowd.iter().map(move |b| (a, b))) {
            let Some(end) = last.returned else { continue };
            let ok = |timed: &&Timed| timed.call >= first.call && timed.returned.is_some_and(|r| r <= end);
            let inside = crowd.iter().filter(ok).count();
            let acting = |timed: &&Timed| timed.call <= end && timed.returned.is_none_or(|r| r >= first.call);
            let acting = others.iter().filter(acting).count();
            if inside > acting + 1 {
                // Any two more than the others will do.
                best = Some(best.map_or(2 * acting + 2, |best| best.min(2 * acting + 2)));
            }
        }
        best
    }

    #[test]
    fn the_smallest_window_is_found_verified_and_minimal() {
        let mut dice = Dice::new(11);
        let options = CheckOptions::new(Model::Mutex);
        let (mut found, mut large) = (0, 0);
        for _ in 0..20_000 {
            let history = scramble(Model::Mutex, &mut dice);
            let (acquires, releases) = kinds(&history, &options);
            let key = history.records[0].key;
            let window = core(&acquires, &releases);
            let expected = [obvious(&acquires, &releases), obvious(&releases, &acquires)];
            let expected = expected.into_iter().flatten().min();
            let case = crate::testing::table(&history);
            assert_eq!(window.as_ref().map(|core| core.operations.len()), expected, "{case}");
            let Some(window) = window else { continue };
            found += 1;
            large += usize::from(window.operations.len() > 2);
            assert_eq!(verify_core(&history, &options, key, &window), Ok(()), "{window:?}\n{case}");
            let parts = partition(&history, &options).expect("a lock's operations");
            let decision = parts[0].check(&mut Budget::default()).verdict.decision();
            assert_eq!(decision, Decision::NotLinearizable, "{case}");
            for position in 0..window.operations.len() {
                let mut operations = window.operations.clone();
                operations.remove(position);
                let less = Core { operations, ..window.clone() };
                assert!(
                    verify_core(&history, &options, key, &less).is_err(),
                    "{position} {window:?}\n{case}"
                );
                let mut operations = window.operations.clone();
                if operations[position].kept == Kept::AsItWas {
                    operations[position].kept = Kept::AsUnknown;
                    let weaker = Core { operations, ..window.clone() };
                    assert!(verify_core(&history, &options, key, &weaker).is_err(), "{window:?}\n{case}");
                }
            }
        }
        assert!(found > 2_000 && large > 20, "windows are common: {found}, {large}");
    }
}
