//! A lock with fencing tokens as the search sees it, when the whole history's tokens are known beforehand.
//!
//! Why it exists: tokens grow (Kleppmann 2016), so all grants that were told their tokens have one order, and a release
//! that names its token has its place behind that grant. The lock by itself refuses a grant that comes too late; it
//! doesn't know that one comes too early. The search would find out when the one that was skipped is due, once for each
//! way to go wrong. Here whatever skips a token that has to come is refused at once. What is left to choose is which
//! operations of unknown outcome take effect, and when.
//!
//! What it promises: of the operations that it was made for, the orders that are complete are those of the lock.
//!
//! Proof: call a token *certain* if an ok grant was told it or an ok release names it. Both take effect in every complete order,
//! while their token is the lock's. The lock's token never falls, and between two grants it only changes when a release
//! names a greater one. So a step after which the lock's token has passed a certain one for which an operation is
//! missing is in no complete order. The steps that are refused are of this kind:
//! - a grant told *t*, though some certain token lies between the lock's and *t*;
//! - a grant of unknown token that must be greater than a certain token that is still to come, or at least as great as
//!   one that a grant was told;
//! - a release of a grant whose release is certain and another one; where nobody was told the token, it is taken for the
//!   least that it can have been, as the lock does;
//! - a release that names a token for a grant that nobody was told, if a certain token is skipped or a grant was told
//!   this one.
//!
//! Left out on purpose: cores. What is certain changes with what a core leaves out.

use std::collections::BTreeSet;
use std::ops::Bound;

use anachron_history::History;
use anachron_vocabulary::{Operation, Outcome, Reply, Value};

use crate::instance::Timed;
use crate::machine::{GenericMachine, Machine};
use crate::object::{Grant, Object, ObjectState};
use crate::{Model, Specification};

/// The lock, and which tokens are certain.
#[derive(Clone)]
struct CertainTokens {
    lock: Object,
    /// Those that grants were told.
    granted: BTreeSet<i64>,
    /// Those that releases name which took effect.
    released: BTreeSet<i64>,
}

impl CertainTokens {
    fn of(history: &History, operations: &[Timed]) -> Self {
        let lock = Object { model: Model::FencingLock, initial: Value::Null };
        let mut certain = Self { lock, granted: BTreeSet::new(), released: BTreeSet::new() };
        for timed in operations {
            let record = history.record(timed.id);
            match (&record.operation, &record.outcome) {
                (Operation::Acquire, Outcome::Ok(Reply::Value(Value::Integer(token)))) => {
                    certain.granted.insert(*token);
                }
                (Operation::ReleaseToken(token), Outcome::Ok(_)) => {
                    certain.released.insert(*token);
                }
                _ => {}
            }
        }
        certain
    }

    /// The least certain token above this one, or of all.
    fn next(&self, above: Option<i64>) -> Option<i64> {
        let range = (above.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let least = |tokens: &BTreeSet<i64>| tokens.range(range).next().copied();
        least(&self.granted).into_iter().chain(least(&self.released)).min()
    }

    /// True if no complete order takes this step.
    fn skips(&self, before: Grant, operation: &Operation, reply: Option<&Reply>, after: Grant) -> bool {
        let Some(token) = after.token else { return false };
        match operation {
            Operation::Acquire if after.at_least => self
                .next(before.token)
                .is_some_and(|next| next < token || next == token && self.granted.contains(&next)),
            Operation::Acquire => self.next(before.token).is_some_and(|next| next < token),
            // The token that is left behind is over: whoever releases it for certain has to be the one who does now.
            Operation::Release => self.released.contains(&token),
            Operation::ReleaseToken(_) => {
                let least = before.token.unwrap_or(token);
                let skipped = before.at_least
                    && (self.granted.contains(&token)
                        || self.granted.range(least..token).next().is_some()
                        || self.released.range(least..token).next().is_some());
                skipped || reply.is_none() && self.released.contains(&token)
            }
            _ => false,
        }
    }
}

impl Specification for CertainTokens {
    type State = ObjectState;
    type Operation = Operation;
    type Reply = Reply;

    fn initial(&self) -> ObjectState {
        self.lock.initial()
    }

    fn step(&self, state: &ObjectState, operation: &Operation, reply: Option<&Reply>) -> Option<ObjectState> {
        let after = self.lock.step(state, operation, reply)?;
        let (ObjectState::Fenced(before), ObjectState::Fenced(grant)) = (state, &after) else { return None };
        (!self.skips(*before, operation, reply, *grant)).then_some(after)
    }
}

/// The same with numbers for states and operations.
pub(crate) struct TokenMachine {
    machine: GenericMachine<CertainTokens>,
    /// By class: the only state in which it is legal, if there is but one.
    requires: Vec<Option<u32>>,
}

impl TokenMachine {
    /// The machine for a lock with tokens, and its operations.
    pub(crate) fn new(history: &History, operations: &[Timed]) -> (Self, Vec<Timed>) {
        let certain = CertainTokens::of(history, operations);
        let mut machine = GenericMachine::new(certain.clone());
        let mut requires = Vec::new();
        let mut classed = |timed: &Timed| {
            let record = history.record(timed.id);
            let reply = match &record.outcome {
                Outcome::Ok(reply) => Some(reply),
                Outcome::Unknown | Outcome::Failed => None,
            };
            let class = machine.class(&record.operation, reply);
            if class as usize == requires.len() {
                // Whoever gives back a token that a grant was told gives it back for that grant.
                requires.push(match record.operation {
                    Operation::ReleaseToken(token) if certain.granted.contains(&token) => {
                        let held = Grant { held: true, token: Some(token), at_least: false };
                        Some(machine.number(&ObjectState::Fenced(held)))
                    }
                    _ => None,
                });
            }
            Timed { class, ..*timed }
        };
        let operations = operations.iter().map(&mut classed).collect();
        (Self { machine, requires }, operations)
    }
}

impl Machine for TokenMachine {
    fn initial(&self) -> u32 {
        self.machine.initial()
    }

    fn step(&mut self, state: u32, class: u32) -> u32 {
        self.machine.step(state, class)
    }

    fn is_observer(&self, _class: u32) -> bool {
        false
    }

    fn requires(&self, class: u32) -> Option<u32> {
        self.requires[class as usize]
    }

    fn bytes(&self) -> usize {
        self.machine.bytes() + self.requires.capacity() * size_of::<Option<u32>>()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{self, Shape};
    use crate::{Budget, CheckOptions, Decision, Model, partition};

    /// Operations of unknown outcome leave a choice, but nobody tries grants in the wrong order.
    #[test]
    fn a_lock_with_tokens_takes_a_few_configurations_an_operation() {
        for concurrency in [5, 20, 50] {
            for unknown_permille in [10, 50, 200] {
                let shape = Shape {
                    model: Model::FencingLock,
                    operations: 600,
                    concurrency,
                    values: 0,
                    keys: 1,
                    unknown_permille,
                    seed: concurrency as u64,
                };
                let history = testing::linearizable(&shape);
                let parts = partition(&history, &CheckOptions::new(Model::FencingLock)).expect("a lock");
                let judged = parts[0].check_by_model(&mut Budget::default().configurations(20 * 600));
                let explored = judged.configurations;
                assert_eq!(judged.verdict.decision(), Decision::Linearizable, "{shape:?}: {explored}");
            }
        }
    }
}
