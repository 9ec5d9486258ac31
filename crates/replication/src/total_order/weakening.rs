//! Known bugs of total order broadcast and of the service on top, each a switch at the rule that it breaks.

use crate::common::weakenings;

weakenings! {
    DeliverBeforeStable: "tob-deliver-before-stable",
        "Défago, Schiper and Urbán 2004: uniformity and contamination",
        "A node delivers what the sequencer has ordered without waiting for a majority to have it.";
    NoTransfer: "tob-sequencer-without-transfer",
        "Junqueira, Reed and Serafini 2011 (Zab): a new primary's history has all that was delivered before",
        "A new sequencer starts from its own log and asks nobody what has been ordered before.";
    LongestOrder: "tob-longest-order",
        "Oki and Liskov 1988: the latest view first, then the longest log; Raft section 5.4.1",
        "A new sequencer takes over the longest order of the majority, whichever epoch made it.";
    NoFifo: "tob-lamport-no-fifo",
        "Lamport 1978, p. 561: messages between two processes are received in the order sent",
        "A node takes a later message of a sender for a sign that nothing earlier is on its way.";
    MajorityAcknowledges: "tob-lamport-majority-acks",
        "Lamport 1978, p. 561, rule 5 (ii): from every other process",
        "A node delivers a request once a majority has acknowledged it, not everybody.";
    NoDedup: "smr-no-dedup",
        "Raft section 8; khepri#250, old-raft-rs#106",
        "A request that is retried runs again.";
}
