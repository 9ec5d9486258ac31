//! Every anomaly of the catalogue that these models can express, and its cure.

use anachron_checker::{CheckOptions, Decision, Model};
use anachron_history::History;
use anachron_vocabulary::Operation;

use crate::notation::{history, judge, shared};

/// The model that knows a history's operations on one key.
fn model(history: &History) -> Model {
    let knows = |model: &Model| history.records.iter().all(|record| model.knows(&record.operation));
    Model::ALL.into_iter().find(knows).expect("a model for each key")
}

/// Judges each key by its own model: the catalogue has stories of a lock and a file.
fn is_linearizable(whole: &History) -> bool {
    (0..whole.keys.len()).all(|key| {
        let records = whole.records.iter().filter(|record| record.key.index() == key).cloned().collect();
        let part = History { records, ..whole.clone() };
        // Registers of the catalogue start at 0, or at the empty list.
        let initial = match model(&part) {
            Model::KeyValue => "".into(),
            _ => 0.into(),
        };
        let judgement = judge(&part, &CheckOptions::new(model(&part)).initial(initial));
        assert!(judgement.decision() != Decision::Undecided);
        judgement.decision() == Decision::Linearizable
    })
}

#[test]
fn every_anomaly_and_every_cure_gets_its_verdict() {
    let Some(shared) = shared() else { return };
    let text = std::fs::read_to_string(shared.join("catalogue/anomalies.json")).expect("the catalogue");
    // The file has bounds without end, which JSON has no word for.
    let text = text.replace(": Infinity", ": null").replace(": NaN", ": null");
    let entries: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let (mut judged, mut other) = (0, Vec::new());
    for entry in entries.as_array().expect("a list") {
        for (told, verdict) in [("history", "verdict"), ("cure_history", "cure_verdict")] {
            let (Some(told), Some(expected)) =
                (entry[told].as_str(), entry[verdict]["linearizable"].as_bool())
            else {
                continue;
            };
            match history(told) {
                Some(history) => {
                    judged += 1;
                    assert_eq!(is_linearizable(&history), expected, "{}: {told}", entry["id"]);
                }
                None => other.push(entry["id"].to_string()),
            }
        }
    }
    println!("{judged} histories judged; of other models: {}", other.join(", "));
    assert!(judged > 100, "most of the catalogue is about registers: {judged}");
}

#[test]
fn the_notation_knows_each_kind_of_outcome() {
    let history =
        history("A: w x 1 @0-?; B: cas x 1 2 no @3-4; C: w x 3 @5-6!").expect("register operations");
    assert_eq!(history.records.len(), 3);
    assert!(matches!(history.records[1].operation, Operation::CompareAndSet { .. }));
    assert!(is_linearizable(&history));
}
