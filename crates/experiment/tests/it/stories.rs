//! Every story comes out as it says, and an expectation that is not met is told.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anachron_experiment::catalogue::{Case, Plan, Verification, verify};
use anachron_experiment::{Experiment, judge};
use anachron_scenario::{ExpectedLevel, ExpectedVerdict, Scenario};

use crate::{alone, scenarios};

/// Of a range of seeds, so many are run here; `anachron catalogue` runs them all. `ANACHRON_MOST_SEEDS` sets another number.
const SEEDS_HERE: u64 = 60;

fn plan(threads: usize) -> Plan {
    let most = std::env::var("ANACHRON_MOST_SEEDS").ok();
    let most = most.map_or(SEEDS_HERE, |most| most.parse().expect("a number of seeds"));
    let threads = NonZeroUsize::new(threads).expect("some threads");
    Plan { threads, limits: alone(), most_seeds: Some(most) }
}

fn cases(scenarios: &[Scenario]) -> Vec<(String, Case<'_>)> {
    let lowered = |scenario: &Scenario, variant| {
        Experiment::new(scenario, variant).unwrap_or_else(|error| panic!("{}: {error}", scenario.id))
    };
    let named = scenarios.iter().flat_map(|scenario| {
        scenario.variants.iter().map(move |variant| {
            let name = format!("{} --variant {}", scenario.id, variant.name);
            (name, Case { variant, experiment: lowered(scenario, variant) })
        })
    });
    named.collect()
}

fn verified(scenarios: &[Scenario], plan: Plan) -> Vec<(String, Verification)> {
    let (names, cases): (Vec<_>, Vec<_>) = cases(scenarios).into_iter().unzip();
    let (never, runs) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut found = Vec::new();
    let ran = || {
        runs.fetch_add(1, Ordering::Relaxed);
    };
    verify(&cases, plan, &never, &ran, &mut |case, verification| found.push((case, verification.clone())));
    assert!(found.iter().map(|(case, _)| *case).eq(0..cases.len()), "every case, in order");
    assert_eq!(found.iter().map(|(_, verification)| verification.runs).sum::<u64>(), runs.into_inner());
    names.into_iter().zip(found.into_iter().map(|(_, verification)| verification)).collect()
}

#[test]
fn every_number_is_there_once() {
    let numbers: Vec<u32> = scenarios().iter().filter_map(|story| story.number).collect();
    assert!(numbers.windows(2).all(|two| two[0] < two[1]), "a number is there twice: {numbers:?}");
}

#[test]
fn every_variant_comes_out_as_its_story_says() {
    let scenarios = scenarios();
    let found = verified(&scenarios, plan(judge::cores().get()));
    let wrong: Vec<String> = found
        .iter()
        .flat_map(|(name, verification)| {
            verification.missed.iter().map(move |missed| {
                let (field, expected, found) = (missed.field, &missed.expected, &missed.found);
                format!("{name} --seed {}: {field}: expected {expected}, found {found}", missed.seed)
            })
        })
        .collect();
    assert!(wrong.is_empty(), "not as expected:\n{}", wrong.join("\n"));
}

/// A story whose point is that a register's clients see nothing wrong: the rule that breaks is a lock's.
const LEGAL: &str = "delayed-packet-from-dead-owner";

#[test]
fn the_first_variant_shows_an_anomaly_and_some_other_one_cures_it() {
    for scenario in scenarios() {
        let id = &scenario.id;
        let is_anomaly = scenario.variants[0].expect.is_anomaly();
        assert_eq!(is_anomaly, id != LEGAL, "{id}: the first variant shows the anomaly");
        assert!(scenario.variants[1..].iter().any(|variant| variant.expect.is_cure()), "{id} has a cure");
    }
}

#[test]
fn a_story_of_the_catalogue_tells_everything() {
    for scenario in scenarios().iter().filter(|scenario| scenario.number.is_some()) {
        let told = [&scenario.why, &scenario.rule, &scenario.cure, &scenario.question];
        assert!(told.iter().all(|text| text.is_some()), "{}: why, rule, cure and question", scenario.id);
        assert!(!scenario.in_practice.is_empty(), "{}: in_practice", scenario.id);
        for variant in &scenario.variants {
            let expect = &variant.expect;
            let name = format!("{} {}", scenario.id, variant.name);
            assert!(expect.converges.is_some() && expect.progresses.is_some(), "{name}: what is at rest");
            let is_graded = expect.kind.is_some() && expect.holds.is_some();
            assert!(
                is_graded || expect.verdict == ExpectedVerdict::Linearizable,
                "{name}: `kind`, and `holds` for the levels that are left"
            );
        }
    }
}

#[test]
fn the_levels_of_a_scenario_are_the_judges() {
    for name in ExpectedLevel::NAMES {
        assert!(anachron_checker::levels::Level::from_name(name).is_some(), "{name}");
    }
}

/// A follower that lags, read by a client that may or may not meet it.
fn lagging(expect: &str) -> Scenario {
    let text = r#"{
  "id": "lagging", "title": "-", "story": "-", "notice": "-", "source": "-", "model": "register", "initial": 0,
  "duration": "200ms",
  "cluster": {"nodes": 2, "network": {"latency": "40ms", "clients": {"latency": "1ms"}}},
  "clients": [
    {"name": "W", "node": "n1", "operations": [{"at": "10ms", "f": "write", "arg": 1}]},
    {"name": "R", "node": "sticky", "operations": [{"at": "20ms", "f": "read"}]}],
  "variants": [{"name": "v", "title": "-",
    "strategy": {"name": "single-leader", "options": {"replication": "asynchronous", "reads": "any"}},
    "seed": SEED, "expect": EXPECT}]
}"#;
    let (seed, expect) = expect.split_once(' ').expect("a seed and an expectation");
    let text = text.replace("SEED", seed).replace("EXPECT", expect);
    Scenario::parse(&text).unwrap_or_else(|errors| panic!("{errors}"))
}

/// What is missed, as `field: expected; found`.
fn missed(expect: &str) -> Vec<String> {
    let scenario = lagging(expect);
    let plan = Plan { most_seeds: None, ..plan(1) };
    let [(_, alone)] = &verified(std::slice::from_ref(&scenario), plan)[..] else { panic!("one variant") };
    for threads in [2, 5] {
        let plan = Plan { threads: NonZeroUsize::new(threads).expect("some"), ..plan };
        let [(_, found)] = &verified(std::slice::from_ref(&scenario), plan)[..] else {
            panic!("one variant")
        };
        assert_eq!((&found.missed, found.found_at), (&alone.missed, alone.found_at), "{threads} threads");
    }
    let told = |missed: &anachron_experiment::catalogue::Missed| {
        format!("{} @{}: {}; {}", missed.field, missed.seed, missed.expected, missed.found)
    };
    alone.missed.iter().map(told).collect()
}

#[test]
fn an_expectation_that_is_not_met_is_told() {
    // Under seed 4 the reader sits at the follower and reads 0, under seed 0 at the leader.
    let stale = r#""verdict": "not-linearizable", "kind": "stale-read""#;
    let all_below = ExpectedLevel::NAMES[..11].join(r#"", ""#);
    let found = ExpectedLevel::NAMES[..11].join(", ");
    for (expect, told) in [
        (format!(r#"4 {{{stale}, "holds": ["{all_below}"], "k_atomicity": 2, "converges": true}}"#), vec![]),
        (
            r#"4 {"verdict": "linearizable"}"#.to_owned(),
            vec!["verdict @4: linearizable; not-linearizable: stale-read".to_owned()],
        ),
        (format!("0 {{{stale}}}"), vec!["verdict @0: not-linearizable; linearizable".to_owned()]),
        (
            r#"4 {"verdict": "not-linearizable", "kind": "lost-update"}"#.replace("lost-update", "flip-flop"),
            vec!["kind @4: flip-flop; stale-read".to_owned()],
        ),
        (
            format!(r#"4 {{{stale}, "holds": ["sequential", "safe"], "k_atomicity": 3}}"#),
            vec![format!("holds @4: sequential, safe; {found}"), "k_atomicity @4: 3; 2".to_owned()],
        ),
        (
            format!(r#"4 {{{stale}, "converges": false, "progresses": false}}"#),
            vec![
                "converges @4: replicas disagree at rest; replicas agree at rest".to_owned(),
                "progresses @4: no operation completes after healing; an operation completes after healing"
                    .to_owned(),
            ],
        ),
        (
            format!(
                r#"4 {{{stale}, "available": [{{"completes": "all"}}, {{"clients": "R", "from": "20ms", "by": "22ms", "completes": "some"}}]}}"#
            ),
            vec![],
        ),
        (
            format!(r#"4 {{{stale}, "available": [{{"clients": "R", "by": "21ms", "completes": "some"}}]}}"#),
            vec![
                "available @4: some of the operations called from 0 ns on completes by 21 ms; 0 of 1"
                    .to_owned(),
            ],
        ),
        (
            format!(
                r#"4 {{{stale}, "available": [{{"clients": "W", "from": "20ms", "completes": "none"}}]}}"#
            ),
            vec![
                "available @4: none of the operations called from 20 ms on completes by 200 ms; \
                 there is no such operation"
                    .to_owned(),
            ],
        ),
    ] {
        assert_eq!(missed(&expect), told, "{expect}");
    }
}

#[test]
fn an_expectation_for_a_range_of_seeds_is_held_for_all_one_or_none() {
    let stale = r#""verdict": "not-linearizable", "kind": "stale-read""#;
    let seeds = |from: u64, to: u64, occurs: &str| {
        format!(r#""seeds": {{"from": {from}, "to": {to}, "occurs": "{occurs}"}}"#)
    };
    for (expect, told) in [
        (format!("0 {{\"verdict\": \"linearizable\", {}}}", seeds(0, 4, "always")), None),
        (
            format!("0 {{\"verdict\": \"linearizable\", {}}}", seeds(0, 200, "always")),
            Some("verdict @4: linearizable; not-linearizable: stale-read"),
        ),
        (format!("4 {{{stale}, {}}}", seeds(0, 100, "within")), None),
        (
            format!("4 {{{stale}, {}}}", seeds(0, 4, "within")),
            Some("seeds @0: as expected for at least one seed of 0..4; for none; this is the first"),
        ),
        (format!("0 {{{stale}, {}}}", seeds(0, 4, "never")), None),
        (
            format!("0 {{{stale}, {}}}", seeds(0, 100, "never")),
            Some("seeds @4: never stale-read; stale-read"),
        ),
    ] {
        assert_eq!(missed(&expect), told.into_iter().collect::<Vec<_>>(), "{expect}");
    }
}
