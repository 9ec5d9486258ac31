//! The published stories, each beside what comes of it when a rule is left out (`kit/shelf.rs`).
//!
//! `BLESS=1 cargo test -p anachron-replication --test it locks::stories` writes them anew.

use anachron_node::Replica;
use anachron_replication::locks::{
    Config, Guarded, Instance, InstanceConfig, Method, Restart, Settings, Weakening, Weakenings,
};
use anachron_replication::multi_paxos::{self, MultiPaxos};
use anachron_replication::raft::{self, Raft};
use anachron_replication::total_order::{self, Sequencer, TotalOrder};
use anachron_replication::viewstamped::{self, Viewstamped};
use anachron_vocabulary::{NodeId, VirtualDuration};

use crate::kit::shelf::{Shelf, answer};

const SHELF: Shelf = Shelf { folder: "locks" };

/// One lock node, the resource, two workers.
fn over_raft(script: &str, name: &str, settings: Settings) -> String {
    let lock_service = raft::Config { initial_leader: Some(NodeId(0)), ..raft::Config::default() };
    let settings = Settings { lock_nodes: 1, ..settings };
    SHELF.tell::<Guarded<Raft>>(script, name, 4, Config { settings, lock_service })
}

#[test]
fn kleppmann_2016_a_pause_outlives_the_lease() {
    let told = over_raft("pause", "pause", Settings::default());
    assert!(answer(&told, "c1#1").starts_with("refused"), "n2 has seen token 2");
    assert_eq!((answer(&told, "c2#1"), answer(&told, "c2#2")), ("ok", "ok b"));
    let trusting = Settings { checks_token: false, ..Settings::default() };
    let told = over_raft("pause", "pause.trusts-lock", trusting);
    assert_eq!((answer(&told, "c1#1"), answer(&told, "c2#1")), ("ok", "ok"));
    assert_eq!(answer(&told, "c2#2"), "ok a", "b was acknowledged");
}

#[test]
fn the_greatest_token_outlives_a_crash_of_the_resource() {
    let told = over_raft("fence-on-disk", "fence-on-disk", Settings::default());
    assert_eq!((answer(&told, "c2#1"), answer(&told, "c2#2")), ("ok", "ok b"));
    let weak = Weakenings::NONE.with(Weakening::FenceInMemory);
    let weak = Settings { weakenings: weak, ..Settings::default() };
    let told = over_raft("fence-on-disk", "fence-on-disk.resource-fence-in-memory", weak);
    assert_eq!((answer(&told, "c1#1"), answer(&told, "c2#2")), ("ok", "ok a"), "b was acknowledged");
}

/// Three independent nodes, the resource, two workers.
#[test]
fn redlock_needs_a_majority_that_remembers() {
    let settings = Settings { method: Method::Redlock, checks_token: false, ..Settings::default() };
    let told = |name: &str, restart| {
        let lock_service = InstanceConfig { ttl: VirtualDuration::millis(500), restart };
        let config = Config { settings: settings.clone(), lock_service };
        SHELF.tell::<Guarded<Instance>>("redlock", name, 6, config)
    };
    let persisted = told("redlock", Restart::Persisted);
    assert_eq!((answer(&persisted, "c1#1"), answer(&persisted, "c2#1")), ("ok", "nothing"));
    let empty = told("redlock.empty", Restart::Empty);
    assert_eq!((answer(&empty, "c1#1"), answer(&empty, "c2#1")), ("ok", "ok"), "two holders");
    let delayed = told("redlock.delayed", Restart::Delayed);
    assert_eq!((answer(&delayed, "c1#1"), answer(&delayed, "c2#1")), ("ok", "nothing"));
}

/// Where a story says so first.
fn place(told: &str, text: &str) -> usize {
    told.find(text).unwrap_or_else(|| panic!("no `{text}` in\n{told}"))
}

/// Three lock nodes, the resource, two workers.
fn over<L: Replica>(name: &str, lock_service: L::Config) -> String {
    let settings = Settings::default();
    SHELF.tell::<Guarded<L>>(name, name, 6, Config { settings, lock_service })
}

/// Kubernetes' `leaderelection`: a record that says the very same a whole time to live later, by the clock of who watches.
#[test]
fn a_lease_is_taken_over_once_its_record_has_stood_still_for_as_long_as_it_lasts() {
    let told = over_raft("takeover", "takeover", Settings::default());
    assert_eq!((answer(&told, "c1#1"), answer(&told, "c2#1")), ("ok", "ok"));
    assert!(place(&told, "> clock all +50ms") < place(&told, "takes the lock over"), "it was renewed");
    assert!(place(&told, "token 2") < place(&told, "has lost its lease to somebody"));
    assert!(answer(&told, "c1#2").starts_with("refused"), "c2 holds it");
    assert_eq!(answer(&told, "c2#2"), "ok");
}

#[test]
fn a_lock_that_is_given_back_while_it_is_renewed_is_free_at_once() {
    let told = over_raft("release-meets-renewal", "release-meets-renewal", Settings::default());
    assert_eq!((answer(&told, "c1#2"), answer(&told, "c2#1")), ("ok", "ok"));
    assert!(told.contains("token 2") && !told.contains("has run out"), "nobody waited for the lease to end");
}

#[test]
fn a_client_may_ask_for_its_lock_again_at_once() {
    let told = over_raft("release-and-ask-again", "release-and-ask-again", Settings::default());
    for request in ["c1#1", "c1#2", "c1#3", "c1#4", "c1#5", "c2#1"] {
        assert_eq!(answer(&told, request), "ok", "{request}");
    }
    assert!(told.contains("token 3") && !told.contains("has run out"), "nobody waited for a lease to end");
}

/// The lease is in the register, so it outlives the leader of the lock service: nobody has to extend or to guess it (as in
/// Burrows 2006, section 2.9).
#[test]
fn a_lease_outlives_the_leader_of_the_lock_service() {
    let first = Some(NodeId(0));
    let paxos = multi_paxos::Config { initial_leader: first, ..multi_paxos::Config::default() };
    for told in [
        over::<Raft>("leader-dies.raft", raft::Config { initial_leader: first, ..raft::Config::default() }),
        over::<MultiPaxos>("leader-dies.multi-paxos", paxos),
        over::<Viewstamped>("leader-dies.viewstamped", viewstamped::Config::default()),
        over::<TotalOrder<Sequencer>>("leader-dies.sequencer", total_order::Config::default()),
    ] {
        assert!(place(&told, "> crash n1") < place(&told, "until 659.666 ms"), "renewed at n2");
        assert!(place(&told, "n5 answers c1#2 ok") < place(&told, "token 2"), "one holder at a time");
        assert_eq!(answer(&told, "c2#1"), "ok");
        assert!(!told.contains("has run out"), "c1 gave it back");
    }
}

/// Redis documentation, *Distributed Locks with Redis*: the value is unique across all clients and all lock requests.
#[test]
fn a_late_unlock_of_an_earlier_try_does_not_undo_the_next() {
    let told = |name: &str, weakenings| {
        let settings =
            Settings { method: Method::Redlock, checks_token: false, weakenings, ..Settings::default() };
        let ttl = settings.ttl;
        let lock_service = InstanceConfig { ttl, restart: Restart::Persisted };
        SHELF.tell::<Guarded<Instance>>("late-unlock", name, 6, Config { settings, lock_service })
    };
    let compared = told("late-unlock", Weakenings::NONE);
    assert_eq!((answer(&compared, "c1#1"), answer(&compared, "c2#3")), ("ok", "nothing"));
    let weak = Weakening::DeleteAny;
    let deleted = told(&format!("late-unlock.{}", weak.name()), Weakenings::NONE.with(weak));
    assert_eq!((answer(&deleted, "c1#1"), answer(&deleted, "c2#3")), ("ok", "ok"), "two holders");
}
