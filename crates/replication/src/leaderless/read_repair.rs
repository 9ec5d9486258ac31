//! Read repair: a read sends what it found to whoever answered with something older (DDIA §5; Dynamo §5).

use anachron_node::{Context, RequestId};
use anachron_vocabulary::{Key, NodeId};

use super::{Held, Leaderless, Message};
use crate::common::{Versioning, Versions};

impl<V: Versioning> Leaderless<V> {
    /// A read found these: whoever lacks something of it is sent the whole.
    pub(super) fn repair(
        &mut self,
        id: RequestId,
        key: Key,
        merged: &Held<V>,
        found: &[(NodeId, Held<V>)],
        cx: &mut Context<'_, Self>,
    ) {
        let order = self.config.order();
        for (node, held) in found {
            if !held.clone().merge(merged, order) {
                continue;
            }
            cx.note(|| format!("repairs {node}, which holds {held:?}, with {merged:?}"));
            if *node == cx.me() {
                self.receive(key, merged, cx);
            } else {
                cx.send(*node, Message::Store { id, key, versions: merged.clone() });
            }
        }
    }
}
