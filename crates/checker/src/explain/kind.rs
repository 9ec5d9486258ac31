//! The kinds of anomaly that an explanation can name, and the page of each.
//!
//! Why it exists: scenario files expect a kind (`"kind": "stale-read"`), `--expect not-linearizable:stale-read` asks for
//! one, and `anachron explain stale-read` prints its page. The names are stable: they are part of file formats.

use std::fmt;

/// The shape of a violation, in the order in which explanations try them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AnomalyKind {
    /// A value was seen that nobody wrote.
    Phantom,
    /// A value was seen before anyone began to write it.
    FromTheFuture,
    /// A value was seen after it had been overwritten.
    StaleRead,
    /// The object went from one value to another and back, though each was written once.
    FlipFlop,
    /// More compare-and-sets succeeded from a value than there were ways to reach it, or an element was new to a set twice.
    DoubleWinner,
    /// A compare-and-set answered false although the value that it expected was there.
    FalseRefusal,
    /// A lock was granted again with no release in between.
    TwoHolders,
    /// A leader was made while another led.
    TwoLeaders,
    /// A lock was given back more often than it was taken.
    ReleaseWithoutHold,
    /// An append was acknowledged, and a later read does not have it.
    LostAppend,
    /// Two reads of a text that only grows have neither as the beginning of the other.
    AppendFork,
    /// Text was appended once and stands there twice.
    DuplicateAppend,
    /// An element was taken more often than it can have been there.
    DeliveredTwice,
    /// An element came before one that had to come first.
    OutOfOrder,
    /// An element that must be there was not found.
    Vanished,
    /// A counter showed more, or less, than can have been added.
    ImpossibleValue,
    /// A fencing token was not greater than one before it.
    TokenRegression,
    /// A read of several registers saw one half of a write and missed the other.
    FracturedRead,
    /// Each operation of a ring has to come before the next.
    Cycle,
    /// No short proof: every order was tried.
    NoOrder,
}

impl AnomalyKind {
    /// Every kind, in the order in which explanations try them.
    pub const ALL: [Self; 20] = [
        Self::Phantom,
        Self::FromTheFuture,
        Self::StaleRead,
        Self::FlipFlop,
        Self::DoubleWinner,
        Self::FalseRefusal,
        Self::TwoHolders,
        Self::TwoLeaders,
        Self::ReleaseWithoutHold,
        Self::LostAppend,
        Self::AppendFork,
        Self::DuplicateAppend,
        Self::DeliveredTwice,
        Self::OutOfOrder,
        Self::Vanished,
        Self::ImpossibleValue,
        Self::TokenRegression,
        Self::FracturedRead,
        Self::Cycle,
        Self::NoOrder,
    ];

    /// The stable name: `stale-read`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Phantom => "phantom",
            Self::FromTheFuture => "from-the-future",
            Self::StaleRead => "stale-read",
            Self::FlipFlop => "flip-flop",
            Self::DoubleWinner => "double-winner",
            Self::FalseRefusal => "false-refusal",
            Self::TwoHolders => "two-holders",
            Self::TwoLeaders => "two-leaders",
            Self::ReleaseWithoutHold => "release-without-hold",
            Self::LostAppend => "lost-append",
            Self::AppendFork => "append-fork",
            Self::DuplicateAppend => "duplicate-append",
            Self::DeliveredTwice => "delivered-twice",
            Self::OutOfOrder => "out-of-order",
            Self::Vanished => "vanished",
            Self::ImpossibleValue => "impossible-value",
            Self::TokenRegression => "token-regression",
            Self::FracturedRead => "fractured-read",
            Self::Cycle => "cycle",
            Self::NoOrder => "no-order",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name as a headline begins with it: `Stale read`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Phantom => "Phantom",
            Self::FromTheFuture => "From the future",
            Self::StaleRead => "Stale read",
            Self::FlipFlop => "Flip-flop",
            Self::DoubleWinner => "Double winner",
            Self::FalseRefusal => "False refusal",
            Self::TwoHolders => "Two holders",
            Self::TwoLeaders => "Two leaders",
            Self::ReleaseWithoutHold => "Release without hold",
            Self::LostAppend => "Lost append",
            Self::AppendFork => "Append fork",
            Self::DuplicateAppend => "Duplicate append",
            Self::DeliveredTwice => "Delivered twice",
            Self::OutOfOrder => "Out of order",
            Self::Vanished => "Vanished",
            Self::ImpossibleValue => "Impossible value",
            Self::TokenRegression => "Token regression",
            Self::FracturedRead => "Fractured read",
            Self::Cycle => "Cycle",
            Self::NoOrder => "No order",
        }
    }

    /// One line that says what it is.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Phantom => "a value was seen that nobody wrote",
            Self::FromTheFuture => "a value was seen before anyone began to write it",
            Self::StaleRead => "a value was seen after it had been overwritten",
            Self::FlipFlop => "a value gave way to another and came back, though it was written once",
            Self::DoubleWinner => "two compare-and-sets succeeded where only one could",
            Self::FalseRefusal => "a compare-and-set was refused though the value was there",
            Self::TwoHolders => "a lock was granted again before anyone released it",
            Self::TwoLeaders => "somebody became leader while another led",
            Self::ReleaseWithoutHold => "a lock was released more often than it was acquired",
            Self::LostAppend => "an acknowledged append is missing from a later read",
            Self::AppendFork => "two reads saw the same appends in different orders",
            Self::DuplicateAppend => "text appended once stands there twice",
            Self::DeliveredTwice => "an element was taken out more often than it was put in",
            Self::OutOfOrder => "an element came before one that had to come first",
            Self::Vanished => "an element was put in, never taken out, and not found",
            Self::ImpossibleValue => "a counter showed more, or less, than can have been added",
            Self::TokenRegression => "a fencing token was not greater than one before it",
            Self::FracturedRead => "a read of several registers saw only half of a write",
            Self::Cycle => "each operation of a ring has to come before the next",
            Self::NoOrder => "no short proof, but every order was tried and none works",
        }
    }

    /// The page that `anachron explain` prints: plain text, at most 80 columns.
    pub fn page(self) -> &'static str {
        match self {
            Self::Phantom => include_str!("pages/phantom.md"),
            Self::FromTheFuture => include_str!("pages/from-the-future.md"),
            Self::StaleRead => include_str!("pages/stale-read.md"),
            Self::FlipFlop => include_str!("pages/flip-flop.md"),
            Self::DoubleWinner => include_str!("pages/double-winner.md"),
            Self::FalseRefusal => include_str!("pages/false-refusal.md"),
            Self::TwoHolders => include_str!("pages/two-holders.md"),
            Self::TwoLeaders => include_str!("pages/two-leaders.md"),
            Self::ReleaseWithoutHold => include_str!("pages/release-without-hold.md"),
            Self::LostAppend => include_str!("pages/lost-append.md"),
            Self::AppendFork => include_str!("pages/append-fork.md"),
            Self::DuplicateAppend => include_str!("pages/duplicate-append.md"),
            Self::DeliveredTwice => include_str!("pages/delivered-twice.md"),
            Self::OutOfOrder => include_str!("pages/out-of-order.md"),
            Self::Vanished => include_str!("pages/vanished.md"),
            Self::ImpossibleValue => include_str!("pages/impossible-value.md"),
            Self::TokenRegression => include_str!("pages/token-regression.md"),
            Self::FracturedRead => include_str!("pages/fractured-read.md"),
            Self::Cycle => include_str!("pages/cycle.md"),
            Self::NoOrder => include_str!("pages/no-order.md"),
        }
    }
}

impl fmt::Display for AnomalyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
