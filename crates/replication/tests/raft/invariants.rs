//! The safety properties of Figure 3, checked by an observer who sees every node at every step.

use std::collections::BTreeMap;

use anachron_replication::raft::{Entry, Index, Raft, Term};
use anachron_vocabulary::NodeId;

/// What the observer remembers of a run.
#[derive(Default)]
pub(crate) struct Observer {
    /// Who led a term.
    leaders: BTreeMap<Term, NodeId>,
    /// The entry that was seen at a place with a term, and the term of the entry before it.
    entries: BTreeMap<(Index, Term), (Entry, Term)>,
    /// The entries that some node knew to be committed, from place 1 on, and the term in which it learnt that.
    committed: Vec<(Entry, Term)>,
}

impl Observer {
    /// Looks at a node after its step. `before` is what it was before the step; `None` if it has just booted.
    pub(crate) fn look(&mut self, node: NodeId, raft: &Raft, before: Option<&Glance>) -> Result<(), String> {
        let now = Glance::of(raft);
        if before.is_none_or(|before| (before.last, before.last_term) != (now.last, now.last_term)) {
            self.log_matching(node, raft)?;
        }
        if now.leads && before.is_none_or(|before| (before.leads, before.term) != (true, now.term)) {
            self.election_safety(node, now.term)?;
            self.leader_completeness(node, raft)?;
        }
        if before.is_none_or(|before| before.commit < now.commit) {
            self.state_machine_safety(node, raft)?;
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
        let mut previous = Term(0);
        let mut index = Index::ZERO;
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

    /// An entry committed in a term is in the log of the leader of every later term.
    fn leader_completeness(&self, node: NodeId, raft: &Raft) -> Result<(), String> {
        let mut index = Index::ZERO;
        for (entry, term) in &self.committed {
            index = index.next();
            if *term < raft.term() && raft.log().get(index) != Some(entry) {
                return Err(format!(
                    "Leader Completeness: {node} leads term {} without {entry:?} at {index}, committed in term {term}",
                    raft.term()
                ));
            }
        }
        Ok(())
    }

    /// No two nodes apply different entries at the same place.
    fn state_machine_safety(&mut self, node: NodeId, raft: &Raft) -> Result<(), String> {
        let mut index = Index::ZERO;
        while index < raft.commit_index() {
            index = index.next();
            let row = usize::try_from(index.0).expect("a short log") - 1;
            let Some(entry) = raft.log().get(index) else {
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
            } else {
                self.committed.push((entry.clone(), raft.term()));
            }
        }
        Ok(())
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

/// What decides which invariants have to be looked at again.
pub(crate) struct Glance {
    leads: bool,
    term: Term,
    commit: Index,
    last: Index,
    last_term: Term,
}

impl Glance {
    pub(crate) fn of(raft: &Raft) -> Self {
        Self {
            leads: raft.is_leader(),
            term: raft.term(),
            commit: raft.commit_index(),
            last: raft.log().last_index(),
            last_term: raft.log().last_term(),
        }
    }
}
