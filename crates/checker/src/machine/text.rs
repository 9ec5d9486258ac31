//! Keys with appends: a state is a value, and a text is kept as what was appended to which text.
//!
//! Why it exists: n appends leave n texts of quadratic length in all. Here a text is a link to the text before, the
//! suffix, and a hash that grows with it, so an append costs as much as its suffix. Equal texts get the same number
//! however they came about: the hash only says where to look, and the texts are compared in full before they are
//! taken for one. A comparison that succeeds costs as much as the text and happens once a transition.

use std::sync::Arc;

use anachron_vocabulary::Value;

use super::{ILLEGAL, Machine};
use crate::table::{IndexTable, PairMap, hash_of, mix};

/// What an operation does to a key, given its reply. Values are numbers of states.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum TextClass {
    /// Saw this value; also a compare-and-set that swapped a value for itself.
    Saw(u32),
    /// Saw that the value was another than this one: a compare-and-set that answered false.
    SawOther(u32),
    /// Swapped the first value for the second, which is another.
    Swapped(u32, u32),
    /// Wrote this value.
    Wrote(u32),
    /// Appended this text.
    Appended(Arc<str>),
}

/// A state: a value that is no text, or a text.
#[derive(Debug)]
enum Node {
    Other(Value),
    /// `before` is [`ILLEGAL`] for a text that stands alone.
    Text {
        before: u32,
        suffix: Arc<str>,
        length: usize,
        hash: u64,
    },
}

/// A key of the key-value model.
#[derive(Debug)]
pub(crate) struct TextMachine {
    initial: u32,
    classes: Vec<TextClass>,
    nodes: Vec<Node>,
    table: IndexTable,
    transitions: PairMap,
    /// (state, text) to 1 if the state is a beginning of the text, else 0.
    beginnings: PairMap,
    text_bytes: usize,
    /// Some value that is written, or the initial one, can't be appended to.
    refuses_appends: bool,
    /// There are compare-and-sets. The hints below are about reads, writes and appends alone, so none is given.
    compares: bool,
}

/// The polynomial hash of a text that goes on with `suffix`.
fn extend(hash: u64, suffix: &str) -> u64 {
    // Byte by byte, so that the hash does not depend on where the text was cut.
    suffix.bytes().fold(hash, |hash, byte| mix(hash, u64::from(byte) + 1))
}

impl TextMachine {
    pub(crate) fn new(initial: &Value) -> Self {
        let mut machine = Self {
            initial: 0,
            classes: Vec::new(),
            nodes: Vec::new(),
            table: IndexTable::default(),
            transitions: PairMap::default(),
            beginnings: PairMap::default(),
            text_bytes: 0,
            refuses_appends: false,
            compares: false,
        };
        machine.initial = machine.state(initial);
        machine.refuses_appends = machine.is_fussy(machine.initial);
        machine
    }

    /// Adds a class; the caller sees to it that equal ones are added once.
    pub(crate) fn add(&mut self, class: TextClass) -> u32 {
        let number = u32::try_from(self.classes.len()).expect("fewer than 2^32 classes");
        if let TextClass::Wrote(value) | TextClass::Swapped(_, value) = class {
            self.refuses_appends |= self.is_fussy(value);
        }
        self.compares |= matches!(class, TextClass::SawOther(_) | TextClass::Swapped(..));
        self.classes.push(class);
        number
    }

    /// What each class does.
    pub(crate) fn classes(&self) -> &[TextClass] {
        &self.classes
    }

    /// The text of a state that operations speak of: it stands alone.
    pub(crate) fn text_of(&self, state: u32) -> Option<&str> {
        match &self.nodes[state as usize] {
            Node::Text { before: ILLEGAL, suffix, .. } => Some(suffix),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self, state: u32) -> bool {
        matches!(&self.nodes[state as usize], Node::Other(Value::Null))
    }

    /// True if some value that the key may have can't be appended to.
    pub(crate) fn refuses_appends(&self) -> bool {
        self.refuses_appends
    }

    fn is_fussy(&self, state: u32) -> bool {
        matches!(&self.nodes[state as usize], Node::Other(value) if *value != Value::Null)
    }

    /// The number of the state that holds this value.
    pub(crate) fn state(&mut self, value: &Value) -> u32 {
        if let Value::Text(text) = value {
            return self.text(ILLEGAL, text);
        }
        let next = self.next_number();
        let (state, known) = self.table.find_or_insert(
            hash_of(value),
            next,
            |state| matches!(&self.nodes[state as usize], Node::Other(other) if other == value),
        );
        if !known {
            self.nodes.push(Node::Other(value.clone()));
        }
        state
    }

    /// The value that a state holds.
    pub(crate) fn value(&self, state: u32) -> Value {
        match &self.nodes[state as usize] {
            Node::Other(value) => value.clone(),
            Node::Text { before: ILLEGAL, suffix, .. } => Value::Text(suffix.clone()),
            Node::Text { .. } => {
                let mut pieces = Vec::new();
                let mut at = state;
                while let Some((before, suffix, ..)) = self.parts(at) {
                    pieces.push(&**suffix);
                    at = before;
                    if at == ILLEGAL {
                        break;
                    }
                }
                pieces.reverse();
                Value::Text(pieces.concat().into())
            }
        }
    }

    fn next_number(&self) -> u32 {
        u32::try_from(self.nodes.len()).ok().filter(|&next| next < ILLEGAL).expect("fewer than 2^32 states")
    }

    fn parts(&self, state: u32) -> Option<(u32, &Arc<str>, usize, u64)> {
        match &self.nodes[state as usize] {
            Node::Other(_) => None,
            Node::Text { before, suffix, length, hash } => Some((*before, suffix, *length, *hash)),
        }
    }

    /// The number of the text `before` + `suffix`, where `before` is a text's state or [`ILLEGAL`] for none.
    fn text(&mut self, before: u32, suffix: &Arc<str>) -> u32 {
        let (mut length, mut hash) = (suffix.len(), 0);
        if before != ILLEGAL {
            let (_, _, before_length, before_hash) = self.parts(before).expect("texts grow from texts");
            length += before_length;
            hash = before_hash;
        }
        let hash = extend(hash, suffix);
        let next = self.next_number();
        let nodes = &self.nodes;
        let (state, known) = self.table.find_or_insert(mix(hash, length as u64), next, |state| {
            let Node::Text { before: other_before, suffix: other, length: other_length, hash: other_hash } =
                &nodes[state as usize]
            else {
                return false;
            };
            (*other_length, *other_hash) == (length, hash)
                && same_text(nodes, (before, suffix), (*other_before, other))
        });
        if !known {
            self.text_bytes += suffix.len();
            self.nodes.push(Node::Text { before, suffix: suffix.clone(), length, hash });
        }
        state
    }

    /// True if the state is a text (or null, which appends treat as an empty one) that `text` begins with.
    fn begins(&mut self, state: u32, text: u32) -> bool {
        // Walk back to a state about which the answer is known, then forward again.
        let mut path = Vec::new();
        let mut at = state;
        let mut answer = loop {
            if at == ILLEGAL {
                break true;
            }
            if let Some(known) = self.beginnings.get(at, text) {
                break known == 1;
            }
            path.push(at);
            match self.parts(at) {
                Some((before, ..)) => at = before,
                None => break matches!(&self.nodes[at as usize], Node::Other(Value::Null)),
            }
        };
        let whole = match self.parts(text) {
            // Reads and writes of the history stand alone, so their whole text is at hand.
            Some((ILLEGAL, suffix, ..)) => suffix.clone(),
            _ => return true,
        };
        for &at in path.iter().rev() {
            if let Some((_, suffix, length, _)) = self.parts(at) {
                answer = answer
                    && length <= whole.len()
                    && whole.as_bytes()[length - suffix.len()..length] == *suffix.as_bytes();
            }
            self.beginnings.insert(at, text, u32::from(answer));
        }
        answer
    }
}

/// Compares two texts of the same length from their ends.
fn same_text(nodes: &[Node], first: (u32, &Arc<str>), second: (u32, &Arc<str>)) -> bool {
    let (mut a, mut b) = (first, second);
    let (mut left, mut right) = (a.1.as_bytes(), b.1.as_bytes());
    loop {
        // The same text before, and as much left of both: the rest is the same.
        if a.0 == b.0 && left.len() == right.len() {
            return left == right;
        }
        let common = left.len().min(right.len());
        let (left_head, left_tail) = left.split_at(left.len() - common);
        let (right_head, right_tail) = right.split_at(right.len() - common);
        if left_tail != right_tail {
            return false;
        }
        (left, right) = (left_head, right_head);
        for (side, rest) in [(&mut a, &mut left), (&mut b, &mut right)] {
            while rest.is_empty() && side.0 != ILLEGAL {
                let Node::Text { before, suffix, .. } = &nodes[side.0 as usize] else {
                    unreachable!("texts grow from texts");
                };
                *side = (*before, suffix);
                *rest = suffix.as_bytes();
            }
        }
        if left.is_empty() || right.is_empty() {
            return left.is_empty() && right.is_empty();
        }
    }
}

impl Machine for TextMachine {
    fn initial(&self) -> u32 {
        self.initial
    }

    fn step(&mut self, state: u32, class: u32) -> u32 {
        match &self.classes[class as usize] {
            TextClass::Saw(value) if *value == state => state,
            TextClass::SawOther(value) if *value != state => state,
            TextClass::Swapped(expected, new) if *expected == state => *new,
            TextClass::Saw(_) | TextClass::SawOther(_) | TextClass::Swapped(..) => ILLEGAL,
            TextClass::Wrote(value) => *value,
            TextClass::Appended(suffix) => {
                if let Some(after) = self.transitions.get(state, class) {
                    return after;
                }
                let suffix = suffix.clone();
                let after = match &self.nodes[state as usize] {
                    Node::Other(Value::Null) => self.text(ILLEGAL, &suffix),
                    Node::Other(_) => ILLEGAL,
                    Node::Text { .. } => self.text(state, &suffix),
                };
                self.transitions.insert(state, class, after);
                after
            }
        }
    }

    fn is_observer(&self, class: u32) -> bool {
        matches!(self.classes[class as usize], TextClass::Saw(_) | TextClass::SawOther(_))
    }

    fn requires(&self, class: u32) -> Option<u32> {
        match self.classes[class as usize] {
            TextClass::Saw(value) | TextClass::Swapped(value, _) => Some(value),
            _ => None,
        }
    }

    fn leaves(&self, class: u32) -> Option<u32> {
        match self.classes[class as usize] {
            TextClass::Wrote(value) | TextClass::Swapped(_, value) => Some(value),
            _ => None,
        }
    }

    fn is_out_of_reach(&mut self, state: u32, class: u32) -> bool {
        let TextClass::Saw(value) = self.classes[class as usize] else { return false };
        if state == value {
            return false;
        }
        // Appends only make texts longer, and lead nowhere but to texts.
        self.parts(value).is_none() || !self.begins(state, value)
    }

    fn takes_anything(&self, state: u32) -> bool {
        !self.compares && !self.is_fussy(state)
    }

    fn is_horizon(&self, class: u32) -> bool {
        !self.compares && matches!(self.classes[class as usize], TextClass::Saw(_))
    }

    fn is_opaque(&self) -> bool {
        self.compares
    }

    fn may_notice(&self, observer: u32, changer: u32) -> bool {
        let value = match self.classes[observer as usize] {
            TextClass::Saw(value) => value,
            // An append notices that what it was appended to was written, if other values would have refused it.
            TextClass::Appended(_) => {
                return self.refuses_appends && matches!(self.classes[changer as usize], TextClass::Wrote(_));
            }
            TextClass::Wrote(_) => return false,
            TextClass::SawOther(_) | TextClass::Swapped(..) => return true,
        };
        let seen = &self.nodes[value as usize];
        match &self.classes[changer as usize] {
            TextClass::Saw(_) | TextClass::SawOther(_) => false,
            TextClass::Swapped(..) => true,
            TextClass::Appended(suffix) => {
                matches!(seen, Node::Text { suffix: seen, .. } if seen.contains(&**suffix))
            }
            TextClass::Wrote(wrote) => match (seen, &self.nodes[*wrote as usize]) {
                (Node::Text { suffix: seen, .. }, Node::Text { suffix: text, .. }) => {
                    seen.starts_with(&**text)
                }
                (Node::Text { .. }, Node::Other(Value::Null)) => true,
                (Node::Other(seen), Node::Other(other)) => seen == other,
                _ => false,
            },
        }
    }

    fn overwrites(&self, class: u32) -> bool {
        !self.compares && matches!(self.classes[class as usize], TextClass::Wrote(_))
    }

    fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
            + self.text_bytes
            + self.table.bytes()
            + self.transitions.bytes()
            + self.beginnings.bytes()
    }
}
