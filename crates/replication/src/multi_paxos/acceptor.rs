//! The acceptor (Lamport 2001, section 2.2; "Paxos Made Moderately Complex", section 3.1): what a node has promised and
//! accepted. The memory of Paxos: everything else can be forgotten and found again.
//!
//! Two rules, and with majorities they are the whole of safety:
//! - it promises a ballot only if it has promised no higher one, and says with the promise what it has accepted;
//! - it accepts a value in a ballot only if it has promised no higher one.
//!
//! One promise holds for every slot at once: that is what makes a log out of single decisions. Of a slot only the value
//! accepted last is kept. What is known to be chosen takes the place of what was accepted ("state reduction", section
//! 4.2): a promise reports it as chosen, and whoever still proposes something for that slot is told. To forget the one
//! and not to have the other is `paxos-state-pruned`.

use std::collections::BTreeMap;

use anachron_node::{Context, Position};
use anachron_vocabulary::NodeId;

use super::messages::{Chosen, Message, Vote};
use super::weakening::Weakening;
use super::{Ballot, Command, MultiPaxos, Record, Slot};

/// What one node has promised and accepted.
///
/// Invariants: `promised` only grows; no ballot in `accepted` is above it.
#[derive(Debug)]
pub struct Acceptor {
    /// The highest ballot promised or accepted in.
    promised: Ballot,
    /// The journal position behind the record of that.
    promise_position: Position,
    /// For each slot the value accepted last, with its ballot.
    accepted: BTreeMap<Slot, Accepted>,
}

/// A value accepted in a ballot (a "pvalue").
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Accepted {
    /// The ballot.
    pub ballot: Ballot,
    /// The value.
    pub command: Command,
    /// The journal position behind its record.
    pub(super) position: Position,
}

impl Acceptor {
    pub(super) fn new(position: Position) -> Self {
        Self { promised: Ballot::ZERO, promise_position: position, accepted: BTreeMap::new() }
    }

    /// The highest ballot promised or accepted in.
    pub fn promised(&self) -> Ballot {
        self.promised
    }

    /// What was accepted last for each slot that is not known to be chosen.
    pub fn accepted(&self) -> &BTreeMap<Slot, Accepted> {
        &self.accepted
    }

    pub(super) fn promise_position(&self) -> Position {
        self.promise_position
    }

    /// Obeys no ballot below this one from now on. The record behind `position` says so.
    pub(super) fn promise(&mut self, ballot: Ballot, position: Position) {
        assert!(ballot >= self.promised, "a promise of {} is broken by {ballot}", self.promised);
        (self.promised, self.promise_position) = (ballot, position);
    }

    /// Accepts a value in a ballot, which is a promise of that ballot too.
    pub(super) fn accept(&mut self, slot: Slot, accepted: Accepted) {
        self.promise(accepted.ballot, accepted.position);
        self.accepted.insert(slot, accepted);
    }

    /// The slot is decided: what was accepted there no longer matters.
    pub(super) fn reduce(&mut self, slot: Slot) {
        self.accepted.remove(&slot);
    }

    /// What a promise has to report of the slots from `from` on.
    pub(super) fn votes_from(&self, from: Slot) -> Vec<Vote> {
        let votes = self.accepted.range(from..);
        votes
            .map(|(&slot, Accepted { ballot, command, .. })| Vote {
                slot,
                ballot: *ballot,
                command: command.clone(),
            })
            .collect()
    }
}

impl MultiPaxos {
    /// Phase 1: a node asks for a promise.
    pub(super) fn on_prepare(
        &mut self,
        candidate: NodeId,
        (ballot, from): (Ballot, Slot),
        cx: &mut Context<'_, Self>,
    ) {
        let promised = self.acceptor.promised();
        if ballot < promised {
            return cx.send(candidate, Message::Preempted { ballot: promised });
        }
        if ballot > promised {
            self.give_way_to(ballot, None, cx);
            self.promise(ballot, cx);
            cx.note(|| format!("promises {candidate} ballot {ballot}"));
        }
        // A candidate that has just been promised something is given time to make use of it.
        self.arm_election_timer(cx);
        let chosen = if self.weak(Weakening::StatePruned) { Vec::new() } else { self.chosen_from(from) };
        let promise = Message::Promise {
            ballot,
            accepted: self.acceptor.votes_from(from).into(),
            chosen: chosen.into(),
        };
        self.say_durably(candidate, self.acceptor.promise_position(), promise, cx);
    }

    /// Writes a promise to another node down.
    fn promise(&mut self, ballot: Ballot, cx: &mut Context<'_, Self>) {
        let position = if self.weak(Weakening::PromiseNotPersisted) {
            self.acceptor.promise_position()
        } else {
            self.write(Record::Promise(ballot), cx)
        };
        self.acceptor.promise(ballot, position);
    }

    /// Phase 2: a leader asks for a value to be accepted.
    pub(super) fn on_accept(
        &mut self,
        leader: NodeId,
        (ballot, slot, command): (Ballot, Slot, Command),
        cx: &mut Context<'_, Self>,
    ) {
        let promised = self.acceptor.promised();
        if ballot < promised {
            return cx.send(leader, Message::Preempted { ballot: promised });
        }
        self.follow(leader, ballot, cx);
        if !self.weak(Weakening::StatePruned)
            && let Some(chosen) = self.log.chosen(slot)
        {
            // A majority has it already: there is nothing to vote about.
            let decision = Message::Decision(Chosen { slot, command: chosen.clone() });
            return cx.send(leader, decision);
        }
        let before = self.acceptor.accepted().get(&slot);
        let position = match before {
            Some(before) if before.ballot == ballot && before.command == command => before.position,
            _ => self.accept(ballot, slot, command, cx),
        };
        self.say_durably(leader, position, Message::Accepted { ballot, slot }, cx);
    }

    /// Accepts a value and writes that down.
    pub(super) fn accept(
        &mut self,
        ballot: Ballot,
        slot: Slot,
        command: Command,
        cx: &mut Context<'_, Self>,
    ) -> Position {
        let vote = Vote { slot, ballot, command };
        let position = self.write(Record::Accept(vote.clone()), cx);
        self.acceptor.accept(slot, Accepted { ballot, command: vote.command, position });
        position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ballot(round: u64) -> Ballot {
        Ballot { round, node: NodeId(0) }
    }

    fn accepted(round: u64) -> Accepted {
        Accepted { ballot: ballot(round), command: Command::NoOp, position: Position(round) }
    }

    #[test]
    fn the_last_value_accepted_is_reported_and_what_is_chosen_is_not() {
        let mut acceptor = Acceptor::new(Position(0));
        acceptor.accept(Slot(1), accepted(1));
        acceptor.accept(Slot(3), accepted(1));
        acceptor.accept(Slot(3), accepted(2));
        let told: Vec<_> = acceptor.votes_from(Slot(1)).iter().map(|vote| (vote.slot, vote.ballot)).collect();
        assert_eq!(told, [(Slot(1), ballot(1)), (Slot(3), ballot(2))]);
        assert_eq!(acceptor.votes_from(Slot(2)).len(), 1);
        acceptor.reduce(Slot(3));
        assert_eq!((acceptor.votes_from(Slot(2)).len(), acceptor.promised()), (0, ballot(2)));
    }

    #[test]
    #[should_panic(expected = "a promise of 2.n1 is broken by 1.n1")]
    fn a_promise_is_kept() {
        let mut acceptor = Acceptor::new(Position(0));
        acceptor.promise(ballot(2), Position(1));
        acceptor.accept(Slot(1), accepted(1));
    }
}
