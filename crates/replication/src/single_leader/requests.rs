//! What a node does with a client's request (DDIA §5, Leaders and followers).

use anachron_node::{Answer, Context, Refusal, Request};

use super::{Command, Entry, Reads, Role, SingleLeader, Writer};

impl SingleLeader {
    /// The leader takes writes; followers send the client to it. Reads are answered where the settings say.
    pub(super) fn take_request(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        if request.operation.is_read() && self.config.reads == Reads::Any {
            return cx.reply(request.id, self.state.read(&request));
        }
        let Role::Leader(office) = &mut self.role else {
            return cx.refuse(request.id, Refusal::NotLeader { leader: self.leader });
        };
        if request.operation.is_read() {
            // Before the opening is acknowledged the leader may hold writes that nobody else has and that were never
            // acknowledged. Were one of them read now and this node to die, the value read would be gone.
            if office.acknowledged >= office.opening {
                cx.reply(request.id, self.state.read(&request));
            } else {
                office.readers.push(request);
            }
            return;
        }
        // A retry goes through the log as well: it is recognised when it is applied, and so is answered no sooner
        // than the request that it repeats.
        let id = request.id;
        let index = self.append(Entry { epoch: self.epoch, command: Command::Client(request) }, cx);
        let Role::Leader(office) = &mut self.role else { unreachable!("appending changes no role") };
        office.writers.push_back(Writer { index, id, answer: None });
        self.await_followers(cx);
        self.ship_to_all(cx);
        self.acknowledge(cx);
    }

    /// A leader that is none any more can't tell what becomes of the writes it took: followers may have them, and the
    /// next leader may keep them. Reads did nothing; they can be refused.
    pub(super) fn dismiss_clients(&mut self, cx: &mut Context<'_, Self>) {
        let Role::Leader(office) = &mut self.role else { return };
        for writer in office.writers.drain(..) {
            cx.reply(writer.id, Answer::Unknown);
        }
        for reader in office.readers.drain(..) {
            cx.refuse(reader.id, Refusal::NotLeader { leader: self.leader });
        }
    }
}
