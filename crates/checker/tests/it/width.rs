//! Wide histories: more operations at once than a machine word has bits, and operations that never finish.

use std::fmt::Write;

use anachron_checker::testing::{Shape, initial, linearizable, plant_violation};
use anachron_checker::{Budget, CheckOptions, Decision, Model, check, check_within, verify};

use crate::notation::{history, judge};

#[test]
fn three_hundred_concurrent_operations_need_five_words() {
    // All 300 are alive at once; the reads afterwards pin the last write.
    let mut text = String::new();
    for client in 0..300 {
        let (what, value) = if client % 2 == 0 { ("w", client % 7) } else { ("r", (client + 3) % 7) };
        write!(text, "C{client}: {what} x {value} @{client}-{}; ", 1000 + client).expect("a string grows");
    }
    let linearizable = history(&format!("{text} Z: r x 4 @2000-2001")).expect("register operations");
    let options = CheckOptions::new(Model::Register);
    assert_eq!(judge(&linearizable, &options).decision(), Decision::Linearizable);
    let phantom = history(&format!("{text} Z: r x 9 @2000-2001")).expect("register operations");
    let judgement = judge(&phantom, &options);
    assert_eq!(judgement.violation().expect("nobody wrote 9").1.operations.len(), 1);
}

#[test]
fn a_thousand_writes_that_nobody_heard_of_and_nobody_read_cost_nothing() {
    let mut text = String::new();
    for client in 0..1000 {
        write!(text, "U{client}: w x {} @{client}-?; ", client % 50 + 100).expect("a string grows");
    }
    for step in 0..200 {
        let time = 2000 + 10 * step;
        write!(
            text,
            "A: w x {} @{time}-{}; B: r x {} @{}-{}; ",
            step % 5,
            time + 3,
            step % 5,
            time + 4,
            time + 6
        )
        .expect("a string grows");
    }
    let options = CheckOptions::new(Model::Register);
    let mut budget = Budget::default().configurations(2_000);
    let good = history(&text[..text.len() - 2]).expect("register operations");
    let judgement = check_within(&good, &options, &mut budget).expect("a register");
    assert_eq!(judgement.decision(), Decision::Linearizable);
    let bad = history(&format!("{text} B: r x 77 @9000-9001")).expect("register operations");
    let judgement = check_within(&bad, &options, &mut budget).expect("a register");
    assert_eq!(judgement.decision(), Decision::NotLinearizable);
}

#[test]
fn four_hundred_operations_that_never_finish_are_decided() {
    for planted in [false, true] {
        let shape = Shape {
            model: Model::CasRegister,
            operations: 2_000,
            concurrency: 8,
            values: 8,
            keys: 1,
            unknown_permille: 200,
            seed: 4,
        };
        let mut history = linearizable(&shape);
        if planted {
            plant_violation(&mut history, 4);
        }
        let options = CheckOptions::new(shape.model).initial(initial(shape.model));
        let judgement = check(&history, &options).expect("a CAS register");
        if planted {
            assert_ne!(judgement.decision(), Decision::Undecided);
        } else {
            assert_eq!(judgement.decision(), Decision::Linearizable);
        }
        for part in &judgement.parts {
            assert_eq!(verify::verify(&history, &options, part), Ok(()));
        }
    }
}
