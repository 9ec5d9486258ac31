//! Histories in EDN, as Jepsen, Knossos and Porcupine's key-value data write them.
//!
//! Two layouts: one vector or list of maps, or one map after another (Jepsen writes one a line). An event is a map:
//!
//! ```clojure
//! {:process 0, :type :invoke, :f :append, :key "0", :value "x"}
//! ```
//!
//! `:process` is an integer (events of `:nemesis` are passed over), `:type` one of `:invoke`, `:ok`, `:fail`,
//! `:info`; `:f` and `:type` may be strings. `:key` and `:value` may be missing. Other keys (`:time`, `:index`,
//! `:error`) don't count. A map may carry a tag (`#jepsen.history.Op{…}`). How events become operations is told in
//! [`pairing`](super::pairing); `:fail` means that the operation did not happen, for a compare-and-set too.

use std::borrow::Cow;

use anachron_vocabulary::Value;

use super::edn::{Edn, unclosed};
use super::error::{Fault, Read};
use super::pairing::{Event, FailedCas, Kind, Pairing};
use super::verb::Verb;
use crate::History;

/// A history, and whether it speaks as Porcupine's key-value data do.
pub(super) struct EdnHistory {
    pub(super) history: History,
    /// True if every event has a `:key` and is a `:get`, a `:put` or an `:append`: there, every key starts as `""`.
    pub(super) is_key_value: bool,
}

/// Reads a whole file.
pub(super) fn parse(text: &str) -> Read<EdnHistory> {
    let mut edn = Edn::new(text, 0);
    let mut reader = Reader {
        pairing: Pairing::new(FailedCas::DidNotHappen),
        keys: Vec::new(),
        events: 0,
        is_key_value: true,
    };
    edn.skip_blank()?;
    let open = edn.at;
    let closing = match edn.peek() {
        None => return Err(Fault::expected(open, "at least one event")),
        Some(b'[') => Some(']'),
        Some(b'(') => Some(')'),
        Some(_) => None,
    };
    let Some(closing) = closing else {
        while edn.peek().is_some() {
            reader.event(&mut edn)?;
            edn.skip_blank()?;
        }
        return Ok(reader.finish());
    };
    edn.at += 1;
    loop {
        edn.skip_blank()?;
        match edn.peek() {
            None => {
                let opening = if closing == ']' { "[" } else { "(" };
                return Err(unclosed(edn.at, opening, closing, open));
            }
            Some(byte) if char::from(byte) == closing => break,
            Some(_) => reader.event(&mut edn)?,
        }
    }
    edn.at += 1;
    edn.skip_blank()?;
    if edn.peek().is_some() {
        return Err(Fault::expected(edn.at, "the end of the file").note_line("the history started", open));
    }
    Ok(reader.finish())
}

struct Reader<'a> {
    pairing: Pairing,
    /// The keys of the map being read and where they stand; here to be used again.
    keys: Vec<(Cow<'a, str>, usize)>,
    events: usize,
    is_key_value: bool,
}

/// Where the values of a map's known keys stand.
#[derive(Default)]
struct Fields {
    process: Option<usize>,
    kind: Option<usize>,
    f: Option<usize>,
    key: Option<usize>,
    value: Option<usize>,
}

impl<'a> Reader<'a> {
    fn finish(self) -> EdnHistory {
        EdnHistory { history: self.pairing.finish(), is_key_value: self.is_key_value && self.events > 0 }
    }

    fn event(&mut self, edn: &mut Edn<'a>) -> Read<()> {
        let text = edn.text;
        let start = edn.at;
        if edn.peek() == Some(b'#') {
            // A tag in front of the map. A set leaves no tag.
            edn.at += 1;
            if edn.token().is_empty() {
                return Err(Fault::expected(start, "a map with one event"));
            }
            edn.skip_blank()?;
        }
        if edn.peek() != Some(b'{') {
            return Err(Fault::expected(start, "a map with one event"));
        }
        let open = edn.at;
        let fields = self.fields(edn)?;
        let missing =
            |key: &str| Fault::expected(start, format!("a map with {key}")).found("a map without it");

        let process_at = fields.process.ok_or_else(|| missing(":process"))?;
        let process = Edn::new(text, process_at).token();
        if process == ":nemesis" {
            return Ok(());
        }
        let Ok(number) = process.parse::<i64>() else {
            return Err(Fault::expected(process_at, "a process: an integer or :nemesis"));
        };
        // `+1` and `1` are one process; no text is made for a number that stands in its usual form.
        let usual = number.to_string();
        let process = if usual == process { Cow::Borrowed(process) } else { Cow::Owned(usual) };

        let kind_at = fields.kind.ok_or_else(|| missing(":type"))?;
        let kind = word(text, kind_at)?.and_then(|name| Kind::named(&name));
        let kind =
            kind.ok_or_else(|| Fault::expected(kind_at, "an event's type: :invoke, :ok, :fail or :info"))?;
        let verb_at = fields.f.ok_or_else(|| missing(":f"))?;
        let name = word(text, verb_at)?;
        let verb = name.as_deref().and_then(Verb::named);
        let verb = verb.ok_or_else(|| Fault::expected(verb_at, Verb::expectation()))?;
        let key = fields.key.map_or(Ok(None), |place| key(text, place))?;

        self.events += 1;
        self.is_key_value &= key.is_some() && matches!(name.as_deref(), Some("get" | "put" | "append"));
        let value = fields.value.map(|place| Edn::new(text, place));
        self.pairing.event(Event { at: open, process: &process, kind, verb, key, value })
    }

    /// Reads a map and notes where the values of its known keys stand.
    fn fields(&mut self, edn: &mut Edn<'a>) -> Read<Fields> {
        let open = edn.at;
        let mut fields = Fields::default();
        self.keys.clear();
        edn.at += 1;
        loop {
            edn.skip_blank()?;
            let at = edn.at;
            match edn.peek() {
                Some(b'}') => break,
                Some(b')' | b']') | None => return Err(unclosed(at, "{", '}', open)),
                Some(b':') => {
                    edn.skip()?;
                    self.keys.push((Cow::Borrowed(&edn.text[at..edn.at]), at));
                }
                Some(_) => {
                    let key = edn.value()?;
                    // `{:?}` keeps a string apart from a symbol of the same letters.
                    self.keys.push((Cow::Owned(format!("{key:?}")), at));
                }
            }
            edn.skip_blank()?;
            match edn.peek() {
                Some(b'}') => return Err(Fault::expected(edn.at, "a value for the last key of the map")),
                Some(b')' | b']') | None => return Err(unclosed(edn.at, "{", '}', open)),
                Some(_) => {}
            }
            match self.keys.last().map(|(key, _)| &**key) {
                Some(":process") => fields.process = Some(edn.at),
                Some(":type") => fields.kind = Some(edn.at),
                Some(":f") => fields.f = Some(edn.at),
                Some(":key") => fields.key = Some(edn.at),
                Some(":value") => fields.value = Some(edn.at),
                _ => {}
            }
            edn.skip()?;
        }
        edn.at += 1;
        self.keys.sort_unstable();
        match self.keys.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(Fault::expected(pair[1].1, "each key once").note("the key came before")),
            None => Ok(fields),
        }
    }
}

/// The name that a keyword or a string holds.
fn word(text: &str, place: usize) -> Read<Option<Cow<'_, str>>> {
    let mut edn = Edn::new(text, place);
    Ok(match edn.peek() {
        Some(b'"') => Some(edn.string()?),
        Some(b':') => Some(Cow::Borrowed(edn.token().trim_start_matches(':'))),
        _ => None,
    })
}

/// The name of an object: a string's text, or the canonical text of anything else.
fn key(text: &str, place: usize) -> Read<Option<Cow<'_, str>>> {
    Ok(match Edn::new(text, place).value()? {
        Value::Null => None,
        Value::Integer(number) => Some(Cow::Owned(number.to_string())),
        Value::Text(name) | Value::Literal(name) => Some(Cow::Owned(name.to_string())),
        list @ Value::List(_) => Some(Cow::Owned(list.to_string())),
    })
}
