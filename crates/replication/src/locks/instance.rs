//! One of Redlock's independent nodes: a key that somebody set, if nobody had, and that goes away by itself.
//!
//! What Redis does for a lock (Redis documentation, *Distributed Locks with Redis*): `SET key random NX PX ttl`, and a
//! script that deletes the key if it still holds that value. Here these are [`Operation::Claim`] and
//! [`Operation::Resign`], and `DEL` is [`Operation::Delete`]. Nodes never talk to each other.
//!
//! *Time*: Redis ends keys by the wall clock, so a clock that is set forward ends them early (Kleppmann 2016). *Crashes*:
//! Redis keeps keys in memory unless told otherwise; three ways to come back are here, the last of them the cure that the
//! Redis documentation gives: stay away for longer than any lock lasts.

use std::collections::BTreeMap;

use anachron_node::{Answer, Context, Disk, Refusal, Replica, Request, View};
use anachron_vocabulary::{Key, NodeId, Operation, Reply, Value, VirtualDuration, VirtualTime};

/// What a restart leaves of the locks that a node has given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Restart {
    /// Nothing: they were in memory.
    Empty,
    /// All: a lock was on disk before it was granted (`appendfsync always`).
    Persisted,
    /// Nothing, and the node takes no part until every lock that it may have given has run out.
    Delayed,
}

/// The settings of such a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstanceConfig {
    /// How long a key lasts.
    pub ttl: VirtualDuration,
    /// What a restart leaves.
    pub restart: Restart,
}

/// A key that is set.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Held {
    value: Value,
    /// By this node's wall clock.
    expires: i64,
}

/// One independent node.
#[derive(Debug)]
pub struct Instance {
    config: InstanceConfig,
    held: BTreeMap<Key, Held>,
    /// Answers nobody before this, by its own clock.
    silent_until: VirtualTime,
}

/// What a node writes down.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum InstanceRecord {
    /// The node has been up: it starts for the first time only once.
    Started,
    /// A key was set.
    Set {
        /// The key.
        key: Key,
        /// To what.
        value: Value,
        /// Until when, by the wall clock.
        expires: i64,
    },
    /// A key was deleted.
    Deleted {
        /// The key.
        key: Key,
    },
}

/// There is nothing that a node would say to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Never {}

impl Instance {
    fn remember(&self, record: InstanceRecord, cx: &mut Context<'_, Self>) {
        if self.config.restart == Restart::Persisted {
            cx.append(record);
            cx.sync();
        }
    }

    fn delete(&mut self, key: Key, cx: &mut Context<'_, Self>) {
        self.held.remove(&key);
        self.remember(InstanceRecord::Deleted { key }, cx);
    }
}

impl Replica for Instance {
    type Config = InstanceConfig;
    type Message = Never;
    type Timer = Never;
    type Record = InstanceRecord;

    fn boot(config: &InstanceConfig, disk: Disk<'_, InstanceRecord>, cx: &mut Context<'_, Self>) -> Self {
        let mut node =
            Self { config: config.clone(), held: BTreeMap::new(), silent_until: VirtualTime::ZERO };
        for record in disk.records {
            match record {
                InstanceRecord::Started => {}
                InstanceRecord::Set { key, value, expires } => {
                    node.held.insert(*key, Held { value: value.clone(), expires: *expires });
                }
                InstanceRecord::Deleted { key } => {
                    node.held.remove(key);
                }
            }
        }
        if disk.records.is_empty() && !disk.torn_tail {
            cx.append(InstanceRecord::Started);
        } else if config.restart == Restart::Delayed {
            node.silent_until = cx.now() + config.ttl;
            let until = node.silent_until;
            cx.note(|| {
                format!("stays away until {until} by its clock: what it has granted before runs out by then")
            });
        }
        cx.sync();
        node
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        // A node that has never been up for certain has granted nothing; so it says nothing before that is on disk.
        if cx.now() < self.silent_until {
            return;
        }
        let Request { id, key, operation } = request;
        let now = cx.wall_clock();
        if self.held.get(&key).is_some_and(|held| held.expires <= now) {
            self.delete(key, cx);
            cx.note(|| "a lock has run out".to_owned());
        }
        let answer = match operation {
            Operation::Claim(value) => {
                // `NX`: only if nobody has, not even the same client, whose earlier key would end too early.
                let is_free = !self.held.contains_key(&key);
                if is_free {
                    let ttl = i64::try_from(self.config.ttl.0).expect("a time to live fits 63 bits");
                    let expires = now.saturating_add(ttl);
                    self.remember(InstanceRecord::Set { key, value: value.clone(), expires }, cx);
                    self.held.insert(key, Held { value, expires });
                }
                Answer::Ok(Reply::Answer(is_free))
            }
            Operation::Resign(value) => {
                let held = self.held.get(&key).is_some_and(|held| held.value == value);
                if held {
                    self.delete(key, cx);
                }
                Answer::Ok(Reply::Answer(held))
            }
            Operation::Delete => {
                self.delete(key, cx);
                Answer::Ok(Reply::Done)
            }
            _ => Answer::Refused(Refusal::Unsupported),
        };
        cx.reply_after_sync(cx.appended(), id, answer);
    }

    fn on_message(&mut self, _: NodeId, message: Never, _: &mut Context<'_, Self>) {
        match message {}
    }

    fn on_timer(&mut self, timer: Never, _: &mut Context<'_, Self>) {
        match timer {}
    }

    fn view(&self) -> View {
        View { role: "instance", facts: vec![("locks", self.held.len().to_string())], ..View::default() }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.held.iter().map(|(&key, held)| (key, held.value.clone())).collect()
    }
}
