//! What strategies promise, survive and cost: the page is true, the papers' counts are met, and the harshest world that a
//! fault model allows finds nothing where linearizability is promised, and a violation where it is not.
//!
//! `CAMPAIGN_SEEDS=1000 cargo test --release -p anachron-experiment --test it modes` runs more seeds; all of them are the
//! affair of `anachron campaign`, whose figures are in `reports/strategy-campaign.md`.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use anachron_checker::Decision;
use anachron_experiment::campaign::{self, Campaign, Finding};
use anachron_experiment::figures::{self, Figure};
use anachron_experiment::strategy::mode::Promise;
use anachron_experiment::strategy::{Mode, STRATEGIES, StrategyEntry, modes};

use crate::alone;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/strategies.md");
const REPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../reports/strategy-campaign.md");

/// How many seeds of each campaign are run here.
fn seeds() -> u64 {
    std::env::var("CAMPAIGN_SEEDS").map_or(16, |text| text.parse().expect("CAMPAIGN_SEEDS is a number"))
}

fn campaign(entry: &StrategyEntry, mode: &'static Mode) -> Campaign {
    Campaign::new(entry, mode).expect("a mode's options are its strategy's")
}

fn find(campaign: &Campaign, seed: u64) -> Finding {
    campaign.finding(seed, alone(), &AtomicBool::new(false))
}

#[test]
fn every_strategy_has_modes_with_names_of_their_own() {
    assert!(STRATEGIES.iter().all(|entry| !entry.modes.is_empty()));
    let names: BTreeSet<&str> = modes().map(|(_, mode)| mode.name).collect();
    assert_eq!(names.len(), modes().count());
    assert!(modes().all(|(_, mode)| !mode.source.is_empty()));
}

#[test]
fn the_page_says_what_the_code_says() {
    let page = figures::page(&figures::all().expect("every mode can be made"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(std::path::Path::new(PAGE).parent().expect("a folder")).expect("a folder");
        std::fs::write(PAGE, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert_eq!(page, written, "docs/strategies.md is no longer true; see the head of this file");
}

#[test]
fn operations_cost_what_the_papers_say_or_a_reason_is_given() {
    let mut wrong = Vec::new();
    for figures in figures::all().expect("every mode can be made") {
        let as_written = [figures.write(), figures.read()].iter().all(Figure::is_as_written);
        if as_written != figures.mode.difference.is_none() {
            wrong.push(format!("{}: {:?}", figures.mode.name, figures.costs));
        }
    }
    assert!(wrong.is_empty(), "not as the papers count, or needlessly excused:\n{}", wrong.join("\n"));
}

#[test]
fn whatever_claims_linearizability_keeps_all_it_promises() {
    let mut wrong = Vec::new();
    for (entry, mode) in modes().filter(|(_, mode)| mode.is_linearizable()) {
        let campaign = campaign(entry, mode);
        let (mut called, mut answered, mut faults) = (0, 0, 0);
        for seed in 0..seeds() {
            let finding = find(&campaign, seed);
            (called, answered, faults) =
                (called + finding.called, answered + finding.answered, faults + finding.faults);
            if !finding.is_clean(mode) {
                wrong.push(format!("anachron run {}: {finding:?}", campaign::replay(mode, seed)));
            }
        }
        assert!(answered * 2 > called, "{} answered {answered} of {called}: that proves nothing", mode.name);
        assert!(faults as u64 > 30 * seeds(), "{}: {faults} faults are no harsh world", mode.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whatever_claims_less_is_shown_to_be_less() {
    let never = AtomicBool::new(false);
    let mut wrong = Vec::new();
    for (entry, mode) in modes() {
        let Promise::Less { shown_by, .. } = mode.promise else { continue };
        let campaign = campaign(entry, mode);
        let experiment = &campaign.world(shown_by.seed).experiment;
        let trial = experiment.trial(shown_by.seed, alone(), &never);
        let kind = experiment.explain(&trial).map(|explanation| explanation.kind);
        let finding = find(&campaign, shown_by.seed);
        let as_told = trial.decision() == Decision::NotLinearizable && kind == Some(shown_by.kind);
        // What it promises instead, and what it promises besides.
        if !as_told || !finding.broken.is_empty() || !finding.at_rest || !finding.stuck.is_empty() {
            wrong.push(format!("{}: {kind:?}, {finding:?}", mode.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A campaign that finds nothing must be one that would.
#[test]
fn a_campaign_finds_known_bugs() {
    for (mode, weakening) in [
        ("single-leader-synchronous", "sl-visible-before-replica-ack"),
        ("in-sync-confirmed-reads", "isr-change-before-confirmed"),
        ("abd", "abd-no-tag-tiebreak"),
        ("total-order-sequencer", "tob-deliver-before-stable"),
        ("total-order-lamport-1978", "tob-lamport-majority-acks"),
        ("chain", "chain-no-epoch-check"),
        ("craq", "chain-dirty-read"),
        ("raft-log", "raft-uptodate-index-only"),
        ("raft-read-index", "raft-readindex-without-noop"),
        ("raft-lease", "raft-no-uptodate-check"),
        ("multi-paxos", "paxos-own-value"),
        ("viewstamped", "smr-no-dedup"),
    ] {
        let (entry, mode) = campaign::find(mode).expect("a mode of the table");
        let mut campaign = campaign(entry, mode);
        campaign.weaken(weakening).expect("a weakening of the strategy's own");
        let found = (0..300).find(|&seed| !find(&campaign, seed).is_clean(mode));
        assert!(found.is_some(), "300 runs of {weakening} look correct");
    }
}

#[test]
fn the_report_has_ten_thousand_runs_of_every_mode_whose_promise_can_be_judged_and_they_are_clean() {
    let report = std::fs::read_to_string(REPORT).expect("reports/strategy-campaign.md");
    let tables = report.strip_prefix(campaign::REPORT_HEAD).expect("the report begins as it is written now");
    let rows: Vec<Vec<&str>> = tables
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| mode "))
        .map(|row| row.split('|').map(str::trim).skip(1).collect())
        .collect();
    let named: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let judged = |linearizable: bool| {
        modes()
            .map(|(_, mode)| mode)
            .filter(move |mode| mode.promise.is_judged() && mode.is_linearizable() == linearizable)
    };
    let claimed: Vec<&str> = judged(true).chain(judged(false)).map(|mode| mode.name).collect();
    assert_eq!(named, claimed, "run the command that stands in the report");
    for row in &rows {
        let number = |column: usize| row[column].parse::<u64>().expect("a number");
        // Name, promise and "so many of so many" stand before the seeds where less is claimed.
        let (seeds, wrong) = if row.len() > 12 { (3, 8..11) } else { (1, 5..10) };
        assert!(number(seeds) >= 10_000, "{row:?}");
        assert!(wrong.into_iter().all(|column| number(column) == 0), "{row:?}");
        assert!(seeds == 1 || row[2] == format!("{0} of {0}", row[3]), "{row:?}");
    }
}
