//! Budgets: a search ends where the caller says, and says how far it got.

use anachron_checker::testing::{Shape, initial, linearizable};
use anachron_checker::{
    Budget, CheckOptions, Decision, Limit, Model, Verdict, check_within, combine, partition,
};
use anachron_history::History;

fn hard() -> (History, CheckOptions) {
    let shape = Shape {
        model: Model::CasRegister,
        operations: 2_000,
        concurrency: 20,
        values: 5,
        keys: 1,
        unknown_permille: 0,
        seed: 1,
    };
    (linearizable(&shape), CheckOptions::new(Model::CasRegister).initial(initial(Model::CasRegister)))
}

fn progress(budget: &mut Budget<'_>) -> (Limit, usize, usize) {
    let (history, options) = hard();
    let judgement = check_within(&history, &options, budget).expect("operations that the model knows");
    assert_eq!(judgement.decision(), Decision::Undecided);
    match &judgement.parts[0].verdict {
        Verdict::Undecided(progress) => {
            assert!(progress.longest_order.len() >= progress.placed);
            (progress.limit, progress.placed, progress.required)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_limit_on_configurations_leaves_the_longest_order() {
    let (limit, placed, required) = progress(&mut Budget::default().configurations(100));
    assert_eq!(limit, Limit::Configurations);
    assert!(placed > 50 && placed < required, "{placed} of {required}");
}

#[test]
fn a_limit_on_memory_is_kept() {
    assert_eq!(progress(&mut Budget::default().memory(1)).0, Limit::Memory);
}

#[test]
fn the_caller_stops_a_search() {
    let mut asked = 0;
    let mut stop = || {
        asked += 1;
        asked > 1
    };
    assert_eq!(progress(&mut Budget::with_stop(&mut stop)).0, Limit::Stopped);
    assert_eq!(asked, 2);
}

#[test]
fn the_same_history_gives_the_same_verdict_certificate_and_counts() {
    let (history, options) = hard();
    let once = || {
        let parts = partition(&history, &options).expect("operations that the model knows");
        combine(parts.iter().map(|part| part.check(&mut Budget::default())).collect())
    };
    assert_eq!(once(), once());
}
