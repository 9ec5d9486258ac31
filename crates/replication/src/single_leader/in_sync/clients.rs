//! What a replica does with a client's request, and when it answers.

use anachron_node::{Answer, Context, Refusal, Request};

use super::super::{Command, Entry, Epoch, Writer};
use super::leader::Office;
use super::member::Member;
use super::{InSync, Message, Reads, Weakening};

impl Member {
    /// The leader takes writes; followers send the client to it. Reads are answered where the settings say.
    pub(super) fn take_request(&mut self, request: Request, cx: &mut Context<'_, InSync>) {
        if request.operation.is_read() && self.config.reads == Reads::Any {
            return cx.reply(request.id, self.state.read(&request));
        }
        let Some(office) = &mut self.office else {
            let leader = self.configuration.leader().filter(|&leader| leader != cx.me());
            return cx.refuse(request.id, Refusal::NotLeader { leader });
        };
        if request.operation.is_read() {
            let ticket = if self.config.reads == Reads::Confirmed {
                office.asked += 1;
                let (epoch, ticket) = (self.configuration.epoch, office.asked);
                cx.send_after_sync(self.known, self.controller, Message::Confirm { epoch, ticket });
                ticket
            } else {
                0
            };
            office.readers.push_back((ticket, request));
            if ticket > 0 {
                self.ask_later(cx);
            }
            return self.answer_clients(cx);
        }
        if self.configuration.in_sync.len() < self.config.min_in_sync {
            return cx.refuse(request.id, Refusal::NoQuorum);
        }
        // A retry goes through the log as well: it is recognised when it is applied, and so is answered no sooner
        // than the request that it repeats.
        let id = request.id;
        let epoch = self.configuration.epoch;
        let index = self.append(Entry { epoch, command: Command::Client(request) }, cx);
        let office = self.office.as_mut().expect("appending changes no role");
        office.writers.push_back(Writer { index, id, answer: None });
        self.watch(cx);
        self.advance(cx);
    }

    /// Applies what is committed, and answers.
    pub(super) fn answer_clients(&mut self, cx: &mut Context<'_, InSync>) {
        let shown = if self.weak(Weakening::ReadUncommitted) { self.log.end() } else { self.high_watermark };
        let waits_for_start = !self.weak(Weakening::ReadBeforeEpochCommitted);
        let Some(office) = &mut self.office else { return };
        while self.state.applied() < shown {
            let answer = self.state.apply_next(&self.log);
            let applied = self.state.applied();
            if let Some(writer) = office.writers.iter_mut().find(|writer| writer.index == applied) {
                writer.answer = answer;
            }
        }
        while office.writers.front().is_some_and(|writer| writer.index <= self.high_watermark) {
            let writer = office.writers.pop_front().expect("seen just now");
            // Without an answer the client has gone on to its next request.
            if let Some(answer) = writer.answer {
                cx.reply(writer.id, answer);
            }
        }
        if waits_for_start && self.high_watermark < office.start {
            return;
        }
        while office.readers.front().is_some_and(|(ticket, _)| *ticket <= office.confirmed) {
            let (_, request) = office.readers.pop_front().expect("seen just now");
            cx.reply(request.id, self.state.read(&request));
        }
    }

    /// The controller says that this node was the leader when the question came.
    pub(super) fn on_confirmed(&mut self, epoch: Epoch, ticket: u64, cx: &mut Context<'_, InSync>) {
        let Some(office) = &mut self.office else { return };
        if epoch == self.configuration.epoch {
            office.confirmed = office.confirmed.max(ticket);
            self.answer_clients(cx);
        }
    }

    /// A leader that is none any more can't tell what becomes of the writes it took: the next leader may have them. Reads
    /// did nothing; they can be refused.
    pub(super) fn dismiss(&mut self, office: Office, cx: &mut Context<'_, InSync>) {
        for writer in office.writers {
            cx.reply(writer.id, Answer::Unknown);
        }
        let leader = self.configuration.leader().filter(|&leader| leader != cx.me());
        for (_, reader) in office.readers {
            cx.refuse(reader.id, Refusal::NotLeader { leader });
        }
    }
}
