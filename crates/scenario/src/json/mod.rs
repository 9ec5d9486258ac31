//! JSON with positions: text to a tree that remembers where everything stands, and that tree to typed values.
//!
//! Why it exists: a scenario is written by a person, so every complaint must point at a line and a column, also one
//! that is found long after parsing (an unknown node name, a time out of order). `serde_json` knows the position of
//! syntax errors only, takes a list where a struct is expected and the last of two equal fields. Here the tree keeps
//! every position, equal fields are an error, and the decoder ([`decode()`]) is an ordinary `serde::Deserializer`, so
//! that the format's types still derive `Deserialize`.
//!
//! Follows RFC 8259. What it leaves out on purpose: nesting deeper than [`MAX_DEPTH`], and streaming.

mod decode;
mod parse;

#[cfg(test)]
pub(crate) use decode::DecodeError;
pub(crate) use decode::decode;
pub(crate) use parse::parse;

use crate::path::{Path, Segment};

/// How deep lists and objects may nest. Deeper input is refused before it can exhaust the stack.
pub(crate) const MAX_DEPTH: usize = 128;

/// A value and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Byte offset of its first character.
    pub(crate) start: usize,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Null,
    Boolean(bool),
    Number(serde_json::Number),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// One field of an object.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) key: String,
    /// Byte offset of the key's opening quote.
    pub(crate) key_start: usize,
    pub(crate) value: Node,
}

impl Node {
    /// Byte offset of the value at `path`; of its closest enclosing value, if there is nothing at the path.
    pub(crate) fn locate(&self, path: &Path) -> usize {
        let mut here = self;
        for segment in path.segments() {
            let next = match (segment, &here.kind) {
                (Segment::Field(name), Kind::Object(members)) => {
                    members.iter().find(|member| member.key == *name).map(|member| &member.value)
                }
                (Segment::Index(index), Kind::Array(items)) => items.get(*index),
                _ => None,
            };
            match next {
                Some(node) => here = node,
                None => break,
            }
        }
        here.start
    }

    /// The value in words, for "expected …, found …".
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Null => "null".into(),
            Kind::Boolean(value) => value.to_string(),
            Kind::Number(number) => format!("the number {number}"),
            Kind::String(text) => format!("the text {:?}", shortened(text)),
            Kind::Array(_) => "a list".into(),
            Kind::Object(_) => "an object".into(),
        }
    }
}

/// At most 40 characters of a text that somebody else wrote.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
