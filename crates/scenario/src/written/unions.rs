//! Places where the format takes one thing or another: `"n1"` or `["n1", "n2"]`, `3` or `["a", "b", "c"]`.

use std::fmt;

use anachron_vocabulary::Value;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value of an object: null, a whole number or a text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Scalar(pub(crate) Value);

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of at most 64 bits, a text or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Scalar, E> {
        Ok(Scalar(Value::Null))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(Value::Integer(number)))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Scalar, E> {
        let wrong = |_| E::invalid_value(de::Unexpected::Unsigned(number), &self);
        i64::try_from(number).map(|number| Scalar(Value::Integer(number))).map_err(wrong)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(Value::from(text)))
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// The argument of an operation: none, one value, or two for a compare-and-set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum Argument {
    #[default]
    Missing,
    One(Value),
    Pair(Value, Value),
}

impl<'de> Deserialize<'de> for Argument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ArgumentVisitor;

        impl<'de> Visitor<'de> for ArgumentVisitor {
            type Value = Argument;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number of at most 64 bits, a text or null; for `cas` a list of two: [expected, new]")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Argument, E> {
                ScalarVisitor.visit_unit().map(|scalar| Argument::One(scalar.0))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Argument, E> {
                ScalarVisitor.visit_i64(number).map(|scalar| Argument::One(scalar.0))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Argument, E> {
                ScalarVisitor.visit_u64(number).map(|scalar| Argument::One(scalar.0))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Argument, E> {
                ScalarVisitor.visit_str(text).map(|scalar| Argument::One(scalar.0))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Argument, A::Error> {
                let mut next = || items.next_element::<Scalar>();
                match (next()?, next()?, next()?) {
                    (Some(expected), Some(new), None) => Ok(Argument::Pair(expected.0, new.0)),
                    _ => Err(de::Error::custom("expected a list of two: [expected, new]")),
                }
            }
        }

        deserializer.deserialize_any(ArgumentVisitor)
    }
}

/// One name or a list of names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Names {
    pub(crate) names: Vec<String>,
    /// True if it is written as a list, so that a name's path has an index.
    pub(crate) listed: bool,
}

pub(crate) struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name or a list of names")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Names, E> {
        Ok(Names { names: vec![name.to_owned()], listed: false })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Names, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = items.next_element()? {
            names.push(name);
        }
        Ok(Names { names, listed: true })
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamesVisitor)
    }
}

/// How many, or which by name: the nodes of a cluster, the keys of a workload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum NodeList {
    Count(u32),
    Named(Vec<String>),
}

impl<'de> Deserialize<'de> for NodeList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor;

        impl<'de> Visitor<'de> for ListVisitor {
            type Value = NodeList;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("how many, as a whole number from 0 to 4294967295, or a list of names")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<NodeList, E> {
                let wrong = |_| E::invalid_value(de::Unexpected::Signed(number), &self);
                u32::try_from(number).map(NodeList::Count).map_err(wrong)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<NodeList, A::Error> {
                NamesVisitor.visit_seq(items).map(|names| NodeList::Named(names.names))
            }
        }

        deserializer.deserialize_any(ListVisitor)
    }
}

/// Which node a client asks: a word, a node's name, or an object with details.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum NodeChoice {
    /// `"leader"`, `"nearest"`, `"sticky"`, `"round-robin"` or a node's name.
    Word(String),
    Sticky(Names),
    RoundRobin(Names),
    Leader(Names),
}

impl<'de> Deserialize<'de> for NodeChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum Kind {
            Sticky,
            RoundRobin,
            Leader,
        }

        struct ChoiceVisitor;

        impl<'de> Visitor<'de> for ChoiceVisitor {
            type Value = NodeChoice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a node's name, `leader`, `nearest`, `sticky`, `round-robin`, or an object such as {\"round-robin\": [\"n2\", \"n3\"]}",
                )
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<NodeChoice, E> {
                Ok(NodeChoice::Word(word.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NodeChoice, A::Error> {
                let choice = match only_key(&mut map)? {
                    Kind::Sticky => NodeChoice::Sticky(map.next_value()?),
                    Kind::RoundRobin => NodeChoice::RoundRobin(map.next_value()?),
                    Kind::Leader => NodeChoice::Leader(map.next_value()?),
                };
                no_more(&mut map)?;
                Ok(choice)
            }
        }

        deserializer.deserialize_any(ChoiceVisitor)
    }
}

/// The first key of an object that must have exactly one.
pub(crate) fn only_key<'de, K: Deserialize<'de>, A: MapAccess<'de>>(map: &mut A) -> Result<K, A::Error> {
    map.next_key()?.ok_or_else(|| de::Error::custom("expected an object with one field, found an empty one"))
}

/// Makes sure that it has no second.
pub(crate) fn no_more<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    match map.next_key::<String>()? {
        None => Ok(()),
        Some(_) => Err(de::Error::custom("expected an object with one field, found more")),
    }
}
