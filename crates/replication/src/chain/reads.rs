//! Reads at one member (section 2.3: "the tail replies"), fenced by the epoch.
//!
//! Why a fence: the paper assumes that a server which is taken out has stopped. A server that is only cut off has not:
//! the chain is n1-n2-n3; n3 is cut off from all but one client; the master makes n1-n2, and a write of 1 is committed
//! by n2; that client asks n3 and is told 0 (`chain-no-epoch-check`).
//!
//! The rule: a member that is asked sends the master a question, and answers only once the master has said that the
//! epoch was the newest *when the question arrived*. Then everything that was committed before the read was asked is in
//! this member's history: each configuration up to this one commits nothing that one of its members lacks. The tail
//! answers once all that it had by then is on its disk; what it shows is committed.
//!
//! A lease would save the question and need clocks of bounded drift instead. Left out on purpose.

use anachron_node::{Answer, Context, Refusal, Request};
use anachron_vocabulary::{Key, NodeId};

use super::{Chain, Epoch, Message, Reads, Weakening};

/// Who waits for a read.
#[derive(Clone, Debug)]
pub(super) enum Reader {
    /// A client.
    Client(Request),
    /// CRAQ: another member wants to know which version is committed.
    Member {
        /// Who.
        node: NodeId,
        /// Its name for the read.
        ticket: u64,
    },
}

/// A read under way.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// This node's name for it. Never given twice, not even across restarts: it is a time of the node's clock or more.
    pub(super) ticket: u64,
    pub(super) reader: Reader,
    /// True once the master has said that the epoch was the newest.
    pub(super) confirmed: bool,
    /// What has to be committed before the answer; `None` while that is asked of the tail.
    pub(super) needs: Option<u64>,
}

impl Chain {
    /// A client's read.
    pub(super) fn read(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        let tail = self.configuration.tail();
        if !self.configuration.has(self.me) {
            return cx.refuse(request.id, Refusal::NotLeader { leader: Some(tail) });
        }
        if self.config.reads == Reads::Tail && tail != self.me {
            let epoch = self.configuration.epoch;
            return self.say(tail, Message::Read { epoch, request }, cx);
        }
        // A client has one request open at a time.
        let client = request.id.client;
        self.reads
            .retain(|reading| !matches!(&reading.reader, Reader::Client(other) if other.id.client == client));
        self.begin(Reader::Client(request), cx);
    }

    pub(super) fn on_read(&mut self, (epoch, request): (Epoch, Request), cx: &mut Context<'_, Self>) {
        if self.accepts(epoch) && self.is_tail() {
            self.read(request, cx);
        }
    }

    pub(super) fn begin(&mut self, reader: Reader, cx: &mut Context<'_, Self>) {
        self.last_ticket = (self.last_ticket + 1).max(cx.now().0);
        let reading = Reading { ticket: self.last_ticket, reader, confirmed: false, needs: None };
        self.start(reading, cx);
    }

    /// Asks what has to be known before the answer. A node that has not the state yet asks nothing.
    fn start(&mut self, mut reading: Reading, cx: &mut Context<'_, Self>) {
        if self.takes_part() {
            let epoch = self.configuration.epoch;
            let ticket = reading.ticket;
            reading.needs = self.needs(&reading.reader);
            if reading.needs.is_none() {
                let key = reading.reader.key().expect("a member asks the tail, which has all");
                let query = Message::VersionQuery { epoch, ticket, key };
                self.say(self.configuration.tail(), query, cx);
            }
            // A version that the tail tells is fenced by the member that asks.
            reading.confirmed =
                matches!(reading.reader, Reader::Member { .. }) || self.weak(Weakening::NoEpochCheck);
            if !reading.confirmed {
                self.say(self.master, Message::Confirm { epoch, ticket }, cx);
            }
        }
        self.reads.push(reading);
    }

    pub(super) fn on_confirmed(&mut self, (epoch, ticket): (Epoch, u64)) {
        if epoch == self.configuration.epoch {
            for reading in self.reads.iter_mut().filter(|reading| reading.ticket == ticket) {
                reading.confirmed = true;
            }
        }
    }

    /// Answers the reads that have all they need. Part of every step's end.
    pub(super) fn answer_reads(&mut self, cx: &mut Context<'_, Self>) {
        if !self.takes_part() {
            return;
        }
        let committed = self.history.committed();
        let is_ready =
            |reading: &Reading| reading.confirmed && reading.needs.is_some_and(|needs| needs <= committed);
        let (ready, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.reads).into_iter().partition(is_ready);
        self.reads = rest;
        for reading in ready {
            match reading.reader {
                Reader::Client(request) => {
                    let answer = self.look_up(&request);
                    cx.reply(request.id, answer);
                }
                Reader::Member { node, ticket } => {
                    let (epoch, upto) = (self.configuration.epoch, committed);
                    self.say(node, Message::Version { epoch, ticket, upto }, cx);
                }
            }
        }
    }

    fn look_up(&self, request: &Request) -> Answer {
        let Request { key, operation, .. } = request;
        if self.shows_dirty() {
            return self.history.dirty().store.observe(*key, operation);
        }
        self.history.clean().store.observe(*key, operation)
    }

    /// All reads that are under way begin again: in a new epoch, or because something was lost.
    pub(super) fn restart_reads(&mut self, cx: &mut Context<'_, Self>) {
        for reading in std::mem::take(&mut self.reads) {
            match reading.reader {
                Reader::Client(request) => self.read(request, cx),
                // Whoever asked will ask again.
                Reader::Member { .. } => {}
            }
        }
    }

    /// Nothing can be read here any more; a read has no effect, so that is certain.
    pub(super) fn refuse_reads(&mut self, cx: &mut Context<'_, Self>) {
        let tail = self.configuration.tail();
        for reading in std::mem::take(&mut self.reads) {
            if let Reader::Client(request) = reading.reader {
                cx.refuse(request.id, Refusal::NotLeader { leader: Some(tail) });
            }
        }
    }

    pub(super) fn has_reads(&self) -> bool {
        !self.reads.is_empty()
    }
}

impl Reader {
    /// The object that a client reads.
    pub(super) fn key(&self) -> Option<Key> {
        match self {
            Self::Client(request) => Some(request.key),
            Self::Member { .. } => None,
        }
    }
}
