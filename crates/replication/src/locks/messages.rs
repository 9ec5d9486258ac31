//! What nodes say to each other, what they write down, and what wakes them.

use anachron_node::{Answer, Request, RequestId};
use anachron_vocabulary::{ClientId, Key, Value};

/// What nodes say to each other; `M` is what lock nodes say among themselves.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message<M> {
    /// Between lock nodes.
    Among(M),
    /// From a worker to a lock node: a client's request of the lock service.
    Ask(Request),
    /// From a lock node to a worker.
    Told {
        /// The request.
        id: RequestId,
        /// What the lock service answers.
        answer: Answer,
    },
    /// From a worker to the resource: what does this object hold?
    Read {
        /// Which time the worker asks.
        visit: Visit,
        /// The object.
        key: Key,
    },
    /// From a worker to the resource.
    Write {
        /// Which time the worker asks.
        visit: Visit,
        /// The object.
        key: Key,
        /// What it is to hold.
        value: Value,
        /// What the client is to be told.
        answer: Answer,
    },
    /// From the resource to a worker: the object holds this.
    Holds {
        /// The worker's question.
        visit: Visit,
        /// The value.
        value: Value,
    },
    /// From the resource to a worker: the client's request has been carried out, by whomever; tell the client this.
    Done {
        /// The worker's question.
        visit: Visit,
        /// The answer.
        answer: Answer,
    },
    /// From the resource to a worker: somebody with a greater token was here. Nothing was done.
    Rejected {
        /// The worker's question.
        visit: Visit,
    },
    /// From the resource to a worker: the client has been given a later answer since. Nothing was done.
    Outdated {
        /// The worker's question.
        visit: Visit,
    },
}

/// Names one visit of a worker to the resource, under one lock, for one client's request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Visit {
    /// The client's request.
    pub request: RequestId,
    /// The worker's own count, so that an answer to an earlier visit is not taken for one to this.
    pub number: u64,
    /// The token of the lock under which the worker comes, if the lock gives any.
    pub token: Option<i64>,
}

/// What nodes write down; `R` is what lock nodes do.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record<R> {
    /// At a lock node.
    Lock(R),
    /// At the resource: from now on nothing below this token.
    Fence {
        /// The object.
        key: Key,
        /// The token.
        token: i64,
    },
    /// At the resource: an object holds this now.
    Written {
        /// For which request.
        request: RequestId,
        /// The object.
        key: Key,
        /// The value.
        value: Value,
        /// What the client is to be told.
        answer: Answer,
    },
}

/// What wakes a node; `T` is what wakes a lock node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Timer<T> {
    /// At a lock node.
    Lock(T),
    /// At a worker, for what it does for this client.
    Job(ClientId, Alarm),
}

/// What a worker wants to be woken for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Alarm {
    /// Something was not answered: say it again.
    Again,
    /// Look again whether the lock can be had.
    Retry,
    /// A lease has to be renewed.
    Renew,
    /// The work is done.
    Work,
    /// A read was not answered: ask the resource again.
    Look,
}
