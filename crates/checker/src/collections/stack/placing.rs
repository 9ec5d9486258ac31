//! The order of a stack: the nest written down, and the values that removes of unknown outcome popped put into it.

use anachron_vocabulary::OperationId;

use super::super::Pending;
use super::super::tight::Tight;
use super::trees::LeastTree;

/// What a step does to the stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    Push,
    Pop,
    Empty,
}

/// One operation of the order, at its moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Step {
    pub(super) moment: i64,
    /// The last moment that it could have for itself.
    pub(super) until: i64,
    pub(super) effect: Effect,
    pub(super) id: OperationId,
}

/// A freed value's place: before one step it is pushed, before another it is popped.
struct Place {
    push: usize,
    /// The step that finds the value in its way; the number of steps if none does.
    deadline: usize,
    insert: OperationId,
    insert_call: i64,
}

/// The steps with the freed values among them, each popped by one of the removes; `None` if these steps leave some
/// value no remove that was called early enough.
///
/// Each value is put where its insert's interval has the fewest elements below, and last among such places: what lies
/// below there is popped later than what lies below anywhere else, so its deadline is the latest these steps allow, whatever
/// the other freed values do: those in its way are popped at the same step, before it. So the earliest call for the
/// earliest deadline succeeds if anything does.
pub(super) fn with_freed(steps: &[Step], freed: &[&Tight], removes: &[Pending]) -> Option<Vec<OperationId>> {
    let depths = depths(steps);
    let lowest = LeastTree::new(depths.iter().copied());
    let deadlines = deadlines(steps, &depths);
    let mut places: Vec<Place> = freed
        .iter()
        .map(|tight| {
            let first = steps.partition_point(|step| step.moment < tight.insert_call);
            let last = steps.partition_point(|step| step.moment <= tight.insert_return);
            let push = lowest.last_least(&(first..last + 1)).expect("an interval has a place");
            Place { push, deadline: deadlines[push], insert: tight.insert, insert_call: tight.insert_call }
        })
        .collect();
    let mut removes = removes.to_vec();
    removes.sort_unstable_by_key(|pending| pending.call);
    places.sort_unstable_by_key(|place| (place.deadline, place.push));
    // What a remove pops is what is on top, so all that counts is how many there are for each deadline.
    let mut pops: Vec<(usize, OperationId)> = Vec::new();
    let due = places.iter().take_while(|place| place.deadline < steps.len());
    let mut removes = removes.iter();
    for place in due {
        let remove = removes.next().filter(|remove| remove.call <= steps[place.deadline].moment)?;
        pops.push((place.deadline, remove.id));
    }
    // At one place by call, which respects real time.
    places.sort_unstable_by_key(|place| (place.push, place.insert_call));
    let mut order = Vec::with_capacity(steps.len() + places.len() + pops.len());
    let mut pushes = places.iter().peekable();
    let mut pops = pops.into_iter().peekable();
    for position in 0..=steps.len() {
        while let Some(place) = pushes.next_if(|place| place.push == position) {
            order.push(place.insert);
        }
        while let Some((_, remove)) = pops.next_if(|&(deadline, _)| deadline == position) {
            order.push(remove);
        }
        order.extend(steps.get(position).map(|step| step.id));
    }
    Some(order)
}

/// The same order, with each step at its last moment.
pub(super) fn postponed(mut steps: Vec<Step>) -> Vec<Step> {
    let mut latest = i64::MAX;
    for step in steps.iter_mut().rev() {
        latest = latest.min(step.until);
        assert!(step.moment <= latest, "each step is inside its interval");
        step.moment = latest;
    }
    steps
}

/// How many elements are in before each step, and after the last.
fn depths(steps: &[Step]) -> Vec<i64> {
    let mut depth = 0;
    let mut depths = Vec::with_capacity(steps.len() + 1);
    depths.push(depth);
    for step in steps {
        depth += match step.effect {
            Effect::Push => 1,
            Effect::Pop => -1,
            Effect::Empty => 0,
        };
        depths.push(depth);
    }
    depths
}

/// For each place, the step that pops what is on top there, or the next that finds the stack empty if nothing is.
fn deadlines(steps: &[Step], depths: &[i64]) -> Vec<usize> {
    let mut deadlines = vec![steps.len(); depths.len()];
    let mut next_empty = steps.len();
    // The later places from which the stack is first shallower than anywhere between, the nearest last.
    let mut shallower: Vec<usize> = Vec::new();
    for place in (0..depths.len()).rev() {
        if steps.get(place).is_some_and(|step| step.effect == Effect::Empty) {
            next_empty = place;
        }
        while shallower.last().is_some_and(|&later| depths[later] >= depths[place]) {
            shallower.pop();
        }
        deadlines[place] = match shallower.last() {
            Some(&later) => later - 1,
            None if depths[place] == 0 => next_empty,
            None => steps.len(),
        };
        shallower.push(place);
    }
    deadlines
}
