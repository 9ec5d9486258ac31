//! Which stories ask what their entries in the catalogue ask.
//!
//! The entries lie beside the repository and come with histories that were graded by exhaustive search. Where a story's
//! operations are those of its entry, its first variant must have the entry's grades. The list is here so that reports can
//! be written without the entries; a test that has them holds the list against them.

use anachron_scenario::Scenario;

/// The stories with the operations of their entries.
const SAME_OPERATIONS: [&str; 57] = [
    "leadership-register-stale-leader",
    "lock-granted-twice",
    "lost-acked-write-on-failover",
    "lamport-1-5-1",
    "back-in-time-two-followers",
    "tob-local-reads",
    "async-vs-consensus-leader-death",
    "read-your-writes-miss",
    "consistent-prefix-answer-first",
    "world-cup-final",
    "new-old-inversion-strict-quorum",
    "image-resizer-race",
    "follower-read-one-tick-old",
    "multi-leader-conflict-lww-loss",
    "multi-leader-both-keep-own",
    "multi-leader-overtake",
    "lww-clock-skew-drops-later-write",
    "sloppy-quorum-miss",
    "tombstone-gc-resurrection",
    "failed-quorum-write-surfaces",
    "partial-write-flicker",
    "vnode-amnesia-counter-reuse",
    "redlock-clock-jump",
    "deposed-leader-reads",
    "lease-drift-stale-read",
    "fresh-leader-read-index",
    "restart-serves-old-state",
    "fsync-lie-majority-power-loss",
    "figure-8-overwrite",
    "two-votes-one-term",
    "dirty-read-of-uncommitted",
    "retry-applies-twice",
    "cas-retry-aba",
    "redis-sentinel-split-brain",
    "mongodb-rollback",
    "github-2018-43-seconds",
    "semi-sync-phantom-read",
    "semi-sync-silent-async",
    "cap-two-sides",
    "pacelc-else-latency",
    "lamport-telephone",
    "iriw-long-fork",
    "dekker-both-zero",
    "causal-comment-before-photo",
    "pram-not-causal",
    "monotonic-writes-broken",
    "chain-old-tail-read",
    "craq-dirty-read",
    "harvest-partial-sum",
    "delayed-packet-from-dead-owner",
    "bounded-staleness-k2",
    "safe-register-garbage",
    "queue-duplicate-delivery",
    "list-append-fork",
    "cp-minority-unavailable",
    "cloudflare-byzantine-switch",
    "bridge-node-deadlock",
];

/// True if a story's operations are those of its entry in the catalogue, client by client.
pub fn has_operations_of_entry(story: &Scenario) -> bool {
    SAME_OPERATIONS.contains(&story.id.as_str())
}
