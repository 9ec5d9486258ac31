//! What hostile input may not do, as functions of bytes.
//!
//! Why it exists: every reader of foreign text promises an answer or an error for any bytes, and the judge promises the
//! truth for any history. A [`Target`] states such a promise as a function that panics where it is broken. The same
//! functions are run by two drivers: this crate's tests, with [`mutate`] and a fixed number of inputs, and the coverage-guided
//! fuzzer (`fuzz/` at the top level, a workspace of its own).
//!
//! What it promises: a target neither reads the clock nor keeps anything, so an input that fails once fails always.
//!
//! Left out on purpose: how long an input takes. The drivers measure it, each in its own way.

mod brute_force;
mod cursor;
mod judged;
pub mod mutate;
mod online;
mod small_history;
mod texts;

/// A promise about any bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of its corpus (`fuzz/corpus/NAME/`) and of its binary.
    pub name: &'static str,
    /// Panics if the promise is broken.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 10] = [
    Target { name: "json_lines", run: texts::json_lines },
    Target { name: "jepsen_log", run: texts::jepsen_log },
    Target { name: "edn", run: texts::edn },
    Target { name: "any_format", run: texts::any_format },
    Target { name: "stream", run: texts::stream },
    Target { name: "scenario", run: texts::scenario },
    Target { name: "certificate", run: texts::certificate },
    Target { name: "judge", run: judged::judge },
    Target { name: "levels", run: judged::levels },
    Target { name: "online", run: online::online },
];

/// The target of this name.
pub fn target(name: &str) -> Option<Target> {
    TARGETS.into_iter().find(|target| target.name == name)
}
