//! Epochs: the numbered reigns of leaders.

use std::fmt;

use anachron_vocabulary::NodeId;

/// One reign of one leader. Of two epochs the greater one is the newer.
///
/// The number alone would not do. Two operators may promote two nodes at once, so the leader is part of the name. And
/// a leader that restarts may have lost the end of its log: were it to go on in the same epoch, two different entries
/// could bear the same name. So each restart begins another incarnation, which is newer than the one before but older
/// than anybody's next epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch {
    /// Grows with each change of leader.
    pub number: u64,
    /// Whose reign it is.
    pub leader: NodeId,
    /// How often the leader has come into this office: once, and again for each restart in it.
    pub incarnation: u32,
}

impl Epoch {
    /// The reign that every cluster begins with.
    pub fn first(leader: NodeId) -> Self {
        Self { number: 1, leader, incarnation: 1 }
    }

    /// The same leader's reign after a restart.
    pub(super) fn next_incarnation(self) -> Self {
        Self { incarnation: self.incarnation + 1, ..self }
    }
}

/// `2@n3`, and `2@n3+1` after the leader's first restart.
impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.number, self.leader)?;
        if self.incarnation > 1 {
            write!(f, "+{}", self.incarnation - 1)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_is_newer_than_before_it_and_older_than_any_next_epoch() {
        let first = Epoch::first(NodeId(1));
        let restarted = first.next_incarnation();
        let by_another = Epoch { number: 1, leader: NodeId(2), incarnation: 1 };
        let next = Epoch { number: 2, leader: NodeId(0), incarnation: 1 };
        assert!(first < restarted && restarted < by_another && by_another < next);
        assert_eq!(format!("{first} {restarted} {next:?}"), "1@n2 1@n2+1 2@n1");
    }
}
