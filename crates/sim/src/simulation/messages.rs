//! Messages leave, and are lost or arrive.

use anachron_node::{Answer, Refusal, Replica, RequestId};
use anachron_trace::{Endpoint, Happening, Loss, MessageId};
use anachron_vocabulary::NodeId;

use super::labels::answer_label;
use super::{Simulation, Waiting};
use crate::network::Transit;

impl<R: Replica> Simulation<'_, R> {
    /// Decides, at its arrival, whether a message is lost. A loss is no step, but it is in the fingerprint; the caller
    /// adds what the message said.
    #[inline]
    pub(super) fn is_lost(&mut self, from: Endpoint, to: Endpoint, fate: u32, id: MessageId) -> bool {
        let (sender, receiver) = (self.network.endpoint(from), self.network.endpoint(to));
        let why = if self.network.is_cut(self.now, sender, receiver) {
            self.statistics.cut += 1;
            Loss::Cut
        } else if self.network.drops(sender, receiver, fate) {
            self.statistics.dropped += 1;
            Loss::Dropped
        } else {
            match to {
                Endpoint::Node(node) if self.processes[node.index()].replica.is_none() => {
                    self.statistics.receiver_down += 1;
                    Loss::ReceiverDown
                }
                _ => return false,
            }
        };
        self.hasher.word(self.now.0);
        self.hasher.word(10 << 56 | (why as u64) << 48 | (sender as u64) << 24 | receiver as u64);
        self.observe(|| Happening::Lost { message: id, why });
        true
    }

    /// A message between a client and a node leaves.
    pub(super) fn leave(
        &mut self,
        from: Endpoint,
        to: Endpoint,
        label: impl FnOnce() -> String,
    ) -> (MessageId, Transit) {
        let (sender, receiver) = (self.network.endpoint(from), self.network.endpoint(to));
        let (transit, _) = self.network.send(self.now, sender, receiver);
        let message = self.new_message();
        self.observe(|| Happening::Sent { message, from, to, label: label() });
        (message, transit)
    }

    #[inline]
    pub(super) fn new_message(&mut self) -> MessageId {
        self.messages += 1;
        self.statistics.sent += 1;
        MessageId(self.messages)
    }

    /// A message from node to node leaves.
    #[inline]
    pub(super) fn send(&mut self, from: NodeId, to: NodeId, message: R::Message) {
        assert!(to.0 < self.world.nodes, "{from} sends to {to}, which is not in the cluster");
        let (transit, duplicate) = self.network.send(self.now, from.index(), to.index());
        if let Some(Transit { arrival, fate }) = duplicate {
            let id = self.new_message();
            self.statistics.duplicated += 1;
            self.observe(|| Happening::Sent {
                message: id,
                from: Endpoint::Node(from),
                to: Endpoint::Node(to),
                label: format!("{message:?} (duplicate)"),
            });
            let message = message.clone();
            self.queue.push(arrival, Waiting::Message { from, to, fate, held: false, id, message });
        }
        let id = self.new_message();
        self.observe(|| Happening::Sent {
            message: id,
            from: Endpoint::Node(from),
            to: Endpoint::Node(to),
            label: format!("{message:?}"),
        });
        let Transit { arrival, fate } = transit;
        self.queue.push(arrival, Waiting::Message { from, to, fate, held: false, id, message });
    }

    pub(super) fn answer(&mut self, from: NodeId, to: RequestId, answer: Answer) {
        assert!(to.client.index() < self.clients.len(), "{from} answers {}, whom nobody knows", to.client);
        if let Answer::Refused(Refusal::NotLeader { leader: Some(leader) }) = answer {
            assert!(
                leader.0 < self.world.nodes,
                "{from} names {leader} as leader, which is not in the cluster"
            );
        }
        let (id, transit) =
            self.leave(Endpoint::Node(from), Endpoint::Client(to.client), || answer_label(to, &answer));
        let Transit { arrival, fate } = transit;
        self.queue.push(arrival, Waiting::Answer { from, fate, id, to, answer: Box::new(answer) });
    }
}
