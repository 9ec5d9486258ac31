//! Known bugs of leaderless replication, each a switch at the rule that it breaks.

use crate::common::weakenings;

weakenings! {
    LamportNotMergedOnReceive: "lamport-not-merged-on-receive",
        "Lamport 1978, rule IR2",
        "A node's clock does not move past the stamps it receives, so its next write may be stamped as old.";
    NoTagTiebreak: "abd-no-tag-tiebreak",
        "cockroach#168541, super-productivity#9024, ai-memory#344",
        "Of two writes with one counter each node keeps the one it saw first.";
    StoreWithoutCompare: "abd-store-without-compare",
        "Attiya, Bar-Noy and Dolev 1995",
        "A replica stores whatever arrives last, however old it is.";
    WallClock: "lww-wall-clock",
        "Jepsen: Cassandra; Kingsbury, The trouble with timestamps; DDIA figure 8-3",
        "Writes are stamped by the wall clock: one from a node whose clock is behind is dropped as old.";
    SloppyQuorum: "dynamo-sloppy-quorum",
        "Dynamo §4.6; Jepsen: Riak",
        "A node that keeps a write for a home that can't be reached counts for the write quorum.";
    VvActorReuse: "vv-actor-reuse",
        "riak_kv#679, riak_kv#726",
        "A node whose disk is lost counts its writes from one again under its old name.";
    TombstoneGcEarly: "tombstone-gc-early",
        "scylla#3560, scylla#23712, riak_kv#847",
        "A tombstone is forgotten when its grace is over, whether or not every replica has it.";
    UnknownReportedAsFailed: "leaderless-unknown-reported-as-failed",
        "DDIA §5, Limitations of Quorum Consistency; redisraft#23",
        "A write that did not reach its quorum in time is reported as failed, although some replicas have it.";
}
