//! Native histories: JSON Lines, one operation a line (DESIGN.md, section 7).
//!
//! ```json
//! {"client":0,"key":"x","f":"write","arg":1,"ret":null,"call":120,"return":180}
//! ```
//!
//! | field | what it may be |
//! |---|---|
//! | `client` | integer or string; `7` and `"7"` are the same client |
//! | `key` | string or integer, likewise; missing or `null` is the one object whose name is empty |
//! | `f` | registers: `read` (`get`), `write` (`put`), `cas`, `append`, `delete`, `multi-read`, `multi-write`; locks: `acquire`, `release`; leadership: `claim`, `resign`; collections: `enqueue`, `dequeue`, `push`, `pop`, `add`, `remove`, `contains`, `insert`, `extract-min`; counters: `increment`, `decrement` |
//! | `arg` | the value to write or add; `[expected,new]` for `cas`; `["x","y"]` for `multi-read`, `{"x":1}` for `multi-write`; the candidate of `claim` and `resign`; the amount of `increment` (1 if missing or `null`); the token of `release`, if there is one; else ignored |
//! | `ret` | the value read or taken (`null` when empty); the values of `multi-read`, in the order of `arg`; `true` or `false` for `cas`, `contains`, `claim`, `resign`, and for `add`, `remove` if they tell; the count of `increment` and the token of `acquire` if they tell; `false` is refused elsewhere, anything else ignored |
//! | `call`, `return` | integers of 64 bits in one unit; `"return":null`: nobody knows the outcome |
//! | `outcome` | `ok`, `fail` (certainly did not happen) or `unknown`; missing: `return` tells |
//!
//! A call may be told when it happens, and the return in a line of its own, so that a reader of a growing stream
//! knows what is open:
//!
//! ```json
//! {"event":"call","client":0,"key":"x","f":"write","arg":1,"call":120}
//! {"event":"return","client":0,"ret":null,"return":180}
//! ```
//!
//! A return belongs to the operation that its client has open; what is open at the end is of unknown outcome. A line
//! with `call` and `return` is a whole operation, whatever else it calls itself.
//!
//! Blank lines and unknown fields are ignored; a field that comes twice is an error. So is a missing `return`: a
//! typo there would turn an operation into one of unknown outcome, and a violation into a pass.
//!
//! One pass, no allocation for a line but the text of its values: the fields' places are noted first and read when
//! all are known, since `f` decides what `arg` means and may come last.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anachron_vocabulary::{ClientId, Key, Operation, Outcome, Reply, Value};

use super::error::{Fault, Read, newlines};
use super::json::Json;
use super::verb::{Answer, Argument, Verb};
use crate::record::{ClientOrder, Place};
use crate::{History, Malformed, Record, TimeUnit, Timestamp};

/// No operation takes fewer bytes than this, so no file can make us reserve much more memory than it deserves.
const SHORTEST_LINE: usize = 45;

/// Where each field's value stands in the text.
#[derive(Default)]
struct Fields {
    client: Option<usize>,
    key: Option<usize>,
    f: Option<usize>,
    arg: Option<usize>,
    ret: Option<usize>,
    call: Option<usize>,
    r#return: Option<usize>,
    outcome: Option<usize>,
    event: Option<usize>,
}

/// What one line tells.
pub(super) enum Line<'a> {
    /// A whole operation.
    Whole { client: Cow<'a, str>, asked: Asked<'a>, end: Option<i64>, outcome: Outcome },
    /// The call of an operation whose end is told later.
    Called { client: Cow<'a, str>, asked: Asked<'a> },
    /// The end of the operation that this client has open.
    Ended { client: Cow<'a, str>, ending: Ending },
}

/// What a client asks, and when.
pub(super) struct Asked<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) verb: Verb,
    pub(super) operation: Operation,
    pub(super) call: i64,
    call_at: usize,
}

/// How an operation ends, in fields that can only be read once it is known which operation.
pub(super) struct Ending {
    fields: Fields,
    /// Where the object ends.
    end: usize,
    /// Where it starts.
    pub(super) start: usize,
}

/// What `outcome` says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    Ok,
    Fail,
    Unknown,
}

/// The name of a register and its new value.
type Assignment = (Arc<str>, Value);

/// Reads a whole file.
pub(super) fn parse(text: &str) -> Read<History> {
    let lines = newlines(text) + 1;
    let mut reader = Reader {
        text,
        history: History {
            records: Vec::with_capacity(lines.min(text.len() / SHORTEST_LINE + 1)),
            time_unit: TimeUnit::Unstated,
            ..History::default()
        },
        order: ClientOrder::default(),
        out_of_order: false,
        places: Vec::new(),
        open: BTreeMap::new(),
    };
    let mut json = Json::new(text, 0);
    loop {
        json.skip_space();
        match json.peek() {
            None => break,
            Some(b'\n') => json.at += 1,
            Some(b'{') => {
                reader.record(&mut json)?;
                json.skip_space();
                if !matches!(json.peek(), None | Some(b'\n')) {
                    return Err(Fault::expected(json.at, "the end of the line").note("one object a line"));
                }
            }
            Some(byte) => {
                let fault = Fault::expected(json.at, "`{`: a JSON object with one operation");
                return Err(if byte == b'[' {
                    fault.note("one object a line, without brackets around them all")
                } else {
                    fault
                });
            }
        }
    }
    if reader.history.records.is_empty() {
        return Err(Fault::expected(text.len(), "at least one operation"));
    }
    reader.finish()
}

struct Reader<'a> {
    text: &'a str,
    history: History,
    /// Marks are places in the text.
    order: ClientOrder,
    /// True once a client's operations did not come in the order of their calls.
    out_of_order: bool,
    /// Where each record's line starts.
    places: Vec<usize>,
    /// Of each client whose call was told apart: the verb and the number of the record.
    open: BTreeMap<ClientId, (Verb, usize)>,
}

impl<'a> Reader<'a> {
    fn record(&mut self, json: &mut Json<'a>) -> Read<()> {
        let start = json.at;
        match line(self.text, json)? {
            Line::Whole { client, asked, end, outcome } => {
                let client = ClientId(self.history.clients.number(&client));
                self.push(client, asked, end.map(Timestamp), outcome, start)
            }
            Line::Called { client, asked } => {
                let client = ClientId(self.history.clients.number(&client));
                let (verb, id) = (asked.verb, self.history.records.len());
                if let Some(&(_, earlier)) = self.open.get(&client) {
                    let name = self.history.client_name(client);
                    return Err(overlap(asked.call_at, name, self.places[earlier]));
                }
                self.push(client, asked, None, Outcome::Unknown, start)?;
                self.open.insert(client, (verb, id));
                Ok(())
            }
            Line::Ended { client, ending } => {
                let client = ClientId(self.history.clients.number(&client));
                let Some((verb, id)) = self.open.remove(&client) else {
                    return Err(nothing_open(ending.start, self.history.client_name(client)));
                };
                let record = &mut self.history.records[id];
                let (end, outcome) = ending.read(self.text, verb, &record.operation, record.call.0)?;
                record.end = end.map(Timestamp);
                record.outcome = outcome;
                // The client's next call was not held against this return.
                self.out_of_order = true;
                Ok(())
            }
        }
    }

    fn push(
        &mut self,
        client: ClientId,
        asked: Asked<'a>,
        end: Option<Timestamp>,
        outcome: Outcome,
        start: usize,
    ) -> Read<()> {
        let key = Key(self.history.keys.number(&asked.key));
        let record =
            Record { client, key, operation: asked.operation, call: Timestamp(asked.call), end, outcome };
        match self.order.place(&record, start) {
            Place::InOrder => {}
            Place::OutOfOrder => self.out_of_order = true,
            Place::Overlaps(earlier) => {
                return Err(overlap(asked.call_at, self.history.client_name(client), earlier));
            }
        }
        self.history.records.push(record);
        self.places.push(start);
        Ok(())
    }

    fn finish(self) -> Read<History> {
        if !self.out_of_order {
            return Ok(self.history);
        }
        let line = |id: anachron_vocabulary::OperationId| self.places[id.index()];
        match self.history.validate() {
            Ok(()) => Ok(self.history),
            Err(Malformed::OverlapWithinClient(earlier, later)) => {
                let client = self.history.client_name(self.history.record(later).client);
                Err(overlap(line(later), client, line(earlier)))
            }
            Err(Malformed::EndsBeforeCall(id) | Malformed::OkWithoutReturn(id)) => {
                unreachable!("operation {} was checked when it was read", id.0)
            }
        }
    }
}

#[cold]
fn overlap(at: usize, client: &str, earlier: usize) -> Fault {
    let client = super::error::quoted(client);
    Fault::expected(at, format!("a call of client {client} after its operation before has returned"))
        .found("a call while that one is still open")
        .note_line("the open operation is", earlier)
}

#[cold]
pub(super) fn nothing_open(at: usize, client: &str) -> Fault {
    let client = super::error::quoted(client);
    Fault::expected(at, format!("a call of client {client} before its return"))
        .found("a return while nothing of that client is open")
}

/// What the object at `json` tells.
pub(super) fn line<'a>(text: &'a str, json: &mut Json<'a>) -> Read<Line<'a>> {
    let start = json.at;
    let fields = read_fields(json)?;
    let end = json.at - 1;
    let missing =
        |field: &str| Fault::expected(end, format!("a field `{field}` before the end of the object"));
    let at = |place: usize| Json::new(text, place);

    let client = name(text, fields.client.ok_or_else(|| missing("client"))?, "a client")?;
    let event = fields.event.filter(|&place| at(place).peek() == Some(b'"'));
    let event = event.map(|place| at(place).string("an event")).transpose()?;
    if event.as_deref() == Some("return") && fields.call.is_none() {
        return Ok(Line::Ended { client, ending: Ending { fields, end, start } });
    }
    let key = match fields.key {
        Some(place) if at(place).word("null") => Cow::Borrowed(""),
        Some(place) => name(text, place, "a key")?,
        None => Cow::Borrowed(""),
    };
    let verb_at = fields.f.ok_or_else(|| missing("f"))?;
    let verb = at(verb_at).string("the name of an operation in quotes")?;
    let verb = Verb::named(&verb).ok_or_else(|| Fault::expected(verb_at, Verb::expectation()))?;
    let operation = operation(text, verb, fields.arg, end)?;
    let call_at = fields.call.ok_or_else(|| missing("call"))?;
    let call = at(call_at).integer("the time of the call, an integer")?;
    let asked = Asked { key, verb, operation, call, call_at };
    if event.as_deref() == Some("call") && fields.r#return.is_none() && fields.outcome.is_none() {
        return Ok(Line::Called { client, asked });
    }
    let (end, outcome) = Ending { fields, end, start }.read(text, verb, &asked.operation, call)?;
    Ok(Line::Whole { client, asked, end, outcome })
}

impl Ending {
    /// The end of an operation of this verb that was called then.
    pub(super) fn read(
        &self,
        text: &str,
        verb: Verb,
        operation: &Operation,
        call: i64,
    ) -> Read<(Option<i64>, Outcome)> {
        let Self { fields, end, .. } = self;
        let end = *end;
        let missing =
            |field: &str| Fault::expected(end, format!("a field `{field}` before the end of the object"));
        let at = |place: usize| Json::new(text, place);
        let claim = fields.outcome.map_or(Ok(None), |place| claim(at(place)))?;
        let returned = match fields.r#return {
            Some(place) if at(place).word("null") => None,
            Some(place) => {
                let time = at(place).integer("the time of the return, an integer or null")?;
                if time < call {
                    let fault =
                        Fault::expected(place, format!("a return that is not before the call at {call}"));
                    return Err(fault);
                }
                Some(time)
            }
            None if matches!(claim, Some(Claim::Fail | Claim::Unknown)) => None,
            None => {
                return Err(missing("return").note("write \"return\":null if nobody knows the outcome"));
            }
        };
        let outcome = match (claim, returned) {
            (Some(Claim::Fail), _) => Outcome::Failed,
            (Some(Claim::Unknown), _) | (None, None) => Outcome::Unknown,
            (Some(Claim::Ok), None) => {
                let place = fields.r#return.unwrap_or(end);
                return Err(Fault::expected(place, "the time of the return of an operation that is ok"));
            }
            (Some(Claim::Ok) | None, Some(_)) => Outcome::Ok(reply(text, verb, operation, fields.ret, end)?),
        };
        Ok((returned, outcome))
    }
}

/// A client or a key.
fn name<'a>(text: &'a str, place: usize, what: &str) -> Read<Cow<'a, str>> {
    let mut json = Json::new(text, place);
    match json.peek() {
        Some(b'"') => json.string("a string"),
        Some(b'-' | b'0'..=b'9') => {
            let number = json.number()?;
            if !number.is_integer {
                return Err(Fault::expected(place, format!("{what}: an integer or a string")));
            }
            Ok(Cow::Borrowed(if number.text == "-0" { "0" } else { number.text }))
        }
        _ => Err(Fault::expected(place, format!("{what}: an integer or a string"))),
    }
}

/// Reads one object and notes where its fields stand.
fn read_fields(json: &mut Json<'_>) -> Read<Fields> {
    let mut fields = Fields::default();
    json.at += 1;
    json.skip_space();
    if json.peek() == Some(b'}') {
        json.at += 1;
        return Ok(fields);
    }
    loop {
        json.skip_space();
        let name_at = json.at;
        let name = json.string("a field name in quotes")?;
        json.skip_space();
        json.eat(b':', "`:`")?;
        json.skip_space();
        let slot = match &*name {
            "client" => Some(&mut fields.client),
            "key" => Some(&mut fields.key),
            "f" => Some(&mut fields.f),
            "arg" => Some(&mut fields.arg),
            "ret" => Some(&mut fields.ret),
            "call" => Some(&mut fields.call),
            "return" => Some(&mut fields.r#return),
            "outcome" => Some(&mut fields.outcome),
            "event" => Some(&mut fields.event),
            _ => None,
        };
        if let Some(slot) = slot
            && slot.replace(json.at).is_some()
        {
            return Err(Fault::expected(name_at, "each field once").note("the field came before"));
        }
        json.skip()?;
        json.skip_space();
        match json.peek() {
            Some(b',') => json.at += 1,
            Some(b'}') => {
                json.at += 1;
                return Ok(fields);
            }
            _ => return Err(Fault::expected(json.at, "`,` or `}`")),
        }
    }
}

fn claim(mut json: Json<'_>) -> Read<Option<Claim>> {
    if json.word("null") {
        return Ok(None);
    }
    let at = json.at;
    let expected = "an outcome: \"ok\", \"fail\" or \"unknown\"";
    match &*json.string(expected)? {
        "ok" => Ok(Some(Claim::Ok)),
        "fail" => Ok(Some(Claim::Fail)),
        "unknown" => Ok(Some(Claim::Unknown)),
        _ => Err(Fault::expected(at, expected)),
    }
}

fn operation(text: &str, verb: Verb, arg: Option<usize>, end: usize) -> Read<Operation> {
    let argument = || {
        arg.map(|place| Json::new(text, place)).ok_or_else(|| {
            Fault::expected(end, format!("a field `arg` of this {verb} before the end of the object"))
        })
    };
    let kind = verb.argument();
    if kind == Argument::Value {
        let value = argument()?.value()?;
        return Ok(match verb {
            Verb::Write => Operation::Write(value),
            Verb::Append => Operation::Append(value),
            Verb::Claim => Operation::Claim(value),
            Verb::Resign => Operation::Resign(value),
            Verb::Enqueue => Operation::Enqueue(value),
            Verb::Push => Operation::Push(value),
            Verb::Add => Operation::Add(value),
            Verb::Remove => Operation::Remove(value),
            Verb::Contains => Operation::Contains(value),
            Verb::Insert => Operation::Insert(value),
            _ => unreachable!("{verb} has no value"),
        });
    }
    Ok(match verb {
        Verb::Read => Operation::Read,
        Verb::CompareAndSet => {
            let (expected, new) = pair(argument()?)?;
            Operation::CompareAndSet { expected, new }
        }
        Verb::MultiRead => Operation::MultiRead(names(argument()?)?),
        Verb::MultiWrite => Operation::MultiWrite(assignments(argument()?)?),
        Verb::Increment => Operation::Increment(amount(text, arg)?.unwrap_or(1)),
        Verb::Decrement => {
            let amount = amount(text, arg)?.unwrap_or(1);
            let out_of_range = || Fault::expected(arg.unwrap_or(end), "an amount that can be turned round");
            Operation::Increment(amount.checked_neg().ok_or_else(out_of_range)?)
        }
        Verb::Release => amount(text, arg)?.map_or(Operation::Release, Operation::ReleaseToken),
        Verb::Delete => Operation::Delete,
        Verb::Acquire => Operation::Acquire,
        Verb::Dequeue => Operation::Dequeue,
        Verb::Pop => Operation::Pop,
        Verb::ExtractMin => Operation::ExtractMin,
        _ => unreachable!("{verb} has a value"),
    })
}

/// A whole number, unless nothing stands there.
fn amount(text: &str, arg: Option<usize>) -> Read<Option<i64>> {
    let Some(place) = arg else { return Ok(None) };
    let mut json = Json::new(text, place);
    if json.word("null") { Ok(None) } else { json.integer("a whole number or null").map(Some) }
}

/// The registers that are read at once.
fn names(mut json: Json<'_>) -> Read<Arc<[Arc<str>]>> {
    let expected = "the registers to read: an array of names";
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut known: BTreeSet<Arc<str>> = BTreeSet::new();
    let open = json.at;
    json.eat(b'[', expected)?;
    loop {
        json.skip_space();
        let at = json.at;
        let name: Arc<str> = json.string(expected)?.into();
        if !known.insert(Arc::clone(&name)) {
            return Err(Fault::expected(at, "each register once"));
        }
        names.push(name);
        json.skip_space();
        match json.peek() {
            Some(b',') => json.at += 1,
            Some(b']') => return Ok(names.into()),
            _ => return Err(Fault::expected(json.at, "`,` or `]`").note_line("the array starts", open)),
        }
    }
}

/// The registers that are written at once, with their new values.
fn assignments(mut json: Json<'_>) -> Read<Arc<[Assignment]>> {
    let expected = "the registers to write and their values: {\"x\":1,\"y\":2}";
    let mut pairs: Vec<Assignment> = Vec::new();
    let mut known: BTreeSet<Arc<str>> = BTreeSet::new();
    let open = json.at;
    json.eat(b'{', expected)?;
    loop {
        json.skip_space();
        let at = json.at;
        let name: Arc<str> = json.string(expected)?.into();
        if !known.insert(Arc::clone(&name)) {
            return Err(Fault::expected(at, "each register once"));
        }
        json.skip_space();
        json.eat(b':', "`:`")?;
        json.skip_space();
        pairs.push((name, json.value()?));
        json.skip_space();
        match json.peek() {
            Some(b',') => json.at += 1,
            Some(b'}') => return Ok(pairs.into()),
            _ => return Err(Fault::expected(json.at, "`,` or `}`").note_line("the object starts", open)),
        }
    }
}

/// The argument of a compare-and-set.
fn pair(mut json: Json<'_>) -> Read<(Value, Value)> {
    let at = json.at;
    let wrong = || Fault::expected(at, "the argument of a cas: [expected,new]");
    json.eat(b'[', "the argument of a cas: [expected,new]")?;
    json.skip_space();
    if json.peek() == Some(b']') {
        return Err(wrong().found("an array of no values"));
    }
    let expected = json.value()?;
    json.skip_space();
    if json.peek() == Some(b']') {
        return Err(wrong().found("an array of one value"));
    }
    json.eat(b',', "`,`")?;
    json.skip_space();
    let new = json.value()?;
    json.skip_space();
    if json.peek() != Some(b']') {
        return Err(wrong().found("an array of more than two values"));
    }
    Ok((expected, new))
}

fn reply(text: &str, verb: Verb, operation: &Operation, ret: Option<usize>, end: usize) -> Read<Reply> {
    let answer = || {
        ret.map(|place| Json::new(text, place)).ok_or_else(|| {
            Fault::expected(end, format!("a field `ret` of this {verb} before the end of the object"))
        })
    };
    match verb.answer() {
        Answer::Value => Ok(Reply::Value(answer()?.value()?)),
        Answer::Values => {
            let Operation::MultiRead(names) = operation else { unreachable!("a read of several registers") };
            let json = answer()?;
            let at = json.at;
            match json.clone().value()? {
                Value::List(values) if values.len() == names.len() => Ok(Reply::Value(Value::List(values))),
                _ => Err(Fault::expected(at, "an array with one value for each register")
                    .note(format!("the registers are {}", names.join(", ")))),
            }
        }
        Answer::Truth => {
            let json = answer()?;
            let at = json.at;
            truth(json)
                .map(Reply::Answer)
                .ok_or_else(|| Fault::expected(at, format!("the answer of a {verb}: true or false")))
        }
        Answer::TruthOrNothing => {
            let Some(place) = ret else { return Ok(Reply::Done) };
            let mut json = Json::new(text, place);
            if json.word("null") {
                return Ok(Reply::Done);
            }
            let told = truth(json).map(Reply::Answer);
            told.ok_or_else(|| Fault::expected(place, format!("the answer of {verb}: true, false or null")))
        }
        Answer::NumberOrNothing => {
            let Some(place) = ret else { return Ok(Reply::Done) };
            let mut json = Json::new(text, place);
            if json.word("true") || json.word("null") {
                return Ok(Reply::Done);
            }
            if json.word("false") {
                return Err(refused(verb, place));
            }
            let number = json.integer("a whole number or null")?;
            Ok(Reply::Value(Value::Integer(number)))
        }
        Answer::Nothing => match ret {
            Some(place) if Json::new(text, place).word("false") => Err(refused(verb, place)),
            _ => Ok(Reply::Done),
        },
    }
}

fn truth(mut json: Json<'_>) -> Option<bool> {
    if json.word("true") {
        Some(true)
    } else if json.word("false") {
        Some(false)
    } else {
        None
    }
}

#[cold]
fn refused(verb: Verb, place: usize) -> Fault {
    Fault::expected(place, format!("null, the answer of {verb}"))
        .note("an operation that was refused and certainly did not happen has \"outcome\":\"fail\"")
}
