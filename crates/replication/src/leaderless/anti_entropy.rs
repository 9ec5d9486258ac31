//! Anti-entropy: nodes compare in pairs, and each comes to hold what the other has (Demers et al., *Epidemic
//! Algorithms for Replicated Database Maintenance*, PODC 1987; with Merkle trees: Dynamo §4.7).
//!
//! In the simplest form a node pushes all it has to a node drawn at random. With trees, it sends the root's digest,
//! and the two take turns down the tree: no message has to be remembered, so losing one loses nothing but time.
//! Only what both are homes of is compared.

use std::sync::Arc;

use anachron_node::Context;
use anachron_vocabulary::{Key, NodeId};

use super::merkle::{MerkleTree, Subtree, is_in};
use super::{AntiEntropy, Held, Leaderless, Message, Timer};
use crate::common::Versioning;

impl<V: Versioning> Leaderless<V> {
    /// Sets the gossip timer, if there is to be any gossip.
    pub(super) fn gossip_later(&mut self, cx: &mut Context<'_, Self>) {
        if let Some(interval) = self.config.gossip_interval
            && cx.nodes() > 1
        {
            cx.set_timer(Timer::Gossip, interval);
        }
    }

    /// Begins to compare with a node drawn at random.
    pub(super) fn gossip(&mut self, cx: &mut Context<'_, Self>) {
        self.gossip_later(cx);
        let peers = cx.nodes() as u64 - 1;
        let draw = cx.random().below(peers);
        let peer = cx.peers().nth(usize::try_from(draw).expect("below the number of nodes"));
        let peer = peer.expect("drawn among the peers");
        let message = match self.config.anti_entropy {
            AntiEntropy::Everything => {
                let registers = self.shared_with(peer, cx);
                Message::Gossip { registers: registers.map(|(key, held)| (key, held.clone())).collect() }
            }
            AntiEntropy::MerkleTrees => {
                Message::Tree { digests: [MerkleTree::new(self.shared_with(peer, cx)).root()].into() }
            }
        };
        cx.send_after_sync(cx.appended(), peer, message);
    }

    /// The registers that this node and another one are both homes of.
    fn shared_with(&self, peer: NodeId, cx: &Context<'_, Self>) -> impl Iterator<Item = (Key, &Held<V>)> {
        let (ring, me) = (self.ring, cx.me());
        let is_shared = move |key| ring.is_home(me, key) && ring.is_home(peer, key);
        self.registers.written().filter(move |(key, _)| is_shared(*key))
    }

    /// Another node sends all it has.
    pub(super) fn on_gossip(&mut self, registers: &[(Key, Held<V>)], cx: &mut Context<'_, Self>) {
        for (key, versions) in registers {
            self.receive(*key, versions, cx);
        }
    }

    /// Another node's digests: where they differ, a level deeper, or the registers of a leaf.
    pub(super) fn on_tree(&mut self, from: NodeId, digests: &[(Subtree, u64)], cx: &mut Context<'_, Self>) {
        let found = MerkleTree::new(self.shared_with(from, cx)).compare(digests);
        if !found.deeper.is_empty() {
            cx.send_after_sync(cx.appended(), from, Message::Tree { digests: found.deeper.into() });
        }
        for leaf in found.leaves {
            cx.note(|| format!("differs from {from} in {leaf:?}"));
            let registers = self.leaf(leaf, from, cx);
            cx.send_after_sync(cx.appended(), from, Message::Leaf { leaf, registers, asks: true });
        }
    }

    fn leaf(&self, leaf: Subtree, peer: NodeId, cx: &Context<'_, Self>) -> Arc<[(Key, Held<V>)]> {
        let registers = self.shared_with(peer, cx).filter(|(key, _)| is_in(leaf, *key));
        registers.map(|(key, held)| (key, held.clone())).collect()
    }

    /// Another node's registers of a leaf that differs.
    pub(super) fn on_leaf(
        &mut self,
        from: NodeId,
        leaf: Subtree,
        (registers, asks): (&[(Key, Held<V>)], bool),
        cx: &mut Context<'_, Self>,
    ) {
        self.on_gossip(registers, cx);
        if asks {
            let own = self.leaf(leaf, from, cx);
            if *own != *registers {
                cx.send_after_sync(cx.appended(), from, Message::Leaf { leaf, registers: own, asks: false });
            }
        }
    }
}
