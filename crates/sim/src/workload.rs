//! What a client asks next: a script, or a stream of drawn operations.

use anachron_node::Random;
use anachron_vocabulary::{ClientId, Key, NodeId, Operation, Outcome, Value, VirtualTime};

use crate::check::UNIQUE_VALUES_A_CLIENT;
use crate::client::granted;
use crate::{Generated, OperationKind, ScriptedOperation, Values, Workload};

/// A client's supply of operations.
pub(crate) struct Script<'w> {
    client: ClientId,
    source: &'w Workload,
    random: Random,
    /// What the next operation is drawn from. Every operation takes eight draws, whether it needs them or not, so
    /// the k-th is the same whatever kinds came before it.
    draws: [u64; 8],
    /// How many operations have been taken.
    taken: usize,
    /// How many unique values have been made.
    made: i64,
    /// The locks that this client holds as far as it knows, in the order of acquiring.
    held: Vec<Key>,
}

impl<'w> Script<'w> {
    pub(crate) fn new(client: ClientId, source: &'w Workload, random: Random) -> Self {
        Self { client, source, random, draws: [0; 8], taken: 0, made: 0, held: Vec::new() }
    }

    /// When the next operation may be called, not before `earliest`; `None` if there is none left.
    pub(crate) fn next_call(&mut self, earliest: VirtualTime) -> Option<VirtualTime> {
        match self.source {
            Workload::Script(operations) => operations.get(self.taken).map(|next| next.at.max(earliest)),
            Workload::Generated(generated) => {
                if self.taken >= generated.operations as usize {
                    return None;
                }
                self.draws = std::array::from_fn(|_| self.random.bits());
                let pause = generated.think_time.sample([self.draws[0], self.draws[1]]);
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
        let [_, _, kind, key, value, expected, ..] = self.draws;
        let kind = weighted(&generated.mix, kind);
        let key = weighted(&generated.keys, key);
        match kind {
            OperationKind::Read => (key, Operation::Read),
            OperationKind::Write => (key, Operation::Write(self.value(generated.values, value))),
            OperationKind::Append => (key, Operation::Append(self.value(generated.values, value))),
            OperationKind::Delete => (key, Operation::Delete),
            OperationKind::Enqueue => (key, Operation::Enqueue(self.value(generated.values, value))),
            OperationKind::Dequeue => (key, Operation::Dequeue),
            OperationKind::Add => (key, Operation::Add(self.value(generated.values, value))),
            OperationKind::Remove => (key, Operation::Remove(self.known(generated.values, expected))),
            OperationKind::Contains => (key, Operation::Contains(self.known(generated.values, expected))),
            OperationKind::Increment => (key, Operation::Increment(1)),
            OperationKind::CompareAndSet => {
                let expected = self.known(generated.values, expected);
                (key, Operation::CompareAndSet { expected, new: self.value(generated.values, value) })
            }
            OperationKind::Lock => match self.held.first() {
                Some(&held) => (held, Operation::Release),
                None => (key, Operation::Acquire),
            },
        }
    }

    /// A value that may be there. A unique one is worth asking for only if it was ever written: one of this client's own.
    fn known(&mut self, values: Values, draw: u64) -> Value {
        match values {
            Values::Unique => {
                let guess = below(self.made.unsigned_abs() + 1, draw);
                Value::Integer(self.unique_base() + guess)
            }
            Values::Below(_) => self.value(values, draw),
        }
    }

    fn unique_base(&self) -> i64 {
        (i64::from(self.client.0) + 1) * i64::from(UNIQUE_VALUES_A_CLIENT)
    }

    fn value(&mut self, values: Values, draw: u64) -> Value {
        match values {
            Values::Unique => {
                self.made += 1;
                Value::Integer(self.unique_base() + self.made)
            }
            Values::Below(count) => Value::Integer(below(u64::from(count.max(1)), draw)),
        }
    }
}

/// The number below `bound` that a draw stands for.
fn below(bound: u64, draw: u64) -> i64 {
    i64::try_from((u128::from(draw) * u128::from(bound)) >> 64).expect("a bound within 63 bits")
}

/// One of several, in proportion to their weights.
fn weighted<T: Copy>(choices: &[(u32, T)], draw: u64) -> T {
    let total: u64 = choices.iter().map(|(weight, _)| u64::from(*weight)).sum();
    let mut at = (u128::from(draw) * u128::from(total)) >> 64;
    for &(weight, choice) in choices {
        if at < u128::from(weight) {
            return choice;
        }
        at -= u128::from(weight);
    }
    unreachable!("the draw is below the sum of the weights")
}
