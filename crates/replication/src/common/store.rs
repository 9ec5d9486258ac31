//! The replicated objects: what a node's state machine does with an operation.
//!
//! This is the replicas' own idea of a register, a text and a lock. The judge has another (`checker`), and the two
//! share nothing but the words.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anachron_node::{Answer, Refusal};
use anachron_vocabulary::{ClientId, Key, Operation, Reply, Value};

/// The objects of one node, by key.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Store {
    /// What an object holds before it is first written.
    initial: Value,
    objects: BTreeMap<Key, Value>,
    /// Who holds a lock; a lock that is free is not in the map.
    holders: BTreeMap<Key, ClientId>,
}

impl Store {
    /// A store in which every object holds `initial` and every lock is free.
    pub fn new(initial: Value) -> Self {
        Self { initial, objects: BTreeMap::new(), holders: BTreeMap::new() }
    }

    /// The value of an object.
    pub fn read(&self, key: Key) -> Value {
        self.objects.get(&key).unwrap_or(&self.initial).clone()
    }

    /// Applies one operation of `client` and says what to answer. Deterministic: equal stores stay equal.
    pub fn apply(&mut self, client: ClientId, key: Key, operation: &Operation) -> Answer {
        let done = Answer::Ok(Reply::Done);
        match operation {
            Operation::Read => Answer::Ok(Reply::Value(self.read(key))),
            Operation::Write(value) => {
                self.objects.insert(key, value.clone());
                done
            }
            Operation::CompareAndSet { expected, new } => {
                let swaps = self.objects.get(&key).unwrap_or(&self.initial) == expected;
                if swaps {
                    self.objects.insert(key, new.clone());
                }
                Answer::Ok(Reply::Answer(swaps))
            }
            Operation::Append(tail) => {
                let value = self.read(key);
                match appended(&value, tail) {
                    Some(longer) => {
                        self.objects.insert(key, longer);
                        done
                    }
                    None => Answer::Refused(Refusal::Unsupported),
                }
            }
            // A lock is given to whoever asks first. The holder's own second acquire is refused too: the lock is not
            // re-entrant, so that a request that runs twice shows.
            Operation::Acquire => {
                if self.holders.contains_key(&key) {
                    return Answer::Refused(Refusal::LockState);
                }
                self.holders.insert(key, client);
                done
            }
            Operation::Release => {
                if self.holders.get(&key) != Some(&client) {
                    return Answer::Refused(Refusal::LockState);
                }
                self.holders.remove(&key);
                done
            }
            _ => Answer::Refused(Refusal::Unsupported),
        }
    }

    /// Everything the store holds, by key; a held lock shows its holder's number.
    pub fn contents(&self) -> Vec<(Key, Value)> {
        let mut all: BTreeMap<Key, Value> = self.objects.clone();
        for (&key, &holder) in &self.holders {
            all.insert(key, Value::Integer(i64::from(holder.0)));
        }
        all.into_iter().collect()
    }
}

/// `value` with `tail` behind it; nothing stands for the empty text. `None` if either is not text.
fn appended(value: &Value, tail: &Value) -> Option<Value> {
    let head = match value {
        Value::Null => "",
        Value::Text(text) => text,
        Value::Integer(_) | Value::Literal(_) | Value::List(_) => return None,
    };
    let mut longer = String::from(head);
    match tail {
        Value::Text(text) => longer.push_str(text),
        Value::Integer(number) => write!(longer, "{number}").expect("writing to a string"),
        Value::Null | Value::Literal(_) | Value::List(_) => return None,
    }
    Some(Value::Text(longer.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key(0);
    const ALICE: ClientId = ClientId(0);
    const BOB: ClientId = ClientId(1);

    #[test]
    fn a_lock_is_given_once_and_only_its_holder_gives_it_back() {
        let mut store = Store::default();
        let done = Answer::Ok(Reply::Done);
        let refused = Answer::Refused(Refusal::LockState);
        assert_eq!(store.apply(ALICE, KEY, &Operation::Acquire), done);
        assert_eq!(store.apply(ALICE, KEY, &Operation::Acquire), refused);
        assert_eq!(store.apply(BOB, KEY, &Operation::Acquire), refused);
        assert_eq!(store.apply(BOB, KEY, &Operation::Release), refused);
        assert_eq!(store.apply(ALICE, KEY, &Operation::Release), done);
        assert_eq!(store.apply(BOB, KEY, &Operation::Acquire), done);
        assert_eq!(store.contents(), vec![(KEY, Value::Integer(1))]);
    }

    #[test]
    fn compare_and_set_compares_with_the_initial_value_too() {
        let mut store = Store::new(Value::Integer(0));
        let cas =
            |expected: i64, new: i64| Operation::CompareAndSet { expected: expected.into(), new: new.into() };
        assert_eq!(store.apply(ALICE, KEY, &cas(1, 2)), Answer::Ok(Reply::Answer(false)));
        assert_eq!(store.apply(ALICE, KEY, &cas(0, 2)), Answer::Ok(Reply::Answer(true)));
        assert_eq!(store.read(KEY), Value::Integer(2));
    }

    #[test]
    fn appends_make_one_text_and_refuse_what_is_none() {
        let mut store = Store::default();
        assert_eq!(store.apply(ALICE, KEY, &Operation::Append("a".into())), Answer::Ok(Reply::Done));
        assert_eq!(store.apply(ALICE, KEY, &Operation::Append("b".into())), Answer::Ok(Reply::Done));
        assert_eq!(store.read(KEY), Value::from("ab"));
        store.apply(ALICE, KEY, &Operation::Write(1.into()));
        let answer = store.apply(ALICE, KEY, &Operation::Append("c".into()));
        assert_eq!(answer, Answer::Refused(Refusal::Unsupported));
    }
}
