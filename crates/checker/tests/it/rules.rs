//! What an operation, an outcome and an initial value mean.

use std::fmt::Write;

use anachron_checker::{CheckOptions, Decision, Kept, Model, Problem, Road, Verdict, check};
use anachron_history::History;
use anachron_vocabulary::{Operation, Outcome, Reply, Value};

use crate::notation::{core, history, judge};

fn decide(model: Model, initial: Value, text: &str) -> Decision {
    let history = history(text).expect("operations of these models");
    judge(&history, &CheckOptions::new(model).initial(initial)).decision()
}

fn holds(model: Model, initial: impl Into<Value>, text: &str) -> bool {
    decide(model, initial.into(), text) == Decision::Linearizable
}

#[test]
fn equal_times_are_concurrent_and_later_ones_are_not() {
    assert!(holds(Model::Register, 0, "A: w x 1 @0-10; B: r x 0 @10-20"));
    assert!(!holds(Model::Register, 0, "A: w x 1 @0-10; B: r x 0 @11-20"));
    let repeated = "A: w x 1 @0-10; A: w x 0 @11-12; A: w x 1 @13-14; B: r x 0 @14-20";
    assert!(holds(Model::Register, 0, repeated));
    assert!(!holds(Model::Register, 0, &repeated.replace("@14-20", "@15-20")));
}

#[test]
fn what_failed_did_not_happen_and_what_is_unknown_may_happen_late_or_never() {
    assert!(!holds(Model::Register, 0, "A: w x 1 @0-10!; B: r x 1 @20-30"));
    assert!(holds(Model::Register, 0, "A: w x 1 @0-?; B: r x 1 @20-30"));
    assert!(holds(Model::Register, 0, "A: w x 1 @0-?; B: r x 0 @20-30; B: r x 1 @40-50"));
    assert!(!holds(Model::Register, 0, "A: w x 1 @0-?; B: r x 1 @20-30; B: r x 0 @40-50"));
    assert!(!holds(Model::Register, 0, "B: r x 1 @20-30; A: w x 1 @31-?"));
}

#[test]
fn a_compare_and_set_that_answered_false_saw_another_value() {
    assert!(holds(Model::CasRegister, 0, "A: cas x 1 2 no @0-10; B: r x 0 @20-30"));
    assert!(!holds(Model::CasRegister, 0, "A: cas x 0 2 no @0-10"));
    assert!(holds(Model::CasRegister, 0, "A: cas x 0 2 no @0-10; B: w x 7 @0-?"));
}

#[test]
fn a_lock_is_granted_once() {
    assert!(!holds(Model::Mutex, 0, "A: acq L @0-10; B: acq L @20-30"));
    assert!(holds(Model::Mutex, 0, "A: acq L @0-10; B: acq L @20-30; A: rel L @25-40"));
    assert!(holds(Model::Mutex, 0, "A: acq L @0-10; A: rel L @12-?; B: acq L @20-30"));
    assert!(!holds(Model::Mutex, 0, "A: rel L @0-10"));
}

#[test]
fn an_append_goes_to_null_or_to_a_text_and_to_nothing_else() {
    let text = "A: app k 1 @0-5; A: app k 2 @6-8; B: lr k 1,2 @10-12";
    assert!(holds(Model::KeyValue, "", text));
    assert!(holds(Model::KeyValue, Value::Null, text));
    assert!(!holds(Model::KeyValue, 7, text));
    assert!(!holds(Model::KeyValue, "", &text.replace("1,2", "2,1")));
    assert!(!holds(Model::KeyValue, "", &text.replace("lr k 1,2", "lr k 1")));
}

#[test]
fn objects_are_judged_apart() {
    let text = "A: w x 1 @0-10; A: w y 1 @0-10; B: r x 0 @20-30; B: r y 1 @20-30";
    let history = history(text).expect("register operations");
    let judgement = judge(&history, &CheckOptions::new(Model::Register).initial(0.into()));
    let decisions: Vec<Decision> = judgement.parts.iter().map(|part| part.verdict.decision()).collect();
    assert_eq!(decisions, [Decision::NotLinearizable, Decision::Linearizable]);
    assert_eq!(judgement.violation().expect("one").0.key.0, 0);
}

#[test]
fn an_operation_of_another_model_is_named_with_those_that_are_known() {
    let history = history("A: w x 1 @0-10; B: acq x @20-30!").expect("operations");
    let error = check(&history, &CheckOptions::new(Model::Register)).expect_err("a lock's operation");
    assert_eq!((error.id.0, error.problem), (1, Problem::Unknown));
    assert_eq!(
        error.to_string(),
        "operation 1 is `acquire`, which the model register does not know; it knows read, write"
    );
    for model in Model::ALL {
        assert_eq!(Model::from_name(model.name()), Some(model));
    }
}

#[test]
fn replies_and_arguments_of_another_kind_are_refused() {
    let mut history = history("A: r x 1 @0-10").expect("a read");
    history.records[0].outcome = Outcome::Ok(Reply::Done);
    let error = check(&history, &CheckOptions::new(Model::Register)).expect_err("a read answers a value");
    assert_eq!(error.problem, Problem::Reply);
    history.records[0].operation = Operation::Append(3.into());
    let error = check(&history, &CheckOptions::new(Model::KeyValue)).expect_err("texts are appended");
    assert_eq!(error.problem, Problem::Argument);
}

/// A stale read after a thousand other writes: two clusters say it all, and the write that the read needs stays.
#[test]
fn the_core_of_a_stale_read_is_three_operations_by_either_road() {
    for (values, road) in [(0_i64, Road::Zones), (5, Road::Search)] {
        let mut text = String::from("A: w x 777 @0-1; ");
        for step in 0..1000 {
            let value = if values == 0 { 10_000 + step } else { step % values };
            write!(text, "A: w x {value} @{}-{}; ", 10 * step + 2, 10 * step + 5).expect("a string grows");
        }
        text += "B: r x 777 @20000-20001";
        let history: History = history(&text).expect("register operations");
        let judgement = judge(&history, &CheckOptions::new(Model::Register));
        assert_eq!(judgement.parts[0].road, road);
        let core = core(&judgement);
        assert!(core.len() == 3 && core.contains(&0) && core.contains(&1001), "{core:?}");
    }
}

#[test]
fn a_core_says_in_what_form_it_keeps_each_operation() {
    // To keep the swap of 1 for 2 as it was, the core would have to show where the 1 came from.
    let text =
        "A: cas x 0 1 ok @0-5; C: w x 0 @6-7; A: cas x 0 1 ok @8-9; A: cas x 1 2 ok @10-15; B: r x 0 @20-25";
    let history = history(text).expect("register operations");
    let judgement = judge(&history, &CheckOptions::new(Model::CasRegister).initial(0.into()));
    let Verdict::NotLinearizable(core) = &judgement.parts[0].verdict else { panic!("a stale read") };
    assert!(core.minimal);
    let kept: Vec<(u32, Kept)> = core.operations.iter().map(|kept| (kept.id.0, kept.kept)).collect();
    // The 0 may be the initial one, and what is left of the swap is that it wrote 2.
    assert_eq!(kept, [(3, Kept::AsWrite), (4, Kept::AsItWas)]);
}
