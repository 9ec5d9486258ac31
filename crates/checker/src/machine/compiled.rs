//! From a part of a history to a machine and the operations that it is to put in order.

use std::sync::Arc;

use anachron_vocabulary::{Operation, Outcome, Reply, Value};

use super::register::Class;
use super::text::TextClass;
use super::{GenericMachine, RegisterMachine, TextMachine};
use crate::instance::Timed;
use crate::table::{Interner, count};
use crate::{Model, Object, Part, Specification};

/// A machine of the vocabulary.
pub(crate) enum Compiled {
    Register(RegisterMachine),
    Text(TextMachine),
    Object(GenericMachine<Object>),
}

/// The machine for a part, and its operations. Operations that can neither be seen nor missed are left out: reads of
/// unknown outcome, and compare-and-sets of unknown outcome that would put back what they expect.
pub(crate) fn compile(part: &Part<'_>) -> (Compiled, Vec<Timed>) {
    match part.model {
        Model::Register | Model::CasRegister | Model::Mutex => compile_register(part),
        Model::Set if is_one_element(part) => compile_register(part),
        Model::List => compile_list(part),
        Model::KeyValue => {
            let is_append = |&id: &_| matches!(part.history.record(id).operation, Operation::Append(_));
            if part.ids.iter().any(is_append) { compile_text(part) } else { compile_register(part) }
        }
        _ => by_definition(part),
    }
}

/// True if every operation is about one element of a set, which is then a register with the values *absent* and
/// *present*.
fn is_one_element(part: &Part<'_>) -> bool {
    let element = |&id: &_| match &part.history.record(id).operation {
        Operation::Add(element) | Operation::Remove(element) | Operation::Contains(element) => Some(element),
        _ => None,
    };
    let mut elements = part.ids.iter().map(element);
    elements.next().is_some_and(|first| first.is_some() && elements.all(|other| other == first))
}

/// The elements of lists as characters, so that a list is a text and what is known of texts helps.
#[derive(Default)]
struct Alphabet<'v> {
    elements: Interner<&'v Value>,
    /// There are more elements than characters.
    is_exhausted: bool,
}

impl<'v> Alphabet<'v> {
    fn letter(&mut self, element: &'v Value) -> char {
        // Above the surrogates, which are no characters.
        const FIRST: u32 = 0x1_0000;
        let number = self.elements.number(element);
        number.checked_add(FIRST).and_then(char::from_u32).unwrap_or_else(|| {
            self.is_exhausted = true;
            char::REPLACEMENT_CHARACTER
        })
    }

    fn text(&mut self, list: &'v Value) -> Value {
        let text: String = match list {
            Value::List(elements) => elements.iter().map(|element| self.letter(element)).collect(),
            _ => String::new(),
        };
        Value::Text(text.into())
    }
}

/// A list as a text; as it is if there are more elements than characters.
fn compile_list(part: &Part<'_>) -> (Compiled, Vec<Timed>) {
    let mut alphabet = Alphabet::default();
    let mut machine = TextMachine::new(&alphabet.text(&part.initial));
    let mut classes: Interner<TextClass> = Interner::default();
    let operations = timed(part, |operation, reply| {
        let class = match (operation, reply) {
            (Operation::Read, Some(Reply::Value(seen))) => {
                TextClass::Saw(machine.state(&alphabet.text(seen)))
            }
            (Operation::Read, None) => return None,
            (Operation::Append(element), _) => {
                TextClass::Appended(String::from(alphabet.letter(element)).into())
            }
            _ => unreachable!("partition refuses it"),
        };
        Some(classes.number(class))
    });
    if alphabet.is_exhausted {
        return by_definition(part);
    }
    for number in 0..classes.len() {
        machine.add(classes.get(count(number)).clone());
    }
    (Compiled::Text(machine), operations)
}

fn by_definition(part: &Part<'_>) -> (Compiled, Vec<Timed>) {
    let (machine, operations) = compile_object(part);
    (Compiled::Object(machine), operations)
}

/// The machine of the object as it is defined, and a part's operations.
pub(crate) fn compile_object(part: &Part<'_>) -> (GenericMachine<Object>, Vec<Timed>) {
    let object = Object { model: part.model, initial: part.initial.clone() };
    let mut machine = GenericMachine::new(object.clone());
    let operations = timed(part, |operation, reply| {
        let matters = reply.is_some() || !object.is_observer(operation, reply);
        matters.then(|| machine.class(operation, reply))
    });
    (machine, operations)
}

fn timed<'h>(
    part: &Part<'h>,
    mut class: impl FnMut(&'h Operation, Option<&'h Reply>) -> Option<u32>,
) -> Vec<Timed> {
    let mut operations = Vec::with_capacity(part.ids.len());
    for &id in &part.ids {
        let record = part.history.record(id);
        let (reply, returned) = match &record.outcome {
            Outcome::Ok(reply) => (Some(reply), Some(record.end.map_or(i64::MAX, |end| end.0))),
            Outcome::Unknown => (None, None),
            Outcome::Failed => unreachable!("a part leaves out what failed"),
        };
        let call = record.call.0;
        assert!(returned.is_none_or(|returned| call <= returned), "operation {} ends before its call", id.0);
        if let Some(class) = class(&record.operation, reply) {
            operations.push(Timed { id, class, call, returned });
        }
    }
    operations
}

fn compile_register(part: &Part<'_>) -> (Compiled, Vec<Timed>) {
    let mut values: Interner<&Value> = Interner::default();
    let mut classes: Interner<Class> = Interner::default();
    let (free, held) = (0, 1);
    let (absent, present) = (0, 1);
    let initial = match part.model {
        Model::Mutex => free,
        Model::Set => absent,
        _ => values.number(&part.initial),
    };
    let swapped =
        |expected, new| if expected == new { Class::Saw(new) } else { Class::Swapped(expected, new) };
    let operations = timed(part, |operation, reply| {
        let class = match (operation, reply) {
            (Operation::Read, Some(Reply::Value(value))) => Class::Saw(values.number(value)),
            (Operation::Write(value), _) => Class::Wrote(values.number(value)),
            (Operation::Delete, _) => Class::Wrote(values.number(&Value::Null)),
            (Operation::CompareAndSet { expected, .. }, Some(Reply::Answer(false))) => {
                Class::SawOther(values.number(expected))
            }
            (Operation::CompareAndSet { expected, new }, _) => {
                swapped(values.number(expected), values.number(new))
            }
            (Operation::Acquire, _) => swapped(free, held),
            (Operation::Release, _) => swapped(held, free),
            (Operation::Add(_), Some(Reply::Answer(true))) => Class::Swapped(absent, present),
            (Operation::Add(_), Some(Reply::Answer(false)))
            | (Operation::Contains(_), Some(Reply::Answer(true))) => Class::Saw(present),
            (Operation::Add(_), _) => Class::Wrote(present),
            (Operation::Remove(_), Some(Reply::Answer(true))) => Class::Swapped(present, absent),
            (Operation::Remove(_) | Operation::Contains(_), Some(Reply::Answer(false))) => Class::Saw(absent),
            (Operation::Remove(_), _) => Class::Wrote(absent),
            (Operation::Read | Operation::Contains(_), None) => return None,
            _ => unreachable!("partition refuses it"),
        };
        let observes = matches!(class, Class::Saw(_) | Class::SawOther(_));
        (reply.is_some() || !observes).then(|| classes.number(class))
    });
    (Compiled::Register(RegisterMachine::new(initial, classes)), operations)
}

fn compile_text(part: &Part<'_>) -> (Compiled, Vec<Timed>) {
    let mut machine = TextMachine::new(&part.initial);
    let mut classes: Interner<TextClass> = Interner::default();
    let operations = timed(part, |operation, reply| {
        let class = match (operation, reply) {
            (Operation::Read, Some(Reply::Value(value))) => TextClass::Saw(machine.state(value)),
            (Operation::Read, None) => return None,
            (Operation::Write(value), _) => TextClass::Wrote(machine.state(value)),
            (Operation::Append(Value::Text(suffix)), _) => TextClass::Appended(Arc::clone(suffix)),
            (Operation::Delete, _) => TextClass::Wrote(machine.state(&Value::Null)),
            (Operation::CompareAndSet { expected, .. }, Some(Reply::Answer(false))) => {
                TextClass::SawOther(machine.state(expected))
            }
            (Operation::CompareAndSet { expected, new }, _) => {
                match (machine.state(expected), machine.state(new)) {
                    (expected, new) if expected == new && reply.is_none() => return None,
                    (expected, new) if expected == new => TextClass::Saw(new),
                    (expected, new) => TextClass::Swapped(expected, new),
                }
            }
            _ => unreachable!("partition refuses it"),
        };
        Some(classes.number(class))
    });
    for number in 0..classes.len() {
        machine.add(classes.get(count(number)).clone());
    }
    (Compiled::Text(machine), operations)
}
