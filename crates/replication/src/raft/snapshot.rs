//! Log compaction (Raft, section 7; dissertation, chapter 5): a snapshot stands for the entries that led to it.
//!
//! A node takes one by itself once it has applied enough entries since the last, writes it to the journal in one
//! record, and drops what it stands for from its log. What a snapshot must hold to be worth as much as the entries:
//! the objects, the last answer of every client (or a retry after it would run again, section 6.3), the configuration,
//! and the place and term of the last entry, all in one record (or a crash between two records would apply entries
//! twice).
//!
//! A leader that no longer has the entries that a follower needs sends its snapshot instead (`InstallSnapshot`,
//! Figure 13). The follower takes it only if it says something new:
//! - what it has already committed, it keeps: a snapshot that was on its way for long must not take back entries that
//!   were acknowledged meanwhile;
//! - if its log has the snapshot's last entry, the entries up to there are committed, and those behind stay;
//! - otherwise its log conflicts or is too short, and the snapshot replaces it.
//!
//! Left out: chunks, and copying on write (a copy is taken at once). The journal itself is never shortened: a real one
//! would delete what lies before the snapshot's record.

use std::fmt;
use std::sync::Arc;

use anachron_node::Context;
use anachron_vocabulary::NodeId;

use crate::common::{Sessions, Store};

use super::log::{Index, Term};
use super::membership::{Configuration, Configurations};
use super::messages::{AppendOutcome, Message, Round};
use super::persistence::Record;
use super::weakening::Weakening;
use super::{Raft, Role};

/// What the entries up to one of them come to.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Snapshot {
    /// The last entry that it stands for.
    pub last_index: Index,
    /// That entry's term.
    pub last_term: Term,
    /// The configuration that the log stood at with that entry.
    pub(super) configuration: Arc<Configuration>,
    pub(super) store: Store,
    pub(super) sessions: Sessions,
}

/// Short, for traces: what it stands for.
impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot(up to {} of term {})", self.last_index, self.last_term)
    }
}

impl Raft {
    /// Takes a snapshot if enough was applied since the last one. Part of every step's end.
    pub(super) fn compact_log(&mut self, cx: &mut Context<'_, Self>) {
        let Some(after) = self.config.snapshot_after else { return };
        // A node that applies before commitment (a weakening) waits: nobody could take such a snapshot back.
        let too_early = self.applied > self.commit;
        if too_early || self.applied.0 - self.log.base().0 < after {
            return;
        }
        let last_index = self.applied;
        // A weakening may have cut off what was applied; then there is nothing sound to take.
        let Some(last_term) = self.log.term_at(last_index) else { return };
        let with_sessions = !self.weak(Weakening::SnapshotWithoutSessions);
        let snapshot = Arc::new(Snapshot {
            last_index,
            last_term,
            configuration: Arc::clone(self.configurations.at(last_index)),
            store: self.store.clone(),
            sessions: if with_sessions { self.sessions.clone() } else { Sessions::default() },
        });
        if self.weak(Weakening::AppliedIndexNotAtomic) {
            self.write_state_alone(&snapshot, cx);
        }
        // An entry's own record may not be durable yet; then the log's base is not either (`log.rs`).
        cx.append(Record::Snapshot(Arc::clone(&snapshot)));
        self.log.compact(last_index);
        self.configurations.compact(last_index);
        self.snapshot = Some(snapshot);
        cx.note(|| format!("takes a snapshot up to entry {last_index} and drops its log before it"));
    }

    /// For `raft-applied-index-not-atomic` only: the objects are written first, and still with the place and the
    /// sessions of the snapshot before.
    fn write_state_alone(&self, new: &Snapshot, cx: &mut Context<'_, Self>) {
        let (sessions, configuration) = match &self.snapshot {
            Some(old) => (old.sessions.clone(), Arc::clone(&old.configuration)),
            None => (Sessions::default(), Arc::clone(self.configurations.at(Index::ZERO))),
        };
        let last_index = self.log.base();
        let last_term = self.log.term_at(last_index).expect("the term of the base is kept");
        let store = new.store.clone();
        cx.append(Record::Snapshot(Arc::new(Snapshot {
            last_index,
            last_term,
            configuration,
            store,
            sessions,
        })));
    }

    /// Sends the snapshot to a follower that needs an entry which is gone.
    pub(super) fn send_snapshot(&mut self, peer: NodeId, cx: &mut Context<'_, Self>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let snapshot = Arc::clone(self.snapshot.as_ref().expect("entries are gone only behind a snapshot"));
        let progress = &mut leadership.progress[peer.index()];
        let last_index = snapshot.last_index;
        progress.sent = last_index;
        cx.note(|| {
            format!(
                "sends {peer} its snapshot up to entry {last_index}: the entries that {peer} lacks are gone"
            )
        });
        cx.send(peer, Message::InstallSnapshot { term: self.term, round: leadership.round, snapshot });
    }

    /// A leader's snapshot arrived. Its term is not above ours: a higher one was taken over on arrival.
    pub(super) fn on_install_snapshot(
        &mut self,
        from: NodeId,
        (term, round): (Term, Round),
        snapshot: &Arc<Snapshot>,
        cx: &mut Context<'_, Self>,
    ) {
        let index = snapshot.last_index;
        let outcome = if term < self.term {
            AppendOutcome::StaleTerm
        } else if self.is_leader() {
            self.note_second_leader(from, cx);
            return;
        } else {
            self.follow(from, cx);
            if self.is_news(snapshot) {
                self.install(snapshot, cx);
            } else {
                self.learn_commit(index, index, cx);
            }
            AppendOutcome::Matched { index }
        };
        let durable = if matches!(outcome, AppendOutcome::StaleTerm) { Index::ZERO } else { index };
        self.send_durably(from, durable, Message::AppendReply { term: self.term, round, outcome }, cx);
    }

    /// True if the log must give way to the snapshot.
    fn is_news(&self, snapshot: &Snapshot) -> bool {
        if self.weak(Weakening::OldSnapshotTruncates) {
            return true;
        }
        snapshot.last_index > self.commit && self.log.term_at(snapshot.last_index) != Some(snapshot.last_term)
    }

    /// Replaces log and state by a snapshot.
    fn install(&mut self, snapshot: &Arc<Snapshot>, cx: &mut Context<'_, Self>) {
        self.save_vote(cx);
        let position = cx.append(Record::Snapshot(Arc::clone(snapshot)));
        let (index, breaks_promise) = (snapshot.last_index, snapshot.last_index < self.commit);
        self.log.reset(index, snapshot.last_term, position);
        self.configurations = Configurations::new(index, Arc::clone(&snapshot.configuration));
        self.store = snapshot.store.clone();
        self.sessions = snapshot.sessions.clone();
        self.snapshot = Some(Arc::clone(snapshot));
        (self.commit, self.applied) = (index, index);
        self.look_no_further_than_applied();
        cx.note(|| {
            let alarm =
                if breaks_promise { "; it had committed more: an invariant of Raft is broken" } else { "" };
            format!("puts a snapshot up to entry {index} in the place of its log{alarm}")
        });
    }
}
