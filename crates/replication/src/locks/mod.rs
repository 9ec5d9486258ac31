//! Locks on top of replication: a lock service, the workers that use it, and the resource that they share.
//!
//! Why it exists: a lock is only as good as what happens under it. So here is the whole of the story that courses tell
//! (Kleppmann, *How to do distributed locking*, 2016; *Designing Data-Intensive Applications*, chapter 8): clients ask *workers* to
//! change an object; a worker takes the object's lock at the *lock nodes*, reads the object from the *resource*, works, and
//! writes it back. Nothing says in advance which run goes wrong: the verdict is the judge's, on what the clients saw. Two
//! workers that both believe to hold a lock show as two holders, if clients acquire and release, or as a lost update, if
//! they change objects.
//!
//! - `layout`: who is who; `worker`: what is done under a lock;
//! - `lease`: a lock with a lease and fencing tokens over any replicated register with compare-and-set: the lock nodes
//!   run any strategy of this crate, or of another;
//! - `redlock`: a majority of independent nodes, each of them an [`Instance`];
//! - `resource`: the storage, which checks tokens or does not;
//! - `lock`: what the two ways of locking have in common for a worker;
//! - `weakening`: known bugs of all these, by name.
//!
//! What it promises. *With leases over a linearizable register, and a resource that checks tokens*: every operation on the
//! resource is linearizable, whatever is lost, late, doubled or restarted, whoever is paused, and whatever clocks show. The
//! lock may have two holders then; the resource takes writes from the latest only. *Without the check*: only as long as nobody is
//! paused and no message is late between the look at the clock and the write. *One holder at a time* (by what workers
//! believe) holds for leases while the rates of clocks differ by less than the allowance; for Redlock also no wall clock of
//! a lock node may be set forward, and none may forget.
//!
//! In the history that clients see, a lease that runs out is no release. A client that keeps a lock beyond its lease and
//! another that gets it are two holders to the judge, and rightly: the first was never told.
//!
//! Left out on purpose: a queue of waiting workers, locks that are shared, objects with sets and several registers (they are
//! not read and written as one value), several resources.

mod config;
mod instance;
mod layout;
mod lease;
mod lock;
mod messages;
mod redlock;
mod resource;
mod weakening;
mod worker;

use anachron_node::{
    Applied, Context, Disk, Effect, OperatorCommand, Position, Refusal, Replica, Request, View,
};
use anachron_vocabulary::{Key, NodeId, Value};

pub use config::{Config, Method, Settings};
pub use instance::{Instance, InstanceConfig, InstanceRecord, Never, Restart};
pub use layout::{Layout, Part};
pub use messages::{Alarm, Message, Record, Timer, Visit};
pub use resource::Resource;
pub use weakening::{Weakening, Weakenings};
pub use worker::{Belief, Worker};

use crate::common::nested;

/// One node of a cluster whose lock nodes run the strategy `L`.
#[derive(Debug)]
pub struct Guarded<L> {
    layout: Layout,
    duty: Duty<L>,
}

#[derive(Debug)]
enum Duty<L> {
    LockNode(Box<L>),
    Resource(Resource),
    Worker(Worker),
}

impl<L: Replica> Guarded<L> {
    /// The strategy at a lock node.
    pub fn lock_node(&self) -> Option<&L> {
        if let Duty::LockNode(node) = &self.duty { Some(node) } else { None }
    }

    /// The storage, at its node.
    pub fn resource(&self) -> Option<&Resource> {
        if let Duty::Resource(resource) = &self.duty { Some(resource) } else { None }
    }

    /// The worker, at its node.
    pub fn worker(&self) -> Option<&Worker> {
        if let Duty::Worker(worker) = &self.duty { Some(worker) } else { None }
    }

    /// Lets the strategy at this lock node take a step, if this is one.
    fn at_lock_node(&mut self, cx: &mut Context<'_, Self>, step: impl FnOnce(&mut L, &mut Context<'_, L>)) {
        let layout = self.layout;
        if let Duty::LockNode(node) = &mut self.duty {
            let ((), effects) = nested(cx, layout.lock_nodes, |inner| step(node, inner));
            carry_out(layout, effects, cx);
        }
    }
}

/// What a lock node's strategy wants done: it knows of no workers, its clients are those that it answers.
fn carry_out<L: Replica>(layout: Layout, effects: Vec<Effect<L>>, cx: &mut Context<'_, Guarded<L>>) {
    let told = |id: anachron_node::RequestId, answer| {
        let (_, worker) = layout.behind(id.client);
        (worker, Message::Told { id, answer })
    };
    for effect in effects {
        match effect {
            Effect::Send { to, message } => cx.send(to, Message::Among(message)),
            Effect::Multicast { message } => {
                let me = cx.me();
                for to in layout.lock_nodes().filter(|&to| to != me) {
                    cx.send(to, Message::Among(message.clone()));
                }
            }
            Effect::SendAfterSync { position, to, message } => {
                cx.send_after_sync(position, to, Message::Among(message));
            }
            Effect::Reply { to, answer } => {
                let (worker, message) = told(to, answer);
                cx.send(worker, message);
            }
            Effect::ReplyAfterSync { position, to, answer } => {
                let (worker, message) = told(to, answer);
                cx.send_after_sync(position, worker, message);
            }
            Effect::SetTimer { timer, after } => cx.set_timer(Timer::Lock(timer), after),
            Effect::CancelTimer { timer } => cx.cancel_timer(Timer::Lock(timer)),
            Effect::Append(record) => {
                cx.append(Record::Lock(record));
            }
            Effect::Sync => cx.sync(),
            Effect::Note(text) => cx.note(|| text),
        }
    }
}

impl<L: Replica> Replica for Guarded<L> {
    type Config = Config<L::Config>;
    type Message = Message<L::Message>;
    type Timer = Timer<L::Timer>;
    type Record = Record<L::Record>;

    fn boot(config: &Self::Config, disk: Disk<'_, Self::Record>, cx: &mut Context<'_, Self>) -> Self {
        let Config { settings, lock_service } = config;
        if let Err((setting, why)) = settings.check(cx.nodes()) {
            panic!("a cluster with locks can't run: {setting}: {why}");
        }
        let nodes = u16::try_from(cx.nodes()).expect("nodes are numbered with 16 bits");
        let layout = Layout { lock_nodes: settings.lock_nodes, nodes };
        let duty = match layout.part(cx.me()) {
            Part::LockNode => {
                let own: Vec<L::Record> = disk
                    .records
                    .iter()
                    .map(|record| match record {
                        Record::Lock(record) => record.clone(),
                        Record::Fence { .. } | Record::Written { .. } => {
                            unreachable!("the resource writes these")
                        }
                    })
                    .collect();
                let disk = Disk { records: &own, torn_tail: disk.torn_tail };
                let (node, effects) =
                    nested(cx, layout.lock_nodes, |inner| L::boot(lock_service, disk, inner));
                carry_out(layout, effects, cx);
                Duty::LockNode(Box::new(node))
            }
            Part::Resource => Duty::Resource(Resource::boot(settings, &disk, cx)),
            Part::Worker => Duty::Worker(Worker::new(settings.clone(), layout)),
        };
        Self { layout, duty }
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        match &mut self.duty {
            Duty::Worker(worker) => worker.on_client(request, cx),
            Duty::LockNode(_) | Duty::Resource(_) => {
                cx.refuse(request.id, Refusal::NotLeader { leader: Some(self.layout.first_worker()) });
            }
        }
    }

    fn on_message(&mut self, from: NodeId, message: Self::Message, cx: &mut Context<'_, Self>) {
        match (&mut self.duty, message) {
            (Duty::LockNode(_), Message::Among(message)) => {
                self.at_lock_node(cx, |node, inner| node.on_message(from, message, inner));
            }
            (Duty::LockNode(_), Message::Ask(request)) => {
                self.at_lock_node(cx, |node, inner| node.on_client(request, inner));
            }
            (Duty::Resource(resource), Message::Read { visit, key }) => resource.read(from, visit, key, cx),
            (Duty::Resource(resource), Message::Write { visit, key, value, answer }) => {
                resource.write(from, visit, (key, value, answer), cx);
            }
            (Duty::Worker(worker), Message::Told { id, answer }) => {
                worker.hear_lock_node(from, id, &answer, cx);
            }
            (Duty::Worker(worker), Message::Holds { visit, value }) => worker.hear_value(visit, value, cx),
            (Duty::Worker(worker), Message::Done { visit, answer }) => worker.hear_done(visit, answer, cx),
            (Duty::Worker(worker), Message::Rejected { visit }) => worker.hear_rejected(visit, cx),
            (Duty::Worker(worker), Message::Outdated { visit }) => worker.hear_outdated(visit, cx),
            (_, message) => unreachable!("{message:?} is for another part of the cluster"),
        }
    }

    fn on_timer(&mut self, timer: Self::Timer, cx: &mut Context<'_, Self>) {
        match (&mut self.duty, timer) {
            (Duty::LockNode(_), Timer::Lock(timer)) => {
                self.at_lock_node(cx, |node, inner| node.on_timer(timer, inner));
            }
            (Duty::Worker(worker), Timer::Job(client, alarm)) => worker.wake(client, alarm, cx),
            (_, timer) => unreachable!("{timer:?} is set in another part of the cluster"),
        }
    }

    fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, Self>) {
        self.at_lock_node(cx, |node, inner| node.on_synced(synced, inner));
    }

    fn on_operator(&mut self, command: OperatorCommand, cx: &mut Context<'_, Self>) {
        self.at_lock_node(cx, |node, inner| node.on_operator(command, inner));
    }

    fn view(&self) -> View {
        match &self.duty {
            Duty::LockNode(node) => node.view(),
            Duty::Resource(_) => View { role: "resource", ..View::default() },
            Duty::Worker(worker) => worker.view(),
        }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.resource().map(|resource| resource.objects().collect()).unwrap_or_default()
    }

    /// What lock nodes apply.
    fn applied(&self) -> Option<Applied> {
        self.lock_node().and_then(Replica::applied)
    }

    /// The objects are at the resource; what lock nodes hold are locks.
    fn keeps(&self, _: Key) -> bool {
        self.resource().is_some()
    }
}
