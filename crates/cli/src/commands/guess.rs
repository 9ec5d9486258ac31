//! Which model a history is most likely about.
//!
//! Why it exists: the operations of a history mostly tell what its objects are, so nobody has to. The guess is said to be
//! one wherever it is used. Where several models know all operations, replies and arguments tell them apart, and
//! what they leave open falls to the plainer model: a set before a multiset, a mutex before a lock with tokens.

use std::collections::BTreeSet;

use anachron_checker::Model;
use anachron_history::{History, Parsed};
use anachron_vocabulary::{Operation, Outcome, Reply, Value};

/// The plainest model that knows every operation of the history. Where none does, one that knows the first operation
/// that is no plain read, so that the complaint names an operation that is really out of place.
pub(super) fn guess(parsed: &Parsed) -> Model {
    let history = &parsed.history;
    let operations = || history.records.iter().map(|record| &record.operation);
    if parsed.initial_hint.is_some() {
        return Model::KeyValue;
    }
    let knows_all = |model: Model| operations().all(|operation| model.knows(operation));
    let candidates: Vec<Model> = Model::ALL.into_iter().filter(|&model| knows_all(model)).collect();
    let is_there = |model: Model| candidates.contains(&model);
    if is_there(Model::FencingLock) && has_tokens(history) {
        return Model::FencingLock;
    }
    if is_there(Model::KeyValue) && is_there(Model::List) && appends_elements(history) {
        return Model::List;
    }
    if is_there(Model::Multiset) && shows_something_twice(history) {
        return Model::Multiset;
    }
    candidates.first().copied().unwrap_or_else(|| {
        let first = operations().find(|operation| **operation != Operation::Read);
        let knows = |model: &Model| first.is_none_or(|operation| model.knows(operation));
        Model::ALL.into_iter().find(knows).unwrap_or(Model::Register)
    })
}

/// Some grant told its token, or some release names one.
fn has_tokens(history: &History) -> bool {
    history.records.iter().any(|record| {
        matches!(record.operation, Operation::ReleaseToken(_))
            || record.operation == Operation::Acquire
                && matches!(record.outcome, Outcome::Ok(Reply::Value(_)))
    })
}

/// Appends are to lists, not to texts: what is appended is no text, or what is read is a list.
fn appends_elements(history: &History) -> bool {
    history.records.iter().any(|record| match (&record.operation, &record.outcome) {
        (Operation::Append(tail), _) => !matches!(tail, Value::Text(_)),
        (Operation::Read, Outcome::Ok(Reply::Value(seen))) => matches!(seen, Value::List(_)),
        _ => false,
    })
}

/// Some read shows an element twice, which a set can't.
fn shows_something_twice(history: &History) -> bool {
    history.records.iter().any(|record| match &record.outcome {
        Outcome::Ok(Reply::Value(Value::List(elements))) if record.operation == Operation::Read => {
            let mut seen = BTreeSet::new();
            !elements.iter().all(|element| seen.insert(element))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use anachron_checker::testing::{Dice, Shape, linearizable};
    use anachron_history::{Format, parse};

    use super::*;

    fn guessed(lines: &[&str]) -> Model {
        let line = |(number, line): (usize, &&str)| {
            format!("{{\"client\":{number},{line},\"call\":{number},\"return\":{}}}\n", number + 1)
        };
        let text: String = lines.iter().enumerate().map(line).collect();
        guess(&parse(text.as_bytes(), Some(Format::JsonLines)).expect("a history"))
    }

    #[test]
    fn operations_tell_the_model() {
        let read = r#""f":"read","ret":1"#;
        for (lines, model) in [
            (vec![read], Model::Register),
            (vec![read, r#""f":"write","arg":1"#], Model::Register),
            (vec![read, r#""f":"cas","arg":[1,2],"ret":true"#], Model::CasRegister),
            (vec![read, r#""f":"append","arg":"a""#], Model::KeyValue),
            (vec![read, r#""f":"delete""#], Model::KeyValue),
            (vec![r#""f":"append","arg":1"#], Model::List),
            (vec![r#""f":"append","arg":"a""#, r#""f":"read","ret":["a"]"#], Model::List),
            (vec![r#""f":"multi-write","arg":{"x":1}"#], Model::MultiRegister),
            (vec![r#""f":"acquire""#, r#""f":"release""#], Model::Mutex),
            (vec![r#""f":"acquire","ret":33"#, r#""f":"release""#], Model::FencingLock),
            (vec![r#""f":"acquire""#, r#""f":"release","arg":33"#], Model::FencingLock),
            (vec![read, r#""f":"claim","arg":"a","ret":true"#], Model::LeaderRegister),
            (vec![r#""f":"enqueue","arg":1"#, r#""f":"dequeue","ret":1"#], Model::Queue),
            (vec![r#""f":"push","arg":1"#, r#""f":"pop","ret":1"#], Model::Stack),
            (vec![r#""f":"add","arg":1"#, r#""f":"read","ret":[1,2]"#], Model::Set),
            (vec![r#""f":"add","arg":1"#, r#""f":"read","ret":[1,1]"#], Model::Multiset),
            (vec![read, r#""f":"increment","arg":1"#], Model::Counter),
            (vec![r#""f":"insert","arg":1"#, r#""f":"extract-min","ret":1"#], Model::PriorityQueue),
        ] {
            assert_eq!(guessed(&lines), model, "{lines:?}");
        }
        // Nothing knows both; the complaint is about the one that came second.
        assert_eq!(guessed(&[read, r#""f":"push","arg":1"#, r#""f":"acquire""#]), Model::Stack);
    }

    /// Whatever a model's own clients do, the guess knows it all.
    #[test]
    fn every_models_histories_can_be_judged_as_guessed() {
        let mut dice = Dice::new(3);
        for model in Model::ALL {
            let shape = Shape {
                model,
                operations: 40,
                concurrency: 3,
                values: 4,
                keys: 1,
                unknown_permille: 50,
                seed: dice.bits(),
            };
            let parsed =
                Parsed { history: linearizable(&shape), format: Format::JsonLines, initial_hint: None };
            let guessed = guess(&parsed);
            assert!(parsed.history.records.iter().all(|record| guessed.knows(&record.operation)));
            let plainer = match model {
                Model::Multiset => Model::Set,
                other => other,
            };
            assert!(guessed == model || guessed == plainer, "{model}, guessed {guessed}");
        }
    }
}
