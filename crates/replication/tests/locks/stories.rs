//! The published stories, each beside what comes of it when a rule is left out (`kit/stories.rs`).
//!
//! `BLESS=1 cargo test -p anachron-replication --test locks stories` writes them anew.

use anachron_replication::locks::{
    Config, Guarded, Instance, InstanceConfig, Method, Restart, Settings, Weakening, Weakenings,
};
use anachron_replication::raft::{self, Raft};
use anachron_vocabulary::{NodeId, VirtualDuration};

use crate::kit::stories::{Shelf, answer};

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
