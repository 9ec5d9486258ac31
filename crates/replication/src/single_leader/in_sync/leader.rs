//! A leader: who has what, the high watermark, and the in-sync set (Kafka's documentation, 4.7 Replication; KIP-497).
//!
//! The high watermark is what *everybody who may be in sync* has. While the leader waits to hear whether the controller
//! takes a change of the set, it counts both sets: one that it wants out may still be elected, and one that it wants
//! in may be elected already.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use anachron_node::{Context, Request};
use anachron_vocabulary::NodeId;

use super::super::{Epoch, Index, Point, Writer};
use super::member::Member;
use super::{InSync, Message, Timer, Weakening};

/// What only a leader needs.
#[derive(Debug)]
pub(super) struct Office {
    /// The log's end when the epoch began. Reads wait for the high watermark to come so far: below it lies what earlier
    /// leaders acknowledged.
    pub(super) start: Index,
    followers: BTreeMap<NodeId, Progress>,
    /// The in-sync set that the controller was asked for, on top of the present version.
    proposed: Option<Arc<[NodeId]>>,
    /// Clients who wait for their write, oldest first.
    pub(super) writers: VecDeque<Writer>,
    /// Reads that wait, and behind which ticket of the controller's. Oldest first.
    pub(super) readers: VecDeque<(u64, Request)>,
    /// The last ticket that was asked for, and the last one confirmed.
    pub(super) asked: u64,
    pub(super) confirmed: u64,
    /// True while the `Ask` timer is set.
    asking: bool,
}

/// What the leader knows of a follower in this epoch.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// How far it has the log.
    has: Index,
    /// Where the log ended that it last asked from, while the leader owes it an answer.
    waits_behind: Option<Index>,
    /// The high watermark that it was told.
    told: Index,
    /// Where the log ended when the follower was last seen to lack something: it has to come so far before `Timer::Lag`.
    due: Option<Index>,
}

// In and out of office.
impl Member {
    pub(super) fn take_office(&mut self, cx: &mut Context<'_, InSync>) {
        let controller = self.controller;
        let replicas = cx.peers().filter(|&node| node != controller);
        let start = self.log.end();
        let epoch = self.configuration.epoch;
        cx.note(|| format!("leads epoch {epoch}, with a log of {} entries", start.0));
        cx.cancel_timer(Timer::Fetch);
        self.office = Some(Box::new(Office {
            start,
            followers: replicas.map(|node| (node, Progress::default())).collect(),
            proposed: None,
            writers: VecDeque::new(),
            readers: VecDeque::new(),
            asked: 0,
            confirmed: 0,
            asking: false,
        }));
        self.watch(cx);
        self.advance(cx);
    }

    pub(super) fn leave_office(&mut self, cx: &mut Context<'_, InSync>) {
        let Some(office) = self.office.take() else { return };
        cx.note(|| "leads no longer".to_owned());
        cx.cancel_timer(Timer::Ask);
        for (&follower, progress) in &office.followers {
            if progress.due.is_some() {
                cx.cancel_timer(Timer::Lag(follower));
            }
        }
        self.dismiss(*office, cx);
    }
}

// The high watermark.
impl Member {
    /// A follower says how far it is.
    pub(super) fn on_fetch(
        &mut self,
        from: NodeId,
        epoch: Epoch,
        end: Point,
        told: Index,
        cx: &mut Context<'_, InSync>,
    ) {
        let Some(office) = self.office.as_mut().filter(|_| epoch == self.configuration.epoch) else { return };
        let progress = office.followers.get_mut(&from).expect("every other replica is a follower");
        if !self.log.contains(end) {
            let ends = self.log.last_of(end.epoch);
            return cx.send_after_sync(self.known, from, Message::Diverging { epoch, previous: end, ends });
        }
        progress.has = progress.has.max(end.index);
        progress.told = told;
        // A question that was doubled or overtaken does not take the place of a later one.
        progress.waits_behind = progress.waits_behind.max(Some(end.index));
        self.watch(cx);
        self.let_in(from, cx);
        self.advance(cx);
        self.answer_fetches(cx);
    }

    /// Tells followers who wait what is new.
    pub(super) fn answer_fetches(&mut self, cx: &mut Context<'_, InSync>) {
        let Some(office) = &mut self.office else { return };
        for (&follower, progress) in &mut office.followers {
            let Some(behind) = progress.waits_behind else { continue };
            if behind >= self.log.end() && progress.told >= self.high_watermark {
                continue;
            }
            progress.waits_behind = None;
            progress.told = self.high_watermark;
            let fetched = Message::Fetched {
                epoch: self.configuration.epoch,
                previous: self.log.point(behind).expect("a leader's log only grows"),
                entries: self.log.behind(behind, self.config.entries_per_message),
                high_watermark: self.high_watermark,
            };
            cx.send_after_sync(self.known, follower, fetched);
        }
    }

    /// Who has to have an entry before it is committed, besides the leader.
    fn awaited(&self, office: &Office) -> BTreeSet<NodeId> {
        let confirmed: BTreeSet<NodeId> = self.configuration.in_sync.iter().copied().collect();
        match &office.proposed {
            None => confirmed,
            Some(proposed) if self.weak(Weakening::MinimalInSync) => {
                confirmed.into_iter().filter(|node| proposed.contains(node)).collect()
            }
            Some(proposed) => confirmed.into_iter().chain(proposed.iter().copied()).collect(),
        }
    }

    /// Raises the high watermark if it can be, and answers whoever waits for that.
    pub(super) fn advance(&mut self, cx: &mut Context<'_, InSync>) {
        let Some(office) = &self.office else { return };
        let own = if self.config.syncs_first() { self.durable.upto() } else { self.log.end() };
        if self.configuration.in_sync.len() >= self.config.min_in_sync {
            let awaited = self.awaited(office);
            let others = office.followers.iter().filter(|(node, _)| awaited.contains(node));
            let everybody = others.map(|(_, progress)| progress.has).chain([own]).min().unwrap_or(own);
            if everybody > self.high_watermark {
                self.raise_high_watermark(everybody, cx);
            }
        }
        self.answer_clients(cx);
        self.answer_fetches(cx);
    }
}

// The in-sync set.
impl Member {
    /// The controller has decided about the set; what was proposed on top of an older version is decided too.
    pub(super) fn on_change_of_set(&mut self, cx: &mut Context<'_, InSync>) {
        let Some(office) = &mut self.office else { return };
        office.proposed = None;
        self.watch(cx);
        self.advance(cx);
    }

    /// Gives every in-sync follower that lacks something its time to come as far as the log reaches now.
    pub(super) fn watch(&mut self, cx: &mut Context<'_, InSync>) {
        let Some(office) = &mut self.office else { return };
        let end = self.log.end();
        for (&follower, progress) in &mut office.followers {
            let lacks = self.configuration.has(follower) && progress.has < end;
            match progress.due {
                Some(due) if lacks && progress.has < due => {}
                Some(_) if !lacks => {
                    progress.due = None;
                    cx.cancel_timer(Timer::Lag(follower));
                }
                _ if lacks => {
                    progress.due = Some(end);
                    cx.set_timer(Timer::Lag(follower), self.config.lag_timeout);
                }
                _ => {}
            }
        }
    }

    /// A follower did not come as far as it should have.
    pub(super) fn on_lag(&mut self, follower: NodeId, cx: &mut Context<'_, InSync>) {
        let Some(office) = &mut self.office else { return };
        let progress = office.followers.get_mut(&follower).expect("every other replica is a follower");
        progress.due = None;
        if office.proposed.is_none() && self.configuration.has(follower) {
            let rest = self.configuration.in_sync.iter().copied().filter(|&node| node != follower).collect();
            cx.note(|| format!("wants {follower} out of the in-sync set: it lags"));
            self.propose(rest, cx);
        }
        self.watch(cx);
    }

    /// A follower that has all that is committed, and all that this leader began with, is in sync.
    fn let_in(&mut self, follower: NodeId, cx: &mut Context<'_, InSync>) {
        let Some(office) = &self.office else { return };
        let has = office.followers[&follower].has;
        let enough = has >= self.high_watermark && has >= office.start;
        if enough && office.proposed.is_none() && !self.configuration.has(follower) {
            let mut more = self.configuration.in_sync.to_vec();
            more.push(follower);
            more.sort_unstable();
            cx.note(|| format!("wants {follower} in the in-sync set: it has caught up"));
            self.propose(more.into(), cx);
        }
    }

    fn propose(&mut self, in_sync: Arc<[NodeId]>, cx: &mut Context<'_, InSync>) {
        let version = self.configuration.version;
        let office = self.office.as_mut().expect("only a leader proposes");
        office.proposed = Some(Arc::clone(&in_sync));
        cx.send_after_sync(self.known, self.controller, Message::Propose { version, in_sync });
        self.ask_later(cx);
        self.advance(cx);
    }

    /// Sets the `Ask` timer, unless it is set.
    pub(super) fn ask_later(&mut self, cx: &mut Context<'_, InSync>) {
        let Some(office) = &mut self.office else { return };
        if !office.asking {
            office.asking = true;
            cx.set_timer(Timer::Ask, self.config.fetch_interval);
        }
    }

    /// The controller has not answered: asks again.
    pub(super) fn ask_again(&mut self, cx: &mut Context<'_, InSync>) {
        let Some(office) = &mut self.office else { return };
        office.asking = false;
        let (version, epoch) = (self.configuration.version, self.configuration.epoch);
        let proposal = office.proposed.clone().map(|in_sync| Message::Propose { version, in_sync });
        let reads_wait = office.asked > office.confirmed && !office.readers.is_empty();
        let question = reads_wait.then_some(Message::Confirm { epoch, ticket: office.asked });
        let mut asks = false;
        for message in proposal.into_iter().chain(question) {
            cx.send_after_sync(self.known, self.controller, message);
            asks = true;
        }
        if asks {
            self.ask_later(cx);
        }
    }
}
