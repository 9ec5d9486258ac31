//! What must hold of Paxos (Lamport 2001, section 2.2; "Paxos Made Moderately Complex", section 3, invariants A1 to A5, C1 and
//! C2), checked by an observer who sees every node at every step and every record that becomes durable.

use std::collections::{BTreeMap, BTreeSet};

use anachron_node::Replica;
use anachron_replication::multi_paxos::{Ballot, Command, Message, MultiPaxos, Record, Slot, Vote};
use anachron_vocabulary::{Key, NodeId, Value};

use crate::kit::world::Observer;

/// What the observer remembers of a run.
#[derive(Default)]
pub(crate) struct Watch {
    /// The value proposed for a slot in a ballot.
    proposed: BTreeMap<(Slot, Ballot), Command>,
    /// Who has durably accepted in a slot and ballot.
    accepted: BTreeMap<(Slot, Ballot), BTreeSet<NodeId>>,
    /// The value that a majority has accepted in one ballot, the lowest such ballot known, for each slot.
    chosen: BTreeMap<Slot, (Ballot, Command)>,
    /// The highest ballot that a node has promised or accepted in, as others were told.
    told: BTreeMap<NodeId, Ballot>,
    /// Who led with which ballot.
    leaders: BTreeMap<Ballot, NodeId>,
    /// How much a node knew when last looked at: entries executed and known to be chosen.
    known: BTreeMap<NodeId, (Slot, usize)>,
    /// The objects after so many slots.
    states: BTreeMap<Slot, Vec<(Key, Value)>>,
    /// No-ops among the chosen.
    pub(crate) gaps_filled: usize,
}

impl Watch {
    pub(crate) fn chosen(&self) -> usize {
        self.chosen.len()
    }

    pub(crate) fn leaders(&self) -> usize {
        self.leaders.len()
    }

    /// One value a slot and ballot: a leader proposes once, and no ballot is used twice (C1).
    fn one_value_a_ballot(&mut self, slot: Slot, ballot: Ballot, command: &Command) -> Result<(), String> {
        let first = self.proposed.entry((slot, ballot)).or_insert_with(|| command.clone());
        if first == command {
            return Ok(());
        }
        Err(format!("One value a ballot: {first:?} and {command:?} for slot {slot} in ballot {ballot}"))
    }

    /// Once a value is chosen, every higher ballot proposes the same (P2b of Lamport 2001; C2).
    fn chosen_stays(&self, slot: Slot, ballot: Ballot, command: &Command) -> Result<(), String> {
        match self.chosen.get(&slot) {
            Some((chosen_in, chosen)) if ballot > *chosen_in && chosen != command => Err(format!(
                "Chosen stays: {chosen:?} was chosen for slot {slot} in ballot {chosen_in}, and {command:?} is proposed \
                 in {ballot}"
            )),
            _ => Ok(()),
        }
    }

    /// A node has durably accepted a value: with the one that makes a majority it is chosen, and no other.
    fn count(&mut self, node: NodeId, nodes: usize, vote: &Vote) -> Result<(), String> {
        let Vote { slot, ballot, command } = vote;
        let who = self.accepted.entry((*slot, *ballot)).or_default();
        who.insert(node);
        if 2 * who.len() <= nodes {
            return Ok(());
        }
        match self.chosen.get_mut(slot) {
            Some((_, chosen)) if chosen != command => {
                Err(format!("Agreement: {chosen:?} and {command:?} are both chosen for slot {slot}"))
            }
            Some((chosen_in, _)) => {
                *chosen_in = (*chosen_in).min(*ballot);
                Ok(())
            }
            None => {
                self.gaps_filled += usize::from(*command == Command::NoOp);
                self.chosen.insert(*slot, (*ballot, command.clone()));
                Ok(())
            }
        }
    }

    /// What a node tells others of its promises only grows, restarts or not (A1, A2).
    fn ballots_grow(&mut self, node: NodeId, ballot: Ballot) {
        let told = self.told.entry(node).or_insert(ballot);
        *told = (*told).max(ballot);
    }
}

impl Observer<MultiPaxos> for Watch {
    fn look(&mut self, node: NodeId, replica: &MultiPaxos) -> Result<(), String> {
        if let Some(ballot) = replica.leads_with() {
            let first = *self.leaders.entry(ballot).or_insert(node);
            if first != node || ballot.node != node {
                return Err(format!("Ballots: {node} leads with {ballot}, and so does {first}"));
            }
        }
        let promised = replica.acceptor().promised();
        if let Some(told) = self.told.get(&node)
            && promised < *told
        {
            return Err(format!("Ballots are monotone: {node} is at {promised} and has told others {told}"));
        }
        let log = replica.log();
        let now = (replica.executed(), log.all().len());
        let before = self.known.insert(node, now);
        if before == Some(now) {
            return Ok(());
        }
        for (slot, command) in log.all() {
            match self.chosen.get(slot) {
                Some((_, chosen)) if chosen == command => {}
                chosen => {
                    return Err(format!(
                        "Agreement: {node} takes {command:?} for chosen in slot {slot}; it is {chosen:?}"
                    ));
                }
            }
        }
        let contents = replica.contents();
        let first = self.states.entry(replica.executed()).or_insert_with(|| contents.clone());
        if *first == contents {
            Ok(())
        } else {
            let slot = replica.executed();
            Err(format!("One state: {node} holds {contents:?} after slot {slot}, not {first:?}"))
        }
    }

    fn durable(&mut self, node: NodeId, nodes: usize, record: &Record) -> Result<(), String> {
        match record {
            Record::Accept(vote) => self.count(node, nodes, vote),
            Record::Promise(_) | Record::Decision(_) => Ok(()),
        }
    }

    fn said(&mut self, node: NodeId, _nodes: usize, message: &Message) -> Result<(), String> {
        match message {
            Message::Accept { ballot, slot, command } => {
                self.one_value_a_ballot(*slot, *ballot, command)?;
                self.chosen_stays(*slot, *ballot, command)?;
            }
            Message::Promise { ballot, .. } | Message::Accepted { ballot, .. } => {
                self.ballots_grow(node, *ballot);
            }
            _ => {}
        }
        Ok(())
    }
}
