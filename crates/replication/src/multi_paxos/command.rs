//! What a slot of the log can hold.

use std::fmt;
use std::sync::Arc;

use anachron_node::{Request, RequestId};

use crate::common::Submission;

/// A value that the synod chooses for a slot.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Command {
    /// Nothing: fills a gap that a dead leader left (Lamport 2001, section 3).
    NoOp,
    /// A client's request.
    Client(Request),
    /// Nothing here: it is for a layer above.
    Submitted(Arc<Submission>),
}

impl Command {
    /// The request that the command is, if it is one.
    pub fn request_id(&self) -> Option<RequestId> {
        match self {
            Self::NoOp | Self::Submitted(_) => None,
            Self::Client(request) => Some(request.id),
        }
    }
}

/// Short, for traces: `NoOp`, or request, object and operation.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOp => f.write_str("NoOp"),
            Self::Submitted(submission) => write!(f, "{submission:?}"),
            Self::Client(Request { id, key, operation }) => write!(f, "{id:?} {key:?} {operation:?}"),
        }
    }
}
