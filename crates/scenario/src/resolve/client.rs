//! Clients: scripts, workloads, patience.

use std::collections::BTreeMap;

use anachron_vocabulary::{Key, NodeId, Operation, Value, VirtualDuration, VirtualTime};

use super::check::Check;
use super::latency;
use super::names::Names;
use crate::json::shortened;
use crate::nearest::{listed, suggestion};
use crate::path::Path;
use crate::quantity::DurationText;
use crate::written::{self, Argument, KeyChoice, KeyWeights, NodeList, Values};
use crate::{
    Client, Latency, Model, NodeChoice, OperationKind, Retry, ScriptedOperation, Task, ValueSource,
    WeightedKey, Workload, WorkloadMix,
};

const DEFAULT_TIMEOUT: VirtualDuration = VirtualDuration::millis(100);
/// Enough to find the leader by refusals, which are definite and cost nothing.
const DEFAULT_ATTEMPTS: u32 = 10;
const DEFAULT_BACKOFF: Latency = Latency::Constant(VirtualDuration::millis(5));
const DEFAULT_THINK_TIME: Latency = Latency::Exponential { mean: VirtualDuration::millis(5) };
const MOST_KEYS: usize = 100_000;
/// Each client numbers the values that it writes within a million of its own.
const MOST_OPERATIONS: u32 = 999_999;
const MOST_ATTEMPTS: u32 = 1_000_000;

/// The objects, numbered in the order of their first appearance.
pub(crate) struct Keys {
    model: Model,
    names: Vec<String>,
    numbers: BTreeMap<String, Key>,
}

impl Keys {
    pub(crate) fn new(model: Model) -> Self {
        Self { model, names: Vec::new(), numbers: BTreeMap::new() }
    }

    fn number(&mut self, name: &str) -> Key {
        if let Some(&key) = self.numbers.get(name) {
            return key;
        }
        let key = Key::from_index(self.names.len());
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), key);
        key
    }

    pub(crate) fn into_names(self) -> Vec<String> {
        self.names
    }
}

pub(crate) fn resolve(
    check: &mut Check<'_>,
    path: &Path,
    names: &Names,
    keys: &mut Keys,
    duration: VirtualDuration,
    written: Vec<written::Client>,
) -> Vec<Client> {
    let mut clients: Vec<Client> = Vec::new();
    for (index, entry) in written.into_iter().enumerate() {
        let path = path.index(index);
        let count = entry.count.map_or(1, |count| usize::try_from(count).unwrap_or(0));
        let node = entry.node.as_ref().map_or_else(
            || NodeChoice::Leader(names.all_nodes()),
            |choice| node_choice(check, &path.field("node"), names, choice),
        );
        let timeout = entry.timeout.map_or(DEFAULT_TIMEOUT, |timeout| timeout.0);
        check.positive(&path.field("timeout"), timeout);
        let retry = retry(check, &path.field("retry"), keys.model, &entry.retry);
        let task = match (entry.operations, entry.workload) {
            (Some(operations), None) => {
                if entry.count.is_some() {
                    let message = "a script is for one client; expected `workload` beside `count`";
                    check.error(&path.field("count"), message);
                }
                script(check, &path.field("operations"), names, keys, duration, operations)
            }
            (None, Some(generated)) => {
                Task::Generated(workload(check, &path.field("workload"), keys, duration, generated))
            }
            (None, None) => {
                check.error(&path, "this client does nothing; expected `operations` or `workload`");
                Task::Script(Vec::new())
            }
            (Some(_), Some(_)) => {
                check.error(&path, "expected either `operations` or `workload`, found both");
                Task::Script(Vec::new())
            }
        };
        let common = (node, timeout, retry, task);
        for (id, name) in names.clients_of_entry(clients.len(), count) {
            let (node, timeout, retry, task) = common.clone();
            clients.push(Client { id, name, node, timeout, retry, task });
        }
    }
    clients
}

/// A client's choice of node. A list that is left out means all nodes in their order.
pub(crate) fn node_choice(
    check: &mut Check<'_>,
    path: &Path,
    names: &Names,
    written: &written::NodeChoice,
) -> NodeChoice {
    let mut list = |field: &str, written: &written::Names| -> Vec<NodeId> {
        names.nodes(check, &path.field(field), written)
    };
    match written {
        written::NodeChoice::Sticky(nodes) => NodeChoice::Sticky(list("sticky", nodes)),
        written::NodeChoice::RoundRobin(nodes) => NodeChoice::RoundRobin(list("round-robin", nodes)),
        written::NodeChoice::Leader(nodes) => NodeChoice::Leader(list("leader", nodes)),
        written::NodeChoice::Word(word) => match &**word {
            "sticky" => NodeChoice::Sticky(names.all_nodes()),
            "round-robin" => NodeChoice::RoundRobin(names.all_nodes()),
            "leader" => NodeChoice::Leader(names.all_nodes()),
            "nearest" => NodeChoice::Nearest,
            name => {
                let near = suggestion(name, ["sticky", "round-robin", "leader", "nearest"]);
                if near.is_empty() {
                    names.node(check, path, name).map_or(NodeChoice::Nearest, NodeChoice::Fixed)
                } else {
                    check.error(path, format!("there is no node `{}`{near}", shortened(name)));
                    NodeChoice::Nearest
                }
            }
        },
    }
}

fn retry(check: &mut Check<'_>, path: &Path, model: Model, written: &written::Retry) -> Retry {
    let attempts = written.attempts.unwrap_or(DEFAULT_ATTEMPTS);
    if attempts == 0 {
        check.error(&path.field("attempts"), "expected at least 1: the first attempt counts");
    }
    if attempts > MOST_ATTEMPTS {
        check.error(&path.field("attempts"), format!("expected {MOST_ATTEMPTS} at most, found {attempts}"));
    }
    let backoff = written.backoff.clone().unwrap_or(DEFAULT_BACKOFF);
    latency::check(check, &path.field("backoff"), &backoff);
    let mut positive = |field: &str, duration: Option<DurationText>| {
        let duration = duration?.0;
        check.positive(&path.field(field), duration);
        Some(duration)
    };
    let deadline = positive("deadline", written.deadline);
    let ask_again_for_lock = positive("ask_again_for_lock", written.ask_again_for_lock);
    if ask_again_for_lock.is_some() && model != Model::Mutex {
        let message = format!("only a client of a `mutex` asks for a lock; the model is `{model}`");
        check.error(&path.field("ask_again_for_lock"), message);
    }
    Retry { attempts, backoff, after_timeout: written.after_timeout, ask_again_for_lock, deadline }
}

fn script(
    check: &mut Check<'_>,
    path: &Path,
    names: &Names,
    keys: &mut Keys,
    duration: VirtualDuration,
    written: Vec<written::Operation>,
) -> Task {
    if written.is_empty() {
        check.error(path, "expected at least one operation");
    }
    let mut script: Vec<ScriptedOperation> = Vec::with_capacity(written.len());
    for (index, written) in written.into_iter().enumerate() {
        let path = path.index(index);
        let before = script.last().map_or(VirtualTime::ZERO, |operation| operation.at);
        let at = written.at.map_or(before, |at| VirtualTime(at.0.0));
        if at < before {
            check.error(
                &path.field("at"),
                format!("expected a time not before {before}, the time of the operation before, found {at}"),
            );
        }
        check.before_end(&path.field("at"), at, duration);
        let key = written.key.as_deref().unwrap_or(keys.model.default_key());
        check.plain_name(&path.field("key"), key);
        let key = keys.number(key);
        let operation = operation(check, &path, keys.model, written.f, &written.arg);
        let node = written.node.and_then(|name| names.node(check, &path.field("node"), &name));
        script.push(ScriptedOperation { at, key, operation, node });
    }
    Task::Script(script)
}

/// An operation that the model knows, with the argument that it needs.
fn operation(
    check: &mut Check<'_>,
    path: &Path,
    model: Model,
    kind: OperationKind,
    argument: &Argument,
) -> Operation {
    if !model.operations().contains(&kind) {
        let known = listed(model.operations().iter().map(|kind| kind.name()));
        check.error(&path.field("f"), format!("a `{model}` knows no `{kind}`; expected {known}"));
        return Operation::Read;
    }
    let argument_path = path.field("arg");
    let mut wrong = |what: &str| {
        let path = if *argument == Argument::Missing { path } else { &argument_path };
        check.error(path, format!("`{kind}` needs {what}"));
        Operation::Read
    };
    match kind {
        OperationKind::Cas => match argument {
            Argument::Pair(expected, new) => {
                Operation::CompareAndSet { expected: expected.clone(), new: new.clone() }
            }
            _ => wrong("`arg`, a list of two: [expected, new]"),
        },
        OperationKind::Write => match argument {
            Argument::One(value) => Operation::Write(value.clone()),
            _ => wrong("`arg`, the one value to write"),
        },
        OperationKind::Append => match argument {
            Argument::One(value) if *value != Value::Null => Operation::Append(value.clone()),
            _ => wrong("`arg`, a text or a number to add"),
        },
        OperationKind::Increment => match argument {
            Argument::One(Value::Integer(amount)) => Operation::Increment(*amount),
            _ => wrong("`arg`, the whole number to add"),
        },
        OperationKind::Enqueue | OperationKind::Add | OperationKind::Remove | OperationKind::Contains => {
            match argument {
                Argument::One(element) if *element != Value::Null => match kind {
                    OperationKind::Enqueue => Operation::Enqueue(element.clone()),
                    OperationKind::Add => Operation::Add(element.clone()),
                    OperationKind::Remove => Operation::Remove(element.clone()),
                    _ => Operation::Contains(element.clone()),
                },
                _ => wrong("`arg`, the element: a text or a number"),
            }
        }
        OperationKind::Read
        | OperationKind::Delete
        | OperationKind::Acquire
        | OperationKind::Release
        | OperationKind::Dequeue => match (argument, kind) {
            (Argument::Missing, OperationKind::Read) => Operation::Read,
            (Argument::Missing, OperationKind::Delete) => Operation::Delete,
            (Argument::Missing, OperationKind::Acquire) => Operation::Acquire,
            (Argument::Missing, OperationKind::Release) => Operation::Release,
            (Argument::Missing, _) => Operation::Dequeue,
            _ => wrong("no `arg`"),
        },
    }
}

fn workload(
    check: &mut Check<'_>,
    path: &Path,
    keys: &mut Keys,
    duration: VirtualDuration,
    written: written::Workload,
) -> Workload {
    if !(1..=MOST_OPERATIONS).contains(&written.operations) {
        let message = format!("expected 1 to {MOST_OPERATIONS} operations, found {}", written.operations);
        check.error(&path.field("operations"), message);
    }
    let start = written.start.map_or(VirtualTime::ZERO, |start| VirtualTime(start.0.0));
    check.before_end(&path.field("start"), start, duration);
    let mutex = keys.model == Model::Mutex;
    let mix = match &written.mix {
        _ if mutex => {
            for (given, field) in [(written.mix.is_some(), "mix"), (written.values.is_some(), "values")] {
                if given {
                    let message =
                        "a client of a `mutex` takes the lock and gives it back; there is nothing to choose";
                    check.error(&path.field(field), message);
                }
            }
            WorkloadMix::AcquireRelease
        }
        None => WorkloadMix::Weighted(keys.model.operations().iter().map(|&kind| (kind, 1)).collect()),
        Some(weights) => mix(check, &path.field("mix"), keys.model, weights),
    };
    let keys = weighted_keys(check, path, keys, &written);
    let values = match written.values {
        None | Some(Values::Unique) => ValueSource::Unique,
        Some(Values::OneOf(count)) => {
            if count == 0 {
                check.error(&path.field("values"), "expected at least one value");
            }
            ValueSource::OneOf(count)
        }
    };
    let think_time = written.think_time.unwrap_or(DEFAULT_THINK_TIME);
    latency::check(check, &path.field("think_time"), &think_time);
    Workload { start, operations: written.operations, mix, keys, values, think_time }
}

fn mix(check: &mut Check<'_>, path: &Path, model: Model, written: &written::Mix) -> WorkloadMix {
    let weights = [
        (OperationKind::Read, written.read),
        (OperationKind::Write, written.write),
        (OperationKind::Cas, written.cas),
        (OperationKind::Append, written.append),
        (OperationKind::Delete, written.delete),
        (OperationKind::Enqueue, written.enqueue),
        (OperationKind::Dequeue, written.dequeue),
        (OperationKind::Add, written.add),
        (OperationKind::Remove, written.remove),
        (OperationKind::Contains, written.contains),
        (OperationKind::Increment, written.increment),
    ];
    let mut mix = Vec::new();
    for (kind, weight) in weights {
        let Some(weight) = weight else { continue };
        if !model.operations().contains(&kind) {
            let known = listed(model.operations().iter().map(|kind| kind.name()));
            check.error(&path.field(kind.name()), format!("a `{model}` knows no `{kind}`; expected {known}"));
        }
        mix.push((kind, weight));
    }
    positive_total(check, path, mix.iter().map(|(_, weight)| *weight));
    WorkloadMix::Weighted(mix)
}

/// Weights need a sum that is not zero and that a draw can be made from.
fn positive_total(check: &mut Check<'_>, path: &Path, weights: impl Iterator<Item = u32>) {
    let total: u64 = weights.map(u64::from).sum();
    if total == 0 {
        check.error(path, "expected at least one weight above zero");
    } else if u32::try_from(total).is_err() {
        check.error(path, format!("the weights add up to more than {}", u32::MAX));
    }
}

fn weighted_keys(
    check: &mut Check<'_>,
    path: &Path,
    keys: &mut Keys,
    written: &written::Workload,
) -> Vec<WeightedKey> {
    let list_path = path.field("keys");
    let default_key = keys.model.default_key();
    let names: Vec<String> = match &written.keys {
        None | Some(NodeList::Count(1)) => vec![default_key.to_owned()],
        Some(NodeList::Count(count)) => {
            let count = usize::try_from(*count).unwrap_or(usize::MAX);
            if !(1..=MOST_KEYS).contains(&count) {
                check.error(&list_path, format!("expected 1 to {MOST_KEYS} keys, found {count}"));
            }
            (1..=count.clamp(1, MOST_KEYS)).map(|number| format!("{default_key}{number}")).collect()
        }
        Some(NodeList::Named(names)) => {
            if !(1..=MOST_KEYS).contains(&names.len()) {
                check.error(&list_path, format!("expected 1 to {MOST_KEYS} keys, found {}", names.len()));
            }
            names.clone()
        }
    };
    let weights_path = path.field("key_choice");
    let mut weights: Vec<u32> = match &written.key_choice {
        None | Some(KeyChoice::Law(KeyWeights::Uniform)) => vec![1; names.len()],
        // The weight of the k-th key is proportional to 1/k. The sum over 100,000 keys stays far below 2^32.
        Some(KeyChoice::Law(KeyWeights::Zipf)) => {
            (1_u32..).zip(&names).map(|(rank, _)| 10_000_000 / rank).collect()
        }
        Some(KeyChoice::Weights(weights)) => {
            if weights.len() != names.len() {
                let message = format!("expected one weight a key, {}; found {}", names.len(), weights.len());
                check.error(&weights_path, message);
            }
            positive_total(check, &weights_path, weights.iter().copied());
            weights.clone()
        }
    };
    weights.resize(names.len(), 0);
    let mut weighted: Vec<WeightedKey> = Vec::with_capacity(names.len());
    let spelt_out = matches!(written.keys, Some(NodeList::Named(_)));
    let mut seen = std::collections::BTreeSet::new();
    for (index, (name, weight)) in names.iter().zip(weights).enumerate() {
        let path = if spelt_out { list_path.index(index) } else { list_path.clone() };
        check.plain_name(&path, name);
        if !seen.insert(name) {
            check.error(&path, format!("the key `{}` is named twice", shortened(name)));
        }
        weighted.push(WeightedKey { key: keys.number(name), weight });
    }
    weighted
}
