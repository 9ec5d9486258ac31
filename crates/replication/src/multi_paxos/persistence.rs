//! What a node keeps on disk (Lamport 2001, section 2.5), and what must be durable before what is said.
//!
//! - a node's own ballot, before anyone hears of it: it must not use it twice;
//! - a promise, before it is given;
//! - an acceptance, before it is told;
//! - of a decision nothing: it is on a majority of disks already. It is written down without waiting, so that a node that
//!   restarts knows most of the log.
//!
//! The journal is folded from the start at every boot. What a node has promised is the highest ballot in it.

use anachron_node::{Context, Disk, Position};
use anachron_vocabulary::NodeId;

use super::acceptor::{Accepted, Acceptor};
use super::log::Log;
use super::messages::{Chosen, Message, Vote};
use super::{Ballot, MultiPaxos};

/// One record of the journal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// No ballot below this one is obeyed.
    Promise(Ballot),
    /// A value was accepted.
    Accept(Vote),
    /// A value is known to be chosen.
    Decision(Chosen),
}

/// Reads the journal. All of it counts as durable once the journal is synced up to `position`, which the node asks for
/// when it boots: what can be read after a crash need not survive the next one.
pub(super) fn replay(disk: &Disk<'_, Record>, position: Position) -> (Acceptor, Log) {
    let (mut acceptor, mut log) = (Acceptor::new(position), Log::default());
    for record in disk.records {
        match record {
            Record::Promise(ballot) => acceptor.promise((*ballot).max(acceptor.promised()), position),
            Record::Accept(Vote { slot, ballot, command }) => {
                // Written in the order of ballots; a promise that was never written can hide that.
                acceptor.promise((*ballot).max(acceptor.promised()), position);
                if acceptor.promised() == *ballot {
                    acceptor.accept(*slot, Accepted { ballot: *ballot, command: command.clone(), position });
                }
            }
            Record::Decision(Chosen { slot, command }) => {
                log.learn(*slot, command);
                acceptor.reduce(*slot);
            }
        }
    }
    (acceptor, log)
}

impl MultiPaxos {
    /// Writes down what must become durable.
    pub(super) fn write(&mut self, record: Record, cx: &mut Context<'_, Self>) -> Position {
        self.to_sync = cx.append(record);
        self.to_sync
    }

    /// Sends `message` once the journal is durable up to `position`.
    pub(super) fn say_durably(
        &self,
        to: NodeId,
        position: Position,
        message: Message,
        cx: &mut Context<'_, Self>,
    ) {
        if position <= self.synced {
            cx.send(to, message);
        } else {
            cx.send_after_sync(position, to, message);
        }
    }

    /// Asks for a sync if the step wrote something that must become durable.
    pub(super) fn sync_what_was_written(&mut self, cx: &mut Context<'_, Self>) {
        if self.to_sync > self.sync_asked {
            cx.sync();
            self.sync_asked = cx.appended();
        }
    }
}
