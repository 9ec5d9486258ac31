//! Hinted handoff: a write that a home did not take is kept by somebody else and brought to it later (Dynamo §4.6).
//!
//! The coordinator follows each of its writes after it is acknowledged, too. A home that has not confirmed it after
//! `hint_after` gets a stand-in: the next node on the ring behind the homes, or the coordinator itself where every
//! node is a home (as in Cassandra). The stand-in keeps the value apart from its own registers, on disk, and offers it
//! to the home until that confirms it.
//!
//! With *sloppy* quorums a stand-in's copy counts for `w`: the write is accepted although the nodes that a reader
//! will ask have never seen it. So `r + w > n` says nothing any more.
//!
//! A hint that is as old as a tombstone's grace is dropped (as in Cassandra): brought later, it might undo a deletion
//! that everybody has forgotten. What the coordinator follows is in memory only: a crash ends it, and anti-entropy
//! has to do the rest.

use std::collections::BTreeMap;

use anachron_node::{Context, RequestId};
use anachron_vocabulary::{Key, NodeId, VirtualTime};

use super::coordinator::Work;
use super::{Held, Leaderless, Mark, Message, Record, Timer};
use crate::common::{Order, Versioning, Versions};

/// What a node keeps for others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Hints<V> {
    kept: BTreeMap<(NodeId, Key), Hint<V>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Hint<V> {
    versions: V,
    /// Since when, by this node's clock.
    since: VirtualTime,
}

impl<V> Default for Hints<V> {
    fn default() -> Self {
        Self { kept: BTreeMap::new() }
    }
}

impl<V: Versions> Hints<V> {
    /// Keeps a value for a home, together with what is kept already. It is as old as its oldest part.
    pub(super) fn keep(&mut self, home: NodeId, key: Key, versions: &V, since: VirtualTime, order: Order) {
        match self.kept.get_mut(&(home, key)) {
            Some(hint) => drop(hint.versions.merge(versions, order)),
            None => drop(self.kept.insert((home, key), Hint { versions: versions.clone(), since })),
        }
    }

    pub(super) fn end(&mut self, home: NodeId, key: Key) {
        self.kept.remove(&(home, key));
    }

    /// The values of a key that are kept for anybody.
    pub(super) fn kept_for_any(&self, key: Key) -> impl Iterator<Item = &V> {
        self.kept.iter().filter(move |((_, kept), _)| *kept == key).map(|(_, hint)| &hint.versions)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }
}

/// A write whose coordinator waits to hear from all homes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Followed<V> {
    key: Key,
    versions: V,
    /// When stand-ins are found for those who are missing.
    due: VirtualTime,
    /// The homes that have not confirmed it, and who stands in for each.
    missing: BTreeMap<NodeId, Option<NodeId>>,
}

impl<V: Versioning> Leaderless<V> {
    /// Follows a write until every home has it or somebody keeps it for the home.
    pub(super) fn follow(&mut self, id: RequestId, key: Key, versions: &Held<V>, cx: &mut Context<'_, Self>) {
        let Some(patience) = self.config.hint_after else { return };
        let missing: BTreeMap<NodeId, Option<NodeId>> =
            self.ring.homes(key).filter(|&home| home != cx.me()).map(|home| (home, None)).collect();
        if missing.is_empty() {
            return;
        }
        if self.followed.is_empty() {
            cx.set_timer(Timer::Hint, patience);
        }
        let due = cx.now() + patience;
        self.followed.insert(id, Followed { key, versions: versions.clone(), due, missing });
    }

    /// A node has confirmed a write, or that it keeps it.
    pub(super) fn arrived(&mut self, from: NodeId, id: RequestId, mark: Mark<V>) {
        let Some(followed) = self.followed.get_mut(&id) else { return };
        if followed.versions.mark() == mark {
            followed.missing.retain(|&home, stand_in| home != from && *stand_in != Some(from));
        }
        if followed.missing.is_empty() {
            self.followed.remove(&id);
        }
    }

    /// Finds stand-ins for the homes that have not confirmed a write.
    pub(super) fn hint(&mut self, cx: &mut Context<'_, Self>) {
        let (now, ring, mut own) = (cx.now(), self.ring, Vec::new());
        for (&id, followed) in self.followed.iter_mut().filter(|(_, followed)| followed.due <= now) {
            let key = followed.key;
            let mut stand_ins = ring.stand_ins(key);
            for (&home, stand_in) in &mut followed.missing {
                match stand_in.or_else(|| stand_ins.next()).unwrap_or(cx.me()) {
                    me if me == cx.me() => {
                        *stand_in = Some(me);
                        own.push((id, home, key, followed.versions.clone()));
                    }
                    node => {
                        *stand_in = Some(node);
                        let versions = followed.versions.clone();
                        cx.note(|| {
                            format!("asks {node} to keep {versions:?} for {home}, which does not answer")
                        });
                        let hinted = Message::Hinted { id, key, versions, home };
                        cx.send_after_sync(cx.appended(), node, hinted);
                    }
                }
            }
        }
        for (id, home, key, versions) in own {
            self.keep_for(home, key, &versions, cx);
            self.arrived(cx.me(), id, versions.mark());
            self.count_own_hint(id, key, cx);
        }
        if let Some(patience) = self.config.hint_after.filter(|_| !self.followed.is_empty()) {
            cx.set_timer(Timer::Hint, patience);
        }
    }

    /// A coordinator that is no home keeps a write for one: that counts where stand-ins do.
    fn count_own_hint(&mut self, id: RequestId, key: Key, cx: &mut Context<'_, Self>) {
        if !self.config.counts_stand_ins() || self.ring.is_home(cx.me(), key) {
            return;
        }
        if let Some(open) = self.desk.get_mut(id)
            && let Work::Store { stored, .. } = &mut open.work
        {
            *stored = Some(cx.appended());
        }
        self.count_own_stores(cx);
    }

    /// A coordinator asks this node to stand in for a home.
    pub(super) fn on_hinted(
        &mut self,
        from: NodeId,
        (id, key): (RequestId, Key),
        versions: &Held<V>,
        home: NodeId,
        cx: &mut Context<'_, Self>,
    ) {
        self.observe(versions);
        self.keep_for(home, key, versions, cx);
        cx.send_after_sync(cx.appended(), from, Message::Stored { id, mark: versions.mark() });
    }

    fn keep_for(&mut self, home: NodeId, key: Key, versions: &Held<V>, cx: &mut Context<'_, Self>) {
        self.hints.keep(home, key, versions, cx.now(), self.config.order());
        self.append(Record::Hint { home, key, versions: versions.clone(), since: cx.now() }, cx);
        let pending = self.hints.len();
        cx.note(|| format!("keeps {versions:?} for {home}; hints pending: {pending}"));
        self.hand_off_later(cx);
    }

    /// Sets the timer by which this node brings what it keeps.
    pub(super) fn hand_off_later(&mut self, cx: &mut Context<'_, Self>) {
        if self.hints.len() > 0 && !self.handing_off {
            self.handing_off = true;
            cx.set_timer(Timer::Handoff, self.config.handoff_interval);
        }
    }

    /// Brings what this node keeps to whom it is for, but for what is too old.
    pub(super) fn hand_off(&mut self, cx: &mut Context<'_, Self>) {
        self.handing_off = false;
        let now = cx.now();
        let is_old =
            |hint: &Hint<_>| self.config.tombstone_grace.is_some_and(|grace| hint.since + grace <= now);
        let old: Vec<(NodeId, Key)> =
            self.hints.kept.iter().filter(|(_, hint)| is_old(hint)).map(|(&of, _)| of).collect();
        for (home, key) in old {
            cx.note(|| format!("drops what it kept for {home}: a deletion may be forgotten by now"));
            self.end_hint(home, key, cx);
        }
        for (&(home, key), hint) in &self.hints.kept {
            let versions = hint.versions.clone();
            cx.send_after_sync(cx.appended(), home, Message::Handoff { key, versions });
        }
        self.hand_off_later(cx);
    }

    /// Someone brings what it kept for this node.
    pub(super) fn on_handoff(
        &mut self,
        from: NodeId,
        key: Key,
        versions: &Held<V>,
        cx: &mut Context<'_, Self>,
    ) {
        self.receive(key, versions, cx);
        cx.send_after_sync(cx.appended(), from, Message::HandedOff { key, mark: versions.mark() });
    }

    /// A home has what was kept for it.
    pub(super) fn on_handed_off(
        &mut self,
        home: NodeId,
        key: Key,
        mark: Mark<V>,
        cx: &mut Context<'_, Self>,
    ) {
        if self.hints.kept.get(&(home, key)).is_some_and(|hint| hint.versions.mark() == mark) {
            self.end_hint(home, key, cx);
            let pending = self.hints.len();
            cx.note(|| format!("has handed over what it kept for {home}; hints pending: {pending}"));
        }
    }

    fn end_hint(&mut self, home: NodeId, key: Key, cx: &mut Context<'_, Self>) {
        self.hints.end(home, key);
        self.append(Record::HintEnded { home, key }, cx);
    }

    /// A tombstone that every home has is forgotten: nothing older is kept for anybody, or followed.
    pub(super) fn drop_older_hints(&mut self, key: Key, tombstone: &Held<V>, cx: &mut Context<'_, Self>) {
        let order = self.config.order();
        let is_older = |versions: &Held<V>| !tombstone.clone().merge(versions, order);
        self.followed.retain(|_, followed| followed.key != key || !is_older(&followed.versions));
        let replaced =
            self.hints.kept.iter().filter(|((_, kept), hint)| *kept == key && is_older(&hint.versions));
        let homes: Vec<NodeId> = replaced.map(|(&(home, _), _)| home).collect();
        for home in homes {
            self.end_hint(home, key, cx);
        }
    }
}
