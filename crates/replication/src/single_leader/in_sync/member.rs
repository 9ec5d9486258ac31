//! A replica: what it keeps, how it comes back from its disk, and how it becomes leader or follower.

use anachron_node::{Context, Position};
use anachron_vocabulary::NodeId;

use super::super::durable::Durable;
use super::super::state::State;
use super::super::{Entry, Index, Log};
use super::leader::Office;
use super::{Config, Configuration, InSync, Message, Record, Timer, Weakening};

/// One replica. It follows the leader of `configuration` unless it has an `office`.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) config: Config,
    pub(super) controller: NodeId,
    /// How often this node has started.
    pub(super) incarnation: u32,
    /// The newest that this node has heard of. Its version only grows.
    pub(super) configuration: Configuration,
    /// Behind this journal position `configuration` and `incarnation` are durable. Nothing is said before: a node that
    /// forgets whom it followed could help an old leader to commit what the new one does not have.
    pub(super) known: Position,
    pub(super) office: Option<Box<Office>>,
    pub(super) log: Log,
    pub(super) durable: Durable,
    /// How far this node knows the log to be committed. At most the log's end; only grows, as long as nothing is lost.
    pub(super) high_watermark: Index,
    pub(super) state: State,
    /// Behind the last record of the journal that matters: all but the high watermark's.
    pub(super) written: Position,
    /// Up to where a sync has been asked for.
    sync_asked: Position,
}

impl Member {
    pub(super) fn boot(
        config: &Config,
        controller: NodeId,
        first: Configuration,
        records: &[Record],
        cx: &mut Context<'_, InSync>,
    ) -> Self {
        let mut member = Self {
            config: config.clone(),
            controller,
            incarnation: 1,
            configuration: first,
            known: Position::default(),
            office: None,
            log: Log::default(),
            durable: Durable::default(),
            high_watermark: Index::ZERO,
            state: State::new(&config.initial_value, config.sessions),
            written: cx.appended(),
            sync_asked: cx.appended(),
        };
        for record in records {
            member.replay(record);
        }
        member.durable = Durable::found(member.log.end());
        member.state.apply_upto(member.high_watermark, &member.log);
        member.known = member.write(Record::Started, cx);
        if !records.is_empty() {
            let (epoch, incarnation) = (member.configuration.epoch, member.incarnation);
            cx.note(|| format!("starts again (incarnation {incarnation}); it last knew of epoch {epoch}"));
        }
        cx.set_timer(Timer::Heartbeat, config.heartbeat_interval);
        member.step(cx, |member, cx| {
            if !records.is_empty() {
                member.tell_controller(cx);
            }
            member.take_role(cx);
        });
        member
    }

    fn replay(&mut self, record: &Record) {
        match record {
            Record::Started => self.incarnation += 1,
            Record::Configured(configuration) => self.configuration = configuration.clone(),
            Record::Entry(entry) => {
                self.log.push(entry.clone());
            }
            Record::Truncate(index) => {
                self.log.truncate(*index);
                self.high_watermark = self.high_watermark.min(*index);
            }
            Record::HighWatermark(index) => self.high_watermark = *index,
        }
    }

    pub(super) fn is_leader(&self) -> bool {
        self.office.is_some()
    }

    pub(super) fn weak(&self, weakening: Weakening) -> bool {
        self.config.weak(weakening)
    }

    /// Takes a step. Whatever it wrote is on its way to the disk at its end.
    pub(super) fn step(
        &mut self,
        cx: &mut Context<'_, InSync>,
        step: impl FnOnce(&mut Self, &mut Context<'_, InSync>),
    ) {
        step(self, cx);
        if self.written > self.sync_asked {
            self.sync_asked = self.written;
            cx.sync();
        }
    }

    /// Adds a record to the journal; it is synced at the end of the step.
    fn write(&mut self, record: Record, cx: &mut Context<'_, InSync>) -> Position {
        self.written = cx.append(record);
        self.written
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, InSync>) {
        match message {
            Message::Configure(configuration) => self.on_configure(configuration, cx),
            Message::Fetch { epoch, end, high_watermark } => {
                self.on_fetch(from, epoch, end, high_watermark, cx);
            }
            Message::Fetched { epoch, previous, entries, high_watermark } => {
                self.on_fetched(epoch, previous, &entries, high_watermark, cx);
            }
            Message::Diverging { epoch, previous, ends } => self.on_diverging(epoch, previous, ends, cx),
            Message::Confirmed { epoch, ticket } => self.on_confirmed(epoch, ticket, cx),
            Message::Heartbeat { .. } | Message::Propose { .. } | Message::Confirm { .. } => {
                unreachable!("only the controller is told")
            }
        }
    }

    pub(super) fn on_timer(&mut self, timer: Timer, cx: &mut Context<'_, InSync>) {
        match timer {
            Timer::Heartbeat => {
                cx.set_timer(Timer::Heartbeat, self.config.heartbeat_interval);
                self.tell_controller(cx);
            }
            Timer::Fetch => self.fetch(cx),
            Timer::Ask => self.ask_again(cx),
            Timer::Lag(follower) => self.on_lag(follower, cx),
            Timer::Session(_) => unreachable!("only the controller counts sessions"),
        }
    }

    pub(super) fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, InSync>) {
        self.durable.synced(synced);
        self.advance(cx);
    }

    fn tell_controller(&self, cx: &mut Context<'_, InSync>) {
        let (incarnation, version) = (self.incarnation, self.configuration.version);
        cx.send_after_sync(self.known, self.controller, Message::Heartbeat { incarnation, version });
    }

    /// The controller has decided.
    fn on_configure(&mut self, configuration: Configuration, cx: &mut Context<'_, InSync>) {
        if configuration.version <= self.configuration.version {
            return;
        }
        self.known = self.write(Record::Configured(configuration.clone()), cx);
        let reigns = |one: &Configuration| (one.epoch, one.led);
        let another = reigns(&configuration) != reigns(&self.configuration);
        self.configuration = configuration;
        if another {
            self.leave_office(cx);
            self.take_role(cx);
        } else {
            self.on_change_of_set(cx);
        }
    }

    /// Leads, or follows, or waits for a leader, as the configuration says.
    fn take_role(&mut self, cx: &mut Context<'_, InSync>) {
        let epoch = self.configuration.epoch;
        match self.configuration.leader() {
            Some(leader) if leader != cx.me() => {
                cx.note(|| format!("follows {leader} in epoch {epoch}"));
                if self.weak(Weakening::TruncateToHighWatermark) {
                    self.truncate(self.high_watermark, cx);
                }
                self.fetch(cx);
            }
            // One that has restarted waits to be elected again.
            Some(_) if epoch.incarnation == self.incarnation => self.take_office(cx),
            _ => cx.cancel_timer(Timer::Fetch),
        }
    }

    /// Adds an entry to the log and the journal.
    pub(super) fn append(&mut self, entry: Entry, cx: &mut Context<'_, InSync>) -> Index {
        let position = self.write(Record::Entry(entry.clone()), cx);
        let index = self.log.push(entry);
        self.durable.written(position, index);
        index
    }

    /// Takes everything behind `index` off the log.
    pub(super) fn truncate(&mut self, index: Index, cx: &mut Context<'_, InSync>) {
        if index >= self.log.end() {
            return;
        }
        let loses = !self.config.syncs_first() || !self.config.weakenings.is_empty();
        assert!(index >= self.high_watermark || loses, "what is committed stays");
        self.write(Record::Truncate(index), cx);
        let cut = self.log.truncate(index);
        cx.note(|| format!("takes {} entries behind {} off its log", cut.len(), index.0));
        self.durable.cut(index);
        self.high_watermark = self.high_watermark.min(index);
        if self.state.applied() > index {
            self.state.rebuild(&self.log);
        }
    }

    /// The log is committed up to here. Written down when there is something else to write: nobody waits for it.
    pub(super) fn raise_high_watermark(&mut self, index: Index, cx: &mut Context<'_, InSync>) {
        assert!(
            self.high_watermark < index && index <= self.log.end(),
            "a high watermark rises, inside the log"
        );
        self.high_watermark = index;
        cx.append(Record::HighWatermark(index));
    }
}
