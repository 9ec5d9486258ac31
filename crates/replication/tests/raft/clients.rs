//! Clients that append words to one text and read it, and what they can't be told.
//!
//! Every word is appended once, so a text says which appends took effect, and in which order. What is checked is
//! necessary for linearizability, and nearly sufficient: no word twice, no word of a refused append, every word
//! acknowledged before the read began, and all texts beginnings of one another in the order of real time.

use std::collections::BTreeSet;

use anachron_node::{Answer, Refusal, Request, RequestId};
use anachron_vocabulary::{ClientId, Key, NodeId, Operation, Reply, Value};

/// A client and the request that it waits for.
pub(crate) struct Client {
    id: ClientId,
    serial: u64,
    open: Option<Open>,
    /// Where it sends its requests.
    pub(crate) node: NodeId,
}

/// An operation under way.
struct Open {
    operation: Operation,
    /// How often it was sent.
    attempts: u32,
    /// How many appends had been acknowledged when it began.
    acknowledged: usize,
    /// How long the longest text read was when it began.
    read: usize,
}

/// What all clients together know.
#[derive(Default)]
pub(crate) struct Told {
    acknowledged: Vec<String>,
    refused: BTreeSet<String>,
    longest: String,
    pub(crate) operations: usize,
}

impl Client {
    pub(crate) fn new(id: u32, node: NodeId) -> Self {
        Self { id: ClientId(id), serial: 0, open: None, node }
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.open.is_some()
    }

    /// Begins an operation.
    pub(crate) fn begin(&mut self, reads: bool, told: &Told) {
        assert!(self.open.is_none(), "one at a time");
        self.serial += 1;
        let word = format!("c{}.{};", self.id.0, self.serial);
        let operation = if reads { Operation::Read } else { Operation::Append(Value::Text(word.into())) };
        self.open = Some(Open {
            operation,
            attempts: 0,
            acknowledged: told.acknowledged.len(),
            read: told.longest.len(),
        });
    }

    /// The request to send, for the first time or again.
    pub(crate) fn request(&mut self) -> Request {
        let open = self.open.as_mut().expect("an operation is under way");
        open.attempts += 1;
        let id = RequestId { client: self.id, serial: self.serial };
        Request { id, key: Key(0), operation: open.operation.clone() }
    }

    /// Stops waiting; the operation may or may not take effect.
    pub(crate) fn give_up(&mut self) {
        self.open = None;
    }

    /// An answer arrived.
    pub(crate) fn hear(&mut self, id: RequestId, answer: &Answer, told: &mut Told) -> Result<(), String> {
        if id.serial != self.serial {
            return Ok(());
        }
        let Some(open) = &self.open else { return Ok(()) };
        match answer {
            Answer::Ok(reply) => {
                told.operations += 1;
                let open = self.open.take().expect("it is under way");
                match (open.operation, reply) {
                    (Operation::Append(Value::Text(word)), Reply::Done) => {
                        told.acknowledged.push(word.to_string());
                        Ok(())
                    }
                    (Operation::Read, Reply::Value(value)) => {
                        told.hear_text(value, open.acknowledged, open.read)
                    }
                    (operation, reply) => Err(format!("{reply:?} is no answer to {operation:?}")),
                }
            }
            Answer::Refused(why) => {
                if let Refusal::NotLeader { leader: Some(leader) } = why {
                    self.node = *leader;
                }
                // Definite only if no other copy of the request is anywhere.
                if open.attempts == 1 {
                    let open = self.open.take().expect("it is under way");
                    if let Operation::Append(Value::Text(word)) = open.operation {
                        if told.longest.contains(&*word) {
                            return Err(format!("aborted read: {word} was read and is refused"));
                        }
                        told.refused.insert(word.to_string());
                    }
                }
                Ok(())
            }
            Answer::Unknown => Ok(()),
        }
    }
}

impl Told {
    /// A text was read by a read that began when so many appends had been acknowledged and so long a text been read.
    fn hear_text(&mut self, value: &Value, acknowledged: usize, read: usize) -> Result<(), String> {
        let text = match value {
            Value::Null => "",
            Value::Text(text) => text,
            other => return Err(format!("{other:?} is no text")),
        };
        let mut words = BTreeSet::new();
        for word in text.split_inclusive(';') {
            if !words.insert(word) {
                return Err(format!("double execution: {word} is twice in {text}"));
            }
            if self.refused.contains(word) {
                return Err(format!("aborted read: {word} was refused and is in {text}"));
            }
        }
        if let Some(lost) =
            self.acknowledged[..acknowledged].iter().find(|word| !words.contains(word.as_str()))
        {
            return Err(format!("lost or stale: {lost} was acknowledged and is not in {text}"));
        }
        if text.len() < read {
            return Err(format!("stale read: {text} after {}", self.longest));
        }
        let (short, long) =
            if text.len() < self.longest.len() { (text, &*self.longest) } else { (&*self.longest, text) };
        if !long.starts_with(short) {
            return Err(format!("two histories: {text} and {}", self.longest));
        }
        self.longest = long.to_owned();
        Ok(())
    }
}
