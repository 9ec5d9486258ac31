//! The stories against the catalogue beside the repository, whose histories were graded by exhaustive search.
//!
//! A story has *the same operations* as its entry if its scripts, client by client, ask the same of the same objects, whatever
//! the clients, the objects and the values are called. Times and replies may differ: the entry's times are nobody's
//! measurement, and the replies are what a run has to bring about. Then the first variant's run must have the entry's
//! grades, level by level (`delta_ms` is a time, so it is left out), and must converge or not as the entry says. Where
//! operations differ nothing follows, and the test prints how they do.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use anachron_checker::Budget;
use anachron_checker::levels::{Level, State, grade};
use anachron_experiment::Experiment;
use anachron_experiment::catalogue::has_operations_of_entry;
use anachron_scenario::{Scenario, Task};
use serde_json::Value as Json;

use crate::{alone, scenarios};

/// What a client asks, operation by operation: what, of which object.
type Asked = Vec<(&'static str, String)>;

/// The entries, or nothing if the catalogue is not here.
fn entries() -> Option<Vec<Json>> {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    if !shared.exists() {
        println!("skipped: ../shared is not here");
        return None;
    }
    let text = std::fs::read_to_string(shared.join("catalogue/anomalies.json")).expect("the catalogue");
    // JSON has no word for a bound that is not there.
    let text = text.replace(": Infinity", ": \"Infinity\"");
    let Json::Array(entries) = serde_json::from_str(&text).expect("JSON") else {
        panic!("a list of entries")
    };
    Some(entries)
}

/// What the clients of an entry ask, from its notation: `P: w x 1 @0-10; Q: r x 1 @20-25`.
fn asked_by_entry(history: &str) -> Vec<Asked> {
    let mut clients: Vec<(&str, Asked)> = Vec::new();
    for told in history.split(';').map(str::trim) {
        let (client, rest) = told.split_once(':').expect("CLIENT: operation");
        let (body, _) = rest.rsplit_once('@').expect("operation @interval");
        let words: Vec<&str> = body.split_whitespace().collect();
        let name = match words[0] {
            "w" => "write",
            "r" | "get" | "lr" | "sr" => "read",
            "cas" => "cas",
            "acq" => "acquire",
            "rel" => "release",
            "app" => "append",
            "add" => "add",
            "inc" => "increment",
            "enq" => "enqueue",
            "deq" => "dequeue",
            other => panic!("no such operation: {other}"),
        };
        let operation = (name, words[1].to_owned());
        match clients.iter_mut().find(|(name, _)| *name == client) {
            Some((_, asked)) => asked.push(operation),
            None => clients.push((client, vec![operation])),
        }
    }
    comparable(clients.into_iter().map(|(_, asked)| asked).collect())
}

/// What the clients of a story ask; nothing if chance decides it.
fn asked_by_story(scenario: &Scenario) -> Option<Vec<Asked>> {
    let client = |client: &anachron_scenario::Client| match &client.task {
        Task::Generated(_) => None,
        Task::Script(script) => {
            let asked = script.iter().map(|scripted| {
                // The entries have no word of their own for a deletion: `w x del`.
                let name = scripted.operation.name();
                (if name == "delete" { "write" } else { name }, scenario.keys[scripted.key.index()].clone())
            });
            Some(asked.collect::<Asked>())
        }
    };
    scenario.clients.iter().map(client).collect::<Option<Vec<Asked>>>().map(comparable)
}

/// The names of clients and of objects do not matter. So the objects, of which nothing in the catalogue has more than two,
/// are numbered in both ways, and the lists that come first stand for all of them.
fn comparable(clients: Vec<Asked>) -> Vec<Asked> {
    let names: BTreeSet<String> = clients.iter().flatten().map(|(_, key)| key.clone()).collect();
    let names = Vec::from_iter(names);
    if names.len() > 2 {
        return clients;
    }
    let numbered = |names: &[String]| {
        let number = |key: &String| names.iter().position(|name| name == key).expect("all are named");
        let renamed =
            |asked: &Asked| asked.iter().map(|(name, key)| (*name, number(key).to_string())).collect();
        let mut clients: Vec<Asked> = clients.iter().map(renamed).collect();
        clients.sort();
        clients
    };
    let reversed: Vec<String> = names.iter().rev().cloned().collect();
    numbered(&names).min(numbered(&reversed))
}

/// The first variant's grades and convergence, where the entry has others.
fn differences(scenario: &Scenario, entry: &Json) -> Vec<String> {
    let variant = &scenario.variants[0];
    let experiment = Experiment::new(scenario, variant).expect("a story's strategies are known");
    let trial = experiment.trial(variant.seed, alone(), &AtomicBool::new(false));
    let grades = grade(&trial.run.history, &experiment.options, &mut Budget::default()).expect("its model");
    let mut differences = Vec::new();
    let Json::Object(told) = &entry["verdict"] else { panic!("grades") };
    for (name, wanted) in told {
        let level = Level::from_name(name).unwrap_or_else(|| panic!("a level {name}"));
        let found = match level {
            Level::DeltaAtomicity => continue,
            Level::KAtomicity => match grades.k_atomicity.value() {
                Some(least) => Json::from(least),
                // No k is enough where a read returned what nobody wrote.
                None if grades.state(level) == State::Violated => Json::from("Infinity"),
                None => Json::Null,
            },
            _ => match grades.state(level) {
                State::Holds => Json::from(true),
                State::Violated => Json::from(false),
                State::NotDefined => Json::Null,
                State::Undecided => Json::from("undecided"),
            },
        };
        if found != *wanted {
            differences.push(format!("{name} is {found}, the entry says {wanted}"));
        }
    }
    let converges = entry["converges"].as_str().expect("a word on convergence").to_lowercase();
    let wanted = match converges.split_whitespace().next() {
        Some("yes" | "after") => Some(true),
        Some("no") => Some(false),
        Some("n/a") => None,
        other => panic!("no word on convergence: {other:?}"),
    };
    let found = trial.run.rest.as_ref().map(|rest| rest.converged);
    if wanted.is_some() && wanted != found {
        differences.push(format!("converges is {found:?}, the entry says {wanted:?}"));
    }
    differences
}

#[test]
fn stories_have_the_grades_of_their_entries() {
    let Some(entries) = entries() else { return };
    let mut wrong = Vec::new();
    let (mut told, mut compared) = (0, 0);
    for scenario in scenarios() {
        let Some(number) = scenario.number else { continue };
        let index = usize::try_from(number).expect("a small number") - 1;
        let entry = entries.get(index).unwrap_or_else(|| panic!("{}: no entry {number}", scenario.id));
        assert_eq!(entry["id"], scenario.id.as_str(), "the entry of number {number}");
        assert_eq!(entry["course"], scenario.course, "{}", scenario.id);
        told += 1;
        let by_entry = asked_by_entry(entry["history"].as_str().expect("a history"));
        let by_story = asked_by_story(&scenario);
        let is_same = by_story.as_ref() == Some(&by_entry);
        if is_same != has_operations_of_entry(&scenario) {
            wrong.push(format!("{}: the list in catalogue/graded.rs is wrong about it", scenario.id));
        }
        if is_same {
            compared += 1;
            let differences = differences(&scenario, entry);
            wrong.extend(differences.iter().map(|difference| format!("{}: {difference}", scenario.id)));
        } else {
            println!("{}: other operations\n  entry {by_entry:?}\n  story {by_story:?}", scenario.id);
        }
    }
    println!("{compared} of {told} stories have the operations of their entries");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
