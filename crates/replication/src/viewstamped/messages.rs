//! What the nodes say to each other, by the paper's names (Figures 1 and 2, sections 4 and 5).

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use anachron_node::Request;

use super::ViewNumber;

/// Some requests in a row, shared between messages.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Requests(Arc<[Request]>);

impl Requests {
    /// A shared copy.
    pub fn new(requests: &[Request]) -> Self {
        Self(requests.into())
    }
}

impl Deref for Requests {
    type Target = [Request];

    fn deref(&self) -> &[Request] {
        &self.0
    }
}

/// A log, or the end of one, and how many operations are committed from the start on.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The requests in order.
    pub log: Requests,
    /// How many operations are committed.
    pub commit: usize,
}

/// A message between nodes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// The primary asks for a request to be held.
    Prepare {
        /// The primary's view.
        view: ViewNumber,
        /// The request's operation number.
        op: usize,
        /// The request.
        request: Request,
        /// How many operations are committed.
        commit: usize,
    },
    /// The sender holds everything up to an operation number.
    PrepareOk {
        /// The sender's view.
        view: ViewNumber,
        /// The operation number.
        op: usize,
    },
    /// The primary is there.
    Commit {
        /// The primary's view.
        view: ViewNumber,
        /// How many operations are committed.
        commit: usize,
    },
    /// The sender has entered a view.
    StartViewChange {
        /// The view.
        view: ViewNumber,
    },
    /// The sender's log, for the primary of the view entered.
    DoViewChange {
        /// The view entered.
        view: ViewNumber,
        /// The latest view in which the sender was in normal operation.
        last_normal: ViewNumber,
        /// Its log.
        state: State,
    },
    /// The view has begun, with this log.
    StartView {
        /// The view.
        view: ViewNumber,
        /// The log.
        state: State,
    },
    /// The sender has lost its memory.
    Recovery {
        /// The latest view that it had entered.
        view: ViewNumber,
        /// Tells this recovery from others.
        nonce: u64,
    },
    /// The answer to `Recovery`.
    RecoveryResponse {
        /// The sender's view.
        view: ViewNumber,
        /// The nonce of the question.
        nonce: u64,
        /// The log, if the sender is the primary of its view.
        state: Option<State>,
    },
    /// The sender lacks a part of a view's log.
    GetState {
        /// The view.
        view: ViewNumber,
        /// It holds everything up to this operation number.
        op: usize,
    },
    /// A part of a view's log.
    NewState {
        /// The view.
        view: ViewNumber,
        /// The operation number before the first request sent.
        after: usize,
        /// The part.
        state: State,
    },
}

/// Short, for traces: client and serial, object and operation.
impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (row, Request { id, key, operation }) in self.iter().enumerate() {
            let comma = if row > 0 { ", " } else { "" };
            write!(f, "{comma}{id:?} {key:?} {operation:?}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, commit {}", self.log, self.commit)
    }
}

/// One line a reader of a trace can follow.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prepare { view, op, request: Request { id, key, operation }, commit } => {
                write!(f, "Prepare(view {view}, {op}: {id:?} {key:?} {operation:?}, commit {commit})")
            }
            Self::PrepareOk { view, op } => write!(f, "PrepareOk(view {view}, up to {op})"),
            Self::Commit { view, commit } => write!(f, "Commit(view {view}, commit {commit})"),
            Self::StartViewChange { view } => write!(f, "StartViewChange(view {view})"),
            Self::DoViewChange { view, last_normal, state } => {
                write!(f, "DoViewChange(view {view}, log of view {last_normal}: {state:?})")
            }
            Self::StartView { view, state } => write!(f, "StartView(view {view}, {state:?})"),
            Self::Recovery { view, nonce } => write!(f, "Recovery(view {view}, nonce {nonce})"),
            Self::RecoveryResponse { view, nonce, state: None } => {
                write!(f, "RecoveryResponse(view {view}, nonce {nonce})")
            }
            Self::RecoveryResponse { view, nonce, state: Some(state) } => {
                write!(f, "RecoveryResponse(view {view}, nonce {nonce}, {state:?})")
            }
            Self::GetState { view, op } => write!(f, "GetState(view {view}, behind {op})"),
            Self::NewState { view, after, state } => {
                write!(f, "NewState(view {view}, behind {after}: {state:?})")
            }
        }
    }
}
