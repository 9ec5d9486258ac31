//! The resource: storage for objects, which checks fencing tokens or does not.
//!
//! The rule (Kleppmann 2016): the storage remembers the greatest token that it has seen, and refuses whoever comes with a
//! smaller one. Two things are easy to miss, and both have a weakening. *A read counts as having been seen*: else in four
//! lines, W1 reads under 33; W2 reads under 34; W1 writes under 33, which is still the greatest token written with; W2
//! writes under 34 what it made of the old value. *The greatest token is on disk before the answer leaves*, or a restart
//! lets old ones in again.
//!
//! A client's request is carried out once, whichever worker brings it how often: the storage keeps the answer beside the
//! value.

use std::collections::BTreeMap;

use anachron_node::{Context, Disk, Replica};
use anachron_vocabulary::{Key, NodeId, Value};

use super::{Guarded, Message, Record, Settings, Visit, Weakening};
use crate::common::{Seen, Sessions};

/// The storage.
#[derive(Debug)]
pub struct Resource {
    checks_token: bool,
    read_raises: bool,
    keeps_fence: bool,
    initial: Value,
    objects: BTreeMap<Key, Value>,
    /// The greatest token seen, by object.
    fences: BTreeMap<Key, i64>,
    sessions: Sessions,
}

impl Resource {
    pub(super) fn boot<L: Replica>(
        settings: &Settings,
        disk: &Disk<'_, Record<L::Record>>,
        cx: &mut Context<'_, Guarded<L>>,
    ) -> Self {
        let mut resource = Self {
            checks_token: settings.checks_token,
            read_raises: !settings.weak(Weakening::ReadUnfenced),
            keeps_fence: !settings.weak(Weakening::FenceInMemory),
            initial: settings.initial_value.clone(),
            objects: BTreeMap::new(),
            fences: BTreeMap::new(),
            sessions: Sessions::default(),
        };
        for record in disk.records {
            match record {
                Record::Lock(_) => unreachable!("lock nodes write these"),
                Record::Fence { key, token } => {
                    resource.fences.insert(*key, *token);
                }
                Record::Written { request, key, value, answer } => {
                    resource.objects.insert(*key, value.clone());
                    resource.sessions.record(*request, answer.clone());
                }
            }
        }
        if !disk.records.is_empty() {
            // What a crash has left is made durable before anything is said about it.
            cx.sync();
        }
        resource
    }

    /// What the storage holds.
    pub fn objects(&self) -> impl Iterator<Item = (Key, Value)> {
        self.objects.iter().map(|(&key, value)| (key, value.clone()))
    }

    /// The greatest token seen with an object.
    pub fn fence(&self, key: Key) -> Option<i64> {
        self.fences.get(&key).copied()
    }

    pub(super) fn read<L: Replica>(
        &mut self,
        from: NodeId,
        visit: Visit,
        key: Key,
        cx: &mut Context<'_, Guarded<L>>,
    ) {
        let message = match self.admit(visit, key, self.read_raises, cx) {
            Ok(()) => {
                let value = self.objects.get(&key).unwrap_or(&self.initial).clone();
                Message::Holds { visit, value }
            }
            Err(message) => message,
        };
        say(from, message, cx);
    }

    pub(super) fn write<L: Replica>(
        &mut self,
        from: NodeId,
        visit: Visit,
        (key, value, answer): (Key, Value, anachron_node::Answer),
        cx: &mut Context<'_, Guarded<L>>,
    ) {
        let message = match self.admit(visit, key, true, cx) {
            Ok(()) => {
                self.objects.insert(key, value.clone());
                self.sessions.record(visit.request, answer.clone());
                cx.append(Record::Written { request: visit.request, key, value, answer: answer.clone() });
                cx.sync();
                Message::Done { visit, answer }
            }
            Err(message) => message,
        };
        say(from, message, cx);
    }

    /// Whether a worker is let in; if not, what to tell it.
    fn admit<L: Replica>(
        &mut self,
        visit: Visit,
        key: Key,
        raises: bool,
        cx: &mut Context<'_, Guarded<L>>,
    ) -> Result<(), Message<L::Message>> {
        match self.sessions.seen(visit.request) {
            Seen::New => {}
            Seen::Before(answer) => return Err(Message::Done { visit, answer }),
            Seen::Outdated => return Err(Message::Outdated { visit }),
        }
        let Some(token) = visit.token.filter(|_| self.checks_token) else { return Ok(()) };
        let fence = self.fences.get(&key).copied();
        if fence.is_some_and(|fence| token < fence) {
            cx.note(|| format!("rejects token {token}: has seen {}", fence.unwrap_or(token)));
            return Err(Message::Rejected { visit });
        }
        if raises && fence != Some(token) {
            self.fences.insert(key, token);
            if self.keeps_fence {
                cx.append(Record::Fence { key, token });
                cx.sync();
            }
        }
        Ok(())
    }
}

/// Nothing is said before what it rests on is durable.
fn say<L: Replica>(to: NodeId, message: Message<L::Message>, cx: &mut Context<'_, Guarded<L>>) {
    cx.send_after_sync(cx.appended(), to, message);
}
