//! Strategies by name: what a scenario may say to them, and what it is told when it says something else.

use anachron_experiment::strategy::STRATEGIES;
use anachron_experiment::{Experiment, ExperimentError};
use anachron_scenario::Scenario;

/// A small scenario of so many nodes whose one variant has this strategy.
fn scenario(nodes: u32, strategy: &str) -> Scenario {
    let text = format!(
        r#"{{"id": "small", "title": "-", "story": "-", "notice": "-", "source": "-", "model": "register", "duration": "1s", "cluster": {{"nodes": {nodes}}},
            "clients": [{{"name": "A", "operations": [{{"at": "1ms", "f": "write", "key": "x", "arg": 1}}]}}],
            "variants": [{{"name": "v", "title": "-", "strategy": {strategy}, "expect": {{"verdict": "linearizable"}}}}]}}"#
    );
    Scenario::parse(&text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn told(strategy: &str) -> String {
    told_of(3, strategy)
}

fn told_of(nodes: u32, strategy: &str) -> String {
    let scenario = scenario(nodes, strategy);
    match Experiment::new(&scenario, &scenario.variants[0]) {
        Ok(_) => "fine".to_owned(),
        Err(ExperimentError::Strategy(error)) => error.to_string(),
        Err(error @ ExperimentError::Kind(_)) => panic!("{error}"),
    }
}

/// Nodes for every part of a cluster that has parts: some give locks, one is what they guard, some work.
const ENOUGH: u32 = 6;

#[test]
fn every_strategy_runs_with_its_defaults() {
    for entry in &STRATEGIES {
        assert_eq!(told_of(ENOUGH, &format!(r#"{{"name": "{}"}}"#, entry.name)), "fine", "{}", entry.name);
    }
}

#[test]
fn every_weakening_can_be_switched_on() {
    for entry in &STRATEGIES {
        for weakening in (entry.weakenings)() {
            let strategy = format!(r#"{{"name": "{}", "weakenings": ["{}"]}}"#, entry.name, weakening.name);
            assert_eq!(told_of(ENOUGH, &strategy), "fine", "{}", weakening.name);
            assert!(!weakening.source.is_empty() && !weakening.summary.is_empty(), "{}", weakening.name);
        }
    }
}

#[test]
fn what_a_strategy_does_not_know_is_refused_with_what_it_knows() {
    assert!(told(r#"{"name": "rafd"}"#).contains("there is no strategy `rafd`; there are single-leader"));
    assert!(
        told(r#"{"name": "raft", "options": {"read": "log"}}"#)
            .contains("raft has no option `read`; it has reads")
    );
    let wrong = told(r#"{"name": "raft", "options": {"reads": "fast"}}"#);
    let expected = r#"reads: "fast" is not one of "log", "read-index", "lease", "follower-read-index", "leader-memory", "local""#;
    assert_eq!(wrong, expected);
    let wrong = told(r#"{"name": "raft", "options": {"reads": "lease", "check_quorum": false}}"#);
    assert!(wrong.starts_with("check_quorum: leases need it"), "{wrong}");
    let wrong = told(r#"{"name": "raft", "options": {"voters": ["n1", "n9"]}}"#);
    assert_eq!(wrong, r#"voters: "n9" is not a node; there are n1, n2, n3"#);
    assert!(
        told(r#"{"name": "raft", "weakenings": ["raft-nap"]}"#).contains("raft has no weakening `raft-nap`")
    );
    assert!(
        told(r#"{"name": "raft", "options": {"initial_leader": "n9"}}"#).contains("there are n1, n2, n3")
    );
    let backwards = told(r#"{"name": "raft", "options": {"election_timeout": ["30ms", "15ms"]}}"#);
    assert_eq!(backwards, "election_timeout: 30 ms is above 15 ms");
    assert!(
        told(r#"{"name": "raft", "options": {"heartbeat_interval": 5}}"#).contains("5 is not a duration")
    );
    assert!(told(r#"{"name": "raft", "options": {"heartbeat_interval": "0ms"}}"#).contains("above zero"));
    assert!(
        told(r#"{"name": "single-leader", "options": {"fencing": "yes"}}"#).contains("is not true or false")
    );
    assert!(
        told(r#"{"name": "single-leader", "options": {"followers": 0}}"#).contains("a whole number from 1")
    );
}

#[test]
fn every_option_is_documented_in_words() {
    for entry in &STRATEGIES {
        assert!(!entry.summary.is_empty() && !entry.family.is_empty());
        for option in entry.options {
            let words = [option.name, option.values, option.default, option.meaning];
            assert!(words.iter().all(|word| !word.is_empty()), "{} {}", entry.name, option.name);
        }
    }
}
