//! The levels, and what is said of each.

use std::fmt;

use super::evidence::Evidence;
use super::registers::Undefined;
use crate::Limit;

/// A level of consistency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// One legal order that respects real time (Herlihy and Wing 1990).
    Linearizable,
    /// One legal order, over all objects together, that respects every client's own order (Lamport 1979).
    Sequential,
    /// CM: for each client, all writes and its own reads have a legal order that extends the causal order (Ahamad et
    /// al. 1995).
    CausalMemory,
    /// CCv: one order extends the causal order, and each read saw the last write of its causal past in it
    /// (Bouajjani et al. 2017).
    CausalConvergence,
    /// CC: each read is explained by some order of its causal past (Bouajjani et al. 2017).
    WeakCausal,
    /// For each client, all writes and its own reads have a legal order that respects every client's own order
    /// (Lipton and Sandberg 1988).
    Pram,
    /// A session's read is never older than its own earlier write (Terry et al. 1994).
    ReadYourWrites,
    /// A session's reads of an object never go back.
    MonotonicReads,
    /// Who saw a session's later write also sees its earlier ones.
    MonotonicWrites,
    /// Who saw a write also sees what its writer had read before it.
    WritesFollowReads,
    /// All four together, with an order of versions for each observing session.
    FourSessionGuaranteesOneOrderEach,
    /// All four together, with one order of versions for all sessions.
    FourSessionGuaranteesOneOrderForAll,
    /// Each read alone fits with all writes in real time (Lamport 1986; multi-writer weak: Shao et al. 2011).
    Regular,
    /// As regular, but a read that overlaps a write may return anything (Lamport 1986).
    Safe,
    /// Reads return one of the last k writes of one order that respects real time; holds if k = 1.
    KAtomicity,
    /// Linearizable after reads start earlier by Δ; holds if Δ = 0 (Golab, Li and Shah 2011).
    DeltaAtomicity,
}

impl Level {
    /// Every level, from the top of the ladder down.
    pub const ALL: [Self; 16] = [
        Self::Linearizable,
        Self::Sequential,
        Self::CausalMemory,
        Self::CausalConvergence,
        Self::WeakCausal,
        Self::Pram,
        Self::ReadYourWrites,
        Self::MonotonicReads,
        Self::MonotonicWrites,
        Self::WritesFollowReads,
        Self::FourSessionGuaranteesOneOrderEach,
        Self::FourSessionGuaranteesOneOrderForAll,
        Self::Regular,
        Self::Safe,
        Self::KAtomicity,
        Self::DeltaAtomicity,
    ];

    /// The level's name in machine-readable output: the catalogue's keys. Δ is called `delta_ms` there whatever the
    /// history's unit of time is.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linearizable => "linearizable",
            Self::Sequential => "sequential",
            Self::CausalMemory => "causal_memory",
            Self::CausalConvergence => "causal_convergence",
            Self::WeakCausal => "weak_causal",
            Self::Pram => "pram",
            Self::ReadYourWrites => "read_your_writes",
            Self::MonotonicReads => "monotonic_reads",
            Self::MonotonicWrites => "monotonic_writes",
            Self::WritesFollowReads => "writes_follow_reads",
            Self::FourSessionGuaranteesOneOrderEach => "four_session_guarantees_one_order_each",
            Self::FourSessionGuaranteesOneOrderForAll => "four_session_guarantees_one_order_for_all",
            Self::Regular => "regular",
            Self::Safe => "safe",
            Self::KAtomicity => "k_atomicity",
            Self::DeltaAtomicity => "delta_ms",
        }
    }

    /// The level's name for people, with the letters that papers use.
    pub fn title(self) -> &'static str {
        match self {
            Self::Linearizable => "linearizable",
            Self::Sequential => "sequential",
            Self::CausalMemory => "causal memory (CM)",
            Self::CausalConvergence => "causal convergence (CCv)",
            Self::WeakCausal => "weak causal (CC)",
            Self::Pram => "PRAM",
            Self::ReadYourWrites => "read your writes",
            Self::MonotonicReads => "monotonic reads",
            Self::MonotonicWrites => "monotonic writes",
            Self::WritesFollowReads => "writes follow reads",
            Self::FourSessionGuaranteesOneOrderEach => "all four, an order each",
            Self::FourSessionGuaranteesOneOrderForAll => "all four, one order",
            Self::Regular => "regular",
            Self::Safe => "safe",
            Self::KAtomicity => "k-atomicity",
            Self::DeltaAtomicity => "\u{394}-atomicity",
        }
    }

    /// The levels right above: a history for which one of them holds has this one, too. (The step from linearizable to
    /// sequential needs clients none of whose operations touch in time.)
    pub fn implied_by(self) -> &'static [Self] {
        match self {
            Self::Linearizable => &[],
            Self::Sequential | Self::Regular | Self::KAtomicity | Self::DeltaAtomicity => {
                &[Self::Linearizable]
            }
            Self::CausalMemory | Self::CausalConvergence => &[Self::Sequential],
            Self::WeakCausal => {
                &[Self::CausalMemory, Self::CausalConvergence, Self::FourSessionGuaranteesOneOrderEach]
            }
            Self::Pram => &[Self::CausalMemory],
            Self::ReadYourWrites | Self::MonotonicReads | Self::MonotonicWrites => {
                &[Self::Pram, Self::FourSessionGuaranteesOneOrderEach]
            }
            Self::WritesFollowReads => &[Self::FourSessionGuaranteesOneOrderEach],
            Self::FourSessionGuaranteesOneOrderEach => {
                &[Self::CausalMemory, Self::FourSessionGuaranteesOneOrderForAll]
            }
            Self::FourSessionGuaranteesOneOrderForAll => &[Self::CausalConvergence],
            Self::Safe => &[Self::Regular],
        }
    }

    /// The level of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A grade without its evidence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum State {
    /// The level holds.
    Holds,
    /// It does not.
    Violated,
    /// The budget was spent first.
    Undecided,
    /// The level is not defined for such a history.
    NotDefined,
}

impl State {
    /// `holds`, `violated`, `undecided` or `not-defined`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Violated => "violated",
            Self::Undecided => "undecided",
            Self::NotDefined => "not-defined",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is known of one level.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Grade {
    /// It holds, and this shows it.
    Holds(Evidence),
    /// It does not, and this is why.
    Violated(Evidence),
    /// This limit was reached first.
    Undecided(Limit),
    /// It is not defined for such a history.
    NotDefined(Undefined),
}

impl Grade {
    /// The grade without its evidence.
    pub fn state(&self) -> State {
        match self {
            Self::Holds(_) => State::Holds,
            Self::Violated(_) => State::Violated,
            Self::Undecided(_) => State::Undecided,
            Self::NotDefined(_) => State::NotDefined,
        }
    }

    /// What backs it, if it was decided.
    pub fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::Holds(evidence) | Self::Violated(evidence) => Some(evidence),
            Self::Undecided(_) | Self::NotDefined(_) => None,
        }
    }
}

/// What is known of a level that is a number: how far the history is from linearizable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Measure {
    /// The least number for which the level holds.
    Least {
        /// The number.
        value: u64,
        /// Orders that show it to be enough.
        enough: Evidence,
        /// Why one less is too little; `None` if there is no less.
        too_little: Option<Evidence>,
    },
    /// No number is enough.
    Never(Evidence),
    /// The budget was spent first.
    Undecided {
        /// Less than this is too little.
        at_least: u64,
        /// Which limit.
        limit: Limit,
    },
    /// It is not defined for such a history.
    NotDefined(Undefined),
}

impl Measure {
    /// The least number, if it is known and there is one.
    pub fn value(&self) -> Option<u64> {
        match self {
            Self::Least { value, .. } => Some(*value),
            Self::Never(_) | Self::Undecided { .. } | Self::NotDefined(_) => None,
        }
    }

    /// The measure as a grade: it holds if the number is `perfect`, the one that a linearizable history has.
    fn state(&self, perfect: u64) -> State {
        match self {
            Self::Least { value, .. } if *value == perfect => State::Holds,
            Self::Least { .. } | Self::Never(_) => State::Violated,
            Self::Undecided { at_least, .. } if *at_least > perfect => State::Violated,
            Self::Undecided { .. } => State::Undecided,
            Self::NotDefined(_) => State::NotDefined,
        }
    }

    fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::Least { too_little: Some(evidence), .. }
            | Self::Least { enough: evidence, .. }
            | Self::Never(evidence) => Some(evidence),
            Self::Undecided { .. } | Self::NotDefined(_) => None,
        }
    }
}

/// A history's place on the ladder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grades {
    /// [`Level::Linearizable`].
    pub linearizable: Grade,
    /// [`Level::Sequential`].
    pub sequential: Grade,
    /// [`Level::CausalMemory`].
    pub causal_memory: Grade,
    /// [`Level::CausalConvergence`].
    pub causal_convergence: Grade,
    /// [`Level::WeakCausal`].
    pub weak_causal: Grade,
    /// [`Level::Pram`].
    pub pram: Grade,
    /// [`Level::ReadYourWrites`].
    pub read_your_writes: Grade,
    /// [`Level::MonotonicReads`].
    pub monotonic_reads: Grade,
    /// [`Level::MonotonicWrites`].
    pub monotonic_writes: Grade,
    /// [`Level::WritesFollowReads`].
    pub writes_follow_reads: Grade,
    /// [`Level::FourSessionGuaranteesOneOrderEach`].
    pub four_session_guarantees_one_order_each: Grade,
    /// [`Level::FourSessionGuaranteesOneOrderForAll`].
    pub four_session_guarantees_one_order_for_all: Grade,
    /// [`Level::Regular`].
    pub regular: Grade,
    /// [`Level::Safe`].
    pub safe: Grade,
    /// [`Level::KAtomicity`]: the least k.
    pub k_atomicity: Measure,
    /// [`Level::DeltaAtomicity`]: the least Δ, in the history's unit of time.
    pub delta: Measure,
}

impl Grades {
    /// Whether a level holds.
    pub fn state(&self, level: Level) -> State {
        match level {
            Level::KAtomicity => self.k_atomicity.state(1),
            Level::DeltaAtomicity => self.delta.state(0),
            _ => self.grade(level).map_or(State::NotDefined, Grade::state),
        }
    }

    /// What backs the answer on a level; of a number that is not the best one, why it is not less.
    pub fn evidence(&self, level: Level) -> Option<&Evidence> {
        match level {
            Level::KAtomicity => self.k_atomicity.evidence(),
            Level::DeltaAtomicity => self.delta.evidence(),
            _ => self.grade(level).and_then(Grade::evidence),
        }
    }

    /// The grade of a level; `None` for the two that are numbers.
    pub fn grade(&self, level: Level) -> Option<&Grade> {
        Some(match level {
            Level::Linearizable => &self.linearizable,
            Level::Sequential => &self.sequential,
            Level::CausalMemory => &self.causal_memory,
            Level::CausalConvergence => &self.causal_convergence,
            Level::WeakCausal => &self.weak_causal,
            Level::Pram => &self.pram,
            Level::ReadYourWrites => &self.read_your_writes,
            Level::MonotonicReads => &self.monotonic_reads,
            Level::MonotonicWrites => &self.monotonic_writes,
            Level::WritesFollowReads => &self.writes_follow_reads,
            Level::FourSessionGuaranteesOneOrderEach => &self.four_session_guarantees_one_order_each,
            Level::FourSessionGuaranteesOneOrderForAll => &self.four_session_guarantees_one_order_for_all,
            Level::Regular => &self.regular,
            Level::Safe => &self.safe,
            Level::KAtomicity | Level::DeltaAtomicity => return None,
        })
    }
}
