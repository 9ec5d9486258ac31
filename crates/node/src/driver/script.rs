//! What a line of a script asks for.

use anachron_vocabulary::{ClientId, NodeId, Operation, Value};

use super::Names;
use crate::{OperatorCommand, Request, RequestId};

const COMMANDS: &str = "boot, request, deliver, drop, duplicate, hold, resume, timer, sync, autosync, crash, \
                        operator, clock, wall, view, contents, links, timers, show";
const OPERATIONS: &str = "read x, write x 5, delete x, cas x 1 2, append x a, add x a, remove x a, contains x a, \
                          increment x 1, enqueue x a, dequeue x, push x a, pop x, insert x a, extract-min x, \
                          claim x a, resign x a, acquire l, release l or release l 7";

const OPERATOR_COMMANDS: &str =
    "promote, transfer n2, add-learner n4, add-voter n4, remove n3 or voters n1 n2 n4";

/// One node or all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Nodes {
    All,
    One(NodeId),
}

/// Which of the messages on a link; positions count from 0, the oldest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Which {
    At(usize),
    All,
}

/// What a crash leaves of the records that were not yet synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tail {
    Lost,
    Kept,
    KeptFirst(usize),
    /// Nothing at all is left, of synced records neither: the disk is gone.
    Wiped,
    Torn,
}

/// Which effects are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Show {
    Everything,
    Answers,
}

/// A line of a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Command {
    Boot(Nodes),
    Request { node: NodeId, request: Request },
    Deliver { from: NodeId, to: NodeId, which: Which },
    DeliverAll,
    Drop { from: NodeId, to: NodeId, which: Which },
    DropAll,
    Duplicate { from: NodeId, to: NodeId, which: Which },
    Hold { from: NodeId, to: Option<NodeId>, on: bool },
    ResumeAll,
    Timer { node: NodeId, name: String },
    Sync(Nodes),
    AutoSync(bool),
    Crash { node: NodeId, tail: Tail },
    Operator { node: NodeId, command: OperatorCommand },
    Clock { nodes: Nodes, by: i64 },
    Wall { nodes: Nodes, by: i64 },
    View(Nodes),
    Contents(Nodes),
    Links,
    Timers,
    Show(Show),
}

impl Command {
    /// Reads one line. New object names are added to `names`.
    pub(super) fn parse(line: &str, names: &mut Names) -> Result<Self, String> {
        let words = words(line)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Ok(match *words.as_slice() {
            ["boot", nodes] => Self::Boot(some_nodes(nodes)?),
            ["request", at, id, ref operation @ ..] => {
                let (name, operation) = operation_on(operation)?;
                let request = Request { id: request_id(id)?, key: names.key(name), operation };
                Self::Request { node: node(at)?, request }
            }
            ["deliver", "all"] => Self::DeliverAll,
            ["deliver", from, to, ref rest @ ..] => {
                Self::Deliver { from: node(from)?, to: node(to)?, which: which(rest)? }
            }
            ["drop", "all"] => Self::DropAll,
            ["drop", from, to, ref rest @ ..] => {
                Self::Drop { from: node(from)?, to: node(to)?, which: which(rest)? }
            }
            ["duplicate", from, to, ref rest @ ..] => {
                Self::Duplicate { from: node(from)?, to: node(to)?, which: which(rest)? }
            }
            ["hold", from] => Self::Hold { from: node(from)?, to: None, on: true },
            ["hold", from, to] => Self::Hold { from: node(from)?, to: Some(node(to)?), on: true },
            ["resume", "all"] => Self::ResumeAll,
            ["resume", from] => Self::Hold { from: node(from)?, to: None, on: false },
            ["resume", from, to] => Self::Hold { from: node(from)?, to: Some(node(to)?), on: false },
            ["timer", at, ref name @ ..] if !name.is_empty() => {
                Self::Timer { node: node(at)?, name: name.join(" ") }
            }
            ["sync", nodes] => Self::Sync(some_nodes(nodes)?),
            ["autosync", "on"] => Self::AutoSync(true),
            ["autosync", "off"] => Self::AutoSync(false),
            ["crash", at] => Self::Crash { node: node(at)?, tail: Tail::Lost },
            ["crash", at, "keep"] => Self::Crash { node: node(at)?, tail: Tail::Kept },
            ["crash", at, "keep", count] => {
                let count = count.parse().map_err(|_| format!("`{count}` is no number of records"))?;
                Self::Crash { node: node(at)?, tail: Tail::KeptFirst(count) }
            }
            ["crash", at, "wipe"] => Self::Crash { node: node(at)?, tail: Tail::Wiped },
            ["crash", at, "torn"] => Self::Crash { node: node(at)?, tail: Tail::Torn },
            ["operator", at, ref words @ ..] => {
                Self::Operator { node: node(at)?, command: operator_command(words)? }
            }
            ["clock", nodes, by] => Self::Clock { nodes: some_nodes(nodes)?, by: forward(by)? },
            ["wall", nodes, by] => Self::Wall { nodes: some_nodes(nodes)?, by: duration(by)? },
            ["view"] => Self::View(Nodes::All),
            ["view", nodes] => Self::View(some_nodes(nodes)?),
            ["contents"] => Self::Contents(Nodes::All),
            ["contents", nodes] => Self::Contents(some_nodes(nodes)?),
            ["links"] => Self::Links,
            ["timers"] => Self::Timers,
            ["show", "everything"] => Self::Show(Show::Everything),
            ["show", "answers"] => Self::Show(Show::Answers),
            [first, ..] if COMMANDS.split(", ").any(|known| known == first) => {
                return Err(format!(
                    "`{first}` is not used like this; see the table in anachron_node::driver"
                ));
            }
            _ => return Err(format!("unknown command; the commands are {COMMANDS}")),
        })
    }

    /// Every node that the command names, to be checked against the size of the cluster.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        match *self {
            Self::Boot(nodes)
            | Self::Sync(nodes)
            | Self::View(nodes)
            | Self::Contents(nodes)
            | Self::Clock { nodes, .. }
            | Self::Wall { nodes, .. } => match nodes {
                Nodes::All => Vec::new(),
                Nodes::One(node) => vec![node],
            },
            Self::Request { node, .. } | Self::Timer { node, .. } | Self::Crash { node, .. } => vec![node],
            Self::Operator { node, ref command } => [&[node], command.nodes()].concat(),
            Self::Deliver { from, to, .. }
            | Self::Drop { from, to, .. }
            | Self::Duplicate { from, to, .. } => vec![from, to],
            Self::Hold { from, to, .. } => [Some(from), to].into_iter().flatten().collect(),
            Self::DeliverAll
            | Self::DropAll
            | Self::ResumeAll
            | Self::AutoSync(_)
            | Self::Links
            | Self::Timers
            | Self::Show(_) => Vec::new(),
        }
    }
}

/// The words of a line; a quoted text is one word, quotes included.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    let mut in_word = false;
    for c in line.chars() {
        if c.is_whitespace() && !open {
            in_word = false;
            continue;
        }
        if !in_word {
            words.push(String::new());
            in_word = true;
        }
        open ^= c == '"';
        words.last_mut().expect("a word was begun").push(c);
    }
    if open { Err("a quote is not closed".to_owned()) } else { Ok(words) }
}

fn numbered(word: &str, letter: char) -> Option<u32> {
    word.strip_prefix(letter)?.parse::<u32>().ok()?.checked_sub(1)
}

fn node(word: &str) -> Result<NodeId, String> {
    numbered(word, 'n')
        .and_then(|index| u16::try_from(index).ok())
        .map(NodeId)
        .ok_or_else(|| format!("`{word}` is no node; nodes are n1, n2, …"))
}

fn some_nodes(word: &str) -> Result<Nodes, String> {
    if word == "all" { Ok(Nodes::All) } else { node(word).map(Nodes::One) }
}

fn request_id(word: &str) -> Result<RequestId, String> {
    let parts = word.split_once('#');
    parts
        .and_then(|(client, serial)| {
            Some(RequestId { client: ClientId(numbered(client, 'c')?), serial: serial.parse().ok()? })
        })
        .ok_or_else(|| format!("`{word}` is no request; write client and count as c1#1"))
}

fn which(rest: &[&str]) -> Result<Which, String> {
    match rest {
        [] => Ok(Which::At(0)),
        ["all"] => Ok(Which::All),
        [index] => index
            .parse::<usize>()
            .ok()
            .and_then(|index| index.checked_sub(1))
            .map(Which::At)
            .ok_or_else(|| format!("`{index}` is no place in the queue; 1 is the oldest message")),
        _ => Err("at most one place in the queue can be named".to_owned()),
    }
}

fn operation_on<'a>(words: &[&'a str]) -> Result<(&'a str, Operation), String> {
    match *words {
        ["read", key] => Ok((key, Operation::Read)),
        ["write", key, new] => Ok((key, Operation::Write(value(new)))),
        ["cas", key, expected, new] => {
            Ok((key, Operation::CompareAndSet { expected: value(expected), new: value(new) }))
        }
        ["append", key, tail] => Ok((key, Operation::Append(value(tail)))),
        ["delete", key] => Ok((key, Operation::Delete)),
        ["add", key, element] => Ok((key, Operation::Add(value(element)))),
        ["remove", key, element] => Ok((key, Operation::Remove(value(element)))),
        ["contains", key, element] => Ok((key, Operation::Contains(value(element)))),
        ["acquire", key] => Ok((key, Operation::Acquire)),
        ["release", key] => Ok((key, Operation::Release)),
        ["release", key, token] => Ok((key, Operation::ReleaseToken(whole_number(token)?))),
        ["increment", key, amount] => Ok((key, Operation::Increment(whole_number(amount)?))),
        ["enqueue", key, element] => Ok((key, Operation::Enqueue(value(element)))),
        ["dequeue", key] => Ok((key, Operation::Dequeue)),
        ["push", key, element] => Ok((key, Operation::Push(value(element)))),
        ["pop", key] => Ok((key, Operation::Pop)),
        ["insert", key, element] => Ok((key, Operation::Insert(value(element)))),
        ["extract-min", key] => Ok((key, Operation::ExtractMin)),
        ["claim", key, candidate] => Ok((key, Operation::Claim(value(candidate)))),
        ["resign", key, candidate] => Ok((key, Operation::Resign(value(candidate)))),
        _ => Err(format!("no operation that can be asked for; write {OPERATIONS}")),
    }
}

fn operator_command(words: &[&str]) -> Result<OperatorCommand, String> {
    Ok(match *words {
        ["promote"] => OperatorCommand::Promote,
        ["transfer", to] => OperatorCommand::TransferLeadership { to: node(to)? },
        ["add-learner", at] => OperatorCommand::AddLearner { node: node(at)? },
        ["add-voter", at] => OperatorCommand::AddVoter { node: node(at)? },
        ["remove", at] => OperatorCommand::RemoveNode { node: node(at)? },
        ["voters", ref voters @ ..] if !voters.is_empty() => {
            let voters = voters.iter().map(|word| node(word)).collect::<Result<_, _>>()?;
            OperatorCommand::SetVoters { voters }
        }
        _ => return Err(format!("no command that an operator can give; write {OPERATOR_COMMANDS}")),
    })
}

fn value(word: &str) -> Value {
    if word == "null" {
        Value::Null
    } else if let Ok(number) = word.parse::<i64>() {
        Value::Integer(number)
    } else {
        Value::from(word.trim_matches('"'))
    }
}

fn whole_number(word: &str) -> Result<i64, String> {
    word.parse().map_err(|_| format!("`{word}` is no whole number"))
}

/// A signed duration in nanoseconds.
fn duration(word: &str) -> Result<i64, String> {
    let wrong = || format!("`{word}` is no duration; write +5ms or -5ms (ns, us, ms, s)");
    let digits = word.trim_end_matches(char::is_alphabetic);
    let unit: i64 = match &word[digits.len()..] {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        _ => return Err(wrong()),
    };
    digits.parse::<i64>().ok().and_then(|count| count.checked_mul(unit)).ok_or_else(wrong)
}

fn forward(word: &str) -> Result<i64, String> {
    match duration(word)? {
        by if by < 0 => Err("a monotonic clock never goes back; use `wall` for the wall clock".to_owned()),
        by => Ok(by),
    }
}
