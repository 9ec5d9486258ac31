//! Reads a strategy's options out of a scenario's JSON, and says what is wrong with them.

use std::fmt;

use anachron_scenario::{Scenario, parse_duration};
use anachron_vocabulary::{NodeId, Value, VirtualDuration};
use serde_json::Value as Json;

use super::StrategyEntry;

/// What can be set of a strategy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OptionDoc {
    /// Its name.
    pub name: &'static str,
    /// What it can be, in words: `"leader" or "any"`, `a duration`.
    pub values: &'static str,
    /// What it is if nobody says.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// What is wrong with a strategy's options.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OptionError {
    /// Which option (or `name`, or `weakenings`), below the variant's `strategy`.
    pub option: String,
    /// What is wrong with it, and what was expected.
    pub message: String,
}

impl OptionError {
    /// The fields that lead to it, below the variant's `strategy`.
    pub fn fields(&self) -> Vec<&str> {
        match self.option.as_str() {
            "name" | "weakenings" | "options" => vec![&self.option],
            option => vec!["options", option],
        }
    }
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.option, self.message)
    }
}

impl std::error::Error for OptionError {}

/// The options of one variant. Every accessor names the option, so that an error can.
pub struct Options<'s> {
    entry: &'static StrategyEntry,
    scenario: &'s Scenario,
    named: &'s anachron_scenario::Strategy,
}

impl<'s> Options<'s> {
    /// The options that a scenario gives a strategy.
    ///
    /// # Errors
    /// When one of them, or a weakening, is not known to the strategy.
    pub(super) fn new(
        entry: &'static StrategyEntry,
        scenario: &'s Scenario,
        named: &'s anachron_scenario::Strategy,
    ) -> Result<Self, OptionError> {
        let known = |name: &str| entry.options.iter().any(|option| option.name == name);
        if let Some(option) = named.options.keys().find(|name| !known(name)) {
            let options: Vec<&str> = entry.options.iter().map(|option| option.name).collect();
            let message = format!("{} has no option `{option}`; it has {}", entry.name, options.join(", "));
            return Err(OptionError { option: option.clone(), message });
        }
        let weakenings = (entry.weakenings)();
        if let Some(wrong) = named.weakenings.iter().find(|name| weakenings.iter().all(|w| w.name != *name)) {
            let own: Vec<&str> = weakenings.iter().map(|weakening| weakening.name).collect();
            let message = if own.is_empty() {
                format!("{} has no weakenings, so none named `{wrong}`", entry.name)
            } else {
                format!("{} has no weakening `{wrong}`; it has {}", entry.name, own.join(", "))
            };
            return Err(OptionError { option: "weakenings".to_owned(), message });
        }
        Ok(Self { entry, scenario, named })
    }

    /// What every object holds before it is first written.
    pub fn initial(&self) -> Value {
        self.scenario.initial.clone()
    }

    /// How many nodes the cluster has.
    pub fn nodes(&self) -> usize {
        self.scenario.cluster.nodes.len()
    }

    /// The weakenings that are switched on, by name. Each is one of the strategy's own.
    pub fn weakenings(&self) -> impl Iterator<Item = &'s str> {
        self.named.weakenings.iter().map(String::as_str)
    }

    fn get(&self, name: &'static str) -> Option<&'s Json> {
        debug_assert!(
            self.entry.options.iter().any(|option| option.name == name),
            "`{name}` is not documented as an option of {}",
            self.entry.name
        );
        self.named.options.get(name)
    }

    /// An error about an option.
    pub fn wrong(&self, name: &str, message: impl Into<String>) -> OptionError {
        OptionError { option: name.to_owned(), message: message.into() }
    }

    fn unexpected(&self, name: &'static str, found: &Json, expected: &str) -> OptionError {
        self.wrong(name, format!("{found} is not {expected}"))
    }

    /// A duration.
    ///
    /// # Errors
    /// When it is there and is not one.
    pub fn duration(
        &self,
        name: &'static str,
        default: VirtualDuration,
    ) -> Result<VirtualDuration, OptionError> {
        self.get(name).map_or(Ok(default), |json| self.one_duration(name, json))
    }

    /// A duration, or nothing.
    ///
    /// # Errors
    /// When it is there and is not one.
    pub fn optional_duration(&self, name: &'static str) -> Result<Option<VirtualDuration>, OptionError> {
        self.get(name).map(|json| self.one_duration(name, json)).transpose()
    }

    fn one_duration(&self, name: &'static str, json: &Json) -> Result<VirtualDuration, OptionError> {
        let Json::String(text) = json else {
            return Err(self.unexpected(name, json, "a duration such as \"25ms\""));
        };
        parse_duration(text).map_err(|message| self.wrong(name, message))
    }

    /// A range of durations, `["150ms", "300ms"]`; one duration is a range of one.
    ///
    /// # Errors
    /// When it is there and is not one, or the first is above the second.
    pub fn duration_range(
        &self,
        name: &'static str,
        default: (VirtualDuration, VirtualDuration),
    ) -> Result<(VirtualDuration, VirtualDuration), OptionError> {
        match self.get(name) {
            None => Ok(default),
            Some(Json::Array(pair)) if pair.len() == 2 => {
                let range = (self.one_duration(name, &pair[0])?, self.one_duration(name, &pair[1])?);
                if range.0 > range.1 {
                    return Err(self.wrong(name, format!("{} is above {}", range.0, range.1)));
                }
                Ok(range)
            }
            Some(json @ Json::String(_)) => {
                let both = self.one_duration(name, json)?;
                Ok((both, both))
            }
            Some(json) => {
                Err(self.unexpected(name, json, "a pair of durations such as [\"150ms\", \"300ms\"]"))
            }
        }
    }

    /// One of several words.
    ///
    /// # Errors
    /// When it is there and is none of them.
    pub fn choice<T: Copy>(
        &self,
        name: &'static str,
        choices: &[(&str, T)],
        default: T,
    ) -> Result<T, OptionError> {
        let Some(json) = self.get(name) else { return Ok(default) };
        let found = json.as_str().and_then(|text| choices.iter().find(|(word, _)| *word == text));
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            self.unexpected(name, json, &format!("one of {}", words.join(", ")))
        })
    }

    /// True or false.
    ///
    /// # Errors
    /// When it is there and is neither.
    pub fn flag(&self, name: &'static str, default: bool) -> Result<bool, OptionError> {
        let Some(json) = self.get(name) else { return Ok(default) };
        json.as_bool().ok_or_else(|| self.unexpected(name, json, "true or false"))
    }

    /// A whole number in a range, or nothing.
    ///
    /// # Errors
    /// When it is there and is not one.
    pub fn number(
        &self,
        name: &'static str,
        range: std::ops::RangeInclusive<usize>,
    ) -> Result<Option<usize>, OptionError> {
        let Some(json) = self.get(name) else { return Ok(None) };
        let found = json.as_u64().and_then(|number| usize::try_from(number).ok());
        match found {
            Some(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let expected = format!("a whole number from {} to {}", range.start(), range.end());
                Err(self.unexpected(name, json, &expected))
            }
        }
    }

    /// A node by its name, or nothing.
    ///
    /// # Errors
    /// When it is there and the cluster has no such node.
    pub fn node(&self, name: &'static str) -> Result<Option<NodeId>, OptionError> {
        let Some(json) = self.get(name) else { return Ok(None) };
        let names = &self.scenario.cluster.nodes;
        let found = json.as_str().and_then(|text| names.iter().position(|node| node == text));
        let found = found.map(NodeId::from_index);
        found
            .map(Some)
            .ok_or_else(|| self.unexpected(name, json, &format!("a node; there are {}", names.join(", "))))
    }

    /// A list of nodes by their names; empty when it is not there.
    ///
    /// # Errors
    /// When it is there and is not one, or the cluster has no such node.
    pub fn nodes_named(&self, name: &'static str) -> Result<Vec<NodeId>, OptionError> {
        let Some(json) = self.get(name) else { return Ok(Vec::new()) };
        let Json::Array(list) = json else {
            return Err(self.unexpected(name, json, "a list of nodes such as [\"n1\", \"n2\"]"));
        };
        let names = &self.scenario.cluster.nodes;
        list.iter()
            .map(|one| {
                let found = one.as_str().and_then(|text| names.iter().position(|node| node == text));
                found.map(NodeId::from_index).ok_or_else(|| {
                    self.unexpected(name, one, &format!("a node; there are {}", names.join(", ")))
                })
            })
            .collect()
    }
}
