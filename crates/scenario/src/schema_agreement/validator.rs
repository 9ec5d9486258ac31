//! As much of JSON Schema (draft 2020-12) as the published schema uses. A keyword it doesn't know is a panic, so that
//! nothing in the schema goes unchecked.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::Fraction;
use crate::quantity::{DurationText, RatioText, SignedDurationText};

/// Judges values, and remembers which properties of the schema they used.
pub(super) struct Validator<'s> {
    schema: &'s Value,
    used: BTreeSet<String>,
}

impl<'s> Validator<'s> {
    pub(super) fn new(schema: &'s Value) -> Self {
        Self { schema, used: BTreeSet::new() }
    }

    pub(super) fn accepts(&mut self, value: &Value) -> bool {
        match self.judge(self.schema, "#", value) {
            Some(used) => {
                self.used.extend(used);
                true
            }
            None => false,
        }
    }

    /// The pointers of the properties that accepted values had.
    pub(super) fn into_used(self) -> BTreeSet<String> {
        self.used
    }

    /// The properties used, if the value is accepted.
    fn judge(&self, schema: &Value, at: &str, value: &Value) -> Option<BTreeSet<String>> {
        let schema = schema.as_object().expect("a schema is an object");
        let mut used = BTreeSet::new();
        for (keyword, rule) in schema {
            let holds = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" | "examples" | "properties" => true,
                "$ref" => {
                    let pointer = rule.as_str().expect("a reference").trim_start_matches('#');
                    let target = self.schema.pointer(pointer).expect("a definition");
                    self.judge(target, &format!("#{pointer}"), value).is_some_and(|more| {
                        used.extend(more);
                        true
                    })
                }
                "anyOf" => {
                    let rules = rule.as_array().expect("a list of schemas").iter().enumerate();
                    let mut holding = rules
                        .filter_map(|(index, rule)| self.judge(rule, &format!("{at}/anyOf/{index}"), value));
                    holding.next().is_some_and(|more| {
                        used.extend(more);
                        true
                    })
                }
                "type" => is_of_type(value, rule.as_str().expect("one type")),
                "enum" => rule.as_array().expect("a list").contains(value),
                "pattern" => {
                    value.as_str().is_none_or(|text| matches_pattern(text, rule.as_str().expect("a pattern")))
                }
                "minimum" => number(value).is_none_or(|value| value >= number(rule).expect("a number")),
                "maximum" => number(value).is_none_or(|value| value <= number(rule).expect("a number")),
                "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= count(rule)),
                "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= count(rule)),
                "minProperties" => value.as_object().is_none_or(|fields| fields.len() as u64 >= count(rule)),
                "maxProperties" => value.as_object().is_none_or(|fields| fields.len() as u64 <= count(rule)),
                "required" => value.as_object().is_none_or(|fields| {
                    let names = rule.as_array().expect("a list of names");
                    names.iter().all(|name| fields.contains_key(name.as_str().expect("a name")))
                }),
                "items" => value.as_array().is_none_or(|items| {
                    items.iter().all(|item| {
                        self.judge(rule, &format!("{at}/items"), item).is_some_and(|more| {
                            used.extend(more);
                            true
                        })
                    })
                }),
                "additionalProperties" => {
                    value.as_object().is_none_or(|fields| self.fields(schema, rule, at, fields, &mut used))
                }
                other => panic!("the schema uses `{other}`, which this validator does not know"),
            };
            if !holds {
                return None;
            }
        }
        Some(used)
    }

    /// Judges the fields of an object: those that the schema names, and the others.
    fn fields(
        &self,
        schema: &Map<String, Value>,
        others: &Value,
        at: &str,
        fields: &Map<String, Value>,
        used: &mut BTreeSet<String>,
    ) -> bool {
        let named = schema.get("properties").and_then(Value::as_object);
        fields.iter().all(|(name, field)| {
            let (rule, place) = match named.and_then(|named| named.get(name)) {
                Some(rule) => (rule, format!("{at}/properties/{name}")),
                None if others == &Value::Bool(false) => return false,
                None => (others, format!("{at}/additionalProperties")),
            };
            let Some(more) = self.judge(rule, &place, field) else { return false };
            used.extend(more);
            used.insert(place);
            true
        })
    }
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the schema uses the type `{other}`"),
    }
}

fn number(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

fn count(rule: &Value) -> u64 {
    rule.as_u64().expect("a count")
}

/// The patterns of the schema, by what they stand for. Each text of the tests is short and small enough that being
/// too fine or too large, which a pattern can't see, does not come into it.
fn matches_pattern(text: &str, pattern: &str) -> bool {
    match pattern {
        r"^[0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|min)$" => text.parse::<DurationText>().is_ok(),
        r"^[+-]?[0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|min)$" => text.parse::<SignedDurationText>().is_ok(),
        r"^[0-9]+(/[0-9]+)?$" => text.parse::<RatioText>().is_ok(),
        r"^[0-9]+(/[0-9]+|\.[0-9]+)?$" => text.parse::<Fraction>().is_ok(),
        other => panic!("the schema uses the pattern `{other}`"),
    }
}

/// The pointers of all properties of a schema.
pub(super) fn properties(schema: &Value, at: &str, into: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                let place = format!("{at}/{name}");
                // `properties` directly below `properties` would be a field of that name; there is none.
                if at.ends_with("/properties") {
                    into.insert(place.clone());
                }
                properties(member, &place, into);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                properties(item, &format!("{at}/{index}"), into);
            }
        }
        _ => {}
    }
}
