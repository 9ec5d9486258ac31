//! Cores against the smallest there are, found by trying everything.
//!
//! Why it exists: "at most ten operations where a small core exists" asks whether one exists. On small histories that can
//! be answered: every choice of operations, every form in which each can be kept and both starts are put to the
//! verifier, the smallest choices first. So the smallest is meant as the verifier means it: by its rules.
//!
//! What it shows: for how many histories the core that is found is a smallest one, and how far it is from that otherwise.
//! Of 500 histories a model, 7,000 in all, 307 cores were larger than the smallest, by
//! five operations at most; those looked at had another violation with the smaller core.
//! `ANACHRON_CORE_HISTORIES=1000` runs longer, `--nocapture` prints the table.

use anachron_checker::testing::{self, Dice, Shape};
use anachron_checker::verify::Verifier;
use anachron_checker::{CheckOptions, Core, CoreOperation, Kept, Model, Start, Verdict, check};
use anachron_history::History;
use anachron_vocabulary::{Key, OperationId, Outcome};

/// Cores of up to so many operations are tried.
const TRIED: usize = 4;

/// The forms in which an operation may be kept: what fits is the verifier's to say.
fn forms(history: &History, id: OperationId) -> &'static [Kept] {
    match history.record(id).outcome {
        Outcome::Ok(_) => &[Kept::AsItWas, Kept::AsUnknown, Kept::AsWrite],
        Outcome::Unknown => &[Kept::AsUnknown],
        Outcome::Failed => &[],
    }
}

/// A core of exactly `size` operations, which are `kept` and some of those from `next` on.
fn any_of_size(
    (verifier, history, options): (&Verifier<'_>, &History, &CheckOptions),
    size: usize,
    next: usize,
    kept: &mut Vec<CoreOperation>,
) -> Option<Core> {
    if kept.len() == size {
        return [Start::Initial, Start::Any].into_iter().find_map(|start| {
            let core = Core { operations: kept.clone(), start, ..Core::default() };
            verifier.verify_core(options, Key(0), &core).is_ok().then_some(core)
        });
    }
    for index in next..history.records.len() {
        let id = OperationId::from_index(index);
        for &form in forms(history, id) {
            kept.push(CoreOperation { id, kept: form });
            let found = any_of_size((verifier, history, options), size, index + 1, kept);
            kept.pop();
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

/// A core with fewer operations than `size`, and at most [`TRIED`]: a smallest.
fn smallest_below(history: &History, options: &CheckOptions, size: usize) -> Option<Core> {
    let verifier = Verifier::new(history);
    (1..size.min(TRIED + 1))
        .find_map(|size| any_of_size((&verifier, history, options), size, 0, &mut Vec::new()))
}

/// A small history of which it is unlikely that it has a legal order: of values that come again and again.
fn unlikely(model: Model, seed: u64) -> Option<History> {
    let mut dice = Dice::new(seed);
    if dice.permille(500) {
        return Some(testing::scramble(model, &mut dice));
    }
    let shape = Shape {
        model,
        operations: 12,
        concurrency: 3,
        values: 2,
        keys: 1,
        unknown_permille: dice.one_of(&[0, 100]),
        seed,
    };
    let mut history = testing::linearizable(&shape);
    let plant = dice.one_of(&[testing::plant_violation, testing::lose_a_change, testing::do_a_change_twice]);
    plant(&mut history, seed).map(|_| history)
}

#[test]
fn no_core_is_much_larger_than_the_smallest() {
    let asked = std::env::var("ANACHRON_CORE_HISTORIES").ok();
    let wanted: usize = asked.map_or(60, |number| number.parse().expect("a number"));
    for model in Model::ALL {
        let options = CheckOptions::new(model).initial(testing::initial(model));
        let (mut found, mut above, mut furthest) = (0, 0, 0);
        for seed in 0.. {
            if found == wanted {
                break;
            }
            let Some(history) = unlikely(model, seed) else { continue };
            let judgement = check(&history, &options).expect("operations of the model");
            let Verdict::NotLinearizable(core) = &judgement.parts[0].verdict else { continue };
            found += 1;
            let size = core.operations.len();
            if let Some(smallest) = smallest_below(&history, &options, size) {
                above += 1;
                let more = size - smallest.operations.len();
                furthest = furthest.max(more);
            }
        }
        println!("{model}: {found} cores, {above} larger than the smallest, by at most {furthest}");
        // Of several violations it need not be the one with the smallest core that is found.
        assert!(above * 5 <= found && furthest <= 5, "{model}: {above} of {found}, by {furthest}");
    }
}
