//! How much space it takes to say when a value was written: the O(n) of version vectors against the O(1) of stamps
//! (the course, section 5), measured on the versions that the strategy makes.
//!
//! Every message and every record that carries a value carries this with it, so it is the cost of a message and of a
//! value alike. Numbers are encoded as [`Encoder`](crate::common::Encoder) says.

use std::fmt::Write as _;

use anachron_node::RequestId;
use anachron_vocabulary::{ClientId, NodeId, Value, VirtualTime};

use crate::common::{
    Actors, Content, DottedVersions, HybridClock, LamportClock, LastWriterWins, Start, VectorVersions,
    Versioning, Versions, WallClock, Write,
};

/// A number of nodes and clients that all write one key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Crowd {
    /// Nodes; they take turns as coordinators.
    pub nodes: u16,
    /// Clients; they take turns as writers.
    pub writers: u32,
}

/// The bytes of metadata that say when a value was written, after everybody has written three times and seen everything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Footprint {
    /// Whose value.
    pub crowd: Crowd,
    /// A Lamport stamp.
    pub lamport: usize,
    /// A reading of the wall clock.
    pub wall_clock: usize,
    /// A hybrid stamp.
    pub hybrid: usize,
    /// A version vector with an entry a node.
    pub vector_of_nodes: usize,
    /// A version vector with an entry a client.
    pub vector_of_clients: usize,
    /// A dotted version vector with an entry a node.
    pub dotted: usize,
}

/// Measures.
pub fn measure(crowd: Crowd) -> Footprint {
    Footprint {
        crowd,
        lamport: bytes::<LastWriterWins<LamportClock>>(crowd, Actors::Nodes),
        wall_clock: bytes::<LastWriterWins<WallClock>>(crowd, Actors::Nodes),
        hybrid: bytes::<LastWriterWins<HybridClock>>(crowd, Actors::Nodes),
        vector_of_nodes: bytes::<VectorVersions>(crowd, Actors::Nodes),
        vector_of_clients: bytes::<VectorVersions>(crowd, Actors::Clients),
        dotted: bytes::<DottedVersions>(crowd, Actors::Nodes),
    }
}

/// Everybody writes three times, one after the other; every node has seen all of it.
fn bytes<V: Versioning>(crowd: Crowd, actors: Actors) -> usize {
    let start = |node| Start { node: NodeId(node), disk_since: VirtualTime::ZERO, actors };
    let mut nodes: Vec<V> = (0..crowd.nodes).map(|node| V::new(start(node))).collect();
    let mut held = V::Versions::absent(&Value::Null);
    let writes = 3 * u32::from(crowd.nodes).max(crowd.writers);
    for write in 0..writes {
        let turn = (write % u32::from(crowd.nodes)) as usize;
        let context = held.seen();
        let how = Write {
            node: NodeId::from_index(turn),
            request: RequestId {
                client: ClientId(write % crowd.writers),
                serial: u64::from(write / crowd.writers) + 1,
            },
            // A write a millisecond.
            wall_clock: i64::from(write) * 1_000_000,
            held: &held,
            context: &context,
            counter_floor: 0,
        };
        held = nodes[turn].write(Content::Value(i64::from(write).into()), how);
        for node in &mut nodes {
            node.observe(&held);
        }
    }
    held.metadata_bytes()
}

/// The table of some crowds, as text: one line each, bytes by kind.
pub fn table(crowds: &[Crowd]) -> String {
    let heads = ["nodes", "writers", "lamport", "wall clock", "hybrid", "vector", "client vector", "dotted"];
    let mut text = String::from("bytes of metadata that say when a value was written\n");
    let line = |text: &mut String, cells: &[String]| {
        for (cell, head) in cells.iter().zip(heads) {
            write!(text, "{cell:>width$}  ", width = head.len()).expect("writing to a string");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    };
    line(&mut text, &heads.map(str::to_owned));
    for &crowd in crowds {
        let of = measure(crowd);
        let numbers = [
            usize::from(crowd.nodes),
            crowd.writers as usize,
            of.lamport,
            of.wall_clock,
            of.hybrid,
            of.vector_of_nodes,
            of.vector_of_clients,
            of.dotted,
        ];
        line(&mut text, &numbers.map(|number| number.to_string()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(nodes: u16, writers: u32) -> Footprint {
        measure(Crowd { nodes, writers })
    }

    /// Charron-Bost 1991: no clock that tells concurrency is shorter than the number of writers.
    #[test]
    fn vectors_grow_with_the_writers_and_stamps_do_not() {
        for nodes in [1_u16, 2, 5, 10, 50, 100] {
            let found = of(nodes, 3);
            // Each entry is a node, the age of its disk and a count, a byte each here; one byte for their number.
            assert_eq!(found.vector_of_nodes, 1 + 3 * usize::from(nodes));
            assert_eq!(found.dotted, 3 + found.vector_of_nodes);
            assert_eq!(found.vector_of_clients, 1 + 2 * 3);
            // A stamp grows with the count alone, by a byte each time that it is 128 times as large.
            assert!(found.lamport <= 3, "{found:?}");
        }
        assert_eq!(of(3, 100).vector_of_clients, 1 + 2 * 100);
        assert_eq!(of(3, 100).vector_of_nodes, of(3, 3).vector_of_nodes);
    }
}
