//! A history as reads and writes of registers whose values tell who wrote them.
//!
//! Why it exists: all models below sequential consistency are defined here only where every read's write is known
//! (reads-from): each object is a register that is only read and written, no value is written to it twice, and nobody
//! writes the initial one. Any other history has the answer *not defined*, and so has any other kind of object, even
//! where a history does nothing but read it.
//!
//! Failed operations are left out, and so are reads of unknown outcome. A write of unknown outcome counts if somebody
//! read its value; if nobody did, any explanation of the history works without it, so it is left out too (only a safe
//! register cares, see [`Registers::unread`]).

use std::collections::BTreeMap;
use std::fmt;

use anachron_history::History;
use anachron_vocabulary::{ClientId, Key, Operation, OperationId, Outcome, Reply, Value};

use super::process_order::{Place, Sessions};
use crate::Model;
use crate::table::count;

/// Why a model that needs to know who wrote what is read does not apply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Undefined {
    /// The objects are of a kind that is no register.
    OtherObjects(Model),
    /// This operation is neither a read nor a write.
    NotARegister(OperationId),
    /// These two write the same value to the same object.
    WrittenTwice(OperationId, OperationId),
    /// This writes the value that the object holds from the start.
    InitialWritten(OperationId),
}

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherObjects(model) => {
                write!(f, "it is about registers, not about objects of model {model}")
            }
            Self::NotARegister(id) => write!(f, "operation {} is neither a read nor a write", id.0),
            Self::WrittenTwice(first, second) => {
                write!(f, "operations {} and {} write the same value", first.0, second.0)
            }
            Self::InitialWritten(id) => write!(f, "operation {} writes the initial value", id.0),
        }
    }
}

/// Whom a read read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// The initial value.
    Initial,
    /// This write, by index.
    Write(u32),
    /// Nobody wrote the value.
    Nowhere,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Write,
    Read(Source),
}

/// A read or a write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Op {
    pub(super) id: OperationId,
    pub(super) kind: Kind,
    /// The object, by position in [`Registers::keys`].
    pub(super) key: u32,
    pub(super) place: Place,
    pub(super) call: i64,
    /// `None`: a write of unknown outcome.
    pub(super) returned: Option<i64>,
}

impl Op {
    pub(super) fn is_write(&self) -> bool {
        self.kind == Kind::Write
    }

    /// True if this returned strictly before `later` was called.
    pub(super) fn precedes(&self, later: &Self) -> bool {
        self.returned.is_some_and(|returned| returned < later.call)
    }
}

/// Some operations of one chain, in order.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) chain: u32,
    positions: Vec<u32>,
    pub(super) operations: Vec<u32>,
}

impl Column {
    /// How many of them are among the first `length` operations of the chain.
    pub(super) fn within(&self, length: u32) -> usize {
        self.positions.partition_point(|&position| position < length)
    }

    /// The last of them among the first `length` operations of the chain.
    pub(super) fn last_within(&self, length: u32) -> Option<u32> {
        self.within(length).checked_sub(1).map(|last| self.operations[last])
    }
}

/// A history whose reads-from is known.
#[derive(Clone, Debug)]
pub(super) struct Registers {
    /// By call.
    pub(super) ops: Vec<Op>,
    pub(super) keys: Vec<Key>,
    pub(super) clients: Vec<ClientId>,
    pub(super) chains: Vec<Vec<u32>>,
    /// For each object, its writes by chain.
    pub(super) writes: Vec<Vec<Column>>,
    /// For each object, its reads by chain.
    pub(super) reads: Vec<Vec<Column>>,
    /// For each write, the last read of its value in each chain.
    pub(super) last_reads: Vec<Vec<u32>>,
    /// For each object, the last read of its initial value in each chain.
    pub(super) last_initial_reads: Vec<Vec<u32>>,
    /// Reads of values that nobody wrote.
    pub(super) thin_air: Vec<u32>,
    /// For each object, the call of the first write of unknown outcome that nobody read: it may be under way at any
    /// time after.
    pub(super) unread: Vec<Option<i64>>,
}

impl Registers {
    pub(super) fn new(history: &History, model: Model, initial: &Value) -> Result<Self, Undefined> {
        if !matches!(model, Model::Register | Model::CasRegister | Model::KeyValue) {
            return Err(Undefined::OtherObjects(model));
        }
        let (writers, read) = values(history, initial)?;
        let mut ids: Vec<OperationId> = Vec::new();
        let mut idle: Vec<OperationId> = Vec::new();
        for (id, record) in history.iter() {
            match (&record.operation, &record.outcome) {
                (_, Outcome::Failed) | (Operation::Read, Outcome::Unknown) => {}
                (Operation::Write(value), Outcome::Unknown) if !read.contains_key(&(record.key, value)) => {
                    idle.push(id);
                }
                _ => ids.push(id),
            }
        }
        ids.sort_unstable_by_key(|&id| {
            let record = history.record(id);
            (record.call, record.returned().is_none(), record.returned(), id)
        });
        let mut keys: Vec<Key> = ids.iter().chain(&idle).map(|&id| history.record(id).key).collect();
        keys.sort_unstable();
        keys.dedup();
        let key_of = |key: Key| keys.binary_search(&key).expect("every key was collected");
        let mut unread: Vec<Option<i64>> = vec![None; keys.len()];
        for &id in &idle {
            let record = history.record(id);
            let first = &mut unread[key_of(record.key)];
            *first = Some(first.map_or(record.call.0, |call| call.min(record.call.0)));
        }
        let mut index_of: BTreeMap<OperationId, u32> = BTreeMap::new();
        for (index, &id) in ids.iter().enumerate() {
            index_of.insert(id, count(index));
        }
        let sessions = Sessions::new(history, &ids);
        let op = |(index, &id): (usize, &OperationId)| {
            let record = history.record(id);
            let kind = match (&record.operation, &record.outcome) {
                (Operation::Read, Outcome::Ok(Reply::Value(value))) if value == initial => {
                    Kind::Read(Source::Initial)
                }
                (Operation::Read, Outcome::Ok(Reply::Value(value))) => {
                    let writer = writers.get(&(record.key, value));
                    Kind::Read(writer.map_or(Source::Nowhere, |writer| Source::Write(index_of[writer])))
                }
                _ => Kind::Write,
            };
            Op {
                id,
                kind,
                key: count(key_of(record.key)),
                place: sessions.places[index],
                call: record.call.0,
                returned: match record.outcome {
                    Outcome::Ok(_) => Some(record.end.map_or(i64::MAX, |end| end.0)),
                    _ => None,
                },
            }
        };
        let ops: Vec<Op> = ids.iter().enumerate().map(op).collect();
        Ok(Self::index(ops, keys, unread, sessions))
    }

    fn index(ops: Vec<Op>, keys: Vec<Key>, unread: Vec<Option<i64>>, sessions: Sessions) -> Self {
        let mut registers = Self {
            writes: columns(&ops, &sessions.chains, keys.len(), Op::is_write),
            reads: columns(&ops, &sessions.chains, keys.len(), |op| !op.is_write()),
            last_reads: vec![Vec::new(); ops.len()],
            last_initial_reads: vec![Vec::new(); keys.len()],
            thin_air: Vec::new(),
            ops,
            keys,
            clients: sessions.clients,
            chains: sessions.chains,
            unread,
        };
        for chain in &registers.chains {
            let mut last: BTreeMap<(u32, Option<u32>), u32> = BTreeMap::new();
            for &index in chain {
                let op = &registers.ops[index as usize];
                match op.kind {
                    Kind::Write => {}
                    Kind::Read(Source::Initial) => {
                        last.insert((op.key, None), index);
                    }
                    Kind::Read(Source::Write(write)) => {
                        last.insert((op.key, Some(write)), index);
                    }
                    Kind::Read(Source::Nowhere) => registers.thin_air.push(index),
                }
            }
            for ((key, write), read) in last {
                match write {
                    Some(write) => registers.last_reads[write as usize].push(read),
                    None => registers.last_initial_reads[key as usize].push(read),
                }
            }
        }
        registers.thin_air.sort_unstable();
        registers
    }

    pub(super) fn len(&self) -> usize {
        self.ops.len()
    }

    pub(super) fn op(&self, index: u32) -> &Op {
        &self.ops[index as usize]
    }

    pub(super) fn id(&self, index: u32) -> OperationId {
        self.ops[index as usize].id
    }

    /// The indices of one object's operations for every object, by call.
    pub(super) fn by_key(&self) -> Vec<Vec<u32>> {
        let mut by_key = vec![Vec::new(); self.keys.len()];
        for (index, op) in self.ops.iter().enumerate() {
            by_key[op.key as usize].push(count(index));
        }
        by_key
    }

    /// The source of a read.
    pub(super) fn source(&self, read: u32) -> Option<Source> {
        match self.op(read).kind {
            Kind::Read(source) => Some(source),
            Kind::Write => None,
        }
    }
}

/// Writers of values, and readers: one each.
type Values<'h> = (BTreeMap<(Key, &'h Value), OperationId>, BTreeMap<(Key, &'h Value), OperationId>);

fn values<'h>(history: &'h History, initial: &Value) -> Result<Values<'h>, Undefined> {
    let mut writers = BTreeMap::new();
    let mut read = BTreeMap::new();
    for (id, record) in history.iter() {
        match (&record.operation, &record.outcome) {
            (_, Outcome::Failed) | (Operation::Read, Outcome::Unknown) => {}
            (Operation::Read, Outcome::Ok(Reply::Value(value))) => {
                read.insert((record.key, value), id);
            }
            (Operation::Write(value), _) => {
                if value == initial {
                    return Err(Undefined::InitialWritten(id));
                }
                if let Some(first) = writers.insert((record.key, value), id) {
                    return Err(Undefined::WrittenTwice(first, id));
                }
            }
            _ => return Err(Undefined::NotARegister(id)),
        }
    }
    Ok((writers, read))
}

fn columns(ops: &[Op], chains: &[Vec<u32>], keys: usize, wanted: impl Fn(&Op) -> bool) -> Vec<Vec<Column>> {
    let mut columns: Vec<Vec<Column>> = vec![Vec::new(); keys];
    for (chain, operations) in chains.iter().enumerate() {
        let chain = count(chain);
        for &index in operations {
            let op = &ops[index as usize];
            if !wanted(op) {
                continue;
            }
            let of_key = &mut columns[op.key as usize];
            if of_key.last().is_none_or(|column| column.chain != chain) {
                of_key.push(Column { chain, positions: Vec::new(), operations: Vec::new() });
            }
            let column = of_key.last_mut().expect("one was just pushed");
            column.positions.push(op.place.position);
            column.operations.push(index);
        }
    }
    columns
}
