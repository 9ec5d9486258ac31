//! Known bugs of in-sync replica sets, each a switch at the rule that it breaks.

use crate::common::weakenings;

weakenings! {
    TruncateToHighWatermark: "isr-truncate-to-high-watermark",
        "KIP-101 Motivation, scenario 1; KAFKA-1211",
        "A node cuts its log down to its own high watermark before it follows a leader, whatever the leader has.";
    UncleanElection: "isr-unclean-election",
        "Kafka's unclean.leader.election.enable; Jepsen Kafka 0.8 (2013)",
        "The controller makes a node the leader that is not in sync, if nobody who is in sync lives.";
    MinimalInSync: "isr-change-before-confirmed",
        "KIP-497, on the maximal in-sync set",
        "A leader stops waiting for a node before the controller has confirmed that it is out, and does not wait for one that it has asked to be let in.";
    ChangeNotFenced: "isr-change-not-fenced",
        "KAFKA-2729; KIP-497, on the partition epoch",
        "The controller takes a change of the in-sync set from a leader that knows an old one.";
    ReadBeforeEpochCommitted: "isr-read-before-epoch-committed",
        "KIP-207",
        "A new leader answers reads from its own high watermark, which may be behind what its predecessor acknowledged.";
    ReadUncommitted: "isr-read-above-high-watermark",
        "Kafka's documentation, 4.7 Replication; DDIA §5 Handling node outages",
        "A leader shows a write to readers before the in-sync replicas have it.";
}
