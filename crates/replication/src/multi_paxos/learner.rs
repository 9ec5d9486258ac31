//! Decisions: how a node learns what is chosen, executes it in the order of slots, and answers whoever waits
//! ("Paxos Made Moderately Complex", section 2: the *replica*).
//!
//! A leader tells everybody what was chosen. Whoever misses that hears from the next heartbeat how far the log is chosen
//! and asks for what it lacks. Any node may answer: what is chosen is chosen.

use anachron_node::{Answer, Context};
use anachron_vocabulary::NodeId;

use crate::common::execute;

use super::log::Learned;
use super::messages::{Chosen, Message};
use super::weakening::Weakening;
use super::{Command, MultiPaxos, Record, Role, Slot};

impl MultiPaxos {
    /// `command` is chosen for `slot`. Written down, so that a restart need not ask again, but nothing waits for that: a
    /// decision that is forgotten can be learnt again.
    pub(super) fn learn(&mut self, slot: Slot, command: Command, cx: &mut Context<'_, Self>) {
        match self.log.learn(slot, &command) {
            Learned::New => {}
            Learned::Known => return,
            Learned::Conflict => {
                return cx.note(|| {
                    format!("hears of another value for slot {slot}: an invariant of Paxos is broken")
                });
            }
        }
        cx.append(Record::Decision(Chosen { slot, command }));
        self.acceptor.reduce(slot);
        if let Role::Leader(leadership) = &mut self.role {
            leadership.dismiss(slot);
        }
    }

    /// What this node knows to be chosen, from a slot on.
    pub(super) fn chosen_from(&self, from: Slot) -> Vec<Chosen> {
        let chosen = self.log.all().range(from..);
        chosen.map(|(&slot, command)| Chosen { slot, command: command.clone() }).collect()
    }

    /// Executes what has become chosen, in order. Part of every step's end.
    pub(super) fn execute_chosen(&mut self, cx: &mut Context<'_, Self>) {
        let before = self.executed;
        while let Some(command) = self.log.chosen(self.executed.next()) {
            self.executed = self.executed.next();
            let answer = match command {
                Command::NoOp | Command::Submitted(_) => None,
                Command::Client(request) => {
                    let runs_once = !self.config.weakenings.contains(Weakening::NoDedup);
                    execute(&mut self.store, &mut self.sessions, request, runs_once)
                }
            };
            let id = command.request_id();
            if let Role::Leader(leadership) = &mut self.role
                && let Some(waiter) = leadership.waiters.remove(&self.executed)
            {
                // Another value may have been chosen here: the client's may yet be chosen elsewhere.
                let answer = if id == Some(waiter) { answer } else { Some(Answer::Unknown) };
                if let Some(answer) = answer {
                    cx.reply(waiter, answer);
                }
            }
        }
        if self.executed > before {
            let executed = self.executed;
            cx.note(|| format!("knows the log to be chosen up to {executed}"));
        }
    }

    /// Somebody knows the log to be chosen up to `chosen`.
    pub(super) fn ask_for_missing(&self, node: NodeId, chosen: Slot, cx: &mut Context<'_, Self>) {
        if self.log.first_open() <= chosen {
            cx.send(node, Message::Missing { from: self.log.first_open() });
        }
    }

    /// A node lacks decisions.
    pub(super) fn on_missing(&self, node: NodeId, from: Slot, cx: &mut Context<'_, Self>) {
        let mut chosen = self.chosen_from(from);
        chosen.truncate(self.config.decisions_per_message);
        if !chosen.is_empty() {
            let up_to = self.log.chosen_up_to();
            cx.send(node, Message::Decisions { chosen: chosen.into(), up_to });
        }
    }

    /// Decisions that this node asked for.
    pub(super) fn on_decisions(
        &mut self,
        node: NodeId,
        chosen: &[Chosen],
        up_to: Slot,
        cx: &mut Context<'_, Self>,
    ) {
        let before = self.log.first_open();
        for Chosen { slot, command } in chosen {
            self.learn(*slot, command.clone(), cx);
        }
        if self.log.first_open() > before {
            self.ask_for_missing(node, up_to, cx);
        }
    }
}
