//! The table of all strategies: promise, fault model, and what operations cost, measured and by the paper.
//!
//! Why it exists: one place says what each strategy claims. `anachron list --strategies` prints it, and `docs/strategies.md`
//! is made from it; a test keeps the page true, and holds what is measured against the papers' counts.

use std::fmt::Write as _;

use crate::ExperimentError;
use crate::campaign::replay;
use crate::cost::{Cost, Costs, Spread, measure};
use crate::strategy::mode::{PaperCost, Promise};
use crate::strategy::{Mode, StrategyEntry, modes};

/// The sizes of the clusters that costs are measured in.
pub const SIZES: [u16; 2] = [3, 5];

/// A mode with what its operations cost, for each of [`SIZES`].
#[derive(Clone, Copy)]
pub struct Figures {
    /// The strategy.
    pub entry: &'static StrategyEntry,
    /// The mode.
    pub mode: &'static Mode,
    /// What was measured.
    pub costs: [Costs; SIZES.len()],
}

/// Measures every mode of every strategy.
///
/// # Errors
/// When a mode's strategy can't be made; no mode of the table is like that.
pub fn all() -> Result<Vec<Figures>, ExperimentError> {
    modes()
        .map(|(entry, mode)| {
            let [small, large] = SIZES.map(|nodes| measure(entry, mode, nodes));
            Ok(Figures { entry, mode, costs: [small?, large?] })
        })
        .collect()
}

impl Figures {
    /// What a write costs.
    pub fn write(&self) -> Figure {
        Figure { paper: self.mode.write, measured: self.costs.map(|costs| costs.write) }
    }

    /// What a read costs.
    pub fn read(&self) -> Figure {
        Figure { paper: self.mode.read, measured: self.costs.map(|costs| costs.read) }
    }
}

/// What an operation costs: by the paper, and measured.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// By the paper.
    pub paper: PaperCost,
    /// Measured, for each of [`SIZES`].
    pub measured: [Spread; SIZES.len()],
}

impl Figure {
    /// What it should be for each of [`SIZES`], by the paper.
    pub fn expected(&self) -> [Cost; SIZES.len()] {
        let PaperCost { messages, delays } = self.paper;
        SIZES.map(|nodes| Cost {
            messages: (messages.of)(u64::from(nodes)),
            delays: (delays.of)(u64::from(nodes)),
        })
    }

    /// True if every operation that was measured costs what the paper says.
    pub fn is_as_written(&self) -> bool {
        self.measured == self.expected().map(|cost| Spread { least: cost, most: cost })
    }

    /// The messages: `2(n-1) = 4, 8`, or, where the two differ, `6, 10 (paper: 2(n-1))`. Where not every operation
    /// costs the same, `6–8` is the least and the most.
    pub fn messages(&self) -> String {
        let measured = self.measured.map(|spread| range(spread, |cost| cost.messages.to_string())).join(", ");
        let expected = self.expected().map(|cost| cost.messages.to_string()).join(", ");
        told(self.paper.messages.text, &measured, &expected)
    }

    /// The round trips, which are two delays each, in the same form.
    pub fn round_trips(&self) -> String {
        let of = |[small, large]: [String; 2]| {
            if small == large { small } else { format!("{small}, {large}") }
        };
        let measured = of(self.measured.map(|spread| range(spread, |cost| halves(cost.delays))));
        let expected = of(self.expected().map(|cost| halves(cost.delays)));
        if measured == expected { measured } else { format!("{measured} (paper: {expected})") }
    }
}

fn range(spread: Spread, of: impl Fn(Cost) -> String) -> String {
    let (least, most) = (of(spread.least), of(spread.most));
    if least == most { least } else { format!("{least}–{most}") }
}

fn told(formula: &str, measured: &str, expected: &str) -> String {
    match () {
        () if measured != expected => format!("{measured} (paper: {formula})"),
        () if formula.parse::<u64>().is_ok() => formula.to_owned(),
        () => format!("{formula} = {measured}"),
    }
}

fn halves(count: u64) -> String {
    format!("{}{}", count / 2, if count.is_multiple_of(2) { "" } else { ".5" })
}

/// What stands above the table of the page.
const HEAD: &str = "\
# Strategies: what each promises, survives and costs

Generated from the code by `BLESS=1 cargo test -p anachron-experiment --test it modes`; a test fails if it is not true.
`anachron list --strategies` prints the same with every option.

A strategy has settings, and its promise depends on them; each row is one *mode*. All of them work in an asynchronous
network: messages are lost, doubled, late and out of order, and links are cut in any shape. All of them rely on disks that
keep what was synced. A node that can't write stops. Beyond that:

- *nodes*: **any crash and restart** means at any moment, in the midst of a write, and all nodes at once; safety holds always,
  and progress returns with a majority (with every node, for synchronous replication and Lamport 1978; with the master, for
  chains; with the controller, for in-sync replicas). **A minority crashes and restarts**: always the same few, because what
  counts is in memory;
- *clocks*: with **any clocks** no rule looks at a clock but to be patient;
- *promise*: **linearizable while on time** is said of locks that nobody checks: as long as no worker is paused and no message
  is late between the last look at the clock and the write, and, with Redlock, clocks don't jump and nodes don't forget.
  Here they do. Where the resource checks tokens, clocks and pauses don't matter. What is promised is promised of the
  resource's list, which clients append to and read, and not of the lock: that may have two holders at a time. Nor is it
  promised when: nothing keeps requests for a lock in order. In `reports/strategy-campaign.md` each late one was served in time; that
  none can wait for ever is not shown;
- *at rest*: what replicas hold once all is healed and quiet. ABD tells a majority and then stops: a node that missed a write
  stays behind until somebody reads or writes that register again. That is the algorithm, not a fault of it: a read
  asks a majority and repairs one;
- *clients*: **ask again** means that a request may be sent again, to any node, and runs once. **Give up** means that a second
  request would be a second operation, so a time-out has an unknown outcome.

Costs are those of one operation without faults, at the node where it costs least or that the source means (the leader, the
head, the tail; a follower where followers answer). *Messages* are those between nodes that the operation causes,
measured in the simulator in clusters of three and five nodes beside the paper's formula; heartbeats and resending don't
count. *Round trips* are what the client waits for: two message delays each. Where not all of twenty operations cost the
same, the least and the most stand there. With locks, n is the number of nodes that give them; beside these there are the
resource and three workers, a client asks a worker, and what is done under the lock takes no time.
";

/// The page `docs/strategies.md`.
pub fn page(figures: &[Figures]) -> String {
    let mut out = String::from(HEAD);
    let mut put = |line: String| writeln!(out, "{line}").expect("a string takes everything");
    put("\n## Promises and fault models\n".to_owned());
    put("| mode | strategy | family | promise | nodes | clocks | clients | at rest |".to_owned());
    put("|-|-|-|-|-|-|-|-|".to_owned());
    for Figures { entry, mode, .. } in figures {
        put(format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            mode.name,
            entry.name,
            entry.family,
            mode.promise.name(),
            mode.crashes.words(),
            mode.clocks,
            mode.retries.words(),
            mode.at_rest.words()
        ));
    }
    put("\n## Costs\n".to_owned());
    put("| mode | write: messages | write: round trips | read: messages | read: round trips | counted in |"
        .to_owned());
    put("|-|-|-|-|-|-|".to_owned());
    for figures in figures {
        let (write, read) = (figures.write(), figures.read());
        put(format!(
            "| {} | {} | {} | {} | {} | {} |",
            figures.mode.name,
            write.messages(),
            write.round_trips(),
            read.messages(),
            read.round_trips(),
            figures.mode.source
        ));
    }
    put("\nWhere the two differ:\n".to_owned());
    for Figures { mode, .. } in figures {
        if let Some(why) = mode.difference {
            put(format!("- *{}*: {why}.", mode.name));
        }
    }
    put("\n## What is not linearizable, shown\n".to_owned());
    put("One run each, and what it shows; the command tells it with the timeline and the proof.\n".to_owned());
    put("| mode | promises | shows | run |".to_owned());
    put("|-|-|-|-|".to_owned());
    for Figures { mode, .. } in figures {
        if let Promise::Less { level, shown_by } = mode.promise {
            put(format!(
                "| {} | {} | {} | `anachron run {}` |",
                mode.name,
                level.name(),
                shown_by.kind.name(),
                replay(mode, shown_by.seed)
            ));
        }
    }
    put("\n## Settings\n".to_owned());
    for Figures { entry, mode, .. } in figures {
        put(format!("- *{}*: `{}` with `{}`", mode.name, entry.name, mode.options));
    }
    out
}
