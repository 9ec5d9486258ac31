//! Accounts of cores that are judged amid what they leave out: what is said of the object is true of every order.

use std::collections::BTreeSet;

use anachron_checker::explain::{AnomalyKind, Fact, Held, Moment, OthersFact, Subject, explain};
use anachron_checker::testing::{self, Dice, table};
use anachron_checker::verify::verify_core;
use anachron_checker::{
    CheckOptions, Core, CoreOperation, Kept, Model, ObjectState, Specification as _, Start,
};
use anachron_history::{History, TimeUnit};
use anachron_vocabulary::{OperationId, Outcome, Value};

use crate::notation::{history, subject};

/// Operations that were placed, one bit each, and what the object holds.
type Case = (u32, ObjectState);

/// Every case that is left right before the core's operation `until` returns: whoever ran may have been placed, once; those
/// of the core whose return is over have been.
fn cases(history: &History, options: &CheckOptions, core: &Core, until: OperationId) -> BTreeSet<Case> {
    let object = options.object();
    let has_to_be_placed =
        |id| core.operations.iter().any(|kept| kept.id == id && kept.kept == Kept::AsItWas);
    let mut events: Vec<_> = history.iter().map(|(id, record)| (record.call, false, id)).collect();
    events.extend(
        history.iter().filter_map(|(id, record)| record.returned().map(|returned| (returned, true, id))),
    );
    events.sort();
    let mut open: Vec<OperationId> = Vec::new();
    let mut cases = BTreeSet::from([(0, object.initial())]);
    for (_, returns, id) in events {
        if !returns {
            if history.record(id).outcome != Outcome::Failed {
                open.push(id);
            }
            let mut left: Vec<Case> = cases.iter().cloned().collect();
            while let Some((placed, state)) = left.pop() {
                for &id in open.iter().filter(|id| placed >> id.index() & 1 == 0) {
                    let record = history.record(id);
                    let reply = match &record.outcome {
                        Outcome::Ok(reply) => Some(reply),
                        _ => None,
                    };
                    let after = object.step(&state, &record.operation, reply);
                    let Some(after) = after.map(|after| (placed | 1 << id.index(), after)) else { continue };
                    if cases.insert(after.clone()) {
                        left.push(after);
                    }
                }
            }
        } else if id == until {
            return cases;
        } else {
            open.retain(|&other| other != id);
            cases.retain(|(placed, _)| !has_to_be_placed(id) || placed >> id.index() & 1 == 1);
        }
    }
    panic!("{until:?} returns");
}

fn allows(held: &[Held], state: &ObjectState) -> bool {
    let value = match state {
        ObjectState::Holds(value) => value.clone(),
        other => panic!("a register holds a value: {other:?}"),
    };
    let other = if matches!(value, Value::Text(_)) { Held::OtherText } else { Held::Other };
    held.contains(&Held::This(value)) || held.contains(&other)
}

/// Checks what is said of one moment against every case; returns how many there are.
fn check(history: &History, options: &CheckOptions, core: &Core, moment: &Moment) -> usize {
    let cases = cases(history, options, core, moment.returned);
    let object = options.object();
    // Who only observes is told as placed as soon as he can be.
    let only_observes = |id: OperationId| match &history.record(id).outcome {
        Outcome::Ok(reply) => object.is_observer(&history.record(id).operation, Some(reply)),
        _ => false,
    };
    for (placed, state) in &cases {
        let is_placed = |id: OperationId| placed >> id.index() & 1 == 1;
        let with = |(as_well, held): &(Vec<OperationId>, Vec<Held>)| {
            as_well.iter().all(|&id| is_placed(id) || only_observes(id)) && allows(held, state)
        };
        let returned = moment.returned;
        let said = !is_placed(returned) && allows(&moment.without, state)
            || (is_placed(returned) || only_observes(returned)) && moment.with.iter().any(with);
        assert!(said, "{state:?} was left out: {moment:?}\n{core:?}\n{}", table(history));
    }
    cases.len()
}

#[test]
fn what_an_object_can_hold_is_told_in_full_and_never_as_if_the_core_were_alone() {
    let mut dice = Dice::new(11);
    for model in [Model::CasRegister, Model::KeyValue, Model::LeaderRegister] {
        let options = CheckOptions::new(model).initial(testing::initial(model));
        let (mut told, mut moments, mut cases) = (0, 0, 0);
        for _ in 0..40_000 {
            let mut history = testing::scramble(model, &mut dice);
            history.records.truncate(9);
            let key = history.records[0].key;
            let mut operations = Vec::new();
            for (id, record) in history.iter() {
                let ok = matches!(record.outcome, Outcome::Ok(_));
                let kept = if ok && dice.permille(800) { Kept::AsItWas } else { Kept::AsUnknown };
                if dice.permille(500) && record.outcome != Outcome::Failed {
                    operations.push(CoreOperation { id, kept });
                }
            }
            let core = Core { operations, start: Start::Amid, ..Core::default() };
            if verify_core(&history, &options, key, &core).is_err() {
                continue;
            }
            let subject = Subject::new(&history, key, model, options.initial.clone());
            let explanation = explain(&subject, &core).expect("a core that is a proof is explained");
            if explanation.kind != AnomalyKind::NoOrder {
                continue;
            }
            assert!(explanation.holds(&subject), "{explanation}\n{}", table(&history));
            told += 1;
            for fact in explanation.sentences.iter().flat_map(|sentence| &sentence.facts) {
                match fact {
                    Fact::Others(OthersFact::CanHold(moment) | OthersFact::CannotBePlaced { moment, .. }) => {
                        moments += 1;
                        cases += check(&history, &options, &core, moment);
                    }
                    Fact::Did(_) | Fact::Others(OthersFact::OthersAct { .. }) => {}
                    alone => panic!("{alone:?} is true of the core alone\n{explanation}"),
                }
            }
        }
        println!("{model}: {told} accounts, {moments} moments, {cases} cases");
        assert!(told >= 20 && cases > moments, "{model}: {told} accounts, {cases} cases");
    }
}

#[test]
fn an_account_says_what_the_object_can_hold() {
    let history = history(
        "A: w x 3 @0-5; B: w x 7 @0-5; C: w x 1 @1-5; D: r x 1 @10-20; E: cas x 7 3 @8-?; F: w x 2 @15-50; \
         G: r x 3 @30-40",
        TimeUnit::Nanoseconds,
    );
    let subject = subject(&history, Model::CasRegister, "0");
    let core = |ids: &[u32]| Core {
        operations: ids
            .iter()
            .map(|&id| CoreOperation { id: OperationId(id), kept: Kept::AsItWas })
            .collect(),
        start: Start::Amid,
        ..Core::default()
    };
    let explanation = explain(&subject, &core(&[3, 6])).expect("nobody makes it 2 after that");
    let expected = "\
No order: no order of these 2 operations on x works, whatever the other 5 did
  1. ① D read x → 1.
  2. ② G read x → 3.
  3. Suppose that each of the other 5 operations took effect, or did not, or did so again and again, as long as it \
ran. Even so ① and ② can't be explained.
  4. When ① had finished, x could only be 1 or something that none of these found.
  5. From then until ② had finished, x could only be 1 or something that none of these found, but G got 3. No order of \
these operations explains that, whatever the others did.
";
    assert_eq!(explanation.to_string(), expected);
    assert!(explanation.holds(&subject));
}
