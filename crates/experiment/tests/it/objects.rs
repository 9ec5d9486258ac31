//! The replicas' objects held against the judge's: clients take turns, operations are drawn at random, and what the store
//! answers must be what the specification allows at that point. Strategies and judge share no code, so that neither
//! hides the other's mistakes.

use std::sync::Arc;

use anachron_checker::{Model, Object, Specification};
use anachron_node::{Answer, Random};
use anachron_replication::common::Store;
use anachron_vocabulary::{ClientId, Key, Operation, Value};

const RUNS: u64 = 300;
const OPERATIONS: usize = 60;

/// What objects hold at first: numbers for what counts (and for tokens), nothing for the rest.
fn initial(model: Model) -> Value {
    match model {
        Model::Counter | Model::FencingLock => Value::Integer(0),
        _ => Value::Null,
    }
}

/// One of the operations of a model. `token` is the latest that was given.
fn operation(model: Model, token: i64, random: &mut Random) -> Operation {
    let mut below = |limit: u64| i64::try_from(random.below(limit)).expect("small");
    let which = below(3);
    let number = Value::Integer(below(4));
    let other = Value::Integer(below(4));
    let text = Value::from(["a", "b", "c", "d"][usize::try_from(below(4)).expect("below 4")]);
    let names: [Arc<str>; 2] = ["x".into(), "y".into()];
    match (model, which) {
        (Model::KeyValue, 0) if number == Value::Integer(0) => Operation::Delete,
        (Model::KeyValue, 0) => Operation::Append(text),
        (Model::KeyValue, 1) => Operation::Write(text),
        (Model::CasRegister, 0) => Operation::CompareAndSet { expected: number, new: other },
        (Model::Register | Model::CasRegister, 1) => Operation::Write(number),
        (Model::MultiRegister, 0) => Operation::MultiWrite(names.map(|name| (name, number.clone())).into()),
        (Model::MultiRegister, 1) => Operation::MultiWrite([("y".into(), other)].into()),
        (Model::MultiRegister, _) => Operation::MultiRead(names.into()),
        (Model::Mutex, 0) | (Model::FencingLock, 0 | 1) => Operation::Acquire,
        (Model::Mutex, _) => Operation::Release,
        (Model::FencingLock, _) if number == Value::Integer(0) => Operation::ReleaseToken(token - 1),
        (Model::FencingLock, _) => Operation::ReleaseToken(token),
        (Model::LeaderRegister, 0) => Operation::Claim(text),
        (Model::LeaderRegister, 1) => Operation::Resign(text),
        (Model::Queue, 0 | 1) => Operation::Enqueue(number),
        (Model::Queue, _) => Operation::Dequeue,
        (Model::Stack, 0 | 1) => Operation::Push(number),
        (Model::Stack, _) => Operation::Pop,
        (Model::PriorityQueue, 0 | 1) => Operation::Insert(number),
        (Model::PriorityQueue, _) => Operation::ExtractMin,
        (Model::Set, 0) => Operation::Add(number),
        (Model::Set, 1) => Operation::Remove(number),
        (Model::Set, _) if other == Value::Integer(0) => Operation::Read,
        (Model::Set, _) => Operation::Contains(number),
        (Model::Counter, 0 | 1) => Operation::Increment(below(7) - 3),
        (Model::List, 0 | 1) => Operation::Append(number),
        _ => Operation::Read,
    }
}

/// The models that the store offers. A multiset's `add` is a set's: the store takes it for one.
fn offered() -> impl Iterator<Item = Model> {
    Model::ALL.into_iter().filter(|&model| model != Model::Multiset)
}

#[test]
fn what_the_store_answers_the_specification_allows() {
    for model in offered() {
        let object = Object { model, initial: initial(model) };
        let (mut taken, mut refused) = (0, 0);
        for seed in 0..RUNS {
            let mut random = Random::new(seed, 1);
            let mut store = Store::new(initial(model));
            let mut state = object.initial();
            let mut latest = 0;
            for _ in 0..OPERATIONS {
                let client = ClientId(u32::try_from(random.below(3)).expect("below 3"));
                let operation = operation(model, latest, &mut random);
                let before = store.clone();
                match store.apply(client, Key(0), &operation) {
                    Answer::Ok(reply) => {
                        let next = object.step(&state, &operation, Some(&reply));
                        state = next.unwrap_or_else(|| {
                            panic!(
                                "{}, seed {seed}: {operation:?} answers {reply:?} in {state:?}",
                                model.name()
                            )
                        });
                        if let anachron_vocabulary::Reply::Value(Value::Integer(given)) = reply {
                            latest = given;
                        }
                        assert!(!operation.is_read() || store == before, "{operation:?} changes something");
                        taken += 1;
                    }
                    // Only locks say no. The specification of a mutex does not know whose it is.
                    Answer::Refused(_) => {
                        let knows = model == Model::FencingLock || operation == Operation::Acquire;
                        assert!(
                            matches!(model, Model::Mutex | Model::FencingLock),
                            "{operation:?} is refused"
                        );
                        assert!(!knows || object.step(&state, &operation, None).is_none(), "{operation:?}");
                        assert_eq!(store, before, "a refusal changes nothing");
                        refused += 1;
                    }
                    Answer::Unknown => panic!("a store knows"),
                }
            }
        }
        println!("{}: {taken} operations answered, {refused} refused", model.name());
        assert!(taken > RUNS * 10, "{}", model.name());
    }
}
