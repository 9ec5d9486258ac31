//! Planted violations in histories of every model have small cores, and random cores that the verifier accepts prove
//! what they say.

use anachron_checker::testing::{self, Dice, Shape};
use anachron_checker::verify::{Flaw, verify, verify_core};
use anachron_checker::{
    Budget, CheckOptions, Core, CoreOperation, Decision, Kept, Model, Start, Verdict, check, partition,
};
use anachron_vocabulary::Key;

/// The sizes of the cores of planted violations, and of lost changes.
fn sizes(model: Model, operations: usize, runs: u64, values: u64) -> Vec<usize> {
    let mut sizes = Vec::new();
    for seed in 0..runs {
        let shape = Shape { model, operations, concurrency: 4, values, keys: 1, unknown_permille: 5, seed };
        let mut history = testing::linearizable(&shape);
        // A mutex answers nothing that could be wrong.
        let planted = if seed % 2 == 0 { testing::plant_violation(&mut history, seed) } else { None };
        let changed = planted.or_else(|| testing::lose_a_change(&mut history, seed));
        assert!(changed.is_some(), "{shape:?}");
        let options = CheckOptions::new(model).initial(testing::initial(model));
        let parts = partition(&history, &options).expect("operations of the model");
        let part = parts[0].check(&mut Budget::default().configurations(300_000));
        if let Verdict::NotLinearizable(core) = &part.verdict {
            let verified = verify(&history, &options, &part);
            // What could not be made small may be more than the verifier looks through.
            let too_big = core.operations.len() > 25 && verified == Err(Flaw::TooBig);
            assert!(too_big || verified == Ok(()), "{verified:?} {shape:?} {core:?}");
            sizes.push(core.operations.len());
        }
    }
    sizes.sort_unstable();
    sizes
}

/// The rules of leaving out are sound: whatever core the verifier accepts, the whole history has no order either.
#[test]
fn no_accepted_core_is_of_a_linearizable_history() {
    let mut dice = Dice::new(42);
    for model in Model::ALL {
        let (mut accepted, mut smaller) = (0, 0);
        let options = CheckOptions::new(model).initial(testing::initial(model));
        for _ in 0..4_000 {
            let history = testing::scramble(model, &mut dice);
            let mut decision = None;
            for _ in 0..12 {
                let leave_out = dice.one_of(&[200, 500, 700]);
                let mut operations = Vec::new();
                for (id, _) in history.iter() {
                    let kept = dice.one_of(&[Kept::AsItWas, Kept::AsItWas, Kept::AsUnknown, Kept::AsWrite]);
                    let kept = if history.record(id).end.is_none() { Kept::AsUnknown } else { kept };
                    if !dice.permille(leave_out) {
                        operations.push(CoreOperation { id, kept });
                    }
                }
                let start = dice.one_of(&[Start::Initial, Start::Initial, Start::Any]);
                let core = Core { operations, start, ..Core::default() };
                if verify_core(&history, &options, Key(0), &core).is_err() {
                    continue;
                }
                accepted += 1;
                smaller += usize::from(core.operations.len() + 2 < history.records.len());
                let decision = *decision
                    .get_or_insert_with(|| check(&history, &options).expect("of the model").decision());
                assert_eq!(
                    decision,
                    Decision::NotLinearizable,
                    "{model} {core:?}\n{}",
                    testing::table(&history)
                );
            }
        }
        println!("{model}: {accepted} accepted, {smaller} of them much smaller");
        assert!(accepted > 300 && smaller > 100, "{model}: {accepted} {smaller}");
    }
}

#[test]
fn planted_violations_have_small_cores() {
    // A lost change hardly ever shows on a mutex; its windows are tested where they are found.
    for model in Model::ALL.into_iter().filter(|model| *model != Model::Mutex) {
        // Where elements come again and again there often is no small core.
        let cells = [Model::Register, Model::CasRegister, Model::MultiRegister, Model::LeaderRegister];
        let few = if cells.contains(&model) { 5 } else { 0 };
        // A longer run: ANACHRON_CORE_OPERATIONS=100000.
        let asked = std::env::var("ANACHRON_CORE_OPERATIONS").ok();
        let asked = asked.map(|number| (number.parse().expect("a number"), 0));
        for (operations, values) in [(300, 0), (300, few)].into_iter().chain(asked) {
            let sizes = sizes(model, operations, 8, values);
            let (median, worst) = (sizes[sizes.len() / 2], sizes[sizes.len() - 1]);
            println!(
                "{model}, {operations} operations, {values} values: {} of 8 found, median {median}, worst {worst}",
                sizes.len()
            );
            assert!(sizes.len() >= 2, "{model}: violations are common");
            // An increment that was lost shows only where the counter can't have moved otherwise.
            assert!(median <= 10 || model == Model::Counter, "{model}: {sizes:?}");
        }
    }
}
