//! Known bugs of Raft implementations, each as a switch that breaks one rule. All are off unless asked for.
//!
//! The switch sits as a single `if` at the rule it breaks, so that reading the rule shows the bug. Names are those of
//! the catalogue of mutants. *Dissertation* is Ongaro 2014.
//!
//! Most break safety; the last two break progress only, and no history shows them: an observer does.
//!
//! Left out: `raft-read-before-replay`, because this node applies what is committed in the step in which it learns
//! of it. What remains of that bug is a leader that does not know yet what is committed, and that is
//! `raft-readindex-without-noop`. `lock-lease-revoked-by-old-leader` belongs to a service on top.

use crate::common::weakenings;

weakenings! {
    VoteNotPersisted: "raft-vote-not-persisted",
        "hashicorp/raft#661, tikv#1610, sofa-jraft#96; Raft §5.2",
        "A restart forgets whom the node voted for in its term.";
    TermNotPersisted: "raft-term-not-persisted",
        "ongardie/raft.tla PR#5",
        "A restart takes the term of the last log entry for the current term.";
    VoteClearedOnStepdown: "raft-vote-cleared-on-stepdown",
        "microsoft/CCF#8094, akka-raft#56",
        "A same-term step-down or a rejected append forgets the vote of the term.";
    DuplicateVoteCounted: "raft-duplicate-vote-counted",
        "xraft#27, akka-raft#45",
        "Votes are counted, not collected by voter, so that a duplicate counts twice.";
    StaleVoteCounted: "raft-stale-vote-counted",
        "little-raft#44, eatonphil/raft-rs#3",
        "A vote for an earlier term counts in the present election.";
    NoUptodateCheck: "raft-no-uptodate-check",
        "simpleRaft#10; Raft §5.4.1",
        "A vote is given without comparing logs.";
    UptodateIndexOnly: "raft-uptodate-index-only",
        "noraft#22; Raft §5.4.1",
        "Logs are compared by length alone, without the term of the last entry.";
    CommitOldTerm: "raft-commit-old-term",
        "logcabin#44, async-raft#108, canonical/raft#220; Raft §5.4.2, Figure 8",
        "Entries of earlier terms are committed by counting replicas.";
    TruncateOnAnyAppend: "raft-truncate-on-any-append",
        "hashicorp/raft#113, old-raft-rs#113; Raft §5.3",
        "Every append cuts the log behind the place it names, even where the entries agree.";
    KeepConflictingTail: "raft-keep-conflicting-tail",
        "mofa#1151; Raft §5.3",
        "A conflicting entry is replaced, but those behind it stay.";
    CommitBeyondVerifiedPrefix: "raft-commit-beyond-verified-prefix",
        "atomix/copycat#265, scylla#9965, scylla#10578; Raft Figure 2",
        "A follower commits up to its own last entry, compared with the leader's log or not.";
    AckOwnLastIndex: "raft-ack-own-last-index",
        "RATIS-2605, RavenDB#9325; Raft Figure 2",
        "A follower acknowledges its whole log, not only what the leader has just compared.";
    AckBeforeFsync: "raft-ack-before-fsync",
        "Jepsen NATS 2.12.1, etcd#14143; Raft Figure 2",
        "A follower acknowledges entries that it has not yet made durable.";
    ApplyOnAppend: "raft-apply-on-append",
        "Jepsen MongoDB 2.6.7, VoltDB 6.3; Raft §5.3",
        "Entries are applied and answered before they are committed.";
    OldWaiterAckedInNewTerm: "raft-old-waiter-acked-in-new-term",
        "MongoDB SERVER-27053, redpanda#3003",
        "A write that waits since an earlier term is acknowledged by whatever is committed in its place.";
    ReadLeaderMemory: "raft-read-leader-memory",
        "etcd#741, consul#54, d-engine#381; Raft §8",
        "A leader answers reads from memory without asking whether it still leads.";
    ReadIndexWithoutNoop: "raft-readindex-without-noop",
        "etcd#7331, tikv#6340, redisraft#19; Ongaro's dissertation §6.4",
        "A new leader serves reads before an entry of its own term is committed.";
    ReadIndexReusedContext: "raft-readindex-reused-context",
        "etcd#20418, etcd-io/raft#397, antfly#599; dissertation §6.4",
        "A read is confirmed by acknowledgements of a round that was sent before it arrived.";
    StaleReplyCounts: "raft-stale-reply-counts",
        "a bug that this project once had; dissertation §6.4",
        "The refusal of a message that the leader sent in an earlier office confirms a round of the present one.";
    FollowerReadNoApplyWait: "raft-follower-read-no-apply-wait",
        "sofa-jraft#364 (related); dissertation §6.4",
        "A follower learns the read index and answers before it has applied that entry.";
    LeaseNoDriftBound: "raft-lease-no-drift-bound",
        "tikv#964, etcd#6005, Paxos Made Live; dissertation §6.4.1",
        "A lease is as long as the election time-out, with no margin for clocks that drift.";
    LeaseWallClock: "raft-lease-wall-clock",
        "d-engine#390, sofa-jraft#24; dissertation §6.4.1",
        "A lease is measured by the wall clock, which may jump back.";
    LeaseFromAckTime: "raft-lease-from-ack-time",
        "yugabyte#16 (describes the right form); dissertation §6.4.1",
        "A lease is counted from the arrival of acknowledgements, not from when they were asked for.";
    LeaseSurvivesTransfer: "raft-lease-survives-transfer",
        "tikv#1593, raft-rs#234, openraft#1747; dissertation §6.4.1",
        "A leader that has told another to stand for election goes on using its lease.";
    RestartedVoterIgnoresLease: "raft-restarted-voter-ignores-lease",
        "nebula#5352; dissertation §6.4.1",
        "A restarted node votes at once, though it may have promised its leader an election time-out before.";
    ConfChangeBeforeNoop: "raft-conf-change-before-noop",
        "Ongaro on raft-dev, 2015 (via sorock#60), braft#182; dissertation §4.1",
        "A leader changes the membership before an entry of its own term is committed.";
    TwoChangesInFlight: "raft-two-changes-in-flight",
        "valkey#3926; dissertation §4.1",
        "A second change of membership begins before the first is committed.";
    ConfAtApplyUnguarded: "raft-conf-at-apply-unguarded",
        "etcd#7280, etcd#12133, etcd#7625, tikv#1573; dissertation §4.1",
        "A configuration counts once it is applied, and a node may stand for election before it has applied it.";
    LearnerInQuorum: "raft-learner-in-quorum",
        "NuRaft#92; dissertation §4.2.1",
        "Learners count towards the number of replicas that commits an entry.";
    OldSnapshotTruncates: "raft-old-snapshot-truncates",
        "camunda#6092, etcd#1837; Raft §7, Figure 13",
        "A snapshot that is older than the log replaces it.";
    SnapshotWithoutSessions: "raft-snapshot-without-sessions",
        "redisraft#568 (feature), atomix#1101; dissertation §6.3",
        "Snapshots lack the clients' sessions, so a retry after one runs again.";
    AppliedIndexNotAtomic: "raft-applied-index-not-atomic",
        "etcd 3.5 post-mortem: etcd#13766, etcd#13967; dissertation §5.1",
        "A snapshot's state is written in one step and what it covers in another; a crash between applies entries twice.";
    NoDedup: "smr-no-dedup",
        "khepri#250, old-raft-rs#106; Raft §8",
        "A retry of a request that was already applied is applied again.";
    UnknownReportedAsFail: "smr-unknown-reported-as-fail",
        "redisraft#23, Jepsen Aerospike 3.99, hashicorp/raft#561",
        "A leader that loses office refuses requests whose entries may still be committed.";
    NoPreVoteNoCheckQuorum: "raft-no-prevote-no-checkquorum",
        "Cloudflare 2020, Howard and Abraham 2020; dissertation §9.6, §6.2",
        "Neither pre-vote nor check-quorum, whatever is configured: a half-connected node unseats leader after leader.";
    FollowerLeaseDeadlock: "raft-follower-lease-deadlock",
        "openraft#2080, OmniPaxos; dissertation §6.2",
        "Followers stand by their leader, and a leader without a majority never gives up.";
}
