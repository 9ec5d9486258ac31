//! A small check for one register whose writes write different values (Gibbons and Korach, *Testing Shared Memories*,
//! SIAM J. Comput. 1997, by zones). The judge of this project is another crate; strategies do not know it.

use std::collections::BTreeMap;

use anachron_node::RequestId;
use anachron_vocabulary::NodeId;

/// What a client did, as it saw it. Times are steps, no two the same.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: RequestId,
    /// The node that was asked first.
    pub(crate) node: NodeId,
    /// What a write wrote, each time something else; what a read was answered, 0 before any write.
    pub(crate) value: i64,
    pub(crate) is_write: bool,
    pub(crate) call: u64,
    /// `None` if no answer came, or nobody waited for it.
    pub(crate) answered: Option<u64>,
}

/// All operations on one value: from the first return to the last call.
struct Cluster {
    written_at: u64,
    first_return: u64,
    last_call: u64,
}

/// Why the operations have no order, if they have none.
pub(crate) fn violation(operations: &[Operation]) -> Option<String> {
    // The initial value counts as written before everything.
    let mut clusters = BTreeMap::from([(0, Cluster { written_at: 0, first_return: 0, last_call: 0 })]);
    for write in operations.iter().filter(|operation| operation.is_write) {
        let first_return = write.answered.unwrap_or(u64::MAX);
        let cluster = Cluster { written_at: write.call, first_return, last_call: write.call };
        assert!(clusters.insert(write.value, cluster).is_none(), "every write writes something else");
    }
    for read in operations.iter().filter(|operation| !operation.is_write) {
        let Some(answered) = read.answered else { continue };
        let Some(cluster) = clusters.get_mut(&read.value) else {
            return Some(format!("{read:?} reads what nobody wrote"));
        };
        if answered < cluster.written_at {
            return Some(format!("{read:?} reads what is written later"));
        }
        cluster.first_return = cluster.first_return.min(answered);
        cluster.last_call = cluster.last_call.max(read.call);
    }
    // A write that nobody read and that was not acknowledged may never have happened.
    clusters.retain(|_, cluster| cluster.first_return < u64::MAX);
    let (forward, backward): (Vec<_>, Vec<_>) =
        clusters.iter().partition(|(_, cluster)| cluster.first_return < cluster.last_call);
    for (index, (value, zone)) in forward.iter().enumerate() {
        for (other_value, other) in &forward[index + 1..] {
            if zone.first_return < other.last_call && other.first_return < zone.last_call {
                return Some(format!("{value} and {other_value} each come back after the other"));
            }
        }
        for (other_value, other) in &backward {
            if zone.first_return < other.last_call && other.first_return < zone.last_call {
                return Some(format!("{value} comes back after {other_value}"));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_vocabulary::ClientId;

    fn operation(is_write: bool, value: i64, call: u64, answered: Option<u64>) -> Operation {
        let id = RequestId { client: ClientId(0), serial: 1 };
        Operation { id, node: NodeId(0), value, is_write, call, answered }
    }

    #[test]
    fn the_check_tells_sound_histories_from_others() {
        let write = |value, call, answered| operation(true, value, call, Some(answered));
        let read = |value, call, answered| operation(false, value, call, Some(answered));
        let lost = |value, call| operation(true, value, call, None);
        assert_eq!(violation(&[write(1, 1, 2), read(1, 3, 4), write(2, 5, 6), read(2, 7, 8)]), None);
        assert_eq!(violation(&[write(1, 1, 9), read(0, 2, 3), read(1, 4, 5), read(1, 6, 7)]), None);
        assert_eq!(violation(&[lost(1, 1), read(0, 2, 3), read(1, 4, 5)]), None);
        assert!(violation(&[write(1, 1, 2), read(0, 3, 4)]).is_some());
        assert!(violation(&[write(1, 1, 9), read(1, 2, 3), read(0, 4, 5)]).is_some());
        assert!(
            violation(&[write(1, 1, 2), write(5, 3, 4), read(1, 5, 6), read(5, 7, 8), read(1, 9, 10)])
                .is_some()
        );
        assert!(violation(&[write(1, 1, 2), write(2, 3, 4), read(1, 5, 6)]).is_some());
        assert!(violation(&[read(7, 1, 2)]).is_some());
        assert!(violation(&[read(7, 1, 2), write(7, 3, 4)]).is_some());
    }
}
