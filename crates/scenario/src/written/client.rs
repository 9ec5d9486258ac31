//! Clients as they are written.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::{Argument, NodeChoice, NodeList};
use crate::quantity::DurationText;
use crate::{AfterTimeout, Latency, OperationKind};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) count: Option<u32>,
    pub(crate) node: Option<NodeChoice>,
    pub(crate) timeout: Option<DurationText>,
    #[serde(default)]
    pub(crate) retry: Retry,
    pub(crate) operations: Option<Vec<Operation>>,
    pub(crate) workload: Option<Workload>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    pub(crate) attempts: Option<u32>,
    pub(crate) backoff: Option<Latency>,
    #[serde(default)]
    pub(crate) after_timeout: AfterTimeout,
    pub(crate) ask_again_for_lock: Option<DurationText>,
    pub(crate) deadline: Option<DurationText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    pub(crate) at: Option<DurationText>,
    pub(crate) f: OperationKind,
    pub(crate) key: Option<String>,
    #[serde(default)]
    pub(crate) arg: Argument,
    pub(crate) node: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Workload {
    pub(crate) operations: u32,
    pub(crate) start: Option<DurationText>,
    pub(crate) mix: Option<Mix>,
    pub(crate) keys: Option<NodeList>,
    pub(crate) key_choice: Option<KeyChoice>,
    pub(crate) values: Option<Values>,
    pub(crate) think_time: Option<Latency>,
}

/// Weights by kind of operation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mix {
    pub(crate) read: Option<u32>,
    pub(crate) write: Option<u32>,
    pub(crate) cas: Option<u32>,
    pub(crate) append: Option<u32>,
    pub(crate) enqueue: Option<u32>,
    pub(crate) dequeue: Option<u32>,
    pub(crate) add: Option<u32>,
    pub(crate) remove: Option<u32>,
    pub(crate) contains: Option<u32>,
    pub(crate) increment: Option<u32>,
    pub(crate) delete: Option<u32>,
}

/// A distribution over keys by name, or a weight for each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum KeyChoice {
    Law(KeyWeights),
    Weights(Vec<u32>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KeyWeights {
    Uniform,
    Zipf,
}

impl<'de> Deserialize<'de> for KeyChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChoiceVisitor;

        impl<'de> Visitor<'de> for ChoiceVisitor {
            type Value = KeyChoice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`uniform`, `zipf` or a list of whole numbers, one weight a key")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<KeyChoice, E> {
                match word {
                    "uniform" => Ok(KeyChoice::Law(KeyWeights::Uniform)),
                    "zipf" => Ok(KeyChoice::Law(KeyWeights::Zipf)),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<KeyChoice, A::Error> {
                let mut weights = Vec::new();
                while let Some(weight) = items.next_element()? {
                    weights.push(weight);
                }
                Ok(KeyChoice::Weights(weights))
            }
        }

        deserializer.deserialize_any(ChoiceVisitor)
    }
}

/// Where written values come from: `"unique"`, or a number of different values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Values {
    Unique,
    OneOf(u32),
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValuesVisitor;

        impl Visitor<'_> for ValuesVisitor {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`unique`, or how many different values as a whole number from 0 to 4294967295")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Values, E> {
                if word == "unique" {
                    return Ok(Values::Unique);
                }
                Err(E::invalid_value(de::Unexpected::Str(word), &self))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Values, E> {
                let wrong = |_| E::invalid_value(de::Unexpected::Signed(number), &self);
                u32::try_from(number).map(Values::OneOf).map_err(wrong)
            }
        }

        deserializer.deserialize_any(ValuesVisitor)
    }
}
