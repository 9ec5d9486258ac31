//! Planted violations in histories of every model have small cores, and random cores that the verifier accepts prove
//! what they say.
//!
//! What is known of sizes, from the tests here and from `cargo bench -p anachron-checker --bench cores`, with the numbers of
//! seeds that a few minutes allowed (the worst core, at concurrency 5 to 50 unless said otherwise):
//! - *register, fresh values*, 10^3 to 10^5 operations, 0, 1 and 5 % of unknown outcome: 5 (3 seeds a row);
//! - *register and compare-and-set register, five values*, 10^3 operations, 0, 1 and 5 %: 10 (30 seeds a row; at 20 and more
//!   most planted violations are none). 10^4 and 10^5: 5 (3 seeds a row);
//! - *queue, fresh values*, 10^3 to 10^5 operations, 0, 1 and 5 %: 5 (3 seeds a row);
//! - *key-value with appends*, 1,000 keys, 10^4 to 10^6 operations, 0, 1 and 5 %: 10 (5 seeds a row; one at 10^6);
//! - *mutex*: a core names the crowd alone, and no smaller set of operations proves anything (`shrink::turns` says why,
//!   the tests of `shrink::amid` try every set). With a turn lost or taken twice, the smallest crowd was 58 grants of 10^5
//!   at concurrency 5, 325 at 10, half of all operations at 50; with pending operations no planted violation was one;
//! - *leadership*, 10^3 operations: mostly 7, but up to 300, most of them at 20 (6 seeds a row). Of those some have smaller
//!   ones amid the others, of which less could be told;
//! - *sets, stacks, priority queues, multisets and lists of fresh values, several registers, tokens*, 300 operations: at
//!   most ten (the tests here);
//! - *values that come again and again in collections, counters, releases without tokens, several registers of a thousand
//!   operations*: up to forty in a set, hundreds in the others. Whether smaller ones exist is not known, but for locks.
//!
//! What a small core is: some operations S of the history prove a violation if there is no legal order in which all
//! of S are and of the others any that help, each in its own time. `shrink::amid` holds its cores against the smallest such S
//! in histories of seven operations, by trying all.
//!
//! How far a core is from the smallest that the verifier accepts is measured in `minimum`, on histories small enough
//! to try choices of four operations: of 7,000 cores 307 were above it.

use anachron_checker::testing::{self, Dice, Shape};
use anachron_checker::verify::{Flaw, verify, verify_core};
use anachron_checker::{
    Budget, CheckOptions, Core, CoreOperation, Decision, Kept, Model, Start, Verdict, check, partition,
};
use anachron_history::History;
use anachron_vocabulary::{Key, OperationId, Outcome, Reply, Value};

/// So many operations make a small core.
const SMALL: usize = 10;
/// Above this a core may be more than the verifier looks through.
const LARGE: usize = 25;

type Plant = fn(&mut History, u64) -> Option<OperationId>;

/// The kinds of violation.
const PLANTS: [(&str, Plant); 3] = [
    ("stale", testing::plant_violation),
    ("lost", testing::lose_a_change),
    ("twice", testing::do_a_change_twice),
];

/// Why a core may have more than ten operations, where the values come again and again or not.
fn may_be_large(model: Model, repeats: bool) -> Option<&'static str> {
    match model {
        Model::Mutex => Some(
            "no smaller one: who can act between the moment at which a turn was lost and the one at which it shows \
             can make up for it, so the crowd has to be larger than they are",
        ),
        // Of the others smaller ones are not ruled out; `minimum` says how rare they are on small histories.
        Model::Counter => Some("every increment that can lie between two moments is counted"),
        Model::FencingLock => Some("a release that names no token is counted, as on a mutex"),
        Model::Queue | Model::Stack | Model::PriorityQueue | Model::Multiset if repeats => {
            Some("which of several equal elements left can't be told, so all are counted from the start")
        }
        Model::KeyValue if repeats => {
            Some("a text that comes about in many ways is searched, and may be given up")
        }
        Model::Set | Model::List if repeats => Some("reads of the whole are judged with all that they show"),
        _ => None,
    }
}

/// Nothing in a core that says so can be dropped or weakened.
fn assert_minimal(history: &History, options: &CheckOptions, core: &Core) {
    for (position, kept) in core.operations.iter().enumerate() {
        let mut less = core.clone();
        less.operations.remove(position);
        assert!(verify_core(history, options, Key(0), &less).is_err(), "{kept:?} can go: {core:?}");
        // From any state, the number of operations alone counts.
        if kept.kept == Kept::AsItWas && core.start != Start::Any {
            let record = history.record(kept.id);
            let observes = record.operation.is_read()
                || matches!(record.outcome, Outcome::Ok(Reply::Answer(false) | Reply::Value(Value::Null)));
            let mut less = core.clone();
            less.operations[position].kept = Kept::AsUnknown;
            assert!(
                observes || verify_core(history, options, Key(0), &less).is_err(),
                "{kept:?} can be unknown: {core:?}"
            );
        }
    }
}

/// Plants a violation in each of some histories; answers the sizes of the cores, all verified.
fn sizes(shape: &Shape, (name, plant): (&str, Plant), runs: u64) -> Vec<usize> {
    let mut sizes = Vec::new();
    for seed in 0..runs {
        let shape = Shape { seed, ..shape.clone() };
        let mut history = testing::linearizable(&shape);
        if plant(&mut history, seed).is_none() {
            continue;
        }
        let options = CheckOptions::new(shape.model).initial(testing::initial(shape.model));
        let parts = partition(&history, &options).expect("operations of the model");
        let part = parts[0].check(&mut Budget::default().configurations(50_000));
        if let Verdict::NotLinearizable(core) = &part.verdict {
            let verified = verify(&history, &options, &part);
            let size = core.operations.len();
            // What could not be made small may be more than the verifier looks through.
            let too_big = size > LARGE && verified == Err(Flaw::TooBig);
            assert!(too_big || verified == Ok(()), "{verified:?} {shape:?} {name} {core:?}");
            let excuse = may_be_large(shape.model, shape.values > 0);
            let fine = size <= SMALL && core.minimal;
            assert!(fine || excuse.is_some(), "{size} operations: {shape:?} {name} {core:?}");
            if core.minimal && size <= SMALL {
                assert_minimal(&history, &options, core);
            }
            sizes.push(size);
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
                let start = dice.one_of(&[Start::Initial, Start::Initial, Start::Any, Start::Amid]);
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

/// A longer run: `ANACHRON_CORE_OPERATIONS=10000`, with `--nocapture` for the table.
#[test]
fn planted_violations_have_small_cores_or_a_reason_why_not() {
    let asked = std::env::var("ANACHRON_CORE_OPERATIONS").ok();
    let asked: Option<usize> = asked.map(|number| number.parse().expect("a number"));
    for model in Model::ALL {
        // Where nobody writes a value there is none that could come again.
        let has_values = !matches!(model, Model::Mutex | Model::FencingLock | Model::Counter);
        for &values in if has_values { &[0, 5][..] } else { &[0] } {
            let mut found = 0;
            // Large cores take the verifier long.
            let (usual, runs) = if may_be_large(model, values > 0).is_some() { (60, 3) } else { (300, 4) };
            let operations = asked.unwrap_or(usual);
            for plant in PLANTS {
                let shape = Shape {
                    model,
                    operations,
                    concurrency: 4,
                    values,
                    keys: 1,
                    // On a lock one operation that may come at any time makes up for a turn that was lost.
                    unknown_permille: if model == Model::Mutex { 0 } else { 5 },
                    seed: 0,
                };
                let sizes = sizes(&shape, plant, runs);
                found += sizes.len();
                if let Some(worst) = sizes.last() {
                    let (median, name) = (sizes[sizes.len() / 2], plant.0);
                    let excuse = if *worst > SMALL { may_be_large(model, values > 0) } else { None };
                    println!(
                        "{model}, {values} values, {name}: {} found, median {median}, worst {worst} {}",
                        sizes.len(),
                        excuse.unwrap_or_default()
                    );
                }
            }
            assert!(found >= 3, "{model}: violations are common");
        }
    }
}
