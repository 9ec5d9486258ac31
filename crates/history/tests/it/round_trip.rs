//! What is written reads back as the same history, exactly; and no text at all makes a reader panic.

use std::sync::Arc;

use anachron_history::{Format, History, Record, TimeUnit, Timestamp, parse, write_json_lines};
use anachron_vocabulary::{ClientId, Key, Operation, Outcome, Reply, Value};
use proptest::prelude::*;

/// Values that are no lists, literals with the text of a list among them.
fn any_atom() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        "\\PC{0,5}|[\"\\\\\n\t\u{0}-\u{1f}]{0,3}".prop_map(|text| Value::from(text.as_str())),
        prop::sample::select(vec![
            "true",
            "1.5",
            "1e300",
            "{\"a\":1}",
            "{\"a\":[1,2]}",
            "[1,2]",
            "[1, 2]",
            "[1 ,2",
            ":keyword",
            "[1 2]",
            "#{1 2}",
            "2/3",
            "",
            "null",
            "5",
            "\"x\"",
            "{\"literal\":\"x\"}",
            "1.50",
            "{\"b\":1,\"a\":2}",
            "99999999999999999999",
            "a\nb",
            "1 ",
        ])
        .prop_map(|text| Value::Literal(text.into())),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    any_atom().prop_recursive(3, 8, 3, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(|values| values.into_iter().collect())
    })
}

fn some_names() -> impl Strategy<Value = Vec<Arc<str>>> {
    prop::sample::subsequence(vec!["a", "", "é\"", "b c"], 1..4)
        .prop_shuffle()
        .prop_map(|names| names.into_iter().map(Arc::from).collect())
}

fn any_operation() -> impl Strategy<Value = (Operation, Outcome)> {
    let of_value = prop_oneof![
        Just(Operation::Write as fn(Value) -> Operation),
        Just(Operation::Append as fn(Value) -> Operation),
        Just(Operation::Claim as fn(Value) -> Operation),
        Just(Operation::Resign as fn(Value) -> Operation),
        Just(Operation::Enqueue as fn(Value) -> Operation),
        Just(Operation::Push as fn(Value) -> Operation),
        Just(Operation::Add as fn(Value) -> Operation),
        Just(Operation::Remove as fn(Value) -> Operation),
        Just(Operation::Contains as fn(Value) -> Operation),
        Just(Operation::Insert as fn(Value) -> Operation),
    ];
    let bare = prop::sample::select(vec![
        Operation::Read,
        Operation::Delete,
        Operation::Acquire,
        Operation::Release,
        Operation::Dequeue,
        Operation::Pop,
        Operation::ExtractMin,
    ]);
    let operation = prop_oneof![
        6 => bare,
        6 => (of_value, any_value()).prop_map(|(operation, value)| operation(value)),
        2 => (any_value(), any_value()).prop_map(|(expected, new)| Operation::CompareAndSet { expected, new }),
        1 => some_names().prop_map(|names| Operation::MultiRead(names.into())),
        1 => (some_names(), any_value(), any_value()).prop_map(|(names, first, second)| {
            Operation::MultiWrite(names.into_iter().zip([first, second].into_iter().cycle()).collect())
        }),
        1 => any::<i64>().prop_map(Operation::Increment),
        1 => any::<i64>().prop_map(Operation::ReleaseToken),
    ];
    (operation, any_value(), any::<bool>(), any::<bool>(), any::<i64>(), 0..5_u8).prop_map(
        |(operation, read, truth, tells, number, outcome)| {
            let reply = match &operation {
                Operation::Read | Operation::Dequeue | Operation::Pop | Operation::ExtractMin => {
                    Reply::Value(read)
                }
                Operation::MultiRead(names) => Reply::Value(names.iter().map(|_| read.clone()).collect()),
                Operation::CompareAndSet { .. }
                | Operation::Claim(_)
                | Operation::Resign(_)
                | Operation::Contains(_) => Reply::Answer(truth),
                Operation::Add(_) | Operation::Remove(_) if tells => Reply::Answer(truth),
                Operation::Increment(_) | Operation::Acquire if tells => Reply::Value(Value::Integer(number)),
                _ => Reply::Done,
            };
            let outcome = match outcome {
                0 => Outcome::Failed,
                1 => Outcome::Unknown,
                _ => Outcome::Ok(reply),
            };
            (operation, outcome)
        },
    )
}

/// Histories whose clients go one step at a time, in any order of records.
fn any_history() -> impl Strategy<Value = History> {
    let name =
        || prop::sample::select(vec!["0", "7", "-3", "007", "", "x", "é\"\n", "9223372036854775808", "-0"]);
    let step = (name(), name(), any_operation(), 0..50_i64, prop::option::of(0..50_i64));
    prop::collection::vec(step, 1..20).prop_shuffle().prop_map(|steps| {
        let mut history = History { time_unit: TimeUnit::Unstated, ..History::default() };
        let mut clock: Vec<i64> = Vec::new();
        for (client, key, (operation, outcome), wait, length) in steps {
            let client = ClientId(history.clients.number(client));
            let key = Key(history.keys.number(key));
            clock.resize(history.clients.len(), -100);
            let call = clock[client.index()] + wait;
            let length = match outcome {
                Outcome::Ok(_) => Some(length.unwrap_or(3)),
                _ => length,
            };
            let end = length.map(|length| call + length);
            clock[client.index()] = end.unwrap_or(call);
            let (call, end) = (Timestamp(call), end.map(Timestamp));
            history.records.push(Record { client, key, operation, call, end, outcome });
        }
        history
    })
}

fn written(history: &History) -> String {
    let mut out = Vec::new();
    write_json_lines(history, &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("JSON is UTF-8")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_history_survives_the_file(history in any_history(), seed in any::<prop::sample::Index>()) {
        let text = written(&history);
        prop_assert_eq!(text.lines().count(), history.records.len());
        let read = parse(text.as_bytes(), None).unwrap_or_else(|error| panic!("{error}\n{text}")).history;
        prop_assert_eq!(&read.records, &history.records);
        prop_assert!(read.keys.iter().eq(history.keys.iter()) && read.clients.iter().eq(history.clients.iter()));
        prop_assert_eq!(written(&read), text.clone());

        // The lines in another order are the same operations: nothing hangs on the order of the file.
        let mut lines: Vec<&str> = text.lines().collect();
        let middle = seed.index(lines.len());
        lines.rotate_left(middle);
        let rotated = parse(lines.join("\n").as_bytes(), None).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut back = written(&rotated.history).lines().map(str::to_owned).collect::<Vec<_>>();
        back.sort();
        lines.sort_unstable();
        prop_assert_eq!(back, lines);
    }

    #[test]
    fn no_text_makes_a_reader_panic(
        text in "([\\[\\](){}\"\\\\#;:_,. \n\t\r0-9a-zN/M+-]|:process 1|:type :(invoke|ok|fail|info)|:f :(read|cas)|:value|jepsen.util - |\\PC){0,40}",
    ) {
        for format in [None, Some(Format::JsonLines), Some(Format::JepsenLog), Some(Format::Edn)] {
            match parse(text.as_bytes(), format) {
                Ok(parsed) => prop_assert_eq!(parsed.history.validate(), Ok(())),
                Err(error) => {
                    let line = text.split('\n').nth(error.line - 1).expect("a line of the text");
                    prop_assert!(error.column <= line.chars().count() + 1, "{}", error);
                }
            }
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        for format in [None, Some(Format::JsonLines), Some(Format::JepsenLog), Some(Format::Edn)] {
            if let Ok(parsed) = parse(&bytes, format) {
                prop_assert_eq!(parsed.history.validate(), Ok(()));
            }
        }
    }
}
