//! Locks without a search: acquires and releases take turns, so at each moment only one kind can come next.
//!
//! Why it exists: which operation of that kind comes next is no choice either. Of two acquires that can both come next,
//! the one that returns first may go first: swap them in any order that has them the other way round, and both stay in
//! their intervals (reduction 2 of the search, `search/rules.rs`). With fencing tokens there is not even that: tokens
//! grow (Kleppmann 2016), so the next grant is the one with the smallest token that is left; and a release that names
//! its token has its place behind that grant and nowhere else. So one pass finds an order, or gets stuck where none
//! goes on: O(n log n).
//!
//! An operation of unknown outcome may come at any time after its call, so among those of its kind it is the one to
//! wait longest; and as the pass places nothing before it has to, an operation that need not have happened is placed only
//! where the next one could not follow without it.
//!
//! That nothing is placed too early makes the pass exact, and says what every violation of a mutex looks like: the
//! pass keeps the number of turns as low as it can, so where it is stuck, more acquires have returned than the releases
//! that were called leave room for, or the reverse. `shrink/turns.rs` finds the fewest operations of which that is true.
//!
//! Left out on purpose: locks with tokens of which some operation's outcome is unknown or some grant's token was told
//! to nobody. There are choices then, and the search makes them (`tokens`).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use anachron_history::History;
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use crate::instance::Timed;
use crate::table::count;

/// What the pass came to.
pub(crate) enum Locks {
    /// A legal order.
    Order(Vec<OperationId>),
    /// There is none: this order can't go on, and the operation of this number, by return, is due.
    Stuck { furthest: u32, longest: Vec<OperationId> },
}

/// What an operation does to the lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Turn {
    Acquire(Option<i64>),
    Release(Option<i64>),
}

/// Decides a lock without tokens, or one all of whose operations are ok and whose grants were all told their tokens.
pub(crate) fn decide(history: &History, operations: &[Timed]) -> Option<Locks> {
    let mut by_call: Vec<Entry> = Vec::with_capacity(operations.len());
    for timed in operations {
        let returned = timed.returned.unwrap_or(i64::MAX);
        let record = history.record(timed.id);
        let turn = match (&record.operation, &record.outcome) {
            (Operation::Acquire, Outcome::Ok(Reply::Value(Value::Integer(token)))) => {
                Turn::Acquire(Some(*token))
            }
            (Operation::Acquire, _) => Turn::Acquire(None),
            (Operation::Release, _) => Turn::Release(None),
            (Operation::ReleaseToken(token), _) => Turn::Release(Some(*token)),
            _ => return None,
        };
        let unknown = timed.returned.is_none();
        by_call.push(Entry { call: timed.call, unknown, returned, id: timed.id, turn, number: 0 });
    }
    by_call.sort_unstable_by_key(|entry| (entry.unknown, entry.returned, entry.id));
    for (number, entry) in by_call.iter_mut().enumerate() {
        entry.number = count(number);
    }
    let returns: Vec<i64> =
        by_call.iter().filter(|entry| !entry.unknown).map(|entry| entry.returned).collect();
    let grants = by_call.iter().filter(|entry| matches!(entry.turn, Turn::Acquire(_))).count();
    let told = by_call.iter().filter(|entry| matches!(entry.turn, Turn::Acquire(Some(_)))).count();
    if told != 0 && told != grants {
        return None;
    }
    let named = by_call.iter().any(|entry| matches!(entry.turn, Turn::Release(Some(_))));
    if told == 0 && named && grants > 0 {
        return None;
    }
    if returns.len() < by_call.len() && (told > 0 || named) {
        return None;
    }
    by_call.sort_unstable_by_key(|entry| entry.call);
    Some(Pass::new(by_call, returns).run())
}

#[derive(Clone, Copy)]
struct Entry {
    call: i64,
    /// Its outcome is unknown, and it may be left out.
    unknown: bool,
    returned: i64,
    id: OperationId,
    turn: Turn,
    /// Its place among all by return.
    number: u32,
}

/// Operations that can come next, the earliest return first.
type Enabled = BinaryHeap<Reverse<(u32, OperationId)>>;

struct Pass {
    by_call: Vec<Entry>,
    /// How many of `by_call` can come next or are placed.
    opened: usize,
    /// Of those that are ok.
    returns: Vec<i64>,
    placed: Vec<bool>,
    /// The number of the operation not yet placed that returns first.
    due: usize,
    acquires: Enabled,
    releases: Enabled,
    /// Enabled grants and releases by token.
    grants: BTreeMap<i64, Vec<(u32, OperationId)>>,
    returned_tokens: BTreeMap<i64, Vec<(u32, OperationId)>>,
    /// The tokens of grants to come, and of releases, ascending.
    tokens: Vec<i64>,
    named: Vec<i64>,
    order: Vec<OperationId>,
}

impl Pass {
    fn new(by_call: Vec<Entry>, returns: Vec<i64>) -> Self {
        let mut tokens = Vec::new();
        let mut named = Vec::new();
        for entry in &by_call {
            match entry.turn {
                Turn::Acquire(Some(token)) => tokens.push(token),
                Turn::Release(Some(token)) => named.push(token),
                _ => {}
            }
        }
        tokens.sort_unstable();
        named.sort_unstable();
        let placed = vec![false; by_call.len()];
        let order = Vec::with_capacity(by_call.len());
        Self {
            by_call,
            opened: 0,
            returns,
            placed,
            due: 0,
            acquires: Enabled::new(),
            releases: Enabled::new(),
            grants: BTreeMap::new(),
            returned_tokens: BTreeMap::new(),
            tokens,
            named,
            order,
        }
    }

    fn run(mut self) -> Locks {
        let mut tokens = std::mem::take(&mut self.tokens).into_iter();
        let mut holder: Option<Option<i64>> = None;
        let has_tokens = tokens.len() > 0;
        let mut last: Option<i64> = None;
        while self.due < self.returns.len() {
            self.open();
            let next = match holder {
                None if has_tokens => {
                    let token = tokens.next();
                    // Equal tokens don't grow.
                    let grows = token.is_some() && token != last;
                    last = token;
                    holder = Some(token);
                    token.filter(|_| grows).and_then(|token| take(&mut self.grants, token))
                }
                None => {
                    holder = Some(None);
                    self.acquires.pop().map(|Reverse(next)| next)
                }
                Some(token) => {
                    holder = None;
                    match token {
                        Some(token) if self.named.binary_search(&token).is_ok() => {
                            take(&mut self.returned_tokens, token)
                        }
                        _ => self.releases.pop().map(|Reverse(next)| next),
                    }
                }
            };
            let Some((number, id)) = next else {
                return Locks::Stuck { furthest: count(self.due), longest: self.order };
            };
            self.placed[number as usize] = true;
            self.order.push(id);
            while self.placed.get(self.due) == Some(&true) {
                self.due += 1;
            }
        }
        Locks::Order(self.order)
    }

    /// Enables what was called no later than the next return.
    fn open(&mut self) {
        while let Some(entry) = self.by_call.get(self.opened)
            && entry.call <= self.returns[self.due]
        {
            let next = (entry.number, entry.id);
            match entry.turn {
                Turn::Acquire(None) => self.acquires.push(Reverse(next)),
                Turn::Release(None) => self.releases.push(Reverse(next)),
                Turn::Acquire(Some(token)) => self.grants.entry(token).or_default().push(next),
                Turn::Release(Some(token)) => self.returned_tokens.entry(token).or_default().push(next),
            }
            self.opened += 1;
        }
    }
}

/// One of the operations with this token.
fn take(by_token: &mut BTreeMap<i64, Vec<(u32, OperationId)>>, token: i64) -> Option<(u32, OperationId)> {
    by_token.get_mut(&token)?.pop()
}
