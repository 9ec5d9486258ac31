//! Phase 2 (Lamport 2001, section 2.2; "Paxos Made Moderately Complex", section 3.2: the *commander*): a leader asks for a
//! value to be accepted in a slot; the value is chosen once a majority has accepted it in the leader's ballot.
//!
//! As long as its ballot is not preempted, a leader needs phase 2 alone: one round trip a command, and any number of
//! slots side by side. The leader's disk works while its followers' do: it counts itself for a slot only once its own
//! acceptance is durable. What is not answered is sent again with every heartbeat.

use std::collections::BTreeMap;

use anachron_node::{Context, Position, RequestId};
use anachron_vocabulary::NodeId;

use crate::common::{Quorum, majority};

use super::messages::{Chosen, Message};
use super::{Ballot, Command, MultiPaxos, Role, Slot};

/// What a leader knows, gone with its office.
#[derive(Debug)]
pub(super) struct Leadership {
    pub(super) ballot: Ballot,
    /// The first slot for which nothing has been proposed yet.
    next: Slot,
    /// Slots proposed and not known to be chosen.
    commanders: BTreeMap<Slot, Commander>,
    /// The client that waits for a slot to be executed.
    pub(super) waiters: BTreeMap<Slot, RequestId>,
}

/// A phase 2 under way.
#[derive(Debug)]
struct Commander {
    command: Command,
    accepted: Quorum,
    /// The journal position behind the leader's own acceptance.
    own_position: Position,
}

impl Leadership {
    pub(super) fn new(ballot: Ballot, next: Slot) -> Self {
        Self { ballot, next, commanders: BTreeMap::new(), waiters: BTreeMap::new() }
    }

    /// Takes the next free slot.
    pub(super) fn take_slot(&mut self) -> Slot {
        let slot = self.next;
        self.next = slot.next();
        slot
    }

    /// The slot is decided, by this office or another.
    pub(super) fn dismiss(&mut self, slot: Slot) {
        self.commanders.remove(&slot);
        self.next = self.next.max(slot.next());
    }
}

impl MultiPaxos {
    /// Proposes a value for a slot, to this node first.
    pub(super) fn propose_for(&mut self, slot: Slot, command: Command, cx: &mut Context<'_, Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        let ballot = leadership.ballot;
        let own_position = self.accept(ballot, slot, command.clone(), cx);
        for peer in cx.peers() {
            cx.send(peer, Message::Accept { ballot, slot, command: command.clone() });
        }
        let Role::Leader(leadership) = &mut self.role else { return };
        let accepted = Quorum::new(majority(cx.nodes()));
        leadership.commanders.insert(slot, Commander { command, accepted, own_position });
    }

    /// Sends again what was not answered.
    pub(super) fn propose_again(&self, cx: &mut Context<'_, Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        let ballot = leadership.ballot;
        for (&slot, Commander { command, accepted, .. }) in &leadership.commanders {
            for peer in cx.peers().filter(|&peer| !accepted.has_heard(peer)) {
                cx.send(peer, Message::Accept { ballot, slot, command: command.clone() });
            }
        }
    }

    /// A node has accepted what this one proposed. Only acceptances of the present ballot count.
    pub(super) fn on_accepted(
        &mut self,
        acceptor: NodeId,
        ballot: Ballot,
        slot: Slot,
        cx: &mut Context<'_, Self>,
    ) {
        let Role::Leader(leadership) = &mut self.role else { return };
        if ballot != leadership.ballot {
            return;
        }
        let Some(commander) = leadership.commanders.get_mut(&slot) else { return };
        commander.accepted.hear(acceptor);
        if commander.accepted.is_reached() {
            let command = commander.command.clone();
            self.learn(slot, command.clone(), cx);
            for peer in cx.peers() {
                cx.send(peer, Message::Decision(Chosen { slot, command: command.clone() }));
            }
        }
    }

    /// The leader's own acceptances count once they are durable.
    pub(super) fn count_own_acceptances(&mut self, cx: &mut Context<'_, Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        let (me, ballot) = (cx.me(), leadership.ballot);
        let durable = |commander: &Commander| {
            commander.own_position <= self.synced && !commander.accepted.has_heard(me)
        };
        let slots: Vec<Slot> = leadership
            .commanders
            .iter()
            .filter(|(_, commander)| durable(commander))
            .map(|(&slot, _)| slot)
            .collect();
        for slot in slots {
            self.on_accepted(me, ballot, slot, cx);
        }
    }
}
