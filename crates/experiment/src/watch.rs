//! Watches the nodes of a run, step by step, for what no correct strategy ever does.
//!
//! Why it exists: a history shows a broken protocol only when a client happens to notice. The invariants:
//! - *One in office*: of the nodes that lead (and order, and stand at the head of a chain) no two do so in one term, epoch,
//!   view or ballot.
//! - *What is committed stays committed*: a node's commit point does not go back while it is up. Kept apart, for not every
//!   strategy has such a point: some show what they have applied, some forget what they knew and not what they have.
//! - *One sequence*: of nodes that apply one sequence of changes (a log, a total order, what the tail of a chain has seen) no
//!   two have applied different ones, by a digest over all of them at each length. This is Raft's State Machine Safety (2014,
//!   Figure 3), the agreement and total order of a broadcast, and the prefixes of a chain (section 2.2).
//! - *What nodes see themselves*: a replica that meets what its protocol rules out notes it.
//!
//! Messages are not looked at, so a watched run costs little more than a blind one.

use std::collections::BTreeMap;

use anachron_trace::{Attention, Event, Happening, Observer};
use anachron_vocabulary::NodeId;

/// Looks on, and keeps what was broken.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// Who held an office in a term.
    offices: BTreeMap<(&'static str, u64), NodeId>,
    /// How far each node that is up has committed.
    committed: BTreeMap<NodeId, u64>,
    /// The digest of so many changes, and who was first to have applied them.
    applied: BTreeMap<u64, (u64, NodeId)>,
    /// Every breach but those of the commit point, in words.
    pub broken: Vec<String>,
    /// Every time that a node's commit point went back while it was up, in words.
    pub went_back: Vec<String>,
}

/// Roles that one node at most has in a term. The first term of all, zero, belongs to nobody.
const OFFICES: [&str; 4] = ["leader", "primary", "sequencer", "head"];

/// What a replica's note says when its protocol is broken.
const CONFESSION: &str = "an invariant of";

impl Observer for Watch {
    fn attention(&self) -> Attention {
        Attention::Nodes
    }

    fn observe(&mut self, event: Event) {
        let Event { time, what, .. } = event;
        match what {
            Happening::Crashed { node, .. } => {
                self.committed.remove(&node);
            }
            Happening::Role { node, role, term, commit } => {
                if term > 0 && OFFICES.contains(&role) {
                    let first = *self.offices.entry((role, term)).or_insert(node);
                    if first != node {
                        self.broken.push(format!("{time}: {first} and {node} were both {role} of {term}"));
                    }
                }
                let before = self.committed.insert(node, commit).unwrap_or(0);
                if commit < before {
                    self.went_back.push(format!("{time}: {node} had committed {before}, and now {commit}"));
                }
            }
            Happening::Applied { node, changes, digest } => {
                let (known, first) = *self.applied.entry(changes).or_insert((digest, node));
                if known != digest {
                    self.broken.push(format!(
                        "{time}: {first} and {node} have applied different sequences of {changes} changes"
                    ));
                }
            }
            Happening::Note { node, text } if text.contains(CONFESSION) => {
                self.broken.push(format!("{time}: {node} {text}"));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use anachron_vocabulary::VirtualTime;

    use super::*;

    fn watched(happenings: Vec<Happening>) -> Watch {
        let mut watch = Watch::default();
        for what in happenings {
            watch.observe(Event { time: VirtualTime(1_000_000), step: 1, what });
        }
        watch
    }

    fn shown(node: u16, role: &'static str, term: u64, commit: u64) -> Happening {
        Happening::Role { node: NodeId(node), role, term, commit }
    }

    #[test]
    fn two_leaders_of_one_term_are_seen() {
        let of = |second| watched(vec![shown(0, "leader", 3, 0), shown(1, "leader", second, 0)]).broken;
        assert!(of(4).is_empty());
        assert_eq!(of(3).len(), 1);
        assert!(watched(vec![shown(0, "follower", 3, 0), shown(1, "follower", 3, 0)]).broken.is_empty());
    }

    #[test]
    fn a_commit_point_goes_back_only_in_a_crash() {
        let crash = Happening::Crashed { node: NodeId(0), lost_records: 0 };
        let restarts = watched(vec![shown(0, "follower", 1, 5), crash, shown(0, "follower", 1, 0)]);
        assert!(restarts.went_back.is_empty());
        let forgets = watched(vec![shown(0, "follower", 1, 5), shown(0, "follower", 1, 4)]);
        assert_eq!((forgets.went_back.len(), forgets.broken.len()), (1, 0));
    }

    #[test]
    fn nodes_that_apply_different_changes_are_seen() {
        let broken = |digests: [u64; 2]| {
            let of = |node, digest| Happening::Applied { node: NodeId(node), changes: 3, digest };
            watched(vec![of(0, digests[0]), of(1, digests[1])]).broken.len()
        };
        assert_eq!((broken([7, 7]), broken([7, 8])), (0, 1));
    }

    #[test]
    fn a_node_that_confesses_is_heard() {
        let text = "hears of another leader of term 3, n2: an invariant of Raft is broken".to_owned();
        assert_eq!(watched(vec![Happening::Note { node: NodeId(0), text }]).broken.len(), 1);
    }
}
