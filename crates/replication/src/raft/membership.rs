//! Who belongs to the cluster (Raft, section 6; dissertation, chapter 4): configurations and their majorities.
//!
//! A configuration is an entry of the log, and a node uses the latest one in its log, committed or not: whoever has
//! the entry must not fall back to counting by the old rules. If the entry is cut off again, the one before it is in
//! force again.
//!
//! Two kinds of change keep every majority of the old configuration and every majority of the new one in touch:
//! - *one server at a time* (section 4.1): any majority of n voters and any of n+1 share a voter;
//! - *joint consensus* (section 4.3; Raft, section 6): any change at once, by way of a configuration in which
//!   everything needs a majority of the old voters and a majority of the new ones.
//!
//! *Learners* (section 4.2.1, non-voting members) receive everything and decide nothing.
//!
//! What a leader may change and when is in `reconfiguration.rs`; this file only counts. Every node knows the first
//! configuration from its settings, as if it were entry 0.

use std::fmt;
use std::sync::Arc;

use anachron_vocabulary::NodeId;

use super::log::Index;

/// Who votes and who learns. Lists are sorted and without repetition.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Configuration {
    voters: Vec<NodeId>,
    /// The voters of the old configuration while two are joint; otherwise empty.
    outgoing: Vec<NodeId>,
    learners: Vec<NodeId>,
    /// All of them, in order: whom a leader sends to.
    members: Vec<NodeId>,
}

impl Configuration {
    /// A configuration that is not joint.
    pub(super) fn new(voters: Vec<NodeId>, learners: Vec<NodeId>) -> Self {
        Self::joint(voters, Vec::new(), learners)
    }

    fn joint(voters: Vec<NodeId>, outgoing: Vec<NodeId>, learners: Vec<NodeId>) -> Self {
        let sorted = |mut nodes: Vec<NodeId>| {
            nodes.sort_unstable();
            nodes.dedup();
            nodes
        };
        let members = sorted([&voters[..], &outgoing, &learners].concat());
        let (voters, outgoing, learners) = (sorted(voters), sorted(outgoing), sorted(learners));
        assert!(
            !learners.iter().any(|node| voters.contains(node)),
            "a node is a voter or a learner, not both"
        );
        Self { voters, outgoing, learners, members }
    }

    /// The voters; while two configurations are joint, those of the new one.
    pub fn voters(&self) -> &[NodeId] {
        &self.voters
    }

    /// The voters of the old configuration while two are joint; otherwise nobody.
    pub fn outgoing(&self) -> &[NodeId] {
        &self.outgoing
    }

    /// Who receives everything and decides nothing.
    pub fn learners(&self) -> &[NodeId] {
        &self.learners
    }

    /// Everybody.
    pub(super) fn members(&self) -> &[NodeId] {
        &self.members
    }

    /// True while majorities of two sets of voters are needed.
    pub fn is_joint(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// True if the node has a vote, in the new set or in the old one.
    pub fn is_voter(&self, node: NodeId) -> bool {
        self.voters.binary_search(&node).is_ok() || self.outgoing.binary_search(&node).is_ok()
    }

    /// True if these votes are enough. A voter that is listed twice counts twice: whoever collects votes has to see
    /// to it that nobody is.
    pub(super) fn wins(&self, votes: &[NodeId]) -> bool {
        let enough = |voters: &[NodeId]| {
            votes.iter().filter(|vote| voters.binary_search(vote).is_ok()).count() >= majority(voters)
        };
        enough(&self.voters) && (self.outgoing.is_empty() || enough(&self.outgoing))
    }

    /// The highest value that a majority has reached: of replicas, rounds or times, one for each voter. While two
    /// configurations are joint, a majority of each.
    pub(super) fn agreed<T: Ord + Copy>(&self, of: impl Fn(NodeId) -> T) -> T {
        let reached = |voters: &[NodeId]| {
            let mut values: Vec<T> = voters.iter().map(|&voter| of(voter)).collect();
            values.sort_unstable();
            values[values.len() - majority(voters)]
        };
        let new = reached(&self.voters);
        if self.outgoing.is_empty() { new } else { new.min(reached(&self.outgoing)) }
    }

    /// For `raft-learner-in-quorum` only: as [`Configuration::agreed`], but learners are counted as well, though the
    /// number that is needed stays.
    pub(super) fn agreed_with_learners<T: Ord + Copy>(&self, of: impl Fn(NodeId) -> T) -> T {
        let mut values: Vec<T> = self.members.iter().map(|&member| of(member)).collect();
        values.sort_unstable();
        values[values.len() - majority(&self.voters)]
    }

    /// With one learner more.
    pub(super) fn with_learner(&self, node: NodeId) -> Self {
        Self::new(self.voters.clone(), [&self.learners[..], &[node]].concat())
    }

    /// With one voter more, who may have been a learner.
    pub(super) fn with_voter(&self, node: NodeId) -> Self {
        Self::new([&self.voters[..], &[node]].concat(), without(&self.learners, node))
    }

    /// Without one node.
    pub(super) fn without(&self, node: NodeId) -> Self {
        Self::new(without(&self.voters, node), without(&self.learners, node))
    }

    /// Joint with another set of voters.
    pub(super) fn entering(&self, voters: &[NodeId]) -> Self {
        let learners = self.learners.iter().copied().filter(|node| !voters.contains(node)).collect();
        Self::joint(voters.to_vec(), self.voters.clone(), learners)
    }

    /// What follows a joint configuration: the new voters alone.
    pub(super) fn leaving(&self) -> Self {
        Self::new(self.voters.clone(), self.learners.clone())
    }
}

fn majority(voters: &[NodeId]) -> usize {
    voters.len() / 2 + 1
}

fn without(nodes: &[NodeId], node: NodeId) -> Vec<NodeId> {
    nodes.iter().copied().filter(|&other| other != node).collect()
}

/// `n1 n2 n3`, `n1 n2 n3 joint with n1 n4`, `n1 n2, learning n3`.
impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |nodes: &[NodeId]| nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        if self.is_joint() {
            write!(f, "{} joint with ", list(&self.outgoing))?;
        }
        f.write_str(&list(&self.voters))?;
        if !self.learners.is_empty() {
            write!(f, ", learning {}", list(&self.learners))?;
        }
        Ok(())
    }
}

/// As people write it: traces are read.
impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Configuration({self})")
    }
}

/// The configurations in a node's log, from the one that its start (or snapshot) stands for.
///
/// Invariant: never empty, and places grow.
#[derive(Clone, Debug)]
pub(super) struct Configurations {
    of: Vec<(Index, Arc<Configuration>)>,
    /// For `raft-conf-at-apply-unguarded` only: configurations behind this entry are not in force yet.
    horizon: Option<Index>,
}

impl Configurations {
    /// Begins with the configuration that was in force at `index`.
    pub(super) fn new(index: Index, first: Arc<Configuration>) -> Self {
        Self { of: vec![(index, first)], horizon: None }
    }

    /// For `raft-conf-at-apply-unguarded` only.
    pub(super) fn wait_for(&mut self, applied: Index) {
        self.horizon = Some(applied);
    }

    /// The configuration that counts: the latest in the log, committed or not.
    pub(super) fn in_force(&self) -> &Arc<Configuration> {
        match self.horizon {
            None => &self.of.last().expect("never empty").1,
            Some(applied) => self.at(applied),
        }
    }

    /// The place of the latest configuration in the log.
    pub(super) fn latest_index(&self) -> Index {
        self.of.last().expect("never empty").0
    }

    /// The configuration before the latest, if the log still has it.
    pub(super) fn before_latest(&self) -> Option<&Arc<Configuration>> {
        self.of.len().checked_sub(2).map(|row| &self.of[row].1)
    }

    /// The configuration that the log stood at with entry `index`.
    pub(super) fn at(&self, index: Index) -> &Arc<Configuration> {
        let later = self.of.partition_point(|&(place, _)| place <= index);
        &self.of[later.saturating_sub(1)].1
    }

    /// The entry at `index` is a configuration.
    pub(super) fn append(&mut self, index: Index, configuration: Arc<Configuration>) {
        assert!(index > self.latest_index(), "configurations come in the order of the log");
        self.of.push((index, configuration));
    }

    /// Every entry behind `keep` is gone. True if another configuration is in force now.
    pub(super) fn truncate(&mut self, keep: Index) -> bool {
        let before = self.of.len();
        let left = self.of.partition_point(|&(place, _)| place <= keep).max(1);
        self.of.truncate(left);
        left != before
    }

    /// A snapshot stands for every entry up to `index`.
    pub(super) fn compact(&mut self, index: Index) {
        let later = self.of.partition_point(|&(place, _)| place <= index);
        self.of.drain(..later.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(numbers: &[u16]) -> Vec<NodeId> {
        numbers.iter().copied().map(NodeId).collect()
    }

    fn configuration(voters: &[u16]) -> Configuration {
        Configuration::new(nodes(voters), Vec::new())
    }

    /// Every set of nodes below `n`, as lists.
    fn subsets(n: u16) -> impl Iterator<Item = Vec<NodeId>> {
        (0_u32..1 << n)
            .map(move |bits| (0..n).filter(|node| bits & 1 << node != 0).map(NodeId).collect::<Vec<_>>())
    }

    fn touch(a: &[NodeId], b: &[NodeId]) -> bool {
        a.iter().any(|node| b.contains(node))
    }

    /// True if no majority of `old` misses a majority of `new`.
    fn in_touch(old: &Configuration, new: &Configuration) -> bool {
        let winners = |of: &Configuration| subsets(6).filter(|set| of.wins(set)).collect::<Vec<_>>();
        let (old, new) = (winners(old), winners(new));
        old.iter().all(|one| new.iter().all(|other| touch(one, other)))
    }

    #[test]
    fn neighbouring_configurations_have_no_disjoint_majorities() {
        for voters in subsets(5).filter(|voters| !voters.is_empty()) {
            let old = Configuration::new(voters.clone(), Vec::new());
            assert!(in_touch(&old, &old.with_voter(NodeId(5))), "{old} and one more");
            if voters.len() > 1 {
                assert!(in_touch(&old, &old.without(voters[0])), "{old} and one less");
            }
            assert!(in_touch(&old, &old.with_learner(NodeId(5))));
        }
    }

    #[test]
    fn a_joint_configuration_is_in_touch_with_both_ends() {
        for old in subsets(4).filter(|voters| !voters.is_empty()) {
            for new in subsets(6).filter(|voters| !voters.is_empty()) {
                let old = Configuration::new(old.clone(), Vec::new());
                let joint = old.entering(&new);
                assert!(in_touch(&old, &joint) && in_touch(&joint, &joint.leaving()), "{joint}");
            }
        }
        let two_at_once = configuration(&[0, 1, 2, 3, 4]);
        assert!(!in_touch(&configuration(&[0, 1, 2]), &two_at_once), "two at once may miss each other");
    }

    #[test]
    fn what_is_agreed_is_what_a_majority_of_each_half_has_reached() {
        let reached = [9, 7, 5, 3, 1, 8];
        let of = |node: NodeId| reached[node.index()];
        assert_eq!(configuration(&[0, 1, 2]).agreed(of), 7);
        assert_eq!(configuration(&[1, 2, 3, 4]).agreed(of), 3);
        assert_eq!(configuration(&[0, 1, 2]).entering(&nodes(&[3, 4, 5])).agreed(of), 3);
        let learning = configuration(&[2, 3, 4]).with_learner(NodeId(0));
        assert_eq!((learning.agreed(of), learning.agreed_with_learners(of)), (3, 5));
    }

    #[test]
    fn agreement_and_winning_are_one_thing() {
        let joint = configuration(&[0, 1, 2]).entering(&nodes(&[1, 3, 4]));
        for set in subsets(6) {
            assert_eq!(joint.wins(&set), joint.agreed(|node| set.contains(&node)), "{set:?}");
        }
    }

    #[test]
    fn a_learner_becomes_a_voter_and_a_joint_change_takes_learners_in() {
        let learning = configuration(&[0, 1]).with_learner(NodeId(2));
        assert_eq!(learning.to_string(), "n1 n2, learning n3");
        assert!(!learning.is_voter(NodeId(2)));
        assert_eq!(learning.members(), nodes(&[0, 1, 2]));
        assert_eq!(learning.with_voter(NodeId(2)).to_string(), "n1 n2 n3");
        let joint = learning.entering(&nodes(&[1, 2]));
        assert_eq!(joint.to_string(), "n1 n2 joint with n2 n3");
        assert!(joint.is_voter(NodeId(0)) && !joint.leaving().is_voter(NodeId(0)));
    }

    #[test]
    fn the_latest_in_the_log_counts_and_a_truncation_takes_it_back() {
        let first = Arc::new(configuration(&[0]));
        let mut all = Configurations::new(Index::ZERO, Arc::clone(&first));
        for (index, size) in [(3, 2), (5, 3)] {
            all.append(Index(index), Arc::new(configuration(&[0, 1, 2][..size])));
        }
        assert_eq!(all.in_force().voters().len(), 3);
        assert_eq!(all.at(Index(4)).voters().len(), 2);
        assert_eq!(all.before_latest().map(|before| before.voters().len()), Some(2));
        assert!(!all.truncate(Index(5)) && all.truncate(Index(4)));
        assert_eq!((all.latest_index(), all.in_force().voters().len()), (Index(3), 2));
        all.append(Index(7), first);
        all.compact(Index(6));
        assert_eq!((all.at(Index(6)).voters().len(), all.latest_index()), (2, Index(7)));
        all.wait_for(Index(6));
        assert_eq!(all.in_force().voters().len(), 2, "not applied yet");
    }
}
