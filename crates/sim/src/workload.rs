//! What a client asks next: a script, or a stream of drawn operations.

use anachron_node::Random;
use anachron_vocabulary::{ClientId, Key, NodeId, Operation, Outcome, Value, VirtualTime};

use crate::client::granted;
use crate::{Generated, OperationKind, ScriptedOperation, Values, Workload};

/// A client's supply of operations.
pub(crate) struct Script<'w> {
    client: ClientId,
    source: &'w Workload,
    random: Random,
    /// How many operations have been taken.
    taken: usize,
    /// How many unique values have been made.
    made: i64,
    /// The locks that this client holds as far as it knows, in the order of acquiring.
    held: Vec<Key>,
}

impl<'w> Script<'w> {
    pub(crate) fn new(client: ClientId, source: &'w Workload, random: Random) -> Self {
        Self { client, source, random, taken: 0, made: 0, held: Vec::new() }
    }

    /// When the next operation may be called, not before `earliest`; `None` if there is none left.
    pub(crate) fn next_call(&mut self, earliest: VirtualTime) -> Option<VirtualTime> {
        match self.source {
            Workload::Script(operations) => operations.get(self.taken).map(|next| next.at.max(earliest)),
            Workload::Generated(generated) => {
                if self.taken >= generated.operations as usize {
                    return None;
                }
                let pause = generated.think_time.sample([self.random.bits(), self.random.bits()]);
                Some(earliest.max(generated.start) + pause)
            }
        }
    }

    /// Takes the next operation.
    pub(crate) fn take(&mut self) -> (Key, Operation) {
        self.taken += 1;
        match self.source {
            Workload::Script(operations) => {
                let ScriptedOperation { key, operation, .. } = &operations[self.taken - 1];
                (*key, operation.clone())
            }
            Workload::Generated(generated) => self.draw(generated),
        }
    }

    /// Whom the operation taken last asks first, if its script says so.
    pub(crate) fn node_of_current(&self) -> Option<NodeId> {
        match self.source {
            Workload::Script(operations) => operations[self.taken - 1].node,
            Workload::Generated(_) => None,
        }
    }

    /// An operation ended.
    pub(crate) fn ended(&mut self, operation: &Operation, key: Key, outcome: &Outcome) {
        match operation {
            Operation::Acquire if granted(outcome) => self.held.push(key),
            Operation::Release => self.held.retain(|&held| held != key),
            _ => {}
        }
    }

    fn draw(&mut self, generated: &Generated) -> (Key, Operation) {
        let kind = weighted(&generated.mix, &mut self.random);
        let key = weighted(&generated.keys, &mut self.random);
        match kind {
            OperationKind::Read => (key, Operation::Read),
            OperationKind::Write => (key, Operation::Write(self.value(generated.values))),
            OperationKind::Append => (key, Operation::Append(self.value(generated.values))),
            OperationKind::CompareAndSet => {
                let expected = match generated.values {
                    // A unique value is worth expecting only if it was ever written; guess one of this client's own.
                    Values::Unique => Value::Integer(
                        self.unique_base()
                            + i64::try_from(self.random.below(self.made.unsigned_abs() + 1)).unwrap_or(0),
                    ),
                    Values::Below(_) => self.value(generated.values),
                };
                (key, Operation::CompareAndSet { expected, new: self.value(generated.values) })
            }
            OperationKind::Lock => match self.held.first() {
                Some(&held) => (held, Operation::Release),
                None => (key, Operation::Acquire),
            },
        }
    }

    fn unique_base(&self) -> i64 {
        (i64::from(self.client.0) + 1) * 1_000_000
    }

    fn value(&mut self, values: Values) -> Value {
        match values {
            Values::Unique => {
                self.made += 1;
                Value::Integer(self.unique_base() + self.made)
            }
            Values::Below(count) => Value::Integer(
                i64::try_from(self.random.below(u64::from(count.max(1)))).expect("a 32-bit number"),
            ),
        }
    }
}

/// One of several, in proportion to their weights.
fn weighted<T: Copy>(choices: &[(u32, T)], random: &mut Random) -> T {
    let total: u64 = choices.iter().map(|(weight, _)| u64::from(*weight)).sum();
    let mut at = random.below(total);
    for &(weight, choice) in choices {
        if at < u64::from(weight) {
            return choice;
        }
        at -= u64::from(weight);
    }
    unreachable!("the draw is below the sum of the weights")
}
