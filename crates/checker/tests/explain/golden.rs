//! The words, story by story, against golden files that a person can read.
//!
//! `BLESS=1 cargo test -p anachron-checker --test explain golden` writes the files anew; read the diff before you
//! commit it. The first eight histories are the `course: true` entries of the shared catalogue of anomalies.

use std::fmt::Write as _;
use std::path::Path;

use anachron_checker::Model;
use anachron_checker::explain::AnomalyKind;
use anachron_history::TimeUnit::{self, EventIndex, Nanoseconds, Unstated};

use crate::inference::refutes;
use crate::notation::{explain_from_start, history, subject, whole};

struct Story {
    name: &'static str,
    model: Model,
    initial: &'static str,
    unit: TimeUnit,
    history: &'static str,
    kind: AnomalyKind,
}

const fn register(name: &'static str, history: &'static str, kind: AnomalyKind) -> Story {
    Story { name, model: Model::Register, initial: "0", unit: Nanoseconds, history, kind }
}

const fn of(model: Model, name: &'static str, history: &'static str, kind: AnomalyKind) -> Story {
    let initial = match model {
        Model::Register | Model::CasRegister | Model::Mutex | Model::Counter => "0",
        _ => "null",
    };
    Story { name, model, initial, unit: Nanoseconds, history, kind }
}

const STORIES: &[Story] = &[
    register(
        "leadership-register-stale-leader",
        "P: w leader A @0-10; P: w leader B @20-30; Q: r leader A @40-45; R: r leader B @50-55",
        AnomalyKind::StaleRead,
    ),
    of(
        Model::LeaderRegister,
        "two-leaders-at-once",
        "A: claim leader A yes @0-10; B: claim leader B yes @30-40; A: resign leader A yes @50-60",
        AnomalyKind::TwoLeaders,
    ),
    of(
        Model::LeaderRegister,
        "two-leaders-overlapping",
        "A: claim leader A yes @0-40; B: claim leader B yes @30-50; C: r leader B @60-70",
        AnomalyKind::TwoLeaders,
    ),
    of(
        Model::LeaderRegister,
        "claim-refused-though-vacant",
        "A: claim leader A yes @0-10; A: resign leader A yes @20-30; B: claim leader B no @40-50",
        AnomalyKind::FalseRefusal,
    ),
    of(
        Model::LeaderRegister,
        "resigned-twice-at-once",
        "A: claim leader A yes @0-10; B: resign leader A yes @20-40; C: resign leader A yes @30-50",
        AnomalyKind::DoubleWinner,
    ),
    of(
        Model::LeaderRegister,
        "claim-refused-though-nobody-else-claims",
        "A: claim leader A yes @0-30; B: claim leader A no @20-50; B: resign leader B no @60-70",
        AnomalyKind::FalseRefusal,
    ),
    of(
        Model::LeaderRegister,
        "resigned-three-times-claimed-twice",
        "A: claim leader A yes @0-10; B: claim leader A yes @15-60; C: resign leader A yes @20-40; D: resign leader A yes @20-40; \
         E: resign leader A yes @30-50; F: claim leader A yes @70-80",
        AnomalyKind::DoubleWinner,
    ),
    Story {
        name: "swapped-away-more-often-than-it-came-back",
        model: Model::CasRegister,
        initial: "0",
        unit: Nanoseconds,
        history: "A: w x 1 @0-10; B: cas x 1 2 @20-40; C: cas x 1 3 @25-45; D: w x 1 @60-70; E: r x 1 @80-90",
        kind: AnomalyKind::DoubleWinner,
    },
    of(
        Model::Queue,
        "two-copies-one-left",
        "A: enq q x @0-10; B: enq q x @0-10; A: enq q y @20-30; C: deq q x @40-50; D: deq q y @60-70",
        AnomalyKind::OutOfOrder,
    ),
    of(
        Model::Queue,
        "copies-behind-an-earlier-one-of-the-other",
        "A: enq q y @0-10; B: deq q y @20-30; A: enq q x @40-50; A: enq q y @60-70; C: deq q y @80-90",
        AnomalyKind::OutOfOrder,
    ),
    of(
        Model::Stack,
        "two-copies-on-top",
        "P: push s y @0-10; P: push s x @20-30; Q: push s x @20-30; R: pop s x @40-50; R: pop s y @60-70",
        AnomalyKind::OutOfOrder,
    ),
    of(
        Model::FencingLock,
        "no-release-between-two-tokens",
        "A: acq L 1 @0-100; B: acq L 2 @0-10; C: rel L @20-30",
        AnomalyKind::TwoHolders,
    ),
    of(
        Model::FencingLock,
        "released-twice-before-the-second-token",
        "A: acq L 1 @0-10; B: rel L @20-30; C: rel L @20-30; D: acq L 3 @12-100; E: acq L 2 @40-50; F: rel L @60-70",
        AnomalyKind::ReleaseWithoutHold,
    ),
    of(
        Model::FencingLock,
        "token-that-nobody-was-granted",
        "A: acq L 1 @0-10; A: relt L 5 @20-30",
        AnomalyKind::ReleaseWithoutHold,
    ),
    of(Model::Multiset, "multiset-that-refuses", "A: add m x no @0-10", AnomalyKind::FalseRefusal),
    of(
        Model::Counter,
        "counter-step-by-step",
        "A: inc c 2 @60-?; B: r c 2 @40-70; C: r c 1 @0-30; D: inc c 1 @20-50",
        AnomalyKind::ImpossibleValue,
    ),
    of(
        Model::Counter,
        "counter-that-no-choice-makes",
        "A: inc c 5 @0-10; B: inc c 7 @5-40; C: inc c 4 @0-?; D: r c 10 @20-30",
        AnomalyKind::ImpossibleValue,
    ),
    of(
        Model::KeyValue,
        "two-reads-at-once-of-different-beginnings",
        "A: w k ab @0-10; B: app k c @20-90; C: app k d @20-90; D: app k a @30-?; R: r k abc @40-60; S: r k abd @50-70",
        AnomalyKind::AppendFork,
    ),
    of(
        Model::MultiRegister,
        "half-of-a-write",
        "P: mw . a 1 b 1 @0-10; P: mw . a 2 b 2 @20-50; Q: mr . a 2 b 1 @30-40",
        AnomalyKind::FracturedRead,
    ),
    of(
        Model::MultiRegister,
        "two-writes-in-two-orders",
        "P: mw . a 1 @0-10; Q: mw . b 1 @0-10; R: mr . a 1 b null @0-20; S: mr . a null b 1 @0-20",
        AnomalyKind::Cycle,
    ),
    of(
        Model::MultiRegister,
        "one-register-stale",
        "P: mw . a 1 b 1 @0-10; P: mw . a 2 @20-30; Q: mr . b 1 a 1 @40-50",
        AnomalyKind::StaleRead,
    ),
    of(
        Model::Mutex,
        "lock-granted-twice",
        "C1: acq L @0-10; C2: acq L @60-70; C2: rel L @80-90; C1: rel L @100-110",
        AnomalyKind::TwoHolders,
    ),
    register(
        "lost-acked-write-on-failover",
        "A: w x 5 @0-10; A: w x 10 @20-24; B: r x 10 @24-25; B: r x 5 @60-65; C: r x 5 @80-85",
        AnomalyKind::StaleRead,
    ),
    register(
        "lamport-1-5-1",
        "WA: w x 1 @0-10; WB: w x 5 @12-20; C: r x 1 @30-35; C: r x 5 @40-45; C: r x 1 @50-55",
        AnomalyKind::StaleRead,
    ),
    register(
        "version-vector-3-1-siblings",
        "CA: w x a3 @20-25; CB: w x b2 @20-26; CA: r x a3 @30-35; CB: r x b2 @30-36; CA: r x b2 @70-75; \
         CB: r x a3 @70-76",
        AnomalyKind::FlipFlop,
    ),
    register(
        "back-in-time-two-followers",
        "W: w x 1 @0-10; U: r x 1 @20-25; U: r x 0 @40-45",
        AnomalyKind::StaleRead,
    ),
    register(
        "tob-local-reads",
        "W: w x 1 @0-10; W: w x 2 @20-30; R1: r x 2 @50-55; R2: r x 1 @60-65; R2: r x 2 @90-95",
        AnomalyKind::StaleRead,
    ),
    register(
        "async-vs-consensus-leader-death",
        "A: w x 1 @0-10; W: w x 2 @20-?; B: w x 3 @50-60; B: r x 3 @70-75; C: r x 2 @100-105; C: r x 3 @110-115",
        AnomalyKind::FlipFlop,
    ),
    // Stale reads of other shapes.
    register(
        "the-example-of-the-design",
        "c1: w x 1 @60-80; c1: w x 2 @138.3-145.2; c2: r x 1 @90-100; c3: r x 1 @152-153.2; c2: r x 2 @160-170",
        AnomalyKind::StaleRead,
    ),
    register(
        "new-old-inversion-write-in-flight",
        "W: w x 1 @10-90; A: r x 1 @20-25; B: r x 0 @30-35",
        AnomalyKind::StaleRead,
    ),
    register(
        "stale-read-seen-by-another-reader",
        "W: w x 1 @0-10; V: w x 2 @20-?; A: r x 2 @30-40; B: r x 1 @50-60",
        AnomalyKind::StaleRead,
    ),
    Story {
        name: "stale-read-with-a-later-write-about",
        model: Model::Register,
        initial: "null",
        unit: Unstated,
        history: "0: w 7 1 @0-10; 1: w 7 2 @20-30; 2: w 7 3 @25-?; 3: r 7 1 @40-50",
        kind: AnomalyKind::StaleRead,
    },
    register(
        "stale-read-of-a-value-written-twice",
        "A: w x 1 @0-10; B: w x 1 @5-12; A: w x 2 @20-30; B: r x 1 @40-50; A: w x 1 @60-70",
        AnomalyKind::StaleRead,
    ),
    register(
        "stale-read-of-a-value-written-often",
        "A: w x 1 @0-1; A: w x 1 @2-3; A: w x 1 @4-5; A: w x 1 @6-7; A: w x 2 @20-30; B: r x 1 @40-50",
        AnomalyKind::StaleRead,
    ),
    // Flip-flops of other shapes.
    register(
        "flip-flop-between-concurrent-writes",
        "A: w x 1 @0-100; B: w x 2 @0-100; C: r x 2 @10-31; D: r x 1 @33-40; C: r x 2 @50-55",
        AnomalyKind::FlipFlop,
    ),
    register(
        "flip-flop-after-both-writes",
        "A: w x 1 @0-10; B: w x 2 @5-12; C: r x 2 @20-25; D: r x 1 @30-35",
        AnomalyKind::FlipFlop,
    ),
    register(
        "flip-flop-of-a-value-written-twice",
        "A: w x 1 @0-10; B: w x 1 @0-10; C: w x 2 @0-?; D: r x 2 @20-25; D: r x 1 @30-35",
        AnomalyKind::FlipFlop,
    ),
    // Values that were not there.
    register("phantom", "A: w x 1 @0-10; B: r x 7 @20-30", AnomalyKind::Phantom),
    register("failed-write-surfaces", "W: w x 1 @0-10!; R: r x 1 @30-35", AnomalyKind::Phantom),
    Story {
        name: "from-the-future",
        model: Model::Register,
        initial: "null",
        unit: EventIndex,
        history: "A: r x 1 @0-1; B: w x 1 @2-3",
        kind: AnomalyKind::FromTheFuture,
    },
    // Compare-and-set.
    of(
        Model::CasRegister,
        "github-2012-id-reuse",
        "A: cas id 0 1 ok @0-5; A: cas id 1 2 ok @10-15; B: cas id 1 2 ok @60-65",
        AnomalyKind::DoubleWinner,
    ),
    of(
        Model::CasRegister,
        "three-winners-two-ways",
        "A: cas x 0 1 ok @0-5; B: cas x 0 2 ok @0-6; C: cas x 0 3 ok @0-7; D: w x 0 @0-?",
        AnomalyKind::DoubleWinner,
    ),
    of(
        Model::CasRegister,
        "cas-from-an-overwritten-value",
        "A: w x 1 @0-5; A: w x 2 @10-15; B: cas x 1 3 ok @20-25",
        AnomalyKind::StaleRead,
    ),
    of(
        Model::CasRegister,
        "cas-told-failed-was-applied",
        "C: cas x 0 1 no @0-60; D: r x 1 @70-75",
        AnomalyKind::Phantom,
    ),
    of(
        Model::CasRegister,
        "phantom-behind-a-swap",
        "A: w x 1 @0-5; B: cas x 7 8 ok @10-15; C: r x 8 @20-25",
        AnomalyKind::Phantom,
    ),
    of(
        Model::CasRegister,
        "false-refusal-after-a-write",
        "A: w x 1 @0-5; B: w x 2 @10-15; C: cas x 2 3 no @20-25; D: w x 4 @30-?",
        AnomalyKind::FalseRefusal,
    ),
    of(
        Model::CasRegister,
        "false-refusal-at-the-start",
        "C: cas x 0 3 no @0-5; D: w x 4 @10-20",
        AnomalyKind::FalseRefusal,
    ),
    of(
        Model::CasRegister,
        "cas-answers-false-between",
        "A: w x 1 @0-?; B: r x 1 @10-15; C: cas x 1 9 no @20-25; B: r x 1 @30-35",
        AnomalyKind::FlipFlop,
    ),
    of(
        Model::CasRegister,
        "cycle-through-a-swap",
        "A: w x 1 @0-100; B: cas x 1 2 ok @0-100; C: w x 3 @0-100; D: r x 1 @10-15; E: r x 3 @20-25; \
         F: r x 2 @30-35",
        AnomalyKind::Cycle,
    ),
    // Nothing short to say.
    of(
        Model::CasRegister,
        "no-order-cas-parity",
        "A: cas x 0 1 ok @0-100; B: cas x 0 1 ok @0-100; C: cas x 1 0 ok @0-100; D: r x 0 @110-120",
        AnomalyKind::NoOrder,
    ),
    // Locks.
    of(
        Model::Mutex,
        "lock-granted-twice-to-one-client",
        "A: rel L @20-?; C1: acq L @0-5; C1: acq L @10-15",
        AnomalyKind::TwoHolders,
    ),
    of(
        Model::Mutex,
        "lock-granted-three-times-one-release",
        "A: acq L @0-5; B: acq L @10-15; C: acq L @20-25; D: rel L @2-?",
        AnomalyKind::TwoHolders,
    ),
    of(
        Model::Mutex,
        "lock-granted-five-times-three-releases",
        "A: acq L @0-5; B: acq L @10-15; C: acq L @20-25; D: acq L @30-35; E: acq L @40-45; F: rel L @1-?; \
         G: rel L @2-?; H: rel L @3-?",
        AnomalyKind::TwoHolders,
    ),
    of(
        Model::Mutex,
        "release-of-a-free-lock",
        "A: acq L @0-5; A: rel L @10-15; B: rel L @20-25",
        AnomalyKind::ReleaseWithoutHold,
    ),
    // Appends.
    of(
        Model::KeyValue,
        "lost-append",
        "A: app k a @0-5; B: app k b @10-15; C: r k b @20-25",
        AnomalyKind::LostAppend,
    ),
    of(
        Model::KeyValue,
        "append-fork",
        "A: app k a @0-100; B: app k b @0-100; C: app k c @0-100; D: r k ab @10-20; E: r k ac @10-20",
        AnomalyKind::AppendFork,
    ),
    of(
        Model::KeyValue,
        "append-applied-twice",
        "A: app k a @0-5; B: r k aa @10-15",
        AnomalyKind::DuplicateAppend,
    ),
    of(Model::KeyValue, "append-phantom", "A: app k a @0-5; B: r k az @10-15", AnomalyKind::Phantom),
    of(
        Model::KeyValue,
        "append-from-the-future",
        "A: app k a @0-5; B: r k ab @10-15; A: app k b @20-25",
        AnomalyKind::FromTheFuture,
    ),
    of(
        Model::KeyValue,
        "append-shrinks",
        "A: app k a @0-5; B: app k b @6-?; B2: r k ab @10-15; C: r k a @20-25",
        AnomalyKind::StaleRead,
    ),
    // What a text was built on.
    of(
        Model::KeyValue,
        "text-one-append-short",
        "A: w k x @0-5; B: app k a @10-15; C: app k a @20-25; D: r k xa @30-35",
        AnomalyKind::LostAppend,
    ),
    of(
        Model::KeyValue,
        "text-appended-twice-after-a-write",
        "A: app k a @0-5; A: w k x @10-15; B: app k a @20-25; C: r k xaa @30-35",
        AnomalyKind::DuplicateAppend,
    ),
    of(
        Model::KeyValue,
        "text-of-a-replaced-write",
        "A: app k a @0-5; A: w k x @10-15; B: app k b @20-25; C: r k ab @30-35",
        AnomalyKind::StaleRead,
    ),
    of(
        Model::KeyValue,
        "text-out-of-order",
        "A: app k a @0-5; A: app k b @10-15; B: r k ba @20-25",
        AnomalyKind::OutOfOrder,
    ),
    of(
        Model::KeyValue,
        "text-of-one-of-three-writes",
        "A: w k x @0-5; B: w k y @0-5; C: w k z @20-?; D: app k a @10-15; E: app k a @11-16; F: r k xa @30-35",
        AnomalyKind::LostAppend,
    ),
    of(
        Model::KeyValue,
        "text-that-grew-from-a-read",
        "A: app k a @0-?; B: app k a @0-?; C: w k x @0-3; D: r k xa @10-15; E: app k a @20-25; F: r k xa @30-35",
        AnomalyKind::LostAppend,
    ),
    // Collections, lists, counters, locks with tokens.
    of(
        Model::Queue,
        "queue-delivered-twice",
        "P: enq q job @0-10; A: deq q job @20-30; B: deq q job @40-50",
        AnomalyKind::DeliveredTwice,
    ),
    of(Model::Queue, "queue-from-nowhere", "P: enq q a @0-10; A: deq q b @20-30", AnomalyKind::Phantom),
    of(
        Model::Queue,
        "queue-from-the-future",
        "A: deq q a @0-10; P: enq q a @20-30",
        AnomalyKind::FromTheFuture,
    ),
    of(
        Model::Queue,
        "queue-overtaken",
        "P: enq q a @0-10; P: enq q b @20-30; A: deq q b @40-50; A: deq q a @60-70",
        AnomalyKind::OutOfOrder,
    ),
    of(
        Model::Queue,
        "queue-never-delivered",
        "P: enq q a @0-10; P: enq q b @20-30; A: deq q b @40-50; B: deq q @55-?",
        AnomalyKind::OutOfOrder,
    ),
    of(
        Model::Queue,
        "queue-vanished",
        "P: enq q a @0-10; A: deq q null @20-30; A: deq q a @40-50",
        AnomalyKind::Vanished,
    ),
    of(
        Model::Stack,
        "stack-out-of-order",
        "P: push s a @0-10; P: push s b @20-30; A: pop s a @40-50; A: pop s b @60-70",
        AnomalyKind::OutOfOrder,
    ),
    of(
        Model::PriorityQueue,
        "priority-queue-out-of-order",
        "P: ins p 1 @0-10; Q: ins p 2 @0-10; A: min p 2 @20-30; A: min p 1 @40-50",
        AnomalyKind::OutOfOrder,
    ),
    of(Model::Set, "set-element-vanished", "A: add s x @0-10; B: has s x no @20-30", AnomalyKind::Vanished),
    of(
        Model::Set,
        "set-element-comes-back",
        "A: add s x @0-10; A: rem s x @20-30; B: has s x yes @40-50",
        AnomalyKind::StaleRead,
    ),
    of(Model::Set, "set-phantom", "A: add s x @0-10; B: lr s x y @20-30", AnomalyKind::Phantom),
    of(
        Model::Multiset,
        "multiset-element-vanished",
        "A: add m x @0-10; B: lr m @20-30",
        AnomalyKind::Vanished,
    ),
    of(
        Model::List,
        "list-lost-append",
        "A: lapp l 1 @0-10; A: lapp l 2 @20-30; B: lr l 2 @40-50",
        AnomalyKind::LostAppend,
    ),
    of(
        Model::List,
        "list-forked",
        "A: lapp l 1 @0-100; B: lapp l 2 @0-100; C: lr l 1 2 @10-20; D: lr l 2 1 @10-20",
        AnomalyKind::AppendFork,
    ),
    of(
        Model::List,
        "list-append-applied-twice",
        "A: lapp l 1 @0-10; B: lr l 1 1 @20-30",
        AnomalyKind::DuplicateAppend,
    ),
    of(
        Model::List,
        "list-shrinks",
        "A: lapp l 1 @0-?; B: lr l 1 @10-20; C: lr l @30-40",
        AnomalyKind::StaleRead,
    ),
    of(
        Model::List,
        "list-out-of-order",
        "A: lapp l 1 @0-10; A: lapp l 2 @20-30; B: lr l 2 1 @40-50",
        AnomalyKind::OutOfOrder,
    ),
    of(
        Model::List,
        "list-one-append-short",
        "A: lapp l 1 @0-10; B: lapp l 1 @20-30; C: lr l 1 @40-50",
        AnomalyKind::LostAppend,
    ),
    of(
        Model::List,
        "list-of-equal-elements-out-of-order",
        "A: lapp l 1 @0-5; B: lapp l 1 @0-5; A: lapp l 2 @10-15; C: lr l 1 2 1 @20-30",
        AnomalyKind::OutOfOrder,
    ),
    // Counted.
    of(
        Model::Set,
        "set-added-twice",
        "A: add s x yes @0-10; B: add s x yes @5-15",
        AnomalyKind::DoubleWinner,
    ),
    of(
        Model::Set,
        "set-two-removes-one-add",
        "A: add s x yes @0-10; B: rem s x yes @20-30; C: rem s x yes @20-40; D: add s x yes @25-50; E: has s x yes @60-70; \
         F: rem s x yes @62-72; G: rem s x yes @62-72",
        AnomalyKind::DeliveredTwice,
    ),
    of(
        Model::Multiset,
        "multiset-one-must-be-left",
        "A: add m x @0-10; B: add m x @0-10; C: rem m x yes @20-30; D: has m x no @40-50",
        AnomalyKind::Vanished,
    ),
    of(
        Model::Multiset,
        "multiset-none-can-be-left",
        "A: add m x @0-10; B: add m x @0-10; C: rem m x yes @20-30; D: rem m x yes @20-30; E: lr m x @40-50; F: add m x @60-70",
        AnomalyKind::StaleRead,
    ),
    of(
        Model::Queue,
        "queue-empty-too-soon",
        "P: enq q a @0-10; P: enq q b @12-20; A: deq q @25-?; B: deq q null @30-40",
        AnomalyKind::Vanished,
    ),
    of(
        Model::Stack,
        "stack-pushed-twice-popped-once",
        "P: push s a @0-10; Q: push s a @0-10; A: pop s a @20-30; B: pop s null @40-50",
        AnomalyKind::Vanished,
    ),
    of(
        Model::PriorityQueue,
        "priority-queue-a-smaller-one-is-left",
        "P: ins p 1 @0-10; Q: ins p 1 @0-10; P: ins p 2 @12-14; A: min p 1 @20-30; B: min p 2 @40-50",
        AnomalyKind::OutOfOrder,
    ),
    of(
        Model::Counter,
        "counter-lost-increment",
        "A: inc n 1 @0-10; B: inc n 1 @5-15; C: r n 1 @20-30",
        AnomalyKind::ImpossibleValue,
    ),
    of(
        Model::Counter,
        "counter-double-count",
        "A: r n 0 @0-5; A: inc n 1 @10-20; B: inc n 2 @12-?; C: r n 5 @30-40",
        AnomalyKind::ImpossibleValue,
    ),
    of(
        Model::Counter,
        "counter-goes-back",
        "A: inc n 2 @0-10; B: r n 2 @20-30; C: r n 1 @40-50",
        AnomalyKind::ImpossibleValue,
    ),
    of(
        Model::FencingLock,
        "fencing-token-falls",
        "A: acq L 7 @0-10; A: relt L 7 @20-30; B: acq L 6 @40-50",
        AnomalyKind::TokenRegression,
    ),
    of(
        Model::FencingLock,
        "fencing-token-twice",
        "A: acq L 7 @0-30; B: acq L 7 @0-30; A: rel L @40-50",
        AnomalyKind::TokenRegression,
    ),
    of(
        Model::FencingLock,
        "fencing-two-holders",
        "A: acq L 1 @0-10; B: acq L 2 @20-30; A: rel L @40-50",
        AnomalyKind::TwoHolders,
    ),
];

fn told(story: &Story) -> String {
    let history = history(story.history, story.unit);
    let subject = subject(&history, story.model, story.initial);
    let explanation = explain_from_start(&subject, &whole(&history)).expect("an explanation");
    assert!(explanation.holds(&subject), "{}", story.name);
    assert_eq!(explanation.kind, story.kind, "{}:\n{explanation}", story.name);
    if story.kind != AnomalyKind::NoOrder {
        assert!(
            refutes(&history, &explanation, story.model),
            "{}: the facts do not refute\n{explanation}",
            story.name
        );
    }
    let mut text = String::new();
    for entry in story.history.split(';') {
        let _ = writeln!(text, "{}", entry.trim());
    }
    let _ = write!(text, "\n{explanation}");
    text
}

#[test]
fn every_story_is_told_as_its_golden_file_says() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/explain"));
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for story in STORIES {
        let file = folder.join(format!("{}.txt", story.name));
        let text = told(story);
        if bless {
            std::fs::create_dir_all(folder).expect("a folder for golden files");
            std::fs::write(&file, &text).expect("a golden file");
        }
        let golden = std::fs::read_to_string(&file).unwrap_or_default();
        if golden != text {
            wrong.push(format!("{}:\n{text}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "changed; read and bless (BLESS=1):\n{}", wrong.join("\n"));
}

#[test]
fn no_golden_file_is_left_over() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/explain");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("golden files")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut stories: Vec<String> = STORIES.iter().map(|story| format!("{}.txt", story.name)).collect();
    stories.sort();
    assert_eq!(files, stories);
}

#[test]
fn every_kind_has_a_story() {
    for kind in AnomalyKind::ALL {
        assert!(STORIES.iter().any(|story| story.kind == kind), "{kind} has no golden story");
    }
}
