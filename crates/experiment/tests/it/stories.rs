//! Every story comes out as it says, and reads well.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anachron_checker::explain::AnomalyKind;
use anachron_checker::{Decision, verify};
use anachron_experiment::library::STORIES;
use anachron_experiment::sweep::sweep;
use anachron_experiment::{Experiment, judge};
use anachron_scenario::{ExpectedVerdict, Occurs, Scenario, Variant};

use crate::{alone, scenarios};

/// Of a range of seeds, so many are run here; `anachron sweep` runs them all.
const SEEDS_HERE: u64 = 100;

#[test]
fn the_list_of_stories_is_the_folder() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"));
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .expect("scenarios/")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name != "schema.json")
        .collect();
    let listed: BTreeSet<String> = STORIES.iter().map(|story| format!("{}.json", story.id)).collect();
    assert_eq!(listed, files);
}

#[test]
fn every_variant_comes_out_as_its_story_says() {
    let never = AtomicBool::new(false);
    let mut wrong = Vec::new();
    for scenario in scenarios() {
        for variant in &scenario.variants {
            let experiment = Experiment::new(&scenario, variant).expect("a story's strategies are known");
            let trial = experiment.trial(variant.seed, alone(), &never);
            for part in &trial.judgement.parts {
                let verified = verify::verify(&trial.run.history, &experiment.options, part);
                assert_eq!(verified, Ok(()), "{} {}", scenario.id, variant.name);
            }
            let kind = experiment.explain(&trial).map(|explanation| explanation.kind);
            let rest = trial.run.rest.as_ref();
            let expect = &variant.expect;
            let as_told = trial.decision() == decision(expect.verdict)
                && expect.kind.as_deref().is_none_or(|name| kind.map(AnomalyKind::name) == Some(name))
                && expect
                    .converges
                    .is_none_or(|converges| rest.map(|rest| rest.converged) == Some(converges))
                && expect.progresses.is_none_or(|moves| rest.map(|rest| rest.progressed) == Some(moves));
            if !as_told {
                let found = (trial.decision(), kind, rest.map(|rest| (rest.converged, rest.progressed)));
                wrong.push(format!("{} {} seed {}: {found:?}", scenario.id, variant.name, variant.seed));
            }
        }
    }
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}

fn decision(expected: ExpectedVerdict) -> Decision {
    match expected {
        ExpectedVerdict::Linearizable => Decision::Linearizable,
        ExpectedVerdict::NotLinearizable => Decision::NotLinearizable,
    }
}

#[test]
fn ranges_of_seeds_come_out_as_their_story_says() {
    for scenario in scenarios() {
        for variant in &scenario.variants {
            if let Some(missed) = missed_in_range(&scenario, variant) {
                panic!("{} {}: {missed}", scenario.id, variant.name);
            }
        }
    }
}

fn missed_in_range(scenario: &Scenario, variant: &Variant) -> Option<String> {
    let range = variant.expect.seeds?;
    let experiment = Experiment::new(scenario, variant).expect("a story's strategies are known");
    // For one seed among many, all of them may be needed.
    let most = if range.occurs == Occurs::Within { u64::MAX } else { SEEDS_HERE };
    let end = range.to.min(range.from.saturating_add(most));
    let never = AtomicBool::new(false);
    let mut hits = 0;
    let mut first_other = None;
    sweep(&experiment, range.from..end, judge::cores(), alone(), &never, &mut |outcome| {
        let as_told = outcome.decision == decision(variant.expect.verdict)
            && variant
                .expect
                .kind
                .as_deref()
                .is_none_or(|name| outcome.kind.map(AnomalyKind::name) == Some(name));
        if as_told {
            hits += 1;
        } else if first_other.is_none() {
            first_other = Some(outcome.seed);
        }
    });
    match range.occurs {
        Occurs::Always => first_other.map(|seed| format!("seed {seed} is another")),
        Occurs::Never => (hits > 0).then(|| format!("{hits} seeds of {}..{end}", range.from)),
        Occurs::Within => (hits == 0).then(|| format!("not one seed of {}..{end}", range.from)),
    }
}

#[test]
fn the_first_variant_shows_an_anomaly_and_some_other_one_cures_it() {
    for scenario in scenarios() {
        assert_eq!(scenario.variants[0].expect.verdict, ExpectedVerdict::NotLinearizable, "{}", scenario.id);
        let cured =
            scenario.variants.iter().any(|variant| variant.expect.verdict == ExpectedVerdict::Linearizable);
        assert!(cured, "{}", scenario.id);
    }
}

#[test]
fn every_kind_that_a_story_expects_is_one_that_the_judge_can_find() {
    for scenario in scenarios() {
        for kind in scenario.variants.iter().filter_map(|variant| variant.expect.kind.as_deref()) {
            assert!(AnomalyKind::from_name(kind).is_some(), "{}: {kind}", scenario.id);
        }
    }
}
