//! The files in `scenarios/`.

use std::fs;
use std::path::PathBuf;

use anachron_scenario::{ExpectedVerdict, FaultAction, NodeChoice, Order, Scenario, Task};
use anachron_vocabulary::{ClientId, Key, NodeId, Operation, Value, VirtualTime};

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"))
}

/// Every story: its file's name without the ending, and its text.
pub(crate) fn stories() -> Vec<(String, String)> {
    let mut stories: Vec<(String, String)> = fs::read_dir(folder())
        .expect("the folder of the catalogue")
        .map(|entry| entry.expect("an entry of the catalogue").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let stem = path.file_stem().expect("a file's name").to_string_lossy().into_owned();
            (stem, fs::read_to_string(&path).expect("a readable file"))
        })
        .filter(|(stem, _)| stem != "schema")
        .collect();
    stories.sort();
    assert!(!stories.is_empty(), "the catalogue is empty");
    stories
}

fn story(id: &str) -> Scenario {
    let (_, text) = stories().into_iter().find(|(stem, _)| stem == id).expect("a story of the catalogue");
    Scenario::parse(&text).unwrap_or_else(|errors| panic!("{id}\n{errors}"))
}

#[test]
fn every_story_parses_and_bears_its_files_name() {
    for (stem, text) in stories() {
        let scenario = Scenario::parse(&text).unwrap_or_else(|errors| panic!("{stem}.json:{errors}"));
        assert_eq!(scenario.id, stem);
    }
}

#[test]
fn every_story_of_the_course_shows_an_anomaly_first_and_a_cure_after_it() {
    let mut course = 0;
    for (stem, text) in stories() {
        let scenario = Scenario::parse(&text).expect("a scenario");
        if !scenario.course {
            continue;
        }
        course += 1;
        assert!(scenario.why.is_some() && scenario.question.is_some(), "{stem} explains itself");
        let verdicts: Vec<_> = scenario.variants.iter().map(|variant| variant.expect.verdict).collect();
        assert_eq!(verdicts[0], ExpectedVerdict::NotLinearizable, "{stem}");
        assert!(verdicts.contains(&ExpectedVerdict::Linearizable), "{stem}");
    }
    assert_eq!(course, 9, "the eight of the catalogue, and what Raft makes of a death");
}

#[test]
fn a_story_is_lowered_to_numbers() {
    let scenario = story("lost-acked-write-on-failover");
    assert_eq!(scenario.keys, ["X"]);
    assert_eq!(scenario.initial, Value::Integer(0));
    assert_eq!(scenario.cluster.nodes, ["n1", "n2", "n3"]);
    let all = vec![NodeId(0), NodeId(1), NodeId(2)];
    assert_eq!(scenario.clients[0].node, NodeChoice::Leader(all));
    let Task::Script(script) = &scenario.clients[1].task else { panic!("B has a script") };
    assert_eq!(script[1].at, VirtualTime(60_000_000));
    assert_eq!(script[1].key, Key(0));
    assert_eq!(script[1].operation, Operation::Read);
    assert_eq!(script[1].node, Some(NodeId(1)));
    let FaultAction::Crash { nodes, .. } = &scenario.faults[1].action else { panic!("n1 dies") };
    assert_eq!(nodes, &[NodeId(0)]);
    assert_eq!(scenario.faults[1].until, Some(VirtualTime(110_000_000)));
    let variant = scenario.variant("asynchronous").expect("the first variant");
    let operator = &scenario.operator_under(variant)[0];
    assert_eq!((operator.tell, &operator.order), (Some(NodeId(1)), &Order::Promote));
    assert_eq!(variant.strategy.options["replication"], "asynchronous");
    assert!(scenario.operator_under(scenario.variant("raft").expect("the cure")).is_empty());
}

#[test]
fn a_variant_may_choose_other_nodes() {
    let scenario = story("back-in-time-two-followers");
    let user = ClientId(1);
    assert_eq!(scenario.client_name(user), "user");
    let node_under = |variant: &str| {
        let variant = scenario.variant(variant).expect("a variant");
        scenario.clients_under(variant)[user.index()].node.clone()
    };
    assert_eq!(node_under("any-follower"), NodeChoice::RoundRobin(vec![NodeId(1), NodeId(2)]));
    assert_eq!(node_under("sticky-session"), NodeChoice::Fixed(NodeId(1)));
}
