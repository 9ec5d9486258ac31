//! What must hold of Viewstamped Replication (Liskov and Cowling 2012, section 8), checked by an observer who sees every node
//! at every step and every message that leaves one.

use std::collections::{BTreeMap, BTreeSet};

use anachron_node::{Replica, Request};
use anachron_replication::viewstamped::{Message, Record, ViewNumber, Viewstamped};
use anachron_vocabulary::{Key, NodeId, Value};

use crate::kit::world::Observer;

/// What the observer remembers of a run.
#[derive(Default)]
pub(crate) struct Watch {
    /// The operations that some node knew to be committed, and the view in which it first did.
    committed: Vec<(Request, ViewNumber)>,
    /// The latest view in which a node has said something.
    told: BTreeMap<NodeId, ViewNumber>,
    /// The views in which a node was the primary, in normal operation.
    views: BTreeSet<ViewNumber>,
    /// What a node looked like last: view, normal or not, length of the log, commits.
    known: BTreeMap<NodeId, (ViewNumber, bool, usize, usize)>,
    /// The objects after so many operations.
    states: BTreeMap<usize, Vec<(Key, Value)>>,
    /// How often a node came back from having lost its memory.
    pub(crate) recoveries: usize,
    away: BTreeSet<NodeId>,
}

impl Watch {
    pub(crate) fn committed(&self) -> usize {
        self.committed.len()
    }

    pub(crate) fn views(&self) -> usize {
        self.views.len()
    }

    /// No two nodes know different operations to be committed under one number.
    fn committed_once(&mut self, node: NodeId, replica: &Viewstamped) -> Result<(), String> {
        for (row, request) in replica.log()[..replica.commit_number()].iter().enumerate() {
            match self.committed.get(row) {
                Some((first, _)) if first != request => {
                    return Err(format!(
                        "Agreement: {node} has {request:?} committed as {}, not {first:?}",
                        row + 1
                    ));
                }
                Some(_) => {}
                None => self.committed.push((request.clone(), replica.view_number())),
            }
        }
        Ok(())
    }

    /// An operation committed in a view is in the log of the primary of every later one.
    fn committed_survives(&self, node: NodeId, replica: &Viewstamped) -> Result<(), String> {
        for (row, (request, view)) in self.committed.iter().enumerate() {
            if *view < replica.view_number() && replica.log().get(row) != Some(request) {
                return Err(format!(
                    "Committed survives: {node} is the primary of view {} without {request:?} as {}, committed in view {view}",
                    replica.view_number(),
                    row + 1
                ));
            }
        }
        Ok(())
    }
}

impl Observer<Viewstamped> for Watch {
    fn look(&mut self, node: NodeId, replica: &Viewstamped) -> Result<(), String> {
        let (view, commit) = (replica.view_number(), replica.commit_number());
        if replica.is_away() {
            self.away.insert(node);
        } else if self.away.remove(&node) {
            self.recoveries += 1;
        }
        let now = (view, replica.is_primary(), replica.log().len(), commit);
        if self.known.insert(node, now) == Some(now) {
            return Ok(());
        }
        self.committed_once(node, replica)?;
        if replica.is_primary() {
            self.views.insert(view);
            self.committed_survives(node, replica)?;
        }
        let contents = replica.contents();
        let first = self.states.entry(commit).or_insert_with(|| contents.clone());
        if *first == contents {
            Ok(())
        } else {
            Err(format!("One state: {node} holds {contents:?} after operation {commit}, not {first:?}"))
        }
    }

    fn durable(&mut self, _node: NodeId, _nodes: usize, _record: &Record) -> Result<(), String> {
        Ok(())
    }

    /// A node speaks in no view before one in which it has spoken, crashes or not.
    fn said(&mut self, node: NodeId, _nodes: usize, message: &Message) -> Result<(), String> {
        let view = match message {
            Message::Prepare { view, .. }
            | Message::PrepareOk { view, .. }
            | Message::Commit { view, .. }
            | Message::StartViewChange { view }
            | Message::DoViewChange { view, .. }
            | Message::StartView { view, .. } => *view,
            _ => return Ok(()),
        };
        let told = self.told.entry(node).or_insert(view);
        if view < *told {
            return Err(format!("Views are monotone: {node} speaks in view {view} after view {told}"));
        }
        *told = view;
        Ok(())
    }
}
