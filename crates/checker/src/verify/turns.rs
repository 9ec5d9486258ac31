//! A lock judged in a window of time, from both of its states.
//!
//! One more rule says what a core may leave out. It holds for locks only, and the core has to be judged from both start
//! states ([`Start::Any`](crate::Start)), for what is left out decides which of them the window finds:
//! 4. let the core's *crowd* be operations of one kind (acquires, say), kept as they were, and let everything else in
//!    it be of the other kind and unknown. An operation of the other kind may go if it returned before every one of the
//!    crowd was called, or was called after every one of the crowd had returned. An operation of the crowd's
//!    kind may always go.
//!
//! Proof: take a legal order of the history, and of that the stretch from the first of the crowd to the last.
//! Acquires and releases take turns in it, and it is legal from the state in which its first operation found the
//! lock. None of the releases in it have gone: one that returned before every call of the crowd stands before the first,
//! one that was called after every return behind the last. If an acquire in it has gone, it is neither the first nor the
//! last, so a release stands right behind it: take out both, the release as one that never took effect. What is left
//! still takes turns. When no acquire is left that has gone, it is an order of the core, legal from one of the two states. So
//! if the core has none from either, the history has none. The same holds with the two kinds exchanged.
//!
//! *From the start of the history* the same holds for a crowd of releases, but for what was over before it: every acquire
//! may go that was called after all of the crowd had returned, and no other. Take the stretch from the start to the
//! last of the crowd. The lock is free at first, so right before a release that has gone stands an acquire: take out both.
//!
//! A lock with fencing tokens is a lock: what is said here holds for it as well, whatever the tokens.
//!
//! *Amid the others* ([`Start::Amid`](crate::Start)) the core is the crowd alone, and those of the other kind that may not go by
//! this rule are counted, but not named.
//!
//! The judgement: between *k* operations of one kind that take turns with the other lie at least *k* - 1 of the other,
//! whatever the state at the start; before the last of *k* releases since the start lie at least *k* acquires. Where that
//! settles nothing, the small search is run from both states.

use anachron_history::Record;
use anachron_vocabulary::{Operation, Outcome};

use super::Flaw;
use super::records::{Records, listed};
use crate::{CheckOptions, CoreOperation, Kept, Model, Start};

/// The two kinds of operation in a core that follows the rule.
#[derive(Debug)]
pub(super) struct Turns {
    crowd: usize,
    /// How large a crowd the others leave room for.
    room: usize,
}

impl Turns {
    /// True if the crowd is too large to take turns with the others, from whichever state it is judged.
    pub(super) fn are_too_few(&self) -> bool {
        self.crowd > self.room
    }
}

/// Checks that a core leaves out only what may be left out: one that is judged from both states, or releases that are
/// judged from the start.
pub(super) fn check(
    object: &Records<'_>,
    options: &CheckOptions,
    kept: &[CoreOperation],
    start: Start,
) -> Result<Turns, Flaw> {
    let required =
        || kept.iter().filter(|kept| kept.kept != Kept::AsUnknown).map(|kept| object.record(kept.id));
    let Some(kind) = required().map(|record| &record.operation).next() else {
        return Err(Flaw::NoWindow);
    };
    if !matches!(options.model, Model::Mutex | Model::FencingLock) {
        return Err(Flaw::NoWindow);
    }
    let acquires = |operation: &Operation| *operation == Operation::Acquire;
    let kind = acquires(kind);
    if kind && start == Start::Initial {
        return Err(Flaw::NoWindow);
    }
    for kept in kept {
        let wanted = match kept.kept {
            Kept::AsItWas => kind,
            Kept::AsUnknown => !kind,
            Kept::AsWrite => return Err(Flaw::NoWindow),
        };
        if acquires(&object.record(kept.id).operation) != wanted {
            return Err(Flaw::NoWindow);
        }
    }
    let crowd = required().count();
    let first_call = required().map(|record| record.call).min();
    let last_return = required().filter_map(Record::returned).max();
    let acts_since_start = |record: &Record| Some(record.call) <= last_return;
    let acts_between = |record: &Record| {
        acts_since_start(record) && record.returned().is_none_or(|returned| Some(returned) >= first_call)
    };
    let others = || {
        object
            .iter()
            .filter(|(_, record)| acquires(&record.operation) != kind && record.outcome != Outcome::Failed)
    };
    if start == Start::Amid {
        let between = others().filter(|(_, record)| acts_between(record)).count() + 1;
        let since_start = others().filter(|(_, record)| acts_since_start(record)).count();
        return Ok(Turns { crowd, room: if kind { between } else { between.min(since_start) } });
    }
    let listed = listed(kept);
    let acts = |record| if start == Start::Any { acts_between(record) } else { acts_since_start(record) };
    let missing = others().find(|(id, record)| !listed.contains(id) && acts(record));
    if let Some((id, _)) = missing {
        return Err(Flaw::Needed(id));
    }
    Ok(Turns { crowd, room: kept.len() - crowd + usize::from(start == Start::Any) })
}

#[cfg(test)]
mod tests {
    use anachron_vocabulary::Operation;

    use super::super::records::{Records, of_key};
    use super::super::{Answer, CORE_EFFORT, Replay, legal_order, replies};
    use super::check;
    use crate::testing::{Dice, scramble};
    use crate::{Budget, CheckOptions, CoreOperation, Decision, Kept, Model, Start, partition};

    /// Counting is held against the search from both states, and both against the verdict on the whole history.
    #[test]
    fn counting_agrees_with_the_search_and_neither_invents_a_violation() {
        let mut dice = Dice::new(5);
        let options = CheckOptions::new(Model::Mutex);
        let (mut counted, mut tried, mut refused) = (0, 0, 0);
        for _ in 0..40_000 {
            let history = scramble(Model::Mutex, &mut dice);
            let kind = if dice.permille(500) { Operation::Acquire } else { Operation::Release };
            // Any two or more of one kind, and all of the other but a few.
            let mut kept: Vec<CoreOperation> = Vec::new();
            for (id, record) in history.iter() {
                let ok = matches!(record.outcome, anachron_vocabulary::Outcome::Ok(_));
                let alike = record.operation == kind;
                if alike && ok && dice.permille(700) {
                    kept.push(CoreOperation { id, kept: Kept::AsItWas });
                } else if !alike && dice.permille(600) {
                    kept.push(CoreOperation { id, kept: Kept::AsUnknown });
                }
            }
            let all = of_key(&history, history.records[0].key);
            let object = Records::new(&history, history.records[0].key, &all);
            let start = dice.one_of(&[Start::Any, Start::Initial]);
            let Ok(turns) = check(&object, &options, &kept, start) else {
                refused += 1;
                continue;
            };
            let starts = if start == Start::Any { &[false, true][..] } else { &[false] };
            let none = starts.iter().all(|&held| {
                let start = Replay::Lock { held };
                let found = legal_order(&object, start, &kept, &replies(&object, &kept), CORE_EFFORT);
                matches!(found, Answer::None)
            });
            assert!(none || !turns.are_too_few(), "{}", crate::testing::table(&history));
            counted += usize::from(turns.are_too_few());
            if none {
                tried += 1;
                let parts = partition(&history, &options).expect("a lock's operations");
                let decision = parts[0].check(&mut Budget::default()).verdict.decision();
                assert_eq!(
                    decision,
                    Decision::NotLinearizable,
                    "{kept:?}\n{}",
                    crate::testing::table(&history)
                );
            }
        }
        assert!(counted > 500 && tried >= counted && refused > 500, "{counted} {tried} {refused}");
    }
}
