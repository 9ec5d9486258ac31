//! The published schema and the types say the same.
//!
//! The schema is written by hand, for its descriptions; here it is held to the types. Samples that
//! use every field are changed in every place, one change at a time, and each time the schema must accept what the
//! decoder accepts and refuse what it refuses. The stories of the catalogue must be right by both. What a schema can't say (names that exist, times in order, texts
//! such as `"0.5ns"`) is checked after decoding, and is not part of this.

#![allow(clippy::disallowed_methods)] // a test reads the files that it is about

mod validator;

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use self::validator::Validator;
use crate::json::{decode, parse};
use crate::written::File;
use crate::{Scenario, json::DecodeError};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn schema() -> Value {
    let text = fs::read_to_string(format!("{ROOT}/../../scenarios/schema.json")).expect("the schema");
    serde_json::from_str(&text).expect("the schema is JSON")
}

const SAMPLES: &str = "tests/data";
const CATALOGUE: &str = "../../scenarios";

/// The scenarios of some folders.
fn texts(folders: &[&str]) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(format!("{ROOT}/{folder}")).expect("a folder of scenarios");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.retain(|path| {
            path.extension().is_some_and(|extension| extension == "json") && !path.ends_with("schema.json")
        });
        paths.sort();
        for path in paths {
            texts.push((path.display().to_string(), fs::read_to_string(&path).expect("a readable file")));
        }
    }
    assert!(texts.len() > 3, "three samples at least");
    texts
}

/// What the decoder says of a value, names and times aside.
fn decoded(value: &Value) -> Result<(), DecodeError> {
    let tree = parse(&value.to_string()).expect("a serialised value is JSON");
    decode::<File>(&tree).map(|_| ())
}

/// Every place in a value, as a JSON pointer.
fn places(value: &Value, here: &str, into: &mut Vec<String>) {
    into.push(here.to_owned());
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                places(field, &format!("{here}/{name}"), into);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{here}/{index}"), into);
            }
        }
        _ => {}
    }
}

/// The value with one change, and the change in words; every change that is tried.
fn changes(value: &Value, mut check: impl FnMut(&Value, &str)) {
    let replacements = [
        json!(null),
        json!(true),
        json!(7),
        json!(-7),
        json!(1.5),
        json!(99_999_999_999_u64),
        json!("zzz"),
        json!("5ms"),
        json!("-5ms"),
        json!("1/2"),
        json!("2.5"),
        json!("leader"),
        json!([]),
        json!(["zzz"]),
        json!([1, 2]),
        json!({}),
        json!({ "zzz": 1 }),
        json!({ "constant": "1ms", "exponential": { "mean": "1ms" } }),
    ];
    let mut pointers = Vec::new();
    places(value, "", &mut pointers);
    for pointer in pointers {
        let mut changed = value.clone();
        let place = changed.pointer_mut(&pointer).expect("a place in the value");
        let original = place.clone();
        for replacement in &replacements {
            *changed.pointer_mut(&pointer).expect("the same place") = replacement.clone();
            check(&changed, &format!("{pointer} = {replacement}"));
        }
        if let Value::Object(fields) = original {
            for name in fields.keys() {
                let mut fewer = fields.clone();
                fewer.remove(name);
                *changed.pointer_mut(&pointer).expect("the same place") = Value::Object(fewer);
                check(&changed, &format!("{pointer} without {name}"));
            }
            let mut more = fields;
            more.insert("zzz".into(), json!(1));
            *changed.pointer_mut(&pointer).expect("the same place") = Value::Object(more);
            check(&changed, &format!("{pointer} with zzz"));
        }
    }
}

/// The sets of field names of all objects in a schema.
fn field_sets(schema: &Value, into: &mut BTreeSet<Vec<String>>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(fields)) = members.get("properties") {
                let mut names: Vec<String> = fields.keys().cloned().collect();
                names.sort();
                into.insert(names);
            }
            members.values().for_each(|member| field_sets(member, into));
        }
        Value::Array(items) => items.iter().for_each(|item| field_sets(item, into)),
        _ => {}
    }
}

#[test]
fn every_sample_and_story_is_right_by_the_schema_and_by_the_types() {
    let schema = schema();
    for (path, text) in texts(&[SAMPLES, CATALOGUE]) {
        Scenario::parse(&text).unwrap_or_else(|errors| panic!("{path}:{errors}"));
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert!(Validator::new(&schema).accepts(&value), "the schema refuses {path}");
    }
}

#[test]
fn the_schema_and_the_types_judge_every_single_change_alike() {
    let schema = schema();
    let mut field_lists = BTreeSet::new();
    let mut known_field_sets = BTreeSet::new();
    field_sets(&schema, &mut known_field_sets);
    let (mut accepted, mut refused) = (0, 0);
    for (path, text) in texts(&[SAMPLES]) {
        let value: Value = serde_json::from_str(&text).expect("JSON");
        changes(&value, |changed, change| {
            let by_types = decoded(changed);
            let by_schema = Validator::new(&schema).accepts(changed);
            assert_eq!(by_types.is_ok(), by_schema, "{path}: {change}\nthe types say {by_types:?}");
            *(if by_schema { &mut accepted } else { &mut refused }) += 1;
            if let Err(DecodeError { allowed_fields: Some(fields), .. }) = by_types {
                let mut fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
                fields.sort();
                field_lists.insert(fields);
            }
        });
    }
    println!("{accepted} changes accepted and {refused} refused, alike");
    assert!(accepted > 200 && refused > 5_000);
    for fields in &field_lists {
        assert!(
            known_field_sets.contains(fields),
            "no object of the schema has exactly these fields: {fields:?}"
        );
    }
    assert!(field_lists.len() > 30, "the types have more objects than {}", field_lists.len());
}

#[test]
fn the_samples_use_every_field_of_the_schema() {
    let schema = schema();
    let mut used = BTreeSet::new();
    for (_, text) in texts(&[SAMPLES]) {
        let mut validator = Validator::new(&schema);
        assert!(validator.accepts(&serde_json::from_str(&text).expect("JSON")));
        used.extend(validator.into_used());
    }
    let mut all = BTreeSet::new();
    validator::properties(&schema, "#", &mut all);
    let unused: Vec<_> = all.difference(&used).collect();
    assert!(unused.is_empty(), "no sample uses {unused:?}");
}
