//! How a node comes to hold what it missed: read repair (DDIA §5; Dynamo §5) and gossip (Demers et al., *Epidemic
//! Algorithms for Replicated Database Maintenance*, PODC 1987, anti-entropy by push).

use anachron_node::{Context, RequestId};
use anachron_vocabulary::{Key, NodeId};

use super::{Leaderless, Message, Timer};
use crate::common::{Stamp, Stamped};

impl Leaderless {
    /// A read found these stamps: whoever answered with an older one is sent the newest.
    pub(super) fn repair(
        &mut self,
        id: RequestId,
        key: Key,
        newest: &Stamped,
        found: &[(NodeId, Stamp)],
        cx: &mut Context<'_, Self>,
    ) {
        let order = self.config.order();
        for &(node, stamp) in found {
            if !order.is_newer(newest.stamp, stamp) {
                continue;
            }
            cx.note(|| format!("repairs {node}, which holds what was written at {stamp:?}, with {newest:?}"));
            if node == cx.me() {
                self.receive(key, newest, cx);
            } else {
                cx.send(node, Message::Store { id, key, stamped: newest.clone() });
            }
        }
    }

    /// Sets the gossip timer, if there is to be any gossip.
    pub(super) fn gossip_later(&mut self, cx: &mut Context<'_, Self>) {
        if let Some(interval) = self.config.gossip_interval
            && cx.nodes() > 1
        {
            cx.set_timer(Timer::Gossip, interval);
        }
    }

    /// Sends everything to a node drawn at random. The simplest form: no digests, no deltas.
    pub(super) fn gossip(&mut self, cx: &mut Context<'_, Self>) {
        self.gossip_later(cx);
        let peers = cx.nodes() as u64 - 1;
        let draw = cx.random().below(peers);
        let peer = cx.peers().nth(usize::try_from(draw).expect("below the number of nodes"));
        let registers = self.registers.written().map(|(key, stamped)| (key, stamped.clone())).collect();
        let message = Message::Gossip { registers };
        cx.send_after_sync(cx.appended(), peer.expect("drawn among the peers"), message);
    }

    /// Another node sends all it has.
    pub(super) fn on_gossip(&mut self, registers: &[(Key, Stamped)], cx: &mut Context<'_, Self>) {
        for (key, stamped) in registers {
            self.receive(*key, stamped, cx);
        }
    }
}
