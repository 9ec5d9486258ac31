//! The replicated objects: what a node's state machine does with an operation. So every strategy that agrees on an order
//! of operations offers a register, a text, a list, a queue, a stack, a priority queue, a set, a counter, several
//! registers at once, a lock with or without fencing tokens, and an election.
//!
//! This is the replicas' own idea of these objects. The judge has another (`checker`), and the two share nothing but
//! the words; a test of `experiment` holds them against each other.
//!
//! Decisions:
//! - What an object is, its first change says: enqueued to, it is a queue. A change or a question that means nothing
//!   to it is refused, and nothing happens.
//! - *Appends*: text to nothing or to text makes text. Anything to a list, or a number to nothing, makes a list.
//! - *Taking from an empty collection* answers `null`.
//! - *A lock* is not re-entrant. It gives fencing tokens if objects start as a whole number: the first token is the
//!   next one, and each is greater than all before (Kleppmann, *How to do distributed locking*, 2016).

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;

use anachron_node::{Answer, Applied, Refusal};
use anachron_vocabulary::{ClientId, Key, Operation, Reply, Value};

use super::digest;

/// The objects of one node, by key.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Store {
    /// What an object holds before it is first written.
    initial: Value,
    /// What was changed.
    objects: BTreeMap<Key, Object>,
    /// The locks that were ever taken.
    locks: BTreeMap<Key, Lock>,
    /// What was applied so far and not refused.
    applied: Applied,
}

/// What was made of an object.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Object {
    /// A register, a text, a counter, the leader.
    Value(Value),
    /// A list, a queue (head first), a stack (bottom first).
    Sequence(VecDeque<Value>),
    /// A set, or a priority queue: the elements, and how often each is there.
    Bag(BTreeMap<Value, u64>),
    /// Several registers, by name.
    Registers(BTreeMap<Arc<str>, Value>),
}

/// A lock that was taken before.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Lock {
    holder: Option<ClientId>,
    /// The latest token, if the lock gives any.
    token: Option<i64>,
}

/// An object is of another kind than the operation asks for, or the result can't be told.
struct Mismatch;

type Done = Result<Reply, Mismatch>;

impl Store {
    /// A store in which every object holds `initial` and every lock is free.
    pub fn new(initial: Value) -> Self {
        let applied = Applied::default();
        Self { initial, objects: BTreeMap::new(), locks: BTreeMap::new(), applied }
    }

    /// The changes that were applied. Reads don't count (whoever answers them from its own copy applies nothing), nor does
    /// what was refused.
    pub fn applied(&self) -> Applied {
        self.applied
    }

    /// The value of an object: the elements of a collection, in its order, are a list.
    pub fn read(&self, key: Key) -> Value {
        self.objects.get(&key).map_or_else(|| self.initial.clone(), Object::shown)
    }

    /// Answers a question ([`Operation::is_read`]). Changes nothing.
    pub fn observe(&self, key: Key, operation: &Operation) -> Answer {
        answered(match (operation, self.objects.get(&key)) {
            (Operation::Read, _) => Ok(Reply::Value(self.read(key))),
            (Operation::Contains(_), None) => Ok(Reply::Answer(false)),
            (Operation::Contains(element), Some(Object::Bag(elements))) => {
                Ok(Reply::Answer(elements.contains_key(element)))
            }
            (Operation::MultiRead(names), None) => {
                Ok(Reply::Value(names.iter().map(|_| self.initial.clone()).collect()))
            }
            (Operation::MultiRead(names), Some(Object::Registers(registers))) => {
                let held = names.iter().map(|name| registers.get(name).unwrap_or(&self.initial).clone());
                Ok(Reply::Value(held.collect()))
            }
            _ => Err(Mismatch),
        })
    }

    /// Applies one operation of `client` and says what to answer. Deterministic: equal stores stay equal.
    pub fn apply(&mut self, client: ClientId, key: Key, operation: &Operation) -> Answer {
        let answer = self.carry_out(client, key, operation);
        if !operation.is_read() && !matches!(answer, Answer::Refused(_)) {
            let Applied { changes, digest: before } = self.applied;
            self.applied =
                Applied { changes: changes + 1, digest: digest(&(before, client, key, operation)) };
        }
        answer
    }

    fn carry_out(&mut self, client: ClientId, key: Key, operation: &Operation) -> Answer {
        match operation {
            Operation::Read | Operation::Contains(_) | Operation::MultiRead(_) => {
                self.observe(key, operation)
            }
            Operation::Acquire => self.acquire(client, key),
            Operation::Release => self.release(key, |lock| lock.holder == Some(client)),
            Operation::ReleaseToken(token) => {
                self.release(key, |lock| lock.holder.is_some() && lock.token == Some(*token))
            }
            _ => answered(self.change(key, operation)),
        }
    }

    fn change(&mut self, key: Key, operation: &Operation) -> Done {
        match operation {
            Operation::Write(value) => {
                self.set(key, value.clone());
                Ok(Reply::Done)
            }
            // A key that was deleted holds nothing, whatever it held at first.
            Operation::Delete => {
                self.set(key, Value::Null);
                Ok(Reply::Done)
            }
            Operation::CompareAndSet { expected, new } => {
                let swaps = self.value(key)? == expected;
                if swaps {
                    self.set(key, new.clone());
                }
                Ok(Reply::Answer(swaps))
            }
            Operation::Claim(candidate) => {
                let leader = self.value(key)?;
                let wins = *leader == Value::Null || leader == candidate;
                if wins {
                    self.set(key, candidate.clone());
                }
                Ok(Reply::Answer(wins))
            }
            Operation::Resign(candidate) => {
                let was_leader = self.value(key)? == candidate;
                if was_leader {
                    self.set(key, Value::Null);
                }
                Ok(Reply::Answer(was_leader))
            }
            Operation::Increment(amount) => {
                let count = match self.value(key)? {
                    Value::Null => 0,
                    Value::Integer(count) => *count,
                    _ => return Err(Mismatch),
                };
                let count = Value::Integer(count.checked_add(*amount).ok_or(Mismatch)?);
                self.set(key, count.clone());
                Ok(Reply::Value(count))
            }
            Operation::Append(tail) => self.append(key, tail),
            Operation::Enqueue(element) | Operation::Push(element) => {
                self.sequence(key)?.push_back(element.clone());
                Ok(Reply::Done)
            }
            Operation::Dequeue => Ok(Reply::Value(self.sequence(key)?.pop_front().unwrap_or_default())),
            Operation::Pop => Ok(Reply::Value(self.sequence(key)?.pop_back().unwrap_or_default())),
            Operation::Add(element) => Ok(Reply::Answer(self.bag(key)?.insert(element.clone(), 1).is_none())),
            Operation::Remove(element) => Ok(Reply::Answer(self.bag(key)?.remove(element).is_some())),
            Operation::Insert(element) => {
                *self.bag(key)?.entry(element.clone()).or_insert(0) += 1;
                Ok(Reply::Done)
            }
            Operation::ExtractMin => {
                let elements = self.bag(key)?;
                let Some(mut smallest) = elements.first_entry() else {
                    return Ok(Reply::Value(Value::Null));
                };
                let element = smallest.key().clone();
                *smallest.get_mut() -= 1;
                if *smallest.get() == 0 {
                    smallest.remove();
                }
                Ok(Reply::Value(element))
            }
            Operation::MultiWrite(pairs) => {
                let fresh = Object::Registers(BTreeMap::new());
                let Object::Registers(registers) = self.objects.entry(key).or_insert(fresh) else {
                    return Err(Mismatch);
                };
                registers.extend(pairs.iter().cloned());
                Ok(Reply::Done)
            }
            Operation::Read
            | Operation::Contains(_)
            | Operation::MultiRead(_)
            | Operation::Acquire
            | Operation::Release
            | Operation::ReleaseToken(_) => unreachable!("these change no object, or a lock"),
        }
    }

    /// What a register holds.
    fn value(&self, key: Key) -> Result<&Value, Mismatch> {
        match self.objects.get(&key) {
            None => Ok(&self.initial),
            Some(Object::Value(value)) => Ok(value),
            Some(_) => Err(Mismatch),
        }
    }

    fn set(&mut self, key: Key, value: Value) {
        self.objects.insert(key, Object::Value(value));
    }

    /// The elements of a sequence; what was never changed becomes one.
    fn sequence(&mut self, key: Key) -> Result<&mut VecDeque<Value>, Mismatch> {
        let fresh = || {
            Object::Sequence(match &self.initial {
                Value::List(elements) => elements.iter().cloned().collect(),
                _ => VecDeque::new(),
            })
        };
        match self.objects.entry(key).or_insert_with(fresh) {
            Object::Sequence(elements) => Ok(elements),
            _ => Err(Mismatch),
        }
    }

    /// The elements of a bag; what was never changed becomes one.
    fn bag(&mut self, key: Key) -> Result<&mut BTreeMap<Value, u64>, Mismatch> {
        match self.objects.entry(key).or_insert(Object::Bag(BTreeMap::new())) {
            Object::Bag(elements) => Ok(elements),
            _ => Err(Mismatch),
        }
    }

    fn append(&mut self, key: Key, tail: &Value) -> Done {
        let longer = match (self.objects.get(&key), tail) {
            (Some(Object::Sequence(_)), _) => None,
            (None, _) if matches!(self.initial, Value::List(_)) => None,
            (None, tail) if self.initial == Value::Null && !matches!(tail, Value::Text(_)) => None,
            (Some(Object::Value(value)), tail) => Some(longer_text(value, tail).ok_or(Mismatch)?),
            (None, tail) => Some(longer_text(&self.initial, tail).ok_or(Mismatch)?),
            (Some(_), _) => return Err(Mismatch),
        };
        match longer {
            Some(text) => self.set(key, text),
            None => self.sequence(key)?.push_back(tail.clone()),
        }
        Ok(Reply::Done)
    }

    /// A lock is given to whoever asks first. The holder's own second acquire is refused too, so that a request that runs
    /// twice shows.
    fn acquire(&mut self, client: ClientId, key: Key) -> Answer {
        let before = match self.initial {
            Value::Integer(number) => Some(number),
            _ => None,
        };
        let lock = self.locks.entry(key).or_insert(Lock { holder: None, token: before });
        if lock.holder.is_some() {
            return Answer::Refused(Refusal::LockState);
        }
        let Some(before) = lock.token else {
            lock.holder = Some(client);
            return Answer::Ok(Reply::Done);
        };
        // A lock that has run out of tokens is given to nobody any more.
        let Some(token) = before.checked_add(1) else { return Answer::Refused(Refusal::LockState) };
        *lock = Lock { holder: Some(client), token: Some(token) };
        Answer::Ok(Reply::Value(Value::Integer(token)))
    }

    fn release(&mut self, key: Key, is_holder: impl Fn(&Lock) -> bool) -> Answer {
        match self.locks.get_mut(&key).filter(|lock| is_holder(lock)) {
            Some(lock) => {
                lock.holder = None;
                Answer::Ok(Reply::Done)
            }
            None => Answer::Refused(Refusal::LockState),
        }
    }

    /// Everything the store holds, by key; a held lock shows its holder's number.
    pub fn contents(&self) -> Vec<(Key, Value)> {
        let mut all: BTreeMap<Key, Value> =
            self.objects.iter().map(|(&key, object)| (key, object.shown())).collect();
        for (&key, lock) in &self.locks {
            if let Some(holder) = lock.holder {
                all.insert(key, Value::Integer(i64::from(holder.0)));
            }
        }
        all.into_iter().collect()
    }
}

impl Object {
    /// What a read shows.
    fn shown(&self) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Sequence(elements) => elements.iter().cloned().collect(),
            Self::Bag(elements) => {
                let times = |times: u64| usize::try_from(times).expect("elements fit the memory");
                elements
                    .iter()
                    .flat_map(|(element, &count)| std::iter::repeat_n(element.clone(), times(count)))
                    .collect()
            }
            Self::Registers(registers) => {
                let pair = |(name, value): (&Arc<str>, &Value)| {
                    Value::from_iter([Value::Text(Arc::clone(name)), value.clone()])
                };
                registers.iter().map(pair).collect()
            }
        }
    }
}

fn answered(done: Done) -> Answer {
    match done {
        Ok(reply) => Answer::Ok(reply),
        Err(Mismatch) => Answer::Refused(Refusal::Unsupported),
    }
}

/// `value` with `tail` behind it; nothing stands for the empty text. `None` if either is not text.
fn longer_text(value: &Value, tail: &Value) -> Option<Value> {
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

    #[test]
    fn tokens_grow_and_only_the_latest_gives_the_lock_back() {
        let mut store = Store::new(Value::Integer(33));
        let token = |number: i64| Answer::Ok(Reply::Value(number.into()));
        let refused = Answer::Refused(Refusal::LockState);
        assert_eq!(store.apply(ALICE, KEY, &Operation::Acquire), token(34));
        assert_eq!(store.apply(ALICE, KEY, &Operation::ReleaseToken(33)), refused);
        assert_eq!(store.apply(ALICE, KEY, &Operation::ReleaseToken(34)), Answer::Ok(Reply::Done));
        assert_eq!(store.apply(ALICE, KEY, &Operation::ReleaseToken(34)), refused);
        assert_eq!(store.apply(BOB, KEY, &Operation::Acquire), token(35));
        assert_eq!(store.apply(ALICE, KEY, &Operation::ReleaseToken(34)), refused);
        assert_eq!(store.apply(BOB, KEY, &Operation::Release), Answer::Ok(Reply::Done));
        let mut spent = Store::new(Value::Integer(i64::MAX));
        assert_eq!(spent.apply(ALICE, KEY, &Operation::Acquire), refused);
    }

    #[test]
    fn what_means_nothing_to_an_object_is_refused_and_changes_nothing() {
        let mut store = Store::default();
        let element = || Value::Integer(1);
        let refused = Answer::Refused(Refusal::Unsupported);
        let kinds =
            [Operation::Enqueue(element()), Operation::Add(element()), Operation::Increment(i64::MAX)];
        for (key, first) in (0..).map(Key).zip(&kinds) {
            store.apply(ALICE, key, first);
            let before = store.clone();
            for (other, operation) in (0..).map(Key).zip(&kinds) {
                if other != key {
                    assert_eq!(store.apply(ALICE, key, operation), refused, "{operation:?} after {first:?}");
                }
            }
            assert_eq!(store, before);
        }
        assert_eq!(store.apply(ALICE, Key(2), &Operation::Increment(1)), refused, "too large to tell");
    }

    #[test]
    fn a_number_behind_nothing_makes_a_list_and_text_makes_text() {
        let mut store = Store::default();
        for number in [7, 8] {
            store.apply(ALICE, KEY, &Operation::Append(number.into()));
        }
        assert_eq!(store.read(KEY), [7, 8].map(Value::Integer).into_iter().collect());
        let mut store = Store::new([Value::from("a")].into_iter().collect());
        store.apply(ALICE, KEY, &Operation::Append("b".into()));
        assert_eq!(store.read(KEY), ["a", "b"].map(Value::from).into_iter().collect());
    }
}
