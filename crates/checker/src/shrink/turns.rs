//! The core of a lock: more turns of one kind than the other kind leaves room for.
//!
//! Why it exists: a core that is judged from the start of the history keeps whoever may have brought about the state of
//! the lock, and on a busy lock that is everybody since the start. A lock has two states only, so it can be judged from
//! either: then what returned before a window of time does not matter, and what was called after it never did.
//!
//! What it promises: every violation of a lock without tokens has a core of one of two shapes. A *window* in which *k*
//! operations of one kind (acquires, say) that are ok lie wholly, and at most *k* - 2 of the other kind, ok or unknown,
//! can act. Or *k* releases since the *start*, with at most *k* - 1 acquires called by then. The rule by which the rest
//! may go is stated, with its proof, in the verifier (`verify/turns.rs`).
//!
//! Proof: let A(t) acquires have returned by t and A'(t) be called, and R(t), R'(t) the same of releases. If neither shape
//! exists, at each t A(t) is at most R'(t) + 1 and R(t) at most A'(t). So let N(t), the greater of 2 A(t) - 1 and 2 R(t), be
//! the number of turns taken by t, acquires and releases alternating: it only grows, and leaves each kind between those
//! that have returned and those that were called. Those that return first take the turns of their kind first, and
//! everybody acts within his interval.
//!
//! Nothing smaller would do. Let S be any of the operations, and let all others act, each in its own time, or not. Such a
//! history has no order only if some window holds a crowd out of S that is larger by two than all of the other kind that
//! can act in it (or since the start, by one). That window is one of the whole history too, so S has at least as many
//! operations as the smallest crowd there is, and whatever is said of fewer, the others may have made up for. `amid` holds
//! that against all choices of S in small histories. So the crowd is as large as the lock was busy between the moment at
//! which a turn was lost and the one at which that shows.
//!
//! The work is O(n log n): the windows from all starts to all ends are looked at together.

use anachron_vocabulary::Operation;

use crate::instance::Timed;
use crate::{Core, CoreOperation, Kept, Part, Start};

/// The least window found so far.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// When it begins; with the history if this is the least there is.
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

/// The smallest core of a lock whose tokens don't matter, if there is one.
pub(crate) fn core_of(part: &Part<'_>) -> Option<Core> {
    let timed = part.ids.iter().map(|&id| {
        let record = part.history.record(id);
        Timed { id, class: 0, call: record.call.0, returned: record.returned().map(|end| end.0) }
    });
    let (acquires, releases): (Vec<Timed>, Vec<Timed>) =
        timed.partition(|timed| part.history.record(timed.id).operation == Operation::Acquire);
    core(&acquires, &releases)
}

/// The smallest core of these shapes, if there is one.
fn core(acquires: &[Timed], releases: &[Timed]) -> Option<Core> {
    let returned = [by_return(acquires), by_return(releases)];
    let tries = [
        (smallest(&returned[0], releases), &returned[0], releases, Start::Any),
        (smallest(&returned[1], acquires), &returned[1], acquires, Start::Any),
        (first(&returned[1], acquires), &returned[1], acquires, Start::Initial),
    ];
    let (window, members, others, start) = tries
        .iter()
        .filter_map(|(window, members, others, start)| Some(((*window)?, members, others, *start)))
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
    // The one kind is there exactly as often as it takes, and of the other all have to stay: nothing can go.
    Some(Core { operations, longest_order: Vec::new(), minimal: true, start })
}

/// The first moment at which the members that have returned since the start are more than the others that were called by
/// then.
fn first(members: &[(i64, &Timed)], others: &[Timed]) -> Option<Window> {
    let mut calls: Vec<i64> = others.iter().map(|timed| timed.call).collect();
    calls.sort_unstable();
    members.iter().zip(1..).find_map(|(&(end, _), crowd)| {
        let others = calls.partition_point(|&call| call <= end);
        (crowd > others).then_some(Window { start: i64::MIN, end, crowd, others })
    })
}

/// Those that are ok, by return.
fn by_return(kind: &[Timed]) -> Vec<(i64, &Timed)> {
    let mut members: Vec<(i64, &Timed)> =
        kind.iter().filter_map(|timed| Some((timed.returned?, timed))).collect();
    members.sort_unstable_by_key(|&(returned, timed)| (returned, timed.call, timed.id));
    members
}

/// The window with the fewest operations in which too many of the members lie.
///
/// From the last start to the first, for every end at once: how many more members lie between the two than others can act. A
/// member that is called at the start counts for every end that it has returned by, and an other that returned before it counts
/// for none.
fn smallest(members: &[(i64, &Timed)], others: &[Timed]) -> Option<Window> {
    let mut calls: Vec<i64> = others.iter().map(|timed| timed.call).collect();
    calls.sort_unstable();
    let mut returns: Vec<i64> = others.iter().filter_map(|timed| timed.returned).collect();
    returns.sort_unstable();
    let called_by = |end: i64| calls.partition_point(|&call| call <= end);
    let signed = |number: usize| i64::try_from(number).expect("a history in memory");
    // The window ends with a member that lies in it: the others are out of reach until they do.
    let mut surplus = Surplus::new(members.iter().map(|&(end, _)| -signed(called_by(end)) - OUT_OF_REACH));
    let mut by_call: Vec<(i64, usize)> =
        members.iter().enumerate().map(|(position, (_, timed))| (timed.call, position)).collect();
    by_call.sort_unstable_by(|one, other| other.cmp(one));
    let mut best: Option<Window> = None;
    for (position, &(start, member)) in by_call.iter().enumerate() {
        surplus.add_from(member, 1 + OUT_OF_REACH);
        surplus.add_from(member + 1, -OUT_OF_REACH);
        let is_last = by_call.get(position + 1).is_none_or(|&(next, _)| next < start);
        if !is_last {
            continue;
        }
        let over = returns.partition_point(|&returned| returned < start);
        // The first end is the best: the later, the more others can act.
        if let Some(first) = surplus.first_of(2 - signed(over)) {
            let end = members[first].0;
            // Whoever returned before the start was called before the end.
            let others = called_by(end) - over;
            // Any two more than the others will do.
            let window = Window { start, end, crowd: others + 2, others };
            if best.is_none_or(|best| window.size() < best.size()) {
                best = Some(window);
            }
        }
    }
    best
}

/// More than there can be members.
const OUT_OF_REACH: i64 = 1 << 40;

/// Numbers to which one can add from a position on, and of which the first can be found that is large enough: a
/// tree of maxima (Bentley 1977), O(log n) for each.
struct Surplus {
    /// For each node the greatest number below it, but for what is to be added above.
    greatest: Vec<i64>,
    /// What is to be added to all below a node.
    added: Vec<i64>,
    leaves: usize,
}

impl Surplus {
    fn new(numbers: impl ExactSizeIterator<Item = i64>) -> Self {
        let leaves = numbers.len().next_power_of_two();
        let mut greatest = vec![-2 * OUT_OF_REACH; 2 * leaves];
        for (leaf, number) in greatest[leaves..].iter_mut().zip(numbers) {
            *leaf = number;
        }
        for node in (1..leaves).rev() {
            greatest[node] = greatest[2 * node].max(greatest[2 * node + 1]);
        }
        Self { greatest, added: vec![0; 2 * leaves], leaves }
    }

    /// Adds to the numbers from this position on.
    fn add_from(&mut self, position: usize, amount: i64) {
        if position == self.leaves {
            return;
        }
        let mut node = position + self.leaves;
        self.greatest[node] += amount;
        while node > 1 {
            // All to the right of the way up get it as a whole.
            if node.is_multiple_of(2) {
                self.greatest[node + 1] += amount;
                self.added[node + 1] += amount;
            }
            node /= 2;
            self.greatest[node] = self.greatest[2 * node].max(self.greatest[2 * node + 1]) + self.added[node];
        }
    }

    /// The first position whose number is at least this.
    fn first_of(&self, mut least: i64) -> Option<usize> {
        if self.greatest[1] < least {
            return None;
        }
        let mut node = 1;
        while node < self.leaves {
            least -= self.added[node];
            node = if self.greatest[2 * node] >= least { 2 * node } else { 2 * node + 1 };
        }
        Some(node - self.leaves)
    }
}

#[cfg(test)]
mod tests {
    use anachron_history::History;
    use anachron_vocabulary::Operation;

    use super::{Kept, Timed, core};
    use crate::machine::{Compiled, compile};
    use crate::oracle::oracle;
    use crate::testing::{Dice, scramble};
    use crate::verify::verify_core;
    use crate::{CheckOptions, Core, Model, partition};

    /// Acquires and releases.
    fn kinds(history: &History, options: &CheckOptions) -> (Vec<Timed>, Vec<Timed>) {
        let parts = partition(history, options).expect("a lock's operations");
        let (Compiled::Register(_), operations) = compile(&parts[0]) else { panic!("a lock has two states") };
        operations.into_iter().partition(|timed| history.record(timed.id).operation == Operation::Acquire)
    }

    /// The size of the smallest core of releases since the start, by looking at every moment.
    fn obvious_from_the_start(acquires: &[Timed], releases: &[Timed]) -> Option<usize> {
        let ends = releases.iter().filter_map(|timed| timed.returned);
        let sizes = ends.filter_map(|end| {
            let returned = releases.iter().filter(|timed| timed.returned.is_some_and(|r| r <= end)).count();
            let called = acquires.iter().filter(|timed| timed.call <= end).count();
            (returned > called).then_some(2 * called + 1)
        });
        sizes.min()
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
    fn a_violation_has_a_core_and_the_smallest_is_found_verified_and_minimal() {
        let mut dice = Dice::new(11);
        let options = CheckOptions::new(Model::Mutex);
        let (mut found, mut large) = (0, 0);
        for _ in 0..20_000 {
            let history = scramble(Model::Mutex, &mut dice);
            let (acquires, releases) = kinds(&history, &options);
            let key = history.records[0].key;
            let window = core(&acquires, &releases);
            let expected = [
                obvious(&acquires, &releases),
                obvious(&releases, &acquires),
                obvious_from_the_start(&acquires, &releases),
            ];
            let expected = expected.into_iter().flatten().min();
            let case = crate::testing::table(&history);
            assert_eq!(window.as_ref().map(|core| core.operations.len()), expected, "{case}");
            assert_eq!(window.is_none(), oracle(&history, &options), "{case}");
            let Some(window) = window else { continue };
            found += 1;
            large += usize::from(window.operations.len() > 2);
            assert_eq!(verify_core(&history, &options, key, &window), Ok(()), "{window:?}\n{case}");
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
