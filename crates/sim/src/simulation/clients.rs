//! Clients call, ask, wait and end.

use anachron_history::{Record, Timestamp};
use anachron_node::{Replica, Request};
use anachron_trace::{Endpoint, Happening};
use anachron_vocabulary::{ClientId, OperationId, Outcome, VirtualTime};
use std::hash::Hash;

use super::labels::request_label;
use super::{Simulation, Waiting};
use crate::client::{Awake, Move};

impl<R: Replica> Simulation<'_, R> {
    pub(super) fn client_wakes(&mut self, client: ClientId, generation: u64) {
        let number = client.index();
        if self.clients[number].generation != generation {
            return;
        }
        self.identify(6, u64::from(client.0), 0);
        match self.clients[number].wake(self.now) {
            Awake::Go(next) => self.client_move(number, next),
            Awake::Call(key, operation) => {
                let id = OperationId::from_index(self.records.len());
                self.records.push(Record {
                    client,
                    key,
                    operation: operation.clone(),
                    call: timestamp(self.now),
                    end: None,
                    outcome: Outcome::Unknown,
                });
                (key, &operation).hash(&mut self.hasher);
                self.observe(|| Happening::Call { client, id, key, operation: operation.clone() });
                let next = self.clients[number].call(self.now, id, key, operation);
                self.client_move(number, next);
            }
        }
    }

    pub(super) fn client_move(&mut self, number: usize, next: Move) {
        match next {
            Move::Stay => {}
            Move::Wake(time) => self.wake_client(number, Some(time)),
            Move::Ask { node, request, timeout } => {
                self.wake_client(number, Some(timeout));
                let (_, key, operation) =
                    self.clients[number].open_operation().expect("an attempt has an operation");
                let request = Box::new(Request { id: request, key, operation: operation.clone() });
                let client = Endpoint::Client(request.id.client);
                let (id, transit) =
                    self.leave(client, Endpoint::Node(node), || request_label(self.world, &request));
                self.queue.push(
                    transit.arrival,
                    Waiting::Request { to: node, fate: transit.fate, held: false, id, request },
                );
            }
            Move::End { id, outcome, next } => {
                let client = ClientId::from_index(number);
                self.observe(|| Happening::Return { client, id, outcome: outcome.clone() });
                let record = &mut self.records[id.index()];
                record.end = Some(timestamp(self.now));
                record.outcome = outcome;
                self.wake_client(number, next);
            }
        }
    }

    pub(super) fn wake_client(&mut self, number: usize, time: Option<VirtualTime>) {
        if let Some(time) = time {
            let client = ClientId::from_index(number);
            let generation = self.clients[number].generation;
            self.queue.push(time, Waiting::Client { client, generation });
        }
    }
}

fn timestamp(time: VirtualTime) -> Timestamp {
    Timestamp(i64::try_from(time.0).expect("a run ends within 292 years"))
}
