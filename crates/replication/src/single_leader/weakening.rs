//! Known bugs of single-leader replication, each a switch at the rule that it breaks.
//!
//! Those of the high watermark and the in-sync set are in `in_sync::weakening`.

use crate::common::weakenings;

weakenings! {
    PromoteAny: "sl-promote-any",
        "GitHub 2012 and 2018 incidents; DDIA §5 Handling node outages",
        "A node votes for any candidate, also for one whose log is behind its own.";
    OldPrimaryNotFenced: "sl-old-primary-not-fenced",
        "Jepsen Redis; repmgr#766; DDIA §8 The leader and the lock",
        "A leader that learns of a newer epoch keeps leading and acknowledging.";
    SemiSyncTimeoutFallback: "sl-semisync-timeout-fallback",
        "MySQL semi-synchronous replication, rpl_semi_sync_source_timeout",
        "A leader whose followers are slow to acknowledge goes on without them.";
    VisibleBeforeReplicaAck: "sl-visible-before-replica-ack",
        "MySQL WL#6355 (AFTER_COMMIT against AFTER_SYNC)",
        "The leader shows a write to readers before its followers have acknowledged it.";
}
