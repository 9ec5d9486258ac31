//! A lock as the worker who wants it sees it: either way of taking one, behind one face.

use anachron_node::{Answer, Context, Replica, Request, RequestId};
use anachron_vocabulary::{ClientId, Key, NodeId, Operation, VirtualTime};

use super::lease::Lease;
use super::redlock::Redlock;
use super::{Alarm, Guarded, Layout, Message, Method, Settings, Timer};

/// What has become of a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum News {
    /// Nothing that matters to the worker.
    Nothing,
    /// It is held, or held for longer.
    Granted,
    /// It is somebody else's.
    Lost,
    /// It has been given back.
    Released,
    /// The node that was asked refuses: another has to be asked.
    Refused,
}

/// A worker's errand for one client: how it reaches the lock nodes.
pub(super) struct Errand<'a> {
    pub(super) settings: &'a Settings,
    pub(super) layout: Layout,
    /// For whom.
    pub(super) client: ClientId,
    /// What is to be locked.
    pub(super) key: Key,
    /// Which lock node is asked, where one is enough.
    pub(super) lock_node: NodeId,
    /// The worker's latest number.
    pub(super) serial: &'a mut u64,
}

impl Errand<'_> {
    /// A number that this worker has not used yet, in no life of it: it is never below the worker's clock, which goes on
    /// through a restart.
    pub(super) fn next_serial<L: Replica>(&mut self, cx: &Context<'_, Guarded<L>>) -> u64 {
        *self.serial = cx.now().0.max(*self.serial + 1);
        *self.serial
    }

    /// Asks the lock node.
    pub(super) fn ask<L: Replica>(
        &self,
        serial: u64,
        operation: Operation,
        cx: &mut Context<'_, Guarded<L>>,
    ) {
        self.ask_node(self.lock_node, serial, operation, cx);
    }

    /// Asks this lock node. To the lock service, each worker is a client of its own for each client that it serves; so with
    /// leases none has two requests under way.
    pub(super) fn ask_node<L: Replica>(
        &self,
        node: NodeId,
        serial: u64,
        operation: Operation,
        cx: &mut Context<'_, Guarded<L>>,
    ) {
        let id = RequestId { client: self.layout.on_behalf(self.client, cx.me()), serial };
        cx.send(node, Message::Ask(Request { id, key: self.key, operation }));
    }

    /// The timer for something of this client's.
    pub(super) fn alarm<T>(&self, alarm: Alarm) -> Timer<T> {
        Timer::Job(self.client, alarm)
    }
}

/// A name that nobody else has: a random one, so that it needs no memory.
pub(super) fn unique_name<L: Replica>(cx: &mut Context<'_, Guarded<L>>) -> i64 {
    i64::try_from(cx.random().bits() >> 1).expect("63 bits")
}

/// One attempt to get a lock, and to keep it.
#[derive(Debug)]
pub(super) enum Lock {
    Lease(Lease),
    Redlock(Redlock),
}

impl Lock {
    /// An attempt that has not begun.
    pub(super) fn new<L: Replica>(method: Method, cx: &mut Context<'_, Guarded<L>>) -> Self {
        match method {
            Method::Lease => Self::Lease(Lease::new(unique_name(cx))),
            Method::Redlock => Self::Redlock(Redlock::new()),
        }
    }

    /// The fencing token, if the lock is held and gives any.
    pub(super) fn token(&self) -> Option<i64> {
        match self {
            Self::Lease(lease) => lease.token(),
            Self::Redlock(_) => None,
        }
    }

    /// Until when the worker believes to hold the lock, by its own clock.
    pub(super) fn until(&self) -> VirtualTime {
        match self {
            Self::Lease(lease) => lease.until,
            Self::Redlock(redlock) => redlock.until,
        }
    }

    /// True if a lock node owes an answer that may have to be asked for at another.
    pub(super) fn is_asking(&self) -> bool {
        matches!(self, Self::Lease(lease) if lease.is_asking())
    }

    /// Tries to get the lock.
    pub(super) fn take<L: Replica>(&mut self, errand: &mut Errand<'_>, cx: &mut Context<'_, Guarded<L>>) {
        match self {
            Self::Lease(lease) => lease.look(errand, cx),
            Self::Redlock(redlock) => redlock.take(errand, cx),
        }
    }

    /// Gives it back.
    pub(super) fn release<L: Replica>(&mut self, errand: &mut Errand<'_>, cx: &mut Context<'_, Guarded<L>>) {
        match self {
            Self::Lease(lease) => lease.release(errand, cx),
            Self::Redlock(redlock) => redlock.release(errand, cx),
        }
    }

    /// A lock node has answered.
    pub(super) fn hear<L: Replica>(
        &mut self,
        from: NodeId,
        (serial, answer): (u64, &Answer),
        errand: &mut Errand<'_>,
        cx: &mut Context<'_, Guarded<L>>,
    ) -> News {
        match self {
            Self::Lease(lease) => lease.hear(serial, answer, errand, cx),
            Self::Redlock(redlock) => redlock.hear(from, serial, answer, errand, cx),
        }
    }

    /// An alarm went off that the lock had set.
    pub(super) fn wake<L: Replica>(
        &mut self,
        alarm: Alarm,
        errand: &mut Errand<'_>,
        cx: &mut Context<'_, Guarded<L>>,
    ) {
        match (self, alarm) {
            (Self::Lease(lease), Alarm::Retry) => lease.retry(errand, cx),
            (Self::Lease(lease), Alarm::Renew) => lease.renew(errand, cx),
            (Self::Lease(lease), Alarm::Again) => lease.again(errand, cx),
            (Self::Redlock(redlock), Alarm::Retry) => redlock.retry(errand, cx),
            (Self::Redlock(redlock), Alarm::Again) => redlock.give_up(errand, cx),
            (Self::Redlock(_), Alarm::Renew) | (_, Alarm::Work | Alarm::Look) => {}
        }
    }
}
