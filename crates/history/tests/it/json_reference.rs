//! The hand-written JSON reader against a slow obvious one on `serde_json`: same records, same refusals, on lines
//! that are right and on lines that were tampered with.

use std::collections::BTreeSet;
use std::sync::Arc;

use anachron_history::{Format, parse};
use anachron_vocabulary::{Operation, Outcome, Reply, Value};
use proptest::prelude::*;
use serde_json::Value as Json;

/// What a line says, read field by field from a `serde_json` value.
#[derive(Debug, PartialEq)]
struct Line {
    client: String,
    key: String,
    operation: Operation,
    call: i64,
    end: Option<i64>,
    outcome: Outcome,
}

fn name(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        // Integers beyond 64 bits are left to our own tests: `serde_json` makes floats of them.
        Json::Number(number) => number.as_i64().map(|number| number.to_string()),
        _ => None,
    }
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::String(text) => Value::from(text.as_str()),
        Json::Number(number) if number.is_i64() => Value::Integer(number.as_i64().expect("an integer")),
        Json::Array(values) => values.iter().map(value).collect(),
        Json::Object(fields) if fields.len() == 1 && fields.get("literal").is_some_and(Json::is_string) => {
            Value::Literal(fields["literal"].as_str().expect("a string").into())
        }
        other => Value::Literal(canonical(other).into()),
    }
}

fn canonical(json: &Json) -> String {
    match json {
        Json::Array(values) => format!("[{}]", values.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Json::Object(fields) => {
            let mut fields: Vec<_> = fields
                .iter()
                .map(|(name, json)| (Json::from(name.as_str()).to_string(), canonical(json)))
                .collect();
            fields.sort();
            let fields: Vec<_> = fields.into_iter().map(|(name, json)| format!("{name}:{json}")).collect();
            format!("{{{}}}", fields.join(","))
        }
        Json::Number(number) if number.is_f64() => {
            let number = number.as_f64().expect("a float");
            format!("{:?}", if number == 0.0 { 0.0 } else { number })
        }
        other => other.to_string(),
    }
}

/// Something else stands where a number or nothing should.
struct NoNumber;

/// A whole number, or nothing where nothing or `null` stands.
fn whole(json: Option<&Json>) -> Result<Option<i64>, NoNumber> {
    match json {
        None | Some(Json::Null) => Ok(None),
        Some(json) => json.as_i64().map(Some).ok_or(NoNumber),
    }
}

fn operation(f: &str, arg: Option<&Json>) -> Option<Operation> {
    let written = || arg.map(value);
    Some(match f {
        "read" | "get" => Operation::Read,
        "write" | "put" => Operation::Write(written()?),
        "append" => Operation::Append(written()?),
        "claim" => Operation::Claim(written()?),
        "resign" => Operation::Resign(written()?),
        "enqueue" => Operation::Enqueue(written()?),
        "push" => Operation::Push(written()?),
        "add" => Operation::Add(written()?),
        "remove" => Operation::Remove(written()?),
        "contains" => Operation::Contains(written()?),
        "insert" => Operation::Insert(written()?),
        "cas" => match arg?.as_array()?.as_slice() {
            [expected, new] => Operation::CompareAndSet { expected: value(expected), new: value(new) },
            _ => return None,
        },
        "multi-read" => {
            let names: Vec<Arc<str>> =
                arg?.as_array()?.iter().map(|name| name.as_str().map(Arc::from)).collect::<Option<_>>()?;
            let distinct = names.iter().collect::<BTreeSet<_>>().len() == names.len();
            (distinct && !names.is_empty()).then(|| Operation::MultiRead(names.into()))?
        }
        "multi-write" => {
            let fields = arg?.as_object()?;
            let pairs = fields.iter().map(|(name, json)| (Arc::from(name.as_str()), value(json)));
            (!fields.is_empty()).then(|| Operation::MultiWrite(pairs.collect()))?
        }
        "increment" => Operation::Increment(whole(arg).ok()?.unwrap_or(1)),
        "decrement" => Operation::Increment(whole(arg).ok()?.unwrap_or(1).checked_neg()?),
        "release" => whole(arg).ok()?.map_or(Operation::Release, Operation::ReleaseToken),
        "delete" => Operation::Delete,
        "acquire" => Operation::Acquire,
        "dequeue" => Operation::Dequeue,
        "pop" => Operation::Pop,
        "extract-min" => Operation::ExtractMin,
        _ => return None,
    })
}

fn reply(operation: &Operation, ret: Option<&Json>) -> Option<Reply> {
    Some(match operation {
        Operation::Read | Operation::Dequeue | Operation::Pop | Operation::ExtractMin => {
            Reply::Value(value(ret?))
        }
        Operation::MultiRead(names) => match value(ret?) {
            Value::List(values) if values.len() == names.len() => Reply::Value(Value::List(values)),
            _ => return None,
        },
        Operation::CompareAndSet { .. }
        | Operation::Claim(_)
        | Operation::Resign(_)
        | Operation::Contains(_) => Reply::Answer(ret?.as_bool()?),
        Operation::Add(_) | Operation::Remove(_) => match ret {
            None | Some(Json::Null) => Reply::Done,
            Some(told) => Reply::Answer(told.as_bool()?),
        },
        Operation::Increment(_) | Operation::Acquire if ret == Some(&Json::Bool(true)) => Reply::Done,
        Operation::Increment(_) | Operation::Acquire => {
            whole(ret).ok()?.map_or(Reply::Done, |number| Reply::Value(Value::Integer(number)))
        }
        _ if ret == Some(&Json::Bool(false)) => return None,
        _ => Reply::Done,
    })
}

fn reference(text: &str) -> Option<Line> {
    let json: Json = serde_json::from_str(text).ok()?;
    let fields = json.as_object()?;
    let get = |field: &str| fields.get(field).filter(|json| !json.is_null());
    let operation = operation(fields.get("f")?.as_str()?, fields.get("arg"))?;
    let call = fields.get("call")?.as_i64()?;
    let end = match fields.get("return") {
        Some(Json::Null) => None,
        Some(json) => Some(json.as_i64()?),
        None if matches!(get("outcome")?.as_str(), Some("fail" | "unknown")) => None,
        None => return None,
    };
    if end.is_some_and(|end| end < call) {
        return None;
    }
    let outcome = match (get("outcome").map(Json::as_str), end) {
        (Some(Some("fail")), _) => Outcome::Failed,
        (Some(Some("unknown")), _) | (None, None) => Outcome::Unknown,
        (None | Some(Some("ok")), Some(_)) => Outcome::Ok(reply(&operation, fields.get("ret"))?),
        _ => return None,
    };
    let key = get("key").map_or(Some(String::new()), name)?;
    Some(Line { client: name(fields.get("client")?)?, key, operation, call, end, outcome })
}

/// True if the two readers may differ, since `serde_json` doesn't tell or doesn't care: integers beyond 64 bits, minus
/// zero, and floats out of range (which it refuses even in a field that nobody reads).
fn beyond_reference(text: &str) -> bool {
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    let long_number = text.as_bytes().windows(16).any(digits);
    let far_exponent = text.match_indices(['e', 'E']).any(|(at, _)| {
        let exponent = text[at + 1..].trim_start_matches(['+', '-']).trim_start_matches('0').as_bytes();
        exponent.len() >= 3 && digits(&exponent[..3])
    });
    long_number || far_exponent || text.contains("-0")
}

fn agree(text: &str) {
    let ours = parse(text.as_bytes(), Some(Format::JsonLines));
    let reference = reference(text);
    match (&ours, reference) {
        (Ok(parsed), Some(line)) => {
            let history = &parsed.history;
            assert_eq!(history.records.len(), 1, "{text}");
            let record = &history.records[0];
            let read = Line {
                client: history.client_name(record.client).to_owned(),
                key: history.key_name(record.key).to_owned(),
                operation: record.operation.clone(),
                call: record.call.0,
                end: record.end.map(|end| end.0),
                outcome: record.outcome.clone(),
            };
            assert_eq!(read, line, "{text}");
        }
        (Err(_), None) => {}
        // `serde_json` keeps the last of two fields of one name, wherever they stand.
        (Err(error), Some(_))
            if error.expected == "each field once" || error.expected == "each register once" => {}
        (ours, reference) => panic!("{text}\nours: {ours:?}\nreference: {reference:?}"),
    }
}

/// JSON of any shape, with white space here and there.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        (-20_i64..20).prop_map(|number| number.to_string()),
        any::<i32>().prop_map(|number| number.to_string()),
        (-50_i32..50, 0_u32..100).prop_map(|(whole, rest)| format!("{whole}.{rest}").replace("-0.", "0.")),
        (1_i32..50, -9_i32..9).prop_map(|(whole, exponent)| format!("{whole}e{exponent}")),
        "[a-z\"\\\\é😀\u{1}\n/ ]{0,6}".prop_map(|text| Json::from(text).to_string()),
        Just(r#""\u00e9\ud83d\ude00\/\b\f\t""#.to_owned()),
        Just(r#"{"literal":":a"}"#.to_owned()),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|values| format!("[ {}]", values.join(" , "))),
            prop::collection::vec(("[a-c]{1,2}", inner), 0..4).prop_map(|fields| {
                let fields: Vec<_> =
                    fields.iter().map(|(name, json)| format!("\"{name}\" :{json}")).collect();
                format!("{{{} }}", fields.join(","))
            }),
        ]
    })
}

/// The fields of a line in any order, each mostly right.
fn any_line() -> impl Strategy<Value = String> {
    let one_of = |texts: &'static [&'static str]| prop::sample::select(texts).prop_map(str::to_owned);
    let verbs = "read write cas append delete multi-read multi-write acquire release claim resign enqueue dequeue push \
                 pop add remove contains increment decrement insert extract-min get put teleport";
    let verbs: Vec<String> = verbs.split_whitespace().map(|verb| format!("\"{verb}\"")).collect();
    let f = prop_oneof![12 => prop::sample::select(verbs), 1 => one_of(&["\"\\u0072ead\"", "1"])];
    let client = prop_oneof![8 => (-3_i64..9).prop_map(|n| n.to_string()), 4 => one_of(&["\"a\"", "\"é\\n\""]), 1 => any_json()];
    let pair = (any_json(), any_json()).prop_map(|(a, b)| format!("[{a} ,{b}]"));
    let number = || prop_oneof![(-9_i64..99).prop_map(|n| n.to_string()), one_of(&["9007199254", "null"])];
    let registers = prop::collection::vec("[a-c]", 0..3)
        .prop_map(|names| Json::from(names).to_string().replace(',', " , "));
    let assignments = prop::collection::vec(("[a-c]", any_json()), 0..3).prop_map(|pairs| {
        let pairs: Vec<_> = pairs.iter().map(|(name, json)| format!("\"{name}\" :{json}")).collect();
        format!("{{{} }}", pairs.join(","))
    });
    let list = prop::collection::vec(any_json(), 0..3).prop_map(|values| format!("[ {} ]", values.join(",")));
    let time = || prop_oneof![9 => (-5_i64..100).prop_map(|n| n.to_string()), 1 => any_json()];
    let fields = (
        client.clone(),
        prop::option::of(client),
        f,
        prop::option::weighted(
            0.95,
            prop_oneof![3 => any_json(), 1 => pair, 2 => number(), 1 => registers, 1 => assignments],
        ),
        prop::option::weighted(
            0.95,
            prop_oneof![2 => any_json(), 3 => one_of(&["true", "false"]), 2 => number(), 1 => list],
        ),
        time(),
        prop::option::weighted(
            0.95,
            prop_oneof![4 => (90_i64..200).prop_map(|n| n.to_string()), 1 => time(), 1 => Just("null".to_owned())],
        ),
        prop::option::of(one_of(&["\"ok\"", "\"fail\"", "\"unknown\"", "null", "\"?\""])),
        prop::option::of(any_json()),
    );
    let named = fields.prop_map(|(client, key, f, arg, ret, call, end, outcome, extra)| {
        [
            ("client", Some(client)),
            ("key", key),
            ("f", Some(f)),
            ("arg", arg),
            ("ret", ret),
            ("call", Some(call)),
            ("return", end),
            ("outcome", outcome),
            ("extra", extra),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("\"{name}\":{}", value?)))
        .collect::<Vec<_>>()
    });
    named.prop_shuffle().prop_map(|fields| format!("{{{}}}", fields.join(",")))
}

/// 5,000 cases a property, or what `ANACHRON_INPUTS` says.
fn cases() -> u32 {
    std::env::var("ANACHRON_INPUTS")
        .map_or(5_000, |number| number.parse().expect("ANACHRON_INPUTS is a number"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_read_the_same(line in any_line()) {
        prop_assume!(!beyond_reference(&line));
        agree(&line);
    }

    #[test]
    fn tampered_lines_read_the_same(
        line in any_line(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, "[\\]{}\\[\",:0-9a-z\\\\ .eE+-]"), 1..4),
    ) {
        let mut chars: Vec<char> = line.chars().collect();
        for (at, edit, with) in edits {
            if chars.is_empty() {
                break;
            }
            let at = at.index(chars.len());
            let with = with.chars().next().expect("one character");
            match edit {
                0 => { chars.remove(at); }
                1 => chars[at] = with,
                _ => chars.insert(at, with),
            }
        }
        let line: String = chars.into_iter().collect();
        prop_assume!(!beyond_reference(&line));
        agree(&line);
    }
}

/// The nearest number, not one beside it.
#[test]
fn fractions_are_rounded_alike() {
    agree(r#"{"return":95,"client":7,"ret":true,"arg":[17,19e-79],"key":0,"f":"put","call":30}"#);
}
