//! Names for people: `NodeId(0)` in a debug text becomes `n1`.

use anachron_vocabulary::{ClientId, Key, NodeId, Value, VirtualDuration, VirtualTime};

use crate::{Answer, Refusal, RequestId};

/// The objects' names, by key, in the order in which the script first used them.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Vec<String>);

impl Names {
    /// The key of an object; a new name gets the next key.
    pub(super) fn key(&mut self, name: &str) -> Key {
        let index = self.0.iter().position(|known| known == name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        Key::from_index(index)
    }

    /// The name of an object; a key that no script named shows its number.
    pub(super) fn name(&self, key: Key) -> String {
        self.0.get(key.index()).cloned().unwrap_or_else(|| format!("key{}", key.0))
    }

    /// A `Debug` text with ids, times and values as people write them. Text in quotes is left alone.
    pub(super) fn readable(&self, debug: &str) -> String {
        let mut out = String::with_capacity(debug.len());
        let mut rest = debug;
        let mut in_word = false;
        while let Some(c) = rest.chars().next() {
            if c == '"' {
                let end = quoted(rest);
                out.push_str(&rest[..end]);
                rest = &rest[end..];
                in_word = false;
            } else if let Some((word, after)) = (!in_word).then(|| self.rewrite(rest)).flatten() {
                out.push_str(&word);
                rest = after;
                in_word = false;
            } else {
                out.push(c);
                rest = &rest[c.len_utf8()..];
                in_word = c.is_alphanumeric() || c == '_';
            }
        }
        out
    }

    /// What to write for the id, time or value that `text` begins with, and what follows it.
    fn rewrite<'a>(&self, text: &'a str) -> Option<(String, &'a str)> {
        if let Some(rest) = text.strip_prefix("RequestId { client: ") {
            let (client, rest) = self.rewrite(rest)?;
            let (serial, rest) = number(rest.strip_prefix(", serial: ")?)?;
            return Some((format!("{client}#{serial}"), rest.strip_prefix(" }")?));
        }
        let (name, rest) = text.split_once('(')?;
        if name == "Text" {
            let end = quoted(rest);
            return Some((rest[..end].to_owned(), rest[end..].strip_prefix(')')?));
        }
        let (number, rest) = number(rest)?;
        let word = match name {
            "NodeId" => NodeId(u16::try_from(number).ok()?).to_string(),
            "ClientId" => ClientId(u32::try_from(number).ok()?).to_string(),
            "Key" => self.name(Key(u32::try_from(number).ok()?)),
            "Integer" => number.to_string(),
            "VirtualTime" => VirtualTime(u64::try_from(number).ok()?).to_string(),
            "VirtualDuration" => VirtualDuration(u64::try_from(number).ok()?).to_string(),
            _ => return None,
        };
        Some((word, rest.strip_prefix(')')?))
    }
}

/// How long the quoted text at the start of `text` is, quotes included.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn number(text: &str) -> Option<(i128, &str)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let end = text.len() - digits.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// `c1#1`.
pub(super) fn request(id: RequestId) -> String {
    format!("{}#{}", id.client, id.serial)
}

/// `ok 5`, `refused: not the leader, try n2`, `unknown`.
pub(super) fn answer(answer: &Answer) -> String {
    use anachron_vocabulary::Reply;
    match answer {
        Answer::Ok(Reply::Done) => "ok".to_owned(),
        Answer::Ok(Reply::Value(value)) => format!("ok {value}"),
        Answer::Ok(Reply::Answer(true)) => "ok, swapped".to_owned(),
        Answer::Ok(Reply::Answer(false)) => "ok, not swapped".to_owned(),
        Answer::Refused(Refusal::NotLeader { leader: Some(leader) }) => {
            format!("refused: not the leader, try {leader}")
        }
        Answer::Refused(Refusal::NotLeader { leader: None }) => "refused: not the leader".to_owned(),
        Answer::Refused(Refusal::LockState) => "refused: the lock's state forbids it".to_owned(),
        Answer::Refused(Refusal::NoQuorum) => "refused: no quorum".to_owned(),
        Answer::Refused(Refusal::Unsupported) => "refused: unsupported".to_owned(),
        Answer::Unknown => "unknown".to_owned(),
    }
}

/// `x=5 y="a b"`, or `nothing`.
pub(super) fn contents(objects: &[(Key, Value)], names: &Names) -> String {
    let all: Vec<String> =
        objects.iter().map(|(key, value)| format!("{}={value}", names.name(*key))).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_times_and_values_read_as_people_write_them() {
        let mut names = Names::default();
        names.key("x");
        let id = RequestId { client: ClientId(1), serial: 7 };
        let message = format!(
            "Append {{ to: {:?}, id: {id:?}, key: {:?}, value: {:?}, text: {:?} }}",
            NodeId(0),
            Key(0),
            Value::Integer(-5),
            Value::from("NodeId(3) \" ")
        );
        assert_eq!(
            names.readable(&message),
            r#"Append { to: n1, id: c2#7, key: x, value: -5, text: "NodeId(3) \" " }"#
        );
        assert_eq!(names.readable("Key(9) MyKey(0) VirtualDuration(5000000)"), "key9 MyKey(0) 5 ms");
        assert_eq!(names.readable("Text(\"open"), "Text(\"open");
    }
}
