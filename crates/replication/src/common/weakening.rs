//! Declares a strategy's weakenings: known bugs, each a named switch that is off unless a scenario asks.
//!
//! Why it exists: every strategy needs the same four things of a weakening (its name in scenario files, where it was
//! seen, what it does wrong, and a set to carry the chosen ones in), and each bug should be told in one place.

/// Declares `Weakening` (an enum) and `Weakenings` (a set of them).
macro_rules! weakenings {
    ($($variant:ident: $name:literal, $source:literal, $summary:literal;)+) => {
        /// A known bug, off unless asked for. Names are those of the catalogue of mutants.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Weakening {
            $(#[doc = concat!("`", $name, "`: ", $summary)] $variant,)+
        }

        impl Weakening {
            /// Every weakening of this strategy.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in scenario files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Where it was seen: projects with issue numbers, papers with sections.
            pub fn source(self) -> &'static str {
                match self { $(Self::$variant => $source),+ }
            }

            /// What it does wrong, in one sentence.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary),+ }
            }

            /// The weakening of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|weakening| weakening.name() == name)
            }
        }

        /// A set of weakenings; empty by default.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
        pub struct Weakenings(u64);

        impl Weakenings {
            /// No weakening: the strategy as it should be.
            pub const NONE: Self = Self(0);

            /// This set with one more.
            #[must_use]
            pub fn with(self, weakening: Weakening) -> Self {
                Self(self.0 | 1 << weakening as u32)
            }

            /// True if the weakening is in the set.
            pub fn contains(self, weakening: Weakening) -> bool {
                self.0 & 1 << weakening as u32 != 0
            }

            /// True if nothing is weakened.
            pub fn is_empty(self) -> bool {
                self.0 == 0
            }
        }

        impl FromIterator<Weakening> for Weakenings {
            fn from_iter<I: IntoIterator<Item = Weakening>>(weakenings: I) -> Self {
                weakenings.into_iter().fold(Self::NONE, Self::with)
            }
        }

        #[cfg(test)]
        mod weakening_tests {
            use super::{Weakening, Weakenings};

            #[test]
            fn every_weakening_is_found_by_its_name_and_alone_in_its_set() {
                for &weakening in Weakening::ALL {
                    assert_eq!(Weakening::from_name(weakening.name()), Some(weakening));
                    assert!(!weakening.source().is_empty() && weakening.summary().ends_with('.'));
                    let set = Weakenings::NONE.with(weakening);
                    assert!(Weakening::ALL.iter().all(|&other| set.contains(other) == (other == weakening)));
                    assert!(!set.is_empty());
                }
                assert_eq!(Weakening::from_name(""), None);
                assert_eq!(Weakening::ALL.iter().copied().collect::<Weakenings>().0.count_ones() as usize, Weakening::ALL.len());
            }
        }
    };
}

pub(crate) use weakenings;
