//! How many known bugs a campaign finds: a plan of faults that misses them would prove little when it finds nothing.
//!
//! `reports/weakening-campaign.md` says of every weakening in which of its strategy's modes, and at which seed, a campaign
//! first finds it, or that it is missed. Here every row that names a run is run again: what was found once stays found. To look
//! for all of them anew, for minutes: `BLESS=1 cargo test -p anachron-experiment --test it weakenings`.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use anachron_experiment::campaign::{self, Campaign};
use anachron_experiment::judge::cores;
use anachron_experiment::strategy::{STRATEGIES, StrategyEntry};
use anachron_experiment::sweep::over_seeds;

use crate::alone;

const REPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../reports/weakening-campaign.md");

/// What stands above the rows; `@LAST@` is the last seed that is looked at.
const HEAD: &str = "\
# Which known bugs a campaign finds

A campaign that finds nothing must be one that would. Each row is a weakening of a strategy, switched on in all modes of
that strategy; *first seed* is the smallest whose run is not as the mode promises, in the same worlds and with the same
questions as in `strategy-campaign.md`: a verdict, a level, an invariant, replicas at rest, or operations that are stuck.
Written by `BLESS=1 cargo test -p anachron-experiment --test it weakenings`, which looks at seeds 0 to @LAST@ of every mode; a
test runs every row again that names a run. *Missed* means that none of these seeds shows it.

Some can't be found here: they are bugs of options that no mode of that strategy switches on, or need what the mode's model
rules out. Others are rare: what these seeds miss, more may find. Each weakening has a hunt of its own in `replication/tests`.

| strategy | weakening | found in | first seed |
|-|-|-|-|
";

/// How many seeds of each mode the report looks at.
const SEEDS: u64 = 150;

/// What stands in place of a mode and a seed if none of them shows it.
const MISSED: &str = "missed";

fn head() -> String {
    HEAD.replace("@LAST@", &(SEEDS - 1).to_string())
}

#[test]
fn what_was_found_once_is_still_found() {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(REPORT, report()).expect("the report can be written");
    }
    let report = std::fs::read_to_string(REPORT).expect("reports/weakening-campaign.md");
    let rows = report.strip_prefix(&head()).expect("the report begins as it is written now");
    let rows: Vec<Vec<&str>> =
        rows.lines().map(|row| row.split('|').map(str::trim).skip(1).collect()).collect();
    let named: Vec<(&str, &str)> = rows.iter().map(|row| (row[0], row[1])).collect();
    let all: Vec<(&str, &str)> = STRATEGIES
        .iter()
        .flat_map(|entry| (entry.weakenings)().into_iter().map(|weakening| (entry.name, weakening.name)))
        .collect();
    assert_eq!(named, all, "run the command that stands in the report");
    let mut found = 0;
    for row in &rows {
        let (weakening, mode) = (row[1], row[2]);
        if mode == MISSED {
            continue;
        }
        found += 1;
        let (entry, mode) = campaign::find(mode).expect("a mode of the table");
        let seed = row[3].parse().expect("a seed");
        let mut campaign = Campaign::new(entry, mode).expect("a mode's options are its strategy's");
        assert!(is_clean(&campaign, seed), "{weakening}: {} is as promised without it", mode.name);
        campaign.weaken(weakening).expect("a weakening of the strategy's own");
        assert!(!is_clean(&campaign, seed), "{weakening} does not show in {} at seed {seed}", mode.name);
    }
    println!("{found} of {} weakenings are found", rows.len());
    assert!(found > 0, "a report that finds nothing proves nothing");
}

fn is_clean(campaign: &Campaign, seed: u64) -> bool {
    campaign.finding(seed, alone(), &AtomicBool::new(false)).is_clean(campaign.mode)
}

fn report() -> String {
    let mut out = head();
    for entry in &STRATEGIES {
        for weakening in (entry.weakenings)() {
            let (mode, seed) = found(entry, weakening.name)
                .map_or((MISSED, "-".to_owned()), |(seed, mode)| (mode, seed.to_string()));
            writeln!(out, "| {} | {} | {mode} | {seed} |", entry.name, weakening.name)
                .expect("a string takes everything");
            println!("{} {} {mode} {seed}", entry.name, weakening.name);
        }
    }
    out
}

/// The first seed whose run shows a known bug, and the mode that it shows in.
fn found(entry: &StrategyEntry, weakening: &str) -> Option<(u64, &'static str)> {
    let mut first: Option<(u64, &str)> = None;
    for mode in entry.modes {
        let mut campaign = Campaign::new(entry, mode).expect("a mode's options are its strategy's");
        campaign.weaken(weakening).expect("a weakening of the strategy's own");
        let enough = AtomicBool::new(false);
        let end = first.map_or(SEEDS, |(seed, _)| seed);
        let work = |seed| Some((seed, is_clean(&campaign, seed)));
        over_seeds(0..end, cores(), &enough, &work, &mut |&(seed, is_clean)| {
            if !is_clean && !enough.swap(true, Ordering::Relaxed) {
                first = Some((seed, mode.name));
            }
        });
    }
    first
}
