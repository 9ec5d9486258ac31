//! The master: one node that watches the others and makes the configurations (section 3: "a service, called the
//! *master*, that detects failures of servers, informs each server in the chain of its new predecessor or successor").
//!
//! The rules:
//! - A member that has not been heard of for the suspicion time-out is taken out: head, middle or tail alike.
//! - The last member that has the state is never taken out: it is waited for.
//! - A node outside that is heard of joins at the tail, one at a time. The next one waits until that one has the state.
//! - A configuration is on the master's disk before anybody hears of it.
//!
//! A suspicion may be wrong; that costs a reconfiguration, not safety. Why: the old member is not trusted to know that it
//! is out. It can't commit an update without those that stayed, and it can't answer a read without asking here.

use std::collections::BTreeMap;

use anachron_node::Context;
use anachron_vocabulary::{NodeId, VirtualDuration, VirtualTime};

use super::{Chain, Configuration, Epoch, Message, Record, Timer};

/// The master's state.
#[derive(Debug)]
pub(super) struct Master {
    pub(super) current: Configuration,
    /// When each node was last heard of, by the master's clock. At first and after a restart: at boot.
    heard: BTreeMap<NodeId, VirtualTime>,
    heartbeat_interval: VirtualDuration,
    suspicion_timeout: VirtualDuration,
}

impl Master {
    pub(super) fn boot(current: Configuration, config: &super::Config, cx: &mut Context<'_, Chain>) -> Self {
        let heard = cx.peers().map(|node| (node, cx.now())).collect();
        cx.set_timer(Timer::Check, config.heartbeat_interval);
        if cx.appended().0 > 0 {
            // What was read may have come from a cache.
            cx.sync();
        }
        let (heartbeat_interval, suspicion_timeout) = (config.heartbeat_interval, config.suspicion_timeout);
        Self { current, heard, heartbeat_interval, suspicion_timeout }
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: &Message, cx: &mut Context<'_, Chain>) {
        match *message {
            Message::Heartbeat { epoch, complete } => self.on_heartbeat(from, (epoch, complete), cx),
            Message::Confirm { epoch, ticket } if epoch == self.current.epoch => {
                cx.send_after_sync(cx.appended(), from, Message::Confirmed { epoch, ticket });
            }
            Message::Confirm { .. } => self.inform(from, cx),
            // The rest is between members.
            _ => {}
        }
    }

    fn on_heartbeat(&mut self, from: NodeId, told: (Epoch, bool), cx: &mut Context<'_, Chain>) {
        self.heard.insert(from, cx.now());
        let current = &self.current;
        if !current.has(from) && current.joining.is_none() {
            let mut chain = current.chain.to_vec();
            chain.push(from);
            self.reconfigure(chain, Some(from), cx);
        } else if current.joining == Some(from) && told == (current.epoch, true) {
            self.reconfigure(current.chain.to_vec(), None, cx);
        } else if told.0 < current.epoch {
            self.inform(from, cx);
        }
    }

    /// Looks who has not been heard of.
    pub(super) fn check(&mut self, cx: &mut Context<'_, Chain>) {
        cx.set_timer(Timer::Check, self.heartbeat_interval);
        let is_silent = |node: &NodeId| cx.now() > self.heard[node] + self.suspicion_timeout;
        let current = &self.current;
        let heard_of: Vec<NodeId> = current.chain.iter().copied().filter(|node| !is_silent(node)).collect();
        let someone_has_the_state = heard_of.iter().any(|&node| current.joining != Some(node));
        if heard_of.len() < current.chain.len() && someone_has_the_state {
            let joining = current.joining.filter(|node| heard_of.contains(node));
            self.reconfigure(heard_of, joining, cx);
        }
    }

    fn reconfigure(&mut self, chain: Vec<NodeId>, joining: Option<NodeId>, cx: &mut Context<'_, Chain>) {
        self.current = self.current.next(chain, joining);
        cx.append(Record::Configured(self.current.clone()));
        cx.sync();
        cx.note(|| format!("makes {:?}", self.current));
        for peer in cx.peers() {
            self.inform(peer, cx);
        }
    }

    fn inform(&self, node: NodeId, cx: &mut Context<'_, Chain>) {
        cx.send_after_sync(cx.appended(), node, Message::Configure(self.current.clone()));
    }
}
