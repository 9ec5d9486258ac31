//! Known bugs of multi-leader replication, each a switch at the rule that it breaks.

use crate::common::weakenings;

weakenings! {
    LamportNotMergedOnReceive: "lamport-not-merged-on-receive",
        "Lamport 1978, rule IR2",
        "A leader's clock does not move past the stamps it receives, so its next write may be stamped as old.";
    NoTagTiebreak: "abd-no-tag-tiebreak",
        "DDIA figure 5-12; cockroach#168541, super-productivity#9024",
        "Of two writes with one counter each leader keeps its own for ever.";
    WallClock: "lww-wall-clock",
        "Jepsen: Cassandra; Kingsbury, The trouble with timestamps; DDIA figure 8-3",
        "Writes are stamped by the wall clock: one from a leader whose clock is behind is dropped as old.";
    VvActorReuse: "vv-actor-reuse",
        "riak_kv#679, riak_kv#726",
        "A leader whose disk is lost counts its updates from one again, and the others take them for old ones.";
}
