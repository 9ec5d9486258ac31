//! How another node becomes the leader (DDIA §5, Handling node outages), and how the old one is shut out (§8, The
//! leader and the lock; Fencing tokens).

use std::collections::{BTreeMap, VecDeque};

use anachron_node::{Context, Position};
use anachron_vocabulary::{NodeId, VirtualDuration};

use super::replication::Progress;
use super::{
    Command, Entry, Epoch, Failover, Index, Message, Office, Point, Record, Role, SingleLeader, Timer,
    Weakening,
};

// Coming into office.
impl SingleLeader {
    /// An operator says so. Under automatic failover that only starts an election.
    pub(super) fn promote(&mut self, cx: &mut Context<'_, Self>) {
        if self.is_leader() {
            return cx.note(|| "is the leader already".to_owned());
        }
        if matches!(self.config.failover, Failover::Automatic { .. }) {
            return self.stand(cx);
        }
        let number = self.promised + 1;
        self.take_office(Epoch { number, leader: cx.me(), incarnation: 1 }, cx);
    }

    /// Asks for votes in the next epoch.
    pub(super) fn stand(&mut self, cx: &mut Context<'_, Self>) {
        if self.is_leader() {
            return;
        }
        let me = cx.me();
        let number = self.promised + 1;
        self.promise(number, Some(me), cx);
        self.leader = None;
        self.role = Role::Candidate { votes: [me].into() };
        let last = self.log.last();
        cx.note(|| format!("hears no leader and stands for epoch {number}"));
        // Its own vote is on disk before anybody hears of it, or it might vote for another after a restart.
        for peer in cx.peers() {
            cx.send_after_sync(cx.appended(), peer, Message::VoteRequest { number, last });
        }
        self.suspect_later(cx);
        self.count_votes(cx);
    }

    /// A candidate asks for a vote.
    pub(super) fn on_vote_request(
        &mut self,
        from: NodeId,
        number: u64,
        last: Point,
        cx: &mut Context<'_, Self>,
    ) {
        if self.is_leader() && !self.config.fenced() {
            return;
        }
        if number > self.promised {
            self.promise(number, None, cx);
            self.step_down(cx);
        }
        let refused = Message::Vote { number: self.promised, granted: false };
        if number < self.promised || self.voted_for.is_some_and(|candidate| candidate != from) {
            return cx.send_after_sync(cx.appended(), from, refused);
        }
        let mine = self.log.last();
        if last < mine && !self.weak(Weakening::PromoteAny) {
            cx.note(|| format!("does not vote for {from}, whose log ends at {last:?} before {mine:?}"));
            return cx.send_after_sync(cx.appended(), from, refused);
        }
        if self.voted_for.is_none() {
            self.promise(number, Some(from), cx);
        }
        self.suspect_later(cx);
        cx.send_after_sync(cx.appended(), from, Message::Vote { number, granted: true });
    }

    /// A vote arrives.
    pub(super) fn on_vote(&mut self, from: NodeId, number: u64, granted: bool, cx: &mut Context<'_, Self>) {
        if number > self.promised {
            self.promise(number, None, cx);
            self.step_down(cx);
        }
        if number == self.promised
            && granted
            && let Role::Candidate { votes } = &mut self.role
        {
            votes.insert(from);
            self.count_votes(cx);
        }
    }

    fn count_votes(&mut self, cx: &mut Context<'_, Self>) {
        let Role::Candidate { votes } = &self.role else { return };
        if votes.len() > cx.nodes() / 2 {
            let number = self.promised;
            self.take_office(Epoch { number, leader: cx.me(), incarnation: 1 }, cx);
        }
    }

    /// Begins an epoch: writes that down, opens it with an entry, and tells everybody.
    pub(super) fn take_office(&mut self, epoch: Epoch, cx: &mut Context<'_, Self>) {
        assert!(epoch > self.epoch, "an epoch is begun once");
        let end = self.log.end();
        cx.note(|| format!("leads epoch {epoch}, with a log of {} entries", end.0));
        self.merge_what_was_cut(cx);
        self.begin(epoch);
        let begun = cx.append(Record::Follow(epoch));
        let opening = self.append(Entry { epoch, command: Command::Opening }, cx);
        let followers = cx.peers().map(|peer| (peer, Progress::new(end, false))).collect();
        self.lead(Office::new(opening, begun, followers), cx);
        self.ship_to_all(cx);
        self.acknowledge(cx);
    }

    /// The epoch that every cluster begins with: everybody knows of it, and there is nothing to inherit.
    pub(super) fn take_first_office(&mut self, cx: &mut Context<'_, Self>) {
        // Written down although everybody knows: a leader that restarts must begin another incarnation.
        let begun = cx.append(Record::Follow(self.epoch));
        let followers = cx.peers().map(|peer| (peer, Progress::new(Index::ZERO, true))).collect();
        self.lead(Office::new(Index::ZERO, begun, followers), cx);
    }

    fn lead(&mut self, office: Office, cx: &mut Context<'_, Self>) {
        self.leader = Some(cx.me());
        self.role = Role::Leader(Box::new(office));
        if let Failover::Automatic { heartbeat_interval, .. } = self.config.failover {
            cx.cancel_timer(Timer::Suspicion);
            cx.set_timer(Timer::Heartbeat, heartbeat_interval);
        }
    }

    /// Time to say that the leader is there.
    pub(super) fn heartbeat(&mut self, cx: &mut Context<'_, Self>) {
        if let (true, Failover::Automatic { heartbeat_interval, .. }) =
            (self.is_leader(), self.config.failover)
        {
            cx.set_timer(Timer::Heartbeat, heartbeat_interval);
            self.say_hello(cx);
        }
    }
}

impl Office {
    fn new(opening: Index, begun: Position, followers: BTreeMap<NodeId, Progress>) -> Self {
        Self {
            opening,
            begun,
            followers,
            acknowledged: Index::ZERO,
            writers: VecDeque::new(),
            readers: Vec::new(),
            resending: false,
            alone: false,
        }
    }
}

// Going out of office, and following another.
impl SingleLeader {
    /// Whether to take a leader's message. If so, its sender is the leader from now on.
    pub(super) fn accepts(&mut self, from: NodeId, epoch: Epoch, cx: &mut Context<'_, Self>) -> bool {
        let outdated = epoch < self.epoch || (self.config.fenced() && epoch.number < self.promised);
        if outdated {
            cx.note(|| format!("refuses a message of the old epoch {epoch}"));
            let fenced = Message::Fenced { number: self.promised, follows: self.epoch };
            cx.send_after_sync(cx.appended(), from, fenced);
            return false;
        }
        if self.is_leader() && !self.config.fenced() {
            cx.note(|| {
                format!("is not fenced: ignores {from}, leader of epoch {epoch}, and goes on leading")
            });
            return false;
        }
        if epoch > self.epoch {
            cx.append(Record::Follow(epoch));
            self.leader = Some(from);
            self.step_down(cx);
            self.begin(epoch);
            cx.note(|| format!("follows {from} in epoch {epoch}"));
        }
        if matches!(self.role, Role::Candidate { .. }) {
            self.role = Role::Follower;
        }
        self.leader = Some(from);
        self.suspect_later(cx);
        true
    }

    /// A message was refused because of a newer epoch.
    pub(super) fn on_fenced(&mut self, number: u64, follows: Epoch, cx: &mut Context<'_, Self>) {
        if number <= self.promised && follows <= self.epoch {
            return;
        }
        if self.is_leader() && !self.config.fenced() {
            return cx.note(|| format!("is not fenced: hears of epoch {number} and goes on leading"));
        }
        if number > self.promised {
            self.promise(number, None, cx);
        }
        self.step_down(cx);
        if follows.number == self.promised && follows.leader != cx.me() {
            self.leader = Some(follows.leader);
        }
    }

    /// Becomes a follower, of a leader yet to be heard of. Does nothing if it is none already.
    fn step_down(&mut self, cx: &mut Context<'_, Self>) {
        if self.leader == Some(cx.me()) {
            self.leader = None;
        }
        if let Role::Leader(office) = &self.role {
            if office.resending {
                cx.cancel_timer(Timer::Resend);
            }
            if matches!(self.config.failover, Failover::Automatic { .. }) {
                cx.cancel_timer(Timer::Heartbeat);
            }
            if self.weak(Weakening::SemiSyncTimeoutFallback) {
                cx.cancel_timer(Timer::Fallback);
            }
            let epoch = self.epoch;
            cx.note(|| format!("steps down as the leader of epoch {epoch}"));
            self.dismiss_clients(cx);
            self.suspect_later(cx);
        }
        self.role = Role::Follower;
    }

    /// Leads or follows this epoch from now on. Of its number no other leader gets this node's vote any more.
    pub(super) fn begin(&mut self, epoch: Epoch) {
        self.epoch = epoch;
        if epoch.number > self.promised {
            self.promised = epoch.number;
            self.voted_for = Some(epoch.leader);
        }
    }

    /// Notes an epoch number and the vote in it. On disk before anything is said of it.
    fn promise(&mut self, number: u64, candidate: Option<NodeId>, cx: &mut Context<'_, Self>) {
        assert!(number >= self.promised, "promises only grow");
        self.promised = number;
        self.voted_for = candidate;
        cx.append(Record::Vote { number, candidate });
    }

    /// A node that does not lead waits for one who does.
    pub(super) fn expect_leader(&mut self, cx: &mut Context<'_, Self>) {
        self.suspect_later(cx);
    }

    /// Hears from a leader, or gives a candidate its time: starts the wait afresh.
    fn suspect_later(&mut self, cx: &mut Context<'_, Self>) {
        if let Failover::Automatic { suspicion_timeout, .. } = self.config.failover {
            let longest = suspicion_timeout + VirtualDuration(suspicion_timeout.0 / 2);
            let after = cx.random().between(suspicion_timeout, longest);
            cx.set_timer(Timer::Suspicion, after);
        }
    }
}
