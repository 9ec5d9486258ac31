//! The safety properties of Figure 3, checked by an observer who sees every node at every step, and those of the
//! features that came later: one change of membership at a time, leases that exclude each other, snapshots that
//! change nothing.

use std::collections::BTreeMap;

use anachron_node::Replica;
use anachron_replication::raft::{Entry, Index, Raft, Term};
use anachron_vocabulary::{Key, NodeId, Value};

/// What the observer remembers of a run.
#[derive(Default)]
pub(crate) struct Observer {
    /// Who led a term.
    leaders: BTreeMap<Term, NodeId>,
    /// The entry that was seen at a place with a term, and the term of the entry before it.
    entries: BTreeMap<(Index, Term), (Entry, Term)>,
    /// The entries that some node knew to be committed, from place 1 on, and the term in which it learnt that.
    committed: Vec<(Entry, Term)>,
    /// The objects after so many entries.
    states: BTreeMap<Index, Vec<(Key, Value)>>,
    /// How many snapshots were taken or installed, and configurations taken up.
    pub(crate) snapshots: usize,
    pub(crate) configurations: usize,
}

impl Observer {
    /// Looks at a node after its step. `before` is what it was before the step; `None` if it has just booted.
    pub(crate) fn look(&mut self, node: NodeId, raft: &Raft, before: Option<&Glance>) -> Result<(), String> {
        let now = Glance::of(raft);
        let changed = |same: &dyn Fn(&Glance) -> bool| before.is_none_or(|before| !same(before));
        if changed(&|before| (before.last, before.last_term) == (now.last, now.last_term)) {
            self.log_matching(node, raft)?;
        }
        if now.leads && changed(&|before| (before.leads, before.term) == (true, now.term)) {
            self.election_safety(node, now.term)?;
            self.leader_completeness(node, raft)?;
        }
        if changed(&|before| before.commit >= now.commit) {
            self.committed_once(node, raft, before)?;
        }
        if changed(&|before| before.applied == now.applied) {
            self.state_machine_safety(node, raft)?;
        }
        if let Some(before) = before {
            self.snapshots += usize::from(before.base != now.base);
            self.configurations += usize::from(before.configuration < now.configuration);
            one_change_at_a_time(node, before, &now)?;
        }
        Ok(())
    }

    /// At most one leader a term.
    fn election_safety(&mut self, node: NodeId, term: Term) -> Result<(), String> {
        let first = *self.leaders.entry(term).or_insert(node);
        if first == node {
            Ok(())
        } else {
            Err(format!("Election Safety: {first} and {node} both lead term {term}"))
        }
    }

    /// Two logs that have an entry with the same place and term are equal up to it: by induction, it is enough that
    /// the entry is the same and comes after one of the same term.
    fn log_matching(&mut self, node: NodeId, raft: &Raft) -> Result<(), String> {
        let mut index = raft.log().base();
        let mut previous = raft.log().term_at(index).expect("the term of the base is known");
        for entry in raft.log().entries() {
            index = index.next();
            let seen = self.entries.entry((index, entry.term)).or_insert_with(|| (entry.clone(), previous));
            if (&seen.0, seen.1) != (entry, previous) {
                return Err(format!(
                    "Log Matching: {node} has {entry:?} after term {previous} at {index}, elsewhere it is {:?} after \
                     term {}",
                    seen.0, seen.1
                ));
            }
            previous = entry.term;
        }
        Ok(())
    }

    /// An entry committed in a term is in the log of the leader of every later term, or in its snapshot.
    fn leader_completeness(&self, node: NodeId, raft: &Raft) -> Result<(), String> {
        let mut index = Index::ZERO;
        for (entry, term) in &self.committed {
            index = index.next();
            if *term < raft.term() && index > raft.log().base() && raft.log().get(index) != Some(entry) {
                return Err(format!(
                    "Leader Completeness: {node} leads term {} without {entry:?} at {index}, committed in term {term}",
                    raft.term()
                ));
            }
        }
        Ok(())
    }

    /// No two nodes know different entries to be committed at the same place. An entry that a snapshot took the place
    /// of in the very step is found where it was before.
    fn committed_once(&mut self, node: NodeId, raft: &Raft, before: Option<&Glance>) -> Result<(), String> {
        let mut index = Index::ZERO;
        while index < raft.commit_index() {
            index = index.next();
            let row = usize::try_from(index.0).expect("a short log") - 1;
            let entry = raft.log().get(index).or_else(|| before?.compacted_entry(index, raft));
            let Some(entry) = entry else {
                if index <= raft.log().base() {
                    continue;
                }
                return Err(format!(
                    "State Machine Safety: {node} has lost entry {index}, which was committed"
                ));
            };
            if let Some((first, _)) = self.committed.get(row) {
                if first != entry {
                    return Err(format!(
                        "State Machine Safety: {node} applies {entry:?} at {index}, not {first:?}"
                    ));
                }
            } else if row == self.committed.len() {
                self.committed.push((entry.clone(), raft.term()));
            }
        }
        Ok(())
    }

    /// Nodes that have applied the same number of entries hold the same objects, however they came by them.
    fn state_machine_safety(&mut self, node: NodeId, raft: &Raft) -> Result<(), String> {
        let (index, contents) = (raft.applied_index(), raft.contents());
        let first = self.states.entry(index).or_insert_with(|| contents.clone());
        if *first == contents {
            Ok(())
        } else {
            Err(format!("State Machine Safety: {node} holds {contents:?} after entry {index}, not {first:?}"))
        }
    }

    /// How many entries were committed.
    pub(crate) fn committed(&self) -> usize {
        self.committed.len()
    }

    /// How many terms had a leader.
    pub(crate) fn leaders(&self) -> usize {
        self.leaders.len()
    }
}

/// A leader appends a configuration only if the one before is committed.
fn one_change_at_a_time(node: NodeId, before: &Glance, now: &Glance) -> Result<(), String> {
    let appends = before.leads && now.leads && before.configuration < now.configuration;
    if appends && before.configuration > now.commit {
        return Err(format!(
            "One change at a time: {node} appends a configuration at {} though that at {} is not committed",
            now.configuration, before.configuration
        ));
    }
    Ok(())
}

/// What decides which invariants have to be looked at again.
pub(crate) struct Glance {
    leads: bool,
    term: Term,
    commit: Index,
    applied: Index,
    base: Index,
    last: Index,
    last_term: Term,
    configuration: Index,
    /// The entries behind the commit index.
    uncommitted: Vec<Entry>,
}

impl Glance {
    pub(crate) fn of(raft: &Raft) -> Self {
        let commit = raft.commit_index();
        let mut uncommitted = Vec::new();
        let mut index = commit.next();
        while let Some(entry) = raft.log().get(index) {
            uncommitted.push(entry.clone());
            index = index.next();
        }
        Self {
            leads: raft.is_leader(),
            term: raft.term(),
            commit,
            applied: raft.applied_index(),
            base: raft.log().base(),
            last: raft.log().last_index(),
            last_term: raft.log().last_term(),
            configuration: raft.configuration_index(),
            uncommitted,
        }
    }

    /// The entry at `index`, which has gone in the step since; nothing if a leader's snapshot has replaced the log.
    fn compacted_entry(&self, index: Index, now: &Raft) -> Option<&Entry> {
        let base = now.log().base();
        let at_base = self.uncommitted_entry(base)?;
        if Some(at_base.term) == now.log().term_at(base) { self.uncommitted_entry(index) } else { None }
    }

    fn uncommitted_entry(&self, index: Index) -> Option<&Entry> {
        let row = index.0.checked_sub(self.commit.0 + 1)?;
        self.uncommitted.get(usize::try_from(row).ok()?)
    }
}
