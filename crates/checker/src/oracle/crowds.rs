//! Tight crowds around a register: histories of which a reduction that goes too far loses the order.
//!
//! Why it exists: in random histories there is mostly a second order, so a reduction that loses one is not found out. Here
//! few values, compare-and-sets that succeed and few operations that need not have happened leave hardly any choice.

use anachron_history::{History, Record, Timestamp};
use anachron_vocabulary::{ClientId, Key, Operation, Outcome, Reply, Value};

use super::{Tally, compare, histories_per_model, plain_wing_gong, reduction_sets, searched};
use crate::instance::Instance;
use crate::machine::{Compiled, compile};
use crate::search::{Reductions, Strategy};
use crate::testing::{self, Dice};
use crate::{CheckOptions, Model, ObjectState, Specification, partition};

/// A crowd around a register of few values: writes above all, many of unknown outcome, some of the value that is there. What
/// took effect had an order; now and then a reply is bent.
fn crowded_history(model: Model, options: &CheckOptions, bent: bool, dice: &mut Dice) -> History {
    let operations = 3 + dice.index(8);
    let values = 2 + dice.below(3);
    let (unknown, reach) = (dice.one_of(&[100, 200, 400]), dice.one_of(&[1, 2, 4, 8]));
    let reads = dice.one_of(&[100, 300, 600]);
    let object = options.object();
    let mut state = object.initial();
    let mut records: Vec<Record> = Vec::new();
    for time in 1..=i64::try_from(operations).expect("small") {
        let value = |dice: &mut Dice| Value::Integer(dice.number(values));
        let ObjectState::Holds(held) = &state else { panic!("a register holds a value") };
        let operation = match dice.below(5) {
            _ if dice.permille(reads) => Operation::Read,
            0..=2 if model == Model::CasRegister => {
                let expected = if dice.permille(700) { held.clone() } else { value(dice) };
                Operation::CompareAndSet { expected, new: value(dice) }
            }
            _ => Operation::Write(value(dice)),
        };
        let reply = match &operation {
            Operation::Read => Reply::Value(held.clone()),
            Operation::CompareAndSet { expected, .. } => Reply::Answer(held == expected),
            _ => Reply::Done,
        };
        let happened = dice.permille(950);
        if let Some(after) = object.step(&state, &operation, Some(&reply)).filter(|_| happened) {
            state = after;
        }
        let is_unknown = !happened || dice.permille(unknown);
        let outcome = if is_unknown { Outcome::Unknown } else { Outcome::Ok(reply) };
        let (call, end) = (10 * time - dice.number(10 * reach), 10 * time + dice.number(10 * reach));
        let end = (!is_unknown).then_some(Timestamp(end));
        let client = ClientId::from_index(records.len());
        records.push(Record { client, key: Key(0), operation, call: Timestamp(call), end, outcome });
    }
    if bent && dice.permille(600) {
        let victim = dice.index(records.len());
        if let Outcome::Ok(Reply::Value(seen)) = &mut records[victim].outcome {
            *seen = Value::Integer(dice.number(values));
        }
    }
    History { records, ..History::default() }
}

/// A reduction that goes too far loses an order that is there: so whatever took effect in an order has to have one, for
/// every set of reductions that a search may use.
#[test]
fn what_took_effect_in_an_order_has_one() {
    let mut dice = Dice::new(23);
    let sets = reduction_sets();
    for index in 0..20 * histories_per_model() {
        let model = dice.one_of(&[Model::Register, Model::CasRegister, Model::CasRegister]);
        let options = CheckOptions::new(model).initial(Value::Integer(dice.number(2)));
        let history = crowded_history(model, &options, false, &mut dice);
        let parts = partition(&history, &options).expect("operations of a register");
        let (Compiled::Register(mut machine), operations) = compile(&parts[0]) else {
            panic!("a register is compiled to one")
        };
        let instance = Instance::new(&machine, &operations);
        let reductions = if index % 4 == 0 { dice.one_of(&sets) } else { Reductions::ALL };
        for strategy in [Strategy::DepthFirst, Strategy::BreadthFirst] {
            let found = searched(&history, &options, &mut machine, &instance, strategy, reductions);
            assert!(found, "{strategy:?} {reductions:?} {options:?}\n{}", testing::table(&history));
        }
    }
}

#[test]
fn crowds_around_a_register_agree_with_a_plain_wing_gong_search() {
    let mut dice = Dice::new(19);
    for model in [Model::Register, Model::CasRegister] {
        let mut tally = Tally::default();
        for index in 0..histories_per_model() {
            let options = CheckOptions::new(model).initial(Value::Integer(dice.number(2)));
            let history = crowded_history(model, &options, true, &mut dice);
            compare(&history, &options, plain_wing_gong(&history, &options), index % 50 == 0, &mut tally);
        }
        println!("{model}: {tally:?}");
        assert!(tally.cores * 50 > tally.histories, "violations are common: {tally:?}");
    }
}
