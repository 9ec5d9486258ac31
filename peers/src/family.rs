//! The families of histories, each a row of shapes that grow.

use anachron_checker::Model;
use anachron_checker::testing::{Shape, linearizable, lose_a_change, plant_violation};
use anachron_history::History;

/// What is wrong with a history, if anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Planted {
    /// Nothing: it is linearizable by construction.
    Nothing,
    /// So many answers are those of other operations.
    StaleAnswers(u64),
    /// So many changes that were acknowledged did not happen.
    LostChanges(u64),
}

/// A family of histories.
#[derive(Clone, Debug)]
pub struct Family {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, as the report says it.
    pub title: &'static str,
    /// The object.
    pub model: Model,
    /// How many different values are written; 0 for a fresh one each time.
    pub values: u64,
    /// Over how many objects.
    pub keys: u64,
    /// Operations in a thousand that end with an unknown outcome.
    pub unknown_permille: u64,
    /// What is wrong.
    pub planted: Planted,
    /// The concurrencies that a default run takes.
    pub concurrencies: &'static [usize],
    /// The sizes that a default run takes.
    pub sizes: &'static [usize],
}

const ALL_CONCURRENCIES: &[usize] = &[5, 10, 20, 50];
const ALL_SIZES: &[usize] = &[1_000, 10_000, 100_000, 1_000_000];
/// Fewer rows for violations: enough to see who finds them.
const PLANTED_CONCURRENCIES: &[usize] = &[5, 20];
const PLANTED_SIZES: &[usize] = &[1_000, 10_000, 100_000];

impl Family {
    const fn correct(name: &'static str, title: &'static str, model: Model, values: u64, keys: u64) -> Self {
        Self {
            name,
            title,
            model,
            values,
            keys,
            unknown_permille: 0,
            planted: Planted::Nothing,
            concurrencies: ALL_CONCURRENCIES,
            sizes: ALL_SIZES,
        }
    }

    const fn pending(self, name: &'static str, title: &'static str, unknown_permille: u64) -> Self {
        Self { name, title, unknown_permille, ..self }
    }

    const fn planted(self, name: &'static str, title: &'static str, planted: Planted) -> Self {
        let (concurrencies, sizes) = (PLANTED_CONCURRENCIES, PLANTED_SIZES);
        Self { name, title, planted, concurrencies, sizes, ..self }
    }
}

const REGISTER: Family = Family::correct("register", "Register, unique values", Model::Register, 0, 1);
const CAS: Family = Family::correct("cas", "CAS register, five values", Model::CasRegister, 5, 1);
const KEY_VALUE: Family = Family::correct("key-value", "Key-value, 1,000 keys", Model::KeyValue, 0, 1_000);
const ONE_KEY: Family =
    Family::correct("key-value-1", "Key-value, one key, with appends", Model::KeyValue, 0, 1);
const MUTEX: Family = Family::correct("mutex", "Mutex", Model::Mutex, 0, 1);
const QUEUE: Family = Family::correct("queue", "Queue, unique values", Model::Queue, 0, 1);
const CAS_30: Family = Family { values: 30, ..CAS };

/// Every family, in the order of the report.
pub const FAMILIES: &[Family] = &[
    REGISTER,
    REGISTER.pending("register-pending-1", "Register, unique values, 1 % of outcomes unknown", 10),
    REGISTER.pending("register-pending-5", "Register, unique values, 5 % of outcomes unknown", 50),
    CAS,
    CAS.pending("cas-pending-1", "CAS register, five values, 1 % of outcomes unknown", 10),
    CAS.pending("cas-pending-5", "CAS register, five values, 5 % of outcomes unknown", 50),
    KEY_VALUE,
    ONE_KEY,
    QUEUE,
    MUTEX,
    REGISTER.planted(
        "register-stale",
        "Register, unique values, with a stale read",
        Planted::StaleAnswers(1),
    ),
    // With so few values, and the more so at high concurrency, one stale read is excused by what overlaps it.
    CAS.planted("cas-stale", "CAS register, five values, with thirty stale reads", Planted::StaleAnswers(30)),
    CAS_30.pending("", "", 50).planted(
        "cas-30-lost",
        "CAS register, 30 values, 5 % of outcomes unknown, with three lost changes",
        Planted::LostChanges(3),
    ),
    Family {
        // A thousand operations on a thousand keys have no room for a violation.
        sizes: &[10_000, 100_000, 1_000_000],
        ..KEY_VALUE.planted(
            "key-value-lost",
            "Key-value, 1,000 keys, with a lost write",
            Planted::LostChanges(1),
        )
    },
    QUEUE.planted("queue-stale", "Queue, unique values, with a wrong dequeue", Planted::StaleAnswers(1)),
    MUTEX.planted("mutex-lost", "Mutex, with a lost acquire or release", Planted::LostChanges(1)),
];

/// The family of this name.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

impl Family {
    /// The family's history of this size. The same seed gives the same history.
    pub fn history(&self, concurrency: usize, operations: usize, seed: u64) -> History {
        let shape = Shape {
            model: self.model,
            operations,
            concurrency,
            values: self.values,
            keys: self.keys,
            unknown_permille: self.unknown_permille,
            seed,
        };
        let mut history = linearizable(&shape);
        let has_room = match self.planted {
            Planted::Nothing => true,
            Planted::StaleAnswers(answers) => {
                (0..answers).all(|answer| plant_violation(&mut history, seed + answer).is_some())
            }
            Planted::LostChanges(changes) => {
                (0..changes).all(|change| lose_a_change(&mut history, seed + change).is_some())
            }
        };
        assert!(has_room, "{} of {operations} operations has no room for a violation", self.name);
        history
    }
}
