//! An event of a trace as a line: `{"v":1,"kind":"event","at_ns":…,"step":…,"what":…,…}`.
//!
//! Why it exists: `run --trace FILE` writes everything that an omniscient observer saw, for programs to look at. Besides
//! the fields above, which every event has, there are:
//!
//! | `what` | fields |
//! |---|---|
//! | `call` | `client`, `operation` (its place in the history), `key`, `f`, `arg` |
//! | `return` | `client`, `operation`, `outcome` (`ok`, `fail`, `unknown`), `ret` |
//! | `sent` | `message` (its number; a duplicate has one of its own), `from`, `to`, `label` |
//! | `delivered` | `message` |
//! | `lost` | `message`, `why` |
//! | `timer`, `appended`, `operator` | `node`, `label` |
//! | `synced` | `node`, `records` |
//! | `crashed` | `node`, `lost_records` |
//! | `booted` | `node`, `boot` |
//! | `paused`, `resumed` | `node` |
//! | `role` | `node`, `role`, `term`, `commit` |
//! | `applied` | `node`, `changes`, `digest`: how many changes it has applied of those that all nodes are to apply |
//! | `facts` | `node`, `changed`: what else it shows of its state, by name, `null` for what it shows no more |
//! | `note` | `node`, `text` |
//! | `fault-begins` | `fault` (its place in the plan), `label`, `nodes` |
//! | `fault-ends` | `fault` |
//!
//! Nodes and clients go by the names that the scenario gives them. Times are true time, in nanoseconds; `step` counts
//! the events taken from the queue. What is asked of the cluster at the very end, to see whether it is alive, has a place
//! behind all those of the history.

use anachron_history::History;
use anachron_trace::{Endpoint, Event, Happening};
use anachron_vocabulary::{ClientId, Key, NodeId, Operation, Outcome};
use serde_json::{Value as Json, json};

use super::{arguments, line};

/// One event of a run that left this history, on nodes with these names.
pub fn event(history: &History, nodes: &[String], event: &Event) -> String {
    let (what, more) = Names { history, nodes }.told(&event.what);
    let mut fields = json!({ "at_ns": event.time.0, "step": event.step, "what": what });
    if let (Json::Object(fields), Json::Object(more)) = (&mut fields, more) {
        fields.extend(more);
    }
    line("event", fields)
}

struct Names<'a> {
    history: &'a History,
    nodes: &'a [String],
}

impl Names<'_> {
    fn node(&self, node: NodeId) -> String {
        self.nodes.get(node.index()).cloned().unwrap_or_else(|| node.to_string())
    }

    fn client(&self, client: ClientId) -> String {
        let is_known = client.index() < self.history.clients.len();
        if is_known { self.history.client_name(client).to_owned() } else { client.to_string() }
    }

    fn key(&self, key: Key) -> String {
        let is_known = key.index() < self.history.keys.len();
        if is_known { self.history.key_name(key).to_owned() } else { key.0.to_string() }
    }

    fn end(&self, end: Endpoint) -> String {
        match end {
            Endpoint::Node(node) => self.node(node),
            Endpoint::Client(client) => self.client(client),
        }
    }

    /// What happened, and the fields that belong to it.
    fn told(&self, what: &Happening) -> (&'static str, Json) {
        let labelled = |node, label| json!({ "node": self.node(node), "label": label });
        let only = |node| json!({ "node": self.node(node) });
        match what {
            Happening::Call { client, id, key, operation } => {
                let (arg, _) = arguments(operation, &Outcome::Unknown);
                let fields = json!({
                    "client": self.client(*client),
                    "operation": id.0,
                    "key": self.key(*key),
                    "f": operation.name(),
                    "arg": arg,
                });
                ("call", fields)
            }
            Happening::Return { client, id, outcome } => {
                let (word, ret) = learned(outcome);
                let fields = json!({
                    "client": self.client(*client),
                    "operation": id.0,
                    "outcome": word,
                    "ret": ret,
                });
                ("return", fields)
            }
            Happening::Sent { message, from, to, label } => {
                let fields = json!({
                    "message": message.0,
                    "from": self.end(*from),
                    "to": self.end(*to),
                    "label": label,
                });
                ("sent", fields)
            }
            Happening::Delivered { message } => ("delivered", json!({ "message": message.0 })),
            Happening::Lost { message, why } => {
                ("lost", json!({ "message": message.0, "why": why.to_string() }))
            }
            Happening::Timer { node, label } => ("timer", labelled(*node, label)),
            Happening::Appended { node, label } => ("appended", labelled(*node, label)),
            Happening::Operator { node, label } => ("operator", labelled(*node, label)),
            Happening::Synced { node, records } => {
                ("synced", json!({ "node": self.node(*node), "records": records }))
            }
            Happening::Crashed { node, lost_records } => {
                ("crashed", json!({ "node": self.node(*node), "lost_records": lost_records }))
            }
            Happening::Booted { node, boot } => ("booted", json!({ "node": self.node(*node), "boot": boot })),
            Happening::Paused { node } => ("paused", only(*node)),
            Happening::Resumed { node } => ("resumed", only(*node)),
            Happening::Role { node, role, term, commit } => {
                let fields =
                    json!({ "node": self.node(*node), "role": role, "term": term, "commit": commit });
                ("role", fields)
            }
            Happening::Applied { node, changes, digest } => {
                let digest = format!("{digest:016x}");
                ("applied", json!({ "node": self.node(*node), "changes": changes, "digest": digest }))
            }
            Happening::Facts { node, changed } => {
                let fact = |(name, fact): &(&str, Option<String>)| ((*name).to_owned(), json!(fact));
                let facts: serde_json::Map<String, Json> = changed.iter().map(fact).collect();
                ("facts", json!({ "node": self.node(*node), "changed": facts }))
            }
            Happening::Note { node, text } => ("note", json!({ "node": self.node(*node), "text": text })),
            Happening::FaultBegins { fault, label, nodes } => {
                let nodes: Vec<String> = nodes.iter().map(|&node| self.node(node)).collect();
                ("fault-begins", json!({ "fault": fault, "label": label, "nodes": nodes }))
            }
            Happening::FaultEnds { fault } => ("fault-ends", json!({ "fault": fault })),
        }
    }
}

/// What a client got to know, in the words of the native history format. What was asked makes no difference to it.
fn learned(outcome: &Outcome) -> (&'static str, Json) {
    let word = match outcome {
        Outcome::Ok(_) => "ok",
        Outcome::Failed => "fail",
        Outcome::Unknown => "unknown",
    };
    (word, arguments(&Operation::Read, outcome).1)
}
