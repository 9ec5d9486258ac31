//! Names of keys and clients, numbered in the order of their first appearance.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A table of names: number to name and back. Numbers are dense and start at 0.
#[derive(Clone, Debug, Default)]
pub struct Names {
    names: Vec<Arc<str>>,
    numbers: BTreeMap<Arc<str>, u32>,
}

impl Names {
    /// The number of `name`, which gets the next one if it is new.
    ///
    /// # Panics
    /// When there are more than `u32::MAX` names.
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = u32::try_from(self.names.len()).expect("fewer than 2^32 names");
        let name: Arc<str> = name.into();
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }

    /// The number of `name`, if it has one.
    pub fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The name with this number.
    ///
    /// # Panics
    /// When no name has it.
    pub fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True if there is no name.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// All names, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }
}

impl<S: AsRef<str>> FromIterator<S> for Names {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        let mut table = Self::default();
        for name in names {
            table.number(name.as_ref());
        }
        table
    }
}
