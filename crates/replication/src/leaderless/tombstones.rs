//! Tombstones: what is left of a deleted key, and when it may go (Cassandra's `gc_grace_seconds`; `scylla#3560`).
//!
//! A deletion is a write like any other, so a copy that missed it can be told from a newer one. Were the tombstone
//! forgotten while some replica still holds the value, that value would be the newest there is, and repair would
//! spread it: deleted data walks again. So a home that has held a tombstone for the grace asks every other home
//! whether it has it too, and only then tells all to forget it, together with every older value that is kept or
//! followed for somebody.
//!
//! What it relies on: no message is under way for longer than the grace. (An older write that is still in the network
//! when everybody has forgotten its deletion can't be told from a new one.)

use std::collections::{BTreeMap, BTreeSet};

use anachron_node::{Context, Position};
use anachron_vocabulary::{Key, NodeId, VirtualTime};

use super::{Held, Leaderless, Mark, Message, Record, Timer, Weakening};
use crate::common::{Actor, Versioning, Versions};

/// The tombstones of one node.
#[derive(Debug, Default)]
pub(super) struct Tombstones {
    held: BTreeMap<Key, Tombstone>,
    /// True while the `Purge` timer is set.
    watching: bool,
}

#[derive(Debug)]
struct Tombstone {
    /// When it came here, by this node's clock; after a restart, when that was.
    since: VirtualTime,
    /// Behind this it is durable here.
    stored: Position,
    /// The other homes that have it.
    buried_at: BTreeSet<NodeId>,
}

impl<V: Versioning> Leaderless<V> {
    /// A register has changed: it is deleted now, or it is not.
    pub(super) fn watch_tombstone(&mut self, key: Key, cx: &mut Context<'_, Self>) {
        let Some(grace) = self.config.tombstone_grace else { return };
        if !self.registers.get(key).is_deleted() || !self.ring.is_home(cx.me(), key) {
            self.tombstones.held.remove(&key);
            return;
        }
        let tombstone = Tombstone { since: cx.now(), stored: cx.appended(), buried_at: BTreeSet::new() };
        self.tombstones.held.insert(key, tombstone);
        if !self.tombstones.watching {
            self.tombstones.watching = true;
            cx.set_timer(Timer::Purge, grace);
        }
    }

    /// After a restart the grace begins anew: nobody knows how long the node was down.
    pub(super) fn watch_tombstones_on_disk(&mut self, cx: &mut Context<'_, Self>) {
        let keys: Vec<Key> = self.registers.written().map(|(key, _)| key).collect();
        for key in keys {
            self.watch_tombstone(key, cx);
        }
    }

    /// Tombstones whose grace is over: does every home have them?
    pub(super) fn purge_old(&mut self, cx: &mut Context<'_, Self>) {
        self.tombstones.watching = false;
        let Some(grace) = self.config.tombstone_grace else { return };
        let now = cx.now();
        let is_old = |tombstone: &Tombstone| tombstone.since + grace <= now;
        let old: Vec<Key> = self
            .tombstones
            .held
            .iter()
            .filter(|(_, tombstone)| is_old(tombstone))
            .map(|(&key, _)| key)
            .collect();
        for key in old {
            if self.weak(Weakening::TombstoneGcEarly) {
                let tombstone = self.registers.get(key).clone();
                cx.note(|| format!("forgets {tombstone:?}, whoever has not heard of it"));
                self.purge(key, &tombstone, cx);
            } else {
                self.bury(key, cx);
            }
        }
        if !self.tombstones.held.is_empty() && !self.tombstones.watching {
            self.tombstones.watching = true;
            cx.set_timer(Timer::Purge, grace);
        }
    }

    /// Asks the homes that have not said so whether they have a tombstone; forgets it if all have.
    fn bury(&mut self, key: Key, cx: &mut Context<'_, Self>) {
        let tombstone = &self.tombstones.held[&key];
        let versions = self.registers.get(key).clone();
        let homes = self.ring.homes(key).filter(|&home| home != cx.me());
        let missing: Vec<NodeId> = homes.filter(|home| !tombstone.buried_at.contains(home)).collect();
        if missing.is_empty() {
            cx.note(|| format!("forgets {versions:?}: every replica has had it"));
            let stored = tombstone.stored;
            for peer in cx.peers().collect::<Vec<_>>() {
                cx.send_after_sync(stored, peer, Message::Purge { key, versions: versions.clone() });
            }
            self.purge(key, &versions, cx);
            return;
        }
        for home in missing {
            cx.send_after_sync(cx.appended(), home, Message::Bury { key, versions: versions.clone() });
        }
    }

    /// Another home asks whether this one has a tombstone. It has now.
    pub(super) fn on_bury(&mut self, from: NodeId, key: Key, versions: &Held<V>, cx: &mut Context<'_, Self>) {
        self.receive(key, versions, cx);
        cx.send_after_sync(cx.appended(), from, Message::Buried { key, mark: versions.mark() });
    }

    /// Another home has a tombstone, too.
    pub(super) fn on_buried(&mut self, from: NodeId, key: Key, mark: Mark<V>, cx: &mut Context<'_, Self>) {
        if self.registers.get(key).mark() != mark {
            return;
        }
        let Some(tombstone) = self.tombstones.held.get_mut(&key) else { return };
        tombstone.buried_at.insert(from);
        let (ring, me) = (self.ring, cx.me());
        let tombstone = &self.tombstones.held[&key];
        if ring.homes(key).all(|home| home == me || tombstone.buried_at.contains(&home)) {
            self.bury(key, cx);
        }
    }

    /// Every home has had this tombstone.
    pub(super) fn on_purge(&mut self, key: Key, versions: &Held<V>, cx: &mut Context<'_, Self>) {
        self.purge(key, versions, cx);
    }

    /// Forgets a tombstone and what is older.
    fn purge(&mut self, key: Key, tombstone: &Held<V>, cx: &mut Context<'_, Self>) {
        self.settle(key, tombstone, cx);
        self.drop_older_hints(key, tombstone, cx);
        let is_newer_here = tombstone.clone().merge(self.registers.get(key), self.config.order());
        if is_newer_here || self.registers.written().all(|(written, _)| written != key) {
            return;
        }
        self.forget(key, tombstone, cx.me());
        self.append(Record::Purged { key, versions: tombstone.clone() }, cx);
    }

    /// Forgets a register. What its versions said of this node's own writes is remembered in one number, so that no
    /// name is ever given twice.
    pub(super) fn forget(&mut self, key: Key, tombstone: &Held<V>, me: NodeId) {
        let own = |(actor, counter)| match actor {
            Actor::Node { node, .. } if node == me => Some(counter),
            _ => None,
        };
        let given = tombstone.seen().entries().filter_map(own).max().unwrap_or(0);
        self.counter_floor = self.counter_floor.max(given);
        self.registers.forget(key);
        self.tombstones.held.remove(&key);
    }
}
