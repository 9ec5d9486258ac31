//! A history: one record an operation.

use std::fmt;

use anachron_vocabulary::{ClientId, Key, Operation, OperationId, Outcome};

use crate::Names;

/// A moment in a history, in the history's [`TimeUnit`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(pub i64);

/// What one unit of a history's timestamps is. It matters to what is printed, never to a verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TimeUnit {
    /// Nanoseconds: histories of the simulator.
    Nanoseconds,
    /// The position of an event in its file: formats that keep the order of events and no times.
    EventIndex,
    /// Integers of a unit that the file does not tell.
    #[default]
    Unstated,
}

/// One operation of one client: its call, its return and what the client knows of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Who asked.
    pub client: ClientId,
    /// Of which object.
    pub key: Key,
    /// What.
    pub operation: Operation,
    /// When the client sent it.
    pub call: Timestamp,
    /// When the client stopped waiting: the return of an operation that is ok, the refusal of one that failed, the
    /// time-out of one whose outcome is unknown (for pictures only: an unknown operation never returns).
    pub end: Option<Timestamp>,
    /// What the client knows of it.
    pub outcome: Outcome,
}

impl Record {
    /// The end of the operation's interval in real-time order: `None` means that it stays open for ever.
    pub fn returned(&self) -> Option<Timestamp> {
        match self.outcome {
            Outcome::Ok(_) | Outcome::Failed => self.end,
            Outcome::Unknown => None,
        }
    }

    /// True if this operation returned strictly before `later` was called.
    pub fn precedes(&self, later: &Self) -> bool {
        self.returned().is_some_and(|returned| returned < later.call)
    }
}

/// Everything that the clients saw. Records keep the order in which they were read or recorded.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The operations; a record's position is its [`OperationId`].
    pub records: Vec<Record>,
    /// The names of the objects.
    pub keys: Names,
    /// The names of the clients.
    pub clients: Names,
    /// The unit of the timestamps.
    pub time_unit: TimeUnit,
}

/// Why a set of records is not a history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Malformed {
    /// An operation ended before it was called.
    EndsBeforeCall(OperationId),
    /// An operation that is ok has no return.
    OkWithoutReturn(OperationId),
    /// A client called the second operation while its first, whose outcome is known, was still open.
    OverlapWithinClient(OperationId, OperationId),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndsBeforeCall(id) => write!(f, "operation {} ends before it is called", id.0),
            Self::OkWithoutReturn(id) => write!(f, "operation {} is ok but has no return", id.0),
            Self::OverlapWithinClient(first, second) => write!(
                f,
                "operation {} is called while operation {} of the same client is still open",
                second.0, first.0
            ),
        }
    }
}

impl std::error::Error for Malformed {}

impl History {
    /// The record of an operation.
    ///
    /// # Panics
    /// When the history has no such operation.
    pub fn record(&self, id: OperationId) -> &Record {
        &self.records[id.index()]
    }

    /// The records with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (OperationId, &Record)> {
        self.records.iter().enumerate().map(|(index, record)| (OperationId::from_index(index), record))
    }

    /// The name of an object.
    pub fn key_name(&self, key: Key) -> &str {
        self.keys.name(key.0)
    }

    /// The name of a client.
    pub fn client_name(&self, client: ClientId) -> &str {
        self.clients.name(client.0)
    }

    /// Checks well-formedness: calls before ends, a return for what is ok, one open operation a client at a time.
    ///
    /// A client may go on after an operation whose outcome is unknown. Touching intervals (an end equal to the
    /// next call) are not an overlap.
    ///
    /// # Errors
    /// The first record that breaks a rule.
    pub fn validate(&self) -> Result<(), Malformed> {
        if self.is_well_formed_in_order() { Ok(()) } else { self.validate_in_any_order() }
    }

    /// True if one pass can tell that the history is well-formed, because every client's operations stand in the
    /// order of their calls, as they do in nearly every file.
    fn is_well_formed_in_order(&self) -> bool {
        // Clients without a name may have any number: leave those to the slow way.
        let clients = self.records.len() + self.clients.len() + 1_000;
        let mut order = ClientOrder::default();
        self.records.iter().enumerate().all(|(index, record)| {
            record.end.map_or(!matches!(record.outcome, Outcome::Ok(_)), |end| end >= record.call)
                && record.client.index() < clients
                && order.place(record, index) == Place::InOrder
        })
    }

    fn validate_in_any_order(&self) -> Result<(), Malformed> {
        let mut by_client: Vec<OperationId> = Vec::with_capacity(self.records.len());
        for (id, record) in self.iter() {
            match (&record.outcome, record.end) {
                (_, Some(end)) if end < record.call => return Err(Malformed::EndsBeforeCall(id)),
                (Outcome::Ok(_), None) => return Err(Malformed::OkWithoutReturn(id)),
                _ => by_client.push(id),
            }
        }
        let order = |id: &OperationId| {
            let record = self.record(*id);
            (record.client, record.call, record.end)
        };
        by_client.sort_by_key(order);
        for pair in by_client.windows(2) {
            let (first, second) = (self.record(pair[0]), self.record(pair[1]));
            if first.client == second.client
                && first.returned().is_some_and(|returned| returned > second.call)
            {
                return Err(Malformed::OverlapWithinClient(pair[0], pair[1]));
            }
        }
        Ok(())
    }
}

/// Each client's latest operation, to see in one pass whether it has two open at a time.
#[derive(Default)]
pub(crate) struct ClientOrder {
    latest: Vec<Option<Latest>>,
}

struct Latest {
    order: (Timestamp, Option<Timestamp>),
    returned: Option<Timestamp>,
    mark: usize,
}

/// How an operation stands to its client's latest one.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// It comes after it, which has returned or never will.
    InOrder,
    /// It was called before it: one pass can't tell.
    OutOfOrder,
    /// It was called while that one, which has this mark, was still open.
    Overlaps(usize),
}

impl ClientOrder {
    /// Takes the next operation. The mark is what a later [`Place::Overlaps`] names it by.
    ///
    /// Takes memory for the highest client number, so numbers should be dense.
    pub(crate) fn place(&mut self, record: &Record, mark: usize) -> Place {
        let index = record.client.index();
        if index >= self.latest.len() {
            self.latest.resize_with(index + 1, || None);
        }
        let order = (record.call, record.end);
        let slot = &mut self.latest[index];
        let place = match slot {
            Some(latest) if order < latest.order => return Place::OutOfOrder,
            Some(latest) if latest.returned.is_some_and(|returned| returned > record.call) => {
                Place::Overlaps(latest.mark)
            }
            _ => Place::InOrder,
        };
        *slot = Some(Latest { order, returned: record.returned(), mark });
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_vocabulary::Reply;

    fn record(client: u32, call: i64, end: Option<i64>, outcome: Outcome) -> Record {
        Record {
            client: ClientId(client),
            key: Key(0),
            operation: Operation::Write(1.into()),
            call: Timestamp(call),
            end: end.map(Timestamp),
            outcome,
        }
    }

    fn validate(records: Vec<Record>) -> Result<(), Malformed> {
        History { records, ..History::default() }.validate()
    }

    #[test]
    fn equal_times_are_concurrent_and_unknown_never_returns() {
        let first = record(0, 0, Some(10), Outcome::Ok(Reply::Done));
        assert!(!first.precedes(&record(1, 10, Some(20), Outcome::Failed)));
        assert!(first.precedes(&record(1, 11, Some(20), Outcome::Failed)));
        assert!(!record(0, 0, Some(10), Outcome::Unknown).precedes(&record(1, 99, None, Outcome::Unknown)));
    }

    #[test]
    fn a_client_goes_on_after_a_time_out_but_not_while_it_waits() {
        let ok = |call, end| record(0, call, Some(end), Outcome::Ok(Reply::Done));
        assert_eq!(validate(vec![record(0, 0, None, Outcome::Unknown), ok(5, 9), ok(9, 12)]), Ok(()));
        assert_eq!(
            validate(vec![ok(0, 10), ok(5, 20)]),
            Err(Malformed::OverlapWithinClient(OperationId(0), OperationId(1)))
        );
        assert_eq!(validate(vec![ok(5, 4)]), Err(Malformed::EndsBeforeCall(OperationId(0))));
        let endless = record(0, 0, None, Outcome::Ok(Reply::Done));
        assert_eq!(validate(vec![endless]), Err(Malformed::OkWithoutReturn(OperationId(0))));
    }

    /// The pass in order may only say yes where the sort by client says yes too, and must do so for a history whose
    /// clients' operations stand in order.
    #[test]
    fn the_pass_in_order_agrees_with_the_sort() {
        let outcomes = [Outcome::Ok(Reply::Done), Outcome::Failed, Outcome::Unknown];
        let mut draw = 7_u64;
        let mut next = |below: u64| {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (draw >> 33) % below
        };
        let (mut fine, mut wrong) = (0, 0);
        for _ in 0..20_000 {
            let records = (0..next(5))
                .map(|_| {
                    let call = i64::try_from(next(6)).expect("small");
                    let end =
                        (next(5) > 0).then(|| call + i64::try_from(next(4)).expect("small") - 1 / (1 + call));
                    let client = u32::try_from(next(2)).expect("small");
                    record(client, call, end, outcomes[usize::try_from(next(3)).expect("small")].clone())
                })
                .collect();
            let mut history = History { records, ..History::default() };
            if history.is_well_formed_in_order() {
                assert_eq!(history.validate_in_any_order(), Ok(()));
            }
            history.records.sort_by_key(|record| (record.call, record.end));
            let slow = history.validate_in_any_order();
            assert_eq!(history.is_well_formed_in_order(), slow.is_ok(), "{:?}", history.records);
            if slow.is_ok() { fine += 1 } else { wrong += 1 }
        }
        assert!(fine > 1_000 && wrong > 1_000, "{fine} fine, {wrong} wrong");
    }

    #[test]
    fn a_client_number_beyond_all_names_takes_no_memory() {
        let far = record(u32::MAX, 0, Some(1), Outcome::Failed);
        assert_eq!(validate(vec![far]), Ok(()));
    }
}
