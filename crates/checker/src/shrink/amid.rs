//! A core judged amid the others, where the one that is known is large.
//!
//! Why it exists: most rules leave an operation out only if nobody kept can notice it, so a core keeps whoever might have
//! made up for what it saw, though none of them can. Amid the others they need not be named: the verifier lets all of
//! them act, each in its own time, and finds that it does not help (`verify/amid.rs`, `verify/turns.rs`, `verify/sums.rs`).
//!
//! What it promises: a core of a register, a key, leadership, a lock or a counter that the verifier accepts and that is
//! smaller than the known one. Where the known one is small it is left alone: it names all that matters, and is easier to follow.
//!
//! How small is small? Let S be some operations of a history. If the history in which the others need not have
//! happened, but may have, each in its own time, has a legal order, then what the operations of S saw proves nothing:
//! no argument about S can hold, for the others may have made up for it. So the smallest S without such an order is as
//! small as a core can be. For a lock the core found here is a smallest one (`turns` says why, the tests below try all). For registers and keys
//! it is locally minimal, and hardly ever larger than the smallest.

use anachron_vocabulary::{OperationId, Outcome};

use super::object::Judge;
use super::{spots, turns};
use crate::{Budget, Core, CoreOperation, Kept, Model, Part, Start};

/// A core of so many operations is left alone.
const SMALL: usize = 10;
/// Windows of so many operations are tried where a core is too large to be looked at as it is.
const SPANS: [usize; 4] = [8, 16, 32, 64];

/// A smaller core than the known one, if that is large.
pub(crate) fn smaller(part: &Part<'_>, known: &Core, budget: &mut Budget<'_>) -> Option<Core> {
    // What is told of leadership leans on those around: a core that is minimal as it is tells more.
    let tells_more = part.model == Model::LeaderRegister && known.minimal;
    let large = known.operations.len() > SMALL && !tells_more;
    let core = large.then(|| amid(part, known, budget)).flatten()?;
    (core.operations.len() < known.operations.len()).then_some(core)
}

fn amid(part: &Part<'_>, known: &Core, budget: &mut Budget<'_>) -> Option<Core> {
    match part.model {
        Model::Mutex | Model::FencingLock => {
            // Of the crowd nobody can go, as `turns` says.
            let crowd = without_unknown(&turns::core_of(part)?);
            Judge::new(part, budget).accepts(&crowd).then_some(crowd)
        }
        Model::Counter => {
            let mut judge = Judge::new(part, budget);
            let core = spots::amid(part).into_iter().find(|core| judge.accepts(core))?;
            Some(judge.smaller(core))
        }
        Model::Register | Model::CasRegister | Model::KeyValue | Model::LeaderRegister => {
            let all = Core { start: Start::Amid, longest_order: Vec::new(), ..known.clone() };
            let mut judge = Judge::new(part, budget);
            let mut cores = [without_unknown(&all), all].into_iter().chain(last(part, known));
            let core = cores.find(|core| judge.accepts(core))?;
            Some(judge.smaller(core))
        }
        _ => None,
    }
}

/// Those that returned last before the core was over, more and more of them: what clashes is mostly close together.
fn last(part: &Part<'_>, core: &Core) -> impl Iterator<Item = Core> {
    let returned = |id: OperationId| part.history.record(id).returned();
    let required = core.operations.iter().filter(|kept| kept.kept != Kept::AsUnknown);
    let end = required.filter_map(|kept| returned(kept.id)).max();
    let in_time =
        |id: &OperationId| matches!(part.history.record(*id).outcome, Outcome::Ok(_)) && returned(*id) <= end;
    let mut ids: Vec<OperationId> = part.ids.iter().copied().filter(in_time).collect();
    ids.sort_by_key(|&id| std::cmp::Reverse((returned(id), id)));
    let as_it_was = |&id: &OperationId| CoreOperation { id, kept: Kept::AsItWas };
    SPANS.into_iter().map(move |span| Core {
        operations: ids.iter().take(span).map(as_it_was).collect(),
        start: Start::Amid,
        ..Core::default()
    })
}

/// The core of those that have to be placed.
fn without_unknown(core: &Core) -> Core {
    let placed = core.operations.iter().copied().filter(|kept| kept.kept != Kept::AsUnknown);
    Core { operations: placed.collect(), start: Start::Amid, longest_order: Vec::new(), ..*core }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use anachron_history::History;
    use anachron_vocabulary::Outcome;

    use super::amid;
    use crate::testing::{self, Dice, table};
    use crate::verify::verify_core;
    use crate::{
        Budget, CheckOptions, Core, CoreOperation, Kept, Model, Specification as _, Start, Verdict, partition,
    };

    /// True if there is a legal order in which all of `placed` are, and of the others whoever helps.
    fn has_order(history: &History, options: &CheckOptions, wanted: u32) -> bool {
        let object = options.object();
        let records = &history.records;
        let mut seen = BTreeSet::new();
        let mut left = vec![(0_u32, object.initial())];
        while let Some((placed, state)) = left.pop() {
            if placed & wanted == wanted {
                return true;
            }
            if !seen.insert((placed, format!("{state:?}"))) {
                continue;
            }
            for (index, record) in records.iter().enumerate().filter(|(index, _)| placed >> index & 1 == 0) {
                let too_late = (0..records.len())
                    .any(|other| placed >> other & 1 == 1 && record.precedes(&records[other]));
                let too_early = (0..records.len())
                    .any(|other| (wanted & !placed) >> other & 1 == 1 && records[other].precedes(record));
                let reply = match &record.outcome {
                    Outcome::Ok(reply) => Some(reply),
                    Outcome::Unknown => None,
                    Outcome::Failed => continue,
                };
                if too_late || too_early {
                    continue;
                }
                if let Some(after) = object.step(&state, &record.operation, reply) {
                    left.push((placed | 1 << index, after));
                }
            }
        }
        false
    }

    /// How many operations there are in the smallest set without an order.
    fn smallest(history: &History, options: &CheckOptions) -> usize {
        let ok = (0..).zip(&history.records).filter(|(_, record)| matches!(record.outcome, Outcome::Ok(_)));
        let ok: u32 = ok.map(|(index, _)| 1 << index).sum();
        let mut sets: Vec<u32> = (1..1_u32 << history.records.len()).filter(|set| set & !ok == 0).collect();
        sets.sort_by_key(|set| set.count_ones());
        let found = sets.into_iter().find(|&set| !has_order(history, options, set));
        found.expect("all of them have none").count_ones() as usize
    }

    fn bits(core: &Core) -> u32 {
        let placed = core.operations.iter().filter(|kept| kept.kept != Kept::AsUnknown);
        placed.map(|kept| 1 << kept.id.index()).sum()
    }

    /// The core of a history amid the others, if it has no order and such a core is found.
    fn of(history: &History, options: &CheckOptions, lacking: &mut usize) -> Option<Core> {
        let parts = partition(history, options).expect("operations of the model");
        let verdict = parts[0].check_by_model(&mut Budget::default()).verdict;
        let Verdict::NotLinearizable(known) = verdict else { return None };
        let core = amid(&parts[0], &known, &mut Budget::default());
        *lacking += usize::from(core.is_none());
        let core = core?;
        assert!(core.minimal && core.start == Start::Amid, "{core:?}");
        let key = history.records[0].key;
        assert_eq!(verify_core(history, options, key, &core), Ok(()), "{core:?}\n{}", table(history));
        Some(core)
    }

    /// The crowd of a lock is a smallest set of operations that proves anything.
    #[test]
    fn of_a_lock_no_set_of_operations_proves_more_with_less() {
        let mut dice = Dice::new(3);
        let options = CheckOptions::new(Model::Mutex);
        let (mut found, mut large, mut lacking) = (0, 0, 0);
        for _ in 0..6_000 {
            let mut history = testing::scramble(Model::Mutex, &mut dice);
            history.records.truncate(9);
            let Some(core) = of(&history, &options, &mut lacking) else { continue };
            found += 1;
            large += usize::from(core.operations.len() > 2);
            let smallest = smallest(&history, &options);
            assert_eq!(core.operations.len(), smallest, "{core:?}\n{}", table(&history));
        }
        assert!(found > 500 && large > 20 && lacking == 0, "{found} {large} {lacking}");
    }

    /// Cores of registers, keys and counters against the smallest sets of operations that prove anything.
    #[test]
    fn cores_amid_the_others_are_hardly_larger_than_any_proof() {
        let mut dice = Dice::new(4);
        for model in [Model::CasRegister, Model::KeyValue, Model::LeaderRegister, Model::Counter] {
            let options = CheckOptions::new(model).initial(testing::initial(model));
            let (mut found, mut above, mut furthest, mut lacking) = (0, 0, 0, 0);
            for _ in 0..1_500 {
                let mut history = testing::scramble(model, &mut dice);
                history.records.truncate(7);
                let Some(core) = of(&history, &options, &mut lacking) else { continue };
                found += 1;
                let more = core.operations.len() - smallest(&history, &options);
                above += usize::from(more > 0);
                furthest = furthest.max(more);
            }
            println!(
                "{model}: {found} cores and {lacking} without, \
                 {above} larger than the smallest proof, by at most {furthest}"
            );
            let hardly = above * 5 < found && furthest <= 3 && lacking * 10 < found;
            assert!(found > 200 && hardly, "{model}");
        }
    }

    /// Whatever the verifier accepts amid the others proves that they can't make up for it; what it refuses mostly does not.
    #[test]
    fn the_verifier_accepts_no_set_that_the_others_make_up_for() {
        let mut dice = Dice::new(6);
        let models = [
            Model::Register,
            Model::CasRegister,
            Model::KeyValue,
            Model::LeaderRegister,
            Model::Mutex,
            Model::Counter,
        ];
        for model in models {
            let options = CheckOptions::new(model).initial(testing::initial(model));
            let (mut accepted, mut refused) = (0, 0);
            for _ in 0..6_000 {
                let mut history = testing::scramble(model, &mut dice);
                history.records.truncate(8);
                let mut operations = Vec::new();
                for (id, record) in history.iter() {
                    let kept = dice.one_of(&[Kept::AsItWas, Kept::AsItWas, Kept::AsWrite, Kept::AsUnknown]);
                    let kept = if record.end.is_none() { Kept::AsUnknown } else { kept };
                    if dice.permille(500) {
                        operations.push(CoreOperation { id, kept });
                    }
                }
                let core = Core { operations, start: Start::Amid, ..Core::default() };
                let has_order = has_order(&history, &options, bits(&core));
                let verified = verify_core(&history, &options, history.records[0].key, &core);
                assert!(verified.is_err() || !has_order, "{model} {core:?}\n{}", table(&history));
                accepted += usize::from(verified.is_ok());
                let whole = core.operations.iter().all(|kept| kept.kept != Kept::AsWrite);
                refused += usize::from(verified.is_err() && !has_order && whole);
            }
            println!("{model}: {accepted} accepted, {refused} refused that have no order");
            assert!(accepted > 100, "{model}: {accepted} {refused}");
        }
    }

    /// Who may come at any time makes room for one more, and is not overlooked.
    #[test]
    fn whoever_may_act_excuses_the_core() {
        let options = CheckOptions::new(Model::Mutex);
        let mut dice = Dice::new(9);
        let mut excused = 0;
        for _ in 0..4_000 {
            let mut history = testing::scramble(Model::Mutex, &mut dice);
            history.records.truncate(9);
            let Some(core) = of(&history, &options, &mut 0) else { continue };
            // One more of the other kind, pending from the start, makes room for one more of the crowd.
            let kind = history.record(core.operations[0].id).operation.clone();
            let Some(other) = history.records.iter().position(|record| record.operation != kind) else {
                continue;
            };
            let mut pending = history.records[other].clone();
            pending.call = history.records.iter().map(|record| record.call).min().expect("operations");
            pending.end = None;
            pending.outcome = Outcome::Unknown;
            history.records.push(pending);
            excused += 1;
            let verified = verify_core(&history, &options, history.records[0].key, &core);
            assert!(verified.is_err(), "{core:?}\n{}", table(&history));
        }
        assert!(excused > 100, "{excused}");
    }
}
