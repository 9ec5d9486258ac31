//! Process order: what each client did one after the other.
//!
//! A client is a session. Its operations that are ok stand in a chain, by call; a call at the very time of the return
//! before it comes after it, because a client has one operation open at a time. (Real time calls such two
//! concurrent, so a history whose clients' operations touch may be linearizable and yet break its own process order.)
//!
//! An operation of unknown outcome comes after what its client had finished before, and before nothing: the client
//! gave up and went on, and the request may take effect at any later time. Each stands in a chain of its own. Were it
//! held to come before what its client did next, a linearizable history would not always be sequential:
//! write 1 (times out), read 0, then somebody reads 1.

use anachron_history::History;
use anachron_vocabulary::{ClientId, OperationId, Outcome};

use crate::table::count;

/// The place of an operation in process order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// The session, by position in [`Sessions::clients`]. An operation that is ok stands in the chain of this number.
    pub(super) session: u32,
    pub(super) chain: u32,
    pub(super) position: u32,
    /// The operation of the same client that comes right before it, by index.
    pub(super) previous: Option<u32>,
}

/// Operations in chains.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    /// In the order of the operations that were given.
    pub(super) places: Vec<Place>,
    /// First one chain a session, then one for each operation of unknown outcome. Operations by index.
    pub(super) chains: Vec<Vec<u32>>,
    pub(super) clients: Vec<ClientId>,
}

impl Sessions {
    /// Puts these operations, none of which failed, in chains.
    pub(super) fn new(history: &History, ids: &[OperationId]) -> Self {
        let mut clients: Vec<ClientId> = ids.iter().map(|&id| history.record(id).client).collect();
        clients.sort_unstable();
        clients.dedup();
        let mut by_client: Vec<u32> = (0..count(ids.len())).collect();
        by_client.sort_unstable_by_key(|&index| {
            let id = ids[index as usize];
            let record = history.record(id);
            (record.client, record.call, record.end, id)
        });
        let mut chains: Vec<Vec<u32>> = vec![Vec::new(); clients.len()];
        let nowhere = Place { session: 0, chain: 0, position: 0, previous: None };
        let mut places = vec![nowhere; ids.len()];
        for index in by_client {
            let record = history.record(ids[index as usize]);
            let session = clients.binary_search(&record.client).expect("every client was collected");
            let previous = chains[session].last().copied();
            let (chain, position) = if matches!(record.outcome, Outcome::Ok(_)) {
                chains[session].push(index);
                (session, chains[session].len() - 1)
            } else {
                chains.push(vec![index]);
                (chains.len() - 1, 0)
            };
            places[index as usize] =
                Place { session: count(session), chain: count(chain), position: count(position), previous };
        }
        Self { places, chains, clients }
    }
}
