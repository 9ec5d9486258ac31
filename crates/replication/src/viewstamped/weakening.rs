//! Known bugs of Viewstamped Replication, each as a switch that breaks one rule. All are off unless asked for.
//!
//! The switch sits as a single `if` at the rule it breaks, so that reading the rule shows the bug. Names are those of
//! the catalogue of mutants.

use crate::common::weakenings;

weakenings! {
    DvcHighestOp: "vr-dvc-highest-op",
        "tigerbeetle#364 (fixes a related bug); Viewstamped Replication Revisited §4.2",
        "A new primary takes the longest log, not the one from the latest normal view.";
    AmnesiacReplicaCounts: "vr-amnesiac-replica-counts",
        "Michael, Ports, Sharma and Szekeres, DISC 2017; Viewstamped Replication Revisited §4.3",
        "A recovered replica has forgotten which view it had entered, while others still count on it.";
    NoDedup: "smr-no-dedup",
        "khepri#250, old-raft-rs#106; Viewstamped Replication Revisited §4.1",
        "A retry of a request that was already executed is executed again.";
    UnknownReportedAsFail: "smr-unknown-reported-as-fail",
        "redisraft#23, Jepsen Aerospike 3.99, hashicorp/raft#561",
        "A primary that leaves its view refuses requests that may still be committed.";
}
