//! Phase 1 (Lamport 2001, section 2.2; "Paxos Made Moderately Complex", section 3.3: the *scout*): a node that wants to
//! lead asks for the promise of a majority, once for all slots, and hears what was accepted before.
//!
//! For each slot it must then propose the value of the highest ballot it heard of: if some value has been chosen,
//! some acceptor of this majority has accepted it, and every ballot since has proposed the same. To take any other
//! value goes wrong in four lines: ballot 1 leaves A on n1; ballot 2, which has heard of nobody's A, gets B chosen by n2 and
//! n3; ballot 3 hears of A from n1 and of B from n2, and takes A, which it heard first; n1 and n2 accept, and A is chosen
//! too.
//!
//! A slot of which nobody has heard, below one of which somebody has, is a gap: its leader died before anyone accepted
//! what it proposed there. Gaps are filled with no-ops, so that what lies behind can be executed (Lamport 2001, section 3).

use std::collections::BTreeMap;

use anachron_node::Context;
use anachron_vocabulary::NodeId;

use crate::common::{Quorum, majority};

use super::messages::{Chosen, Message, Vote};
use super::weakening::{Weakening, Weakenings};
use super::{Ballot, Command, MultiPaxos, Record, Role, Slot};

/// A phase 1 under way.
#[derive(Debug)]
pub(super) struct Scout {
    pub(super) ballot: Ballot,
    /// Below this slot the candidate knows everything to be chosen.
    from: Slot,
    promises: Quorum,
    /// For each slot the value of the highest ballot heard of.
    found: BTreeMap<Slot, (Ballot, Command)>,
}

impl Scout {
    fn new(ballot: Ballot, from: Slot, nodes: usize) -> Self {
        Self { ballot, from, promises: Quorum::new(majority(nodes)), found: BTreeMap::new() }
    }

    /// An acceptor has promised, and this is what it had accepted.
    fn hear(&mut self, acceptor: NodeId, votes: &[Vote], weakenings: Weakenings) {
        self.promises.hear(acceptor);
        for vote in votes {
            let known = self.found.get(&vote.slot).map(|(ballot, _)| *ballot);
            let better = match known {
                None => true,
                Some(_) if weakenings.contains(Weakening::AnyAcceptedValue) => false,
                Some(known) => vote.ballot > known,
            };
            if better {
                self.found.insert(vote.slot, (vote.ballot, vote.command.clone()));
            }
        }
    }

    /// What has to be proposed for a slot: what was found, or nothing.
    fn proposal(&self, slot: Slot) -> Command {
        self.found.get(&slot).map_or(Command::NoOp, |(_, command)| command.clone())
    }
}

impl MultiPaxos {
    /// Starts phase 1 with a ballot above all that this node has heard of.
    pub(super) fn scout(&mut self, cx: &mut Context<'_, Self>) {
        let ballot = self.next_ballot(cx.me());
        self.give_way_to(ballot, None, cx);
        self.arm_election_timer(cx);
        if ballot < self.acceptor.promised() {
            // Only under `paxos-ballot-reuse`: counts on from where this node's promise is.
            self.highest_seen = self.acceptor.promised();
            return;
        }
        let from = self.log.first_open();
        cx.note(|| format!("asks for promises of ballot {ballot} from slot {from} on"));
        // The own promise is what keeps a ballot from being used twice, so it is durable before anyone hears of the
        // ballot. Otherwise: n1 gets A accepted by n2 in ballot 1.n1, crashes, forgets, and uses 1.n1 again, now to
        // propose B to n3. Two values in one ballot, and the highest ballot no longer tells them apart.
        let position = if self.weak(Weakening::BallotReuse) {
            self.acceptor.promise_position()
        } else {
            self.write(Record::Promise(ballot), cx)
        };
        self.acceptor.promise(ballot, position);
        self.highest_seen = self.highest_seen.max(ballot);
        self.role = Role::Candidate(Scout::new(ballot, from, cx.nodes()));
        for peer in cx.peers() {
            self.say_durably(peer, position, Message::Prepare { ballot, from }, cx);
        }
        self.count_own_promise(cx);
    }

    fn next_ballot(&self, me: NodeId) -> Ballot {
        let seen = if self.weak(Weakening::BallotReuse) {
            self.highest_seen
        } else {
            self.highest_seen.max(self.acceptor.promised())
        };
        seen.next_of(me)
    }

    /// The candidate's own promise counts like any other: once it is durable.
    pub(super) fn count_own_promise(&mut self, cx: &mut Context<'_, Self>) {
        let Role::Candidate(scout) = &self.role else { return };
        if scout.promises.has_heard(cx.me()) || self.acceptor.promise_position() > self.synced {
            return;
        }
        let votes = self.acceptor.votes_from(scout.from);
        self.count_promise(cx.me(), &votes, cx);
    }

    /// A promise arrived.
    pub(super) fn on_promise(
        &mut self,
        acceptor: NodeId,
        ballot: Ballot,
        (votes, chosen): (&[Vote], &[Chosen]),
        cx: &mut Context<'_, Self>,
    ) {
        for Chosen { slot, command } in chosen {
            self.learn(*slot, command.clone(), cx);
        }
        let Role::Candidate(scout) = &self.role else { return };
        if ballot == scout.ballot || ballot < scout.ballot && self.weak(Weakening::StalePromiseCounted) {
            self.count_promise(acceptor, votes, cx);
        }
    }

    /// Counts a promise; the one that makes a majority makes a leader.
    fn count_promise(&mut self, acceptor: NodeId, votes: &[Vote], cx: &mut Context<'_, Self>) {
        let Role::Candidate(scout) = &mut self.role else { return };
        scout.hear(acceptor, votes, self.config.weakenings);
        if !scout.promises.is_reached() {
            return;
        }
        let Role::Candidate(mut scout) = std::mem::replace(&mut self.role, Role::Follower) else {
            unreachable!("it was one a moment ago")
        };
        if self.weak(Weakening::OwnValue) {
            scout.found.clear();
        }
        self.take_office(&scout, cx);
    }

    /// Phase 1 is over: proposes again whatever may have been chosen, and fills the gaps below.
    fn take_office(&mut self, scout: &Scout, cx: &mut Context<'_, Self>) {
        let first = self.log.first_open();
        let last = scout.found.keys().next_back().copied().max(self.log.last_chosen());
        let last = last.unwrap_or(Slot::ZERO);
        let mut slots = Vec::new();
        let mut slot = first;
        while slot <= last {
            if self.log.chosen(slot).is_none() {
                slots.push(slot);
            }
            slot = slot.next();
        }
        let gaps = slots.iter().filter(|slot| !scout.found.contains_key(slot)).count();
        cx.note(|| {
            let work = match (slots.len(), gaps) {
                (0, _) => String::new(),
                (all, 0) => format!("; proposes {all} again"),
                (all, gaps) => format!("; proposes {} again and fills {gaps} with no-ops", all - gaps),
            };
            format!("leads with ballot {}: a majority has promised{work}", scout.ballot)
        });
        self.begin_leadership(scout.ballot, slot, cx);
        for slot in slots {
            self.propose_for(slot, scout.proposal(slot), cx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_node::{Request, RequestId};
    use anachron_vocabulary::{ClientId, Key, Operation};

    fn command(serial: u64) -> Command {
        let id = RequestId { client: ClientId(0), serial };
        Command::Client(Request { id, key: Key(0), operation: Operation::Read })
    }

    fn vote(slot: u64, round: u64, serial: u64) -> Vote {
        let ballot = Ballot { round, node: NodeId(0) };
        Vote { slot: Slot(slot), ballot, command: command(serial) }
    }

    #[test]
    fn the_value_of_the_highest_ballot_is_proposed_and_gaps_are_filled() {
        let proposals = |weakenings| {
            let mut scout = Scout::new(Ballot { round: 9, node: NodeId(0) }, Slot(1), 5);
            scout.hear(NodeId(0), &[vote(1, 1, 10), vote(3, 4, 30)], weakenings);
            scout.hear(NodeId(1), &[vote(1, 2, 11), vote(3, 3, 31)], weakenings);
            assert!(!scout.promises.is_reached());
            scout.hear(NodeId(2), &[], weakenings);
            assert!(scout.promises.is_reached());
            [1, 2, 3].map(|slot| scout.proposal(Slot(slot)))
        };
        assert_eq!(proposals(Weakenings::NONE), [command(11), Command::NoOp, command(30)]);
        let weak = Weakenings::NONE.with(Weakening::AnyAcceptedValue);
        assert_eq!(proposals(weak), [command(10), Command::NoOp, command(30)]);
    }
}
