//! Known bugs of Paxos implementations, each as a switch that breaks one rule. All are off unless asked for.
//!
//! The switch sits as a single `if` at the rule it breaks, so that reading the rule shows the bug. Names are those of
//! the catalogue of mutants.

use crate::common::weakenings;

weakenings! {
    OwnValue: "paxos-own-value",
        "MIT 6.824 paxos-code, line 5; Lamport 2001 §2.2",
        "A proposer ignores the values that promises report and proposes its own.";
    AnyAcceptedValue: "paxos-any-accepted-value",
        "MIT 6.824 paxos-code, line 5; Lamport 2001 §2.2",
        "A proposer takes over some accepted value, not that of the highest ballot.";
    StalePromiseCounted: "paxos-stale-promise-counted",
        "MyPaxos#18; Paxos Made Moderately Complex §3.3",
        "A promise of an earlier ballot counts for the present one.";
    PromiseNotPersisted: "paxos-promise-not-persisted",
        "atlasdb#1508, atlasdb#1504; Lamport 2001 §2.5",
        "A restart forgets what the acceptor has promised.";
    BallotReuse: "paxos-ballot-reuse",
        "phxpaxos#145 (asked, not affected); Lamport 2001 §2.5",
        "A restarted proposer counts its ballots from the start again, without having written them down.";
    StatePruned: "paxos-state-pruned",
        "scylla#6154; Paxos Made Moderately Complex §4.2",
        "What was accepted is forgotten once it is chosen, and the acceptor votes on the slot again.";
    ReadSkipsRound: "paxos-read-skips-round",
        "CASSANDRA-12126, scylla#6299; Lamport 2001 §3",
        "A leader answers reads from memory, without a round that finishes what was accepted before.";
    NoDedup: "smr-no-dedup",
        "khepri#250, old-raft-rs#106; Paxos Made Moderately Complex §2",
        "A retry of a request that was already executed is executed again.";
    UnknownReportedAsFail: "smr-unknown-reported-as-fail",
        "redisraft#23, Jepsen Aerospike 3.99, hashicorp/raft#561",
        "A leader that is preempted refuses requests that may still be chosen.";
}
