//! `porcupine-rs`: operations with times, a model, and partitions by key.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use porcupine_rs::{Model, Operation, check_operations};

use super::{Answer, Prepared, timed};
use crate::calls::Call;
use crate::sequential::Sequential;

/// A specification as a Porcupine model.
#[derive(Debug)]
struct Adapter<S>(PhantomData<fn() -> S>);

impl<S> Clone for Adapter<S> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

/// What an operation of Porcupine's carries: its key, what was asked, what was answered.
type Carried<S> = (u32, <S as Sequential>::Operation, Option<<S as Sequential>::Reply>);

impl<S: Sequential> Model for Adapter<S> {
    type State = S::State;
    type Op = Carried<S>;
    type Metadata = ();

    fn partition_operations(history: &[Operation<Self>]) -> Vec<Vec<Operation<Self>>> {
        let mut parts: BTreeMap<u32, Vec<Operation<Self>>> = BTreeMap::new();
        for operation in history {
            parts.entry(operation.op.0).or_default().push(operation.clone());
        }
        parts.into_values().collect()
    }

    fn init() -> S::State {
        S::initial()
    }

    fn step(state: &S::State, (_, operation, reply): &Carried<S>) -> (bool, S::State) {
        match S::step(state, operation, reply.as_ref()) {
            Some(after) => (true, after),
            None => (false, state.clone()),
        }
    }
}

pub(super) fn prepare<S: Sequential>(calls: Vec<Call<S>>) -> Prepared {
    let operation = |call: Call<S>| Operation::<Adapter<S>> {
        client_id: Some(call.client),
        call_time: call.called,
        return_time: call.returned.unwrap_or(i64::MAX),
        op: (call.key, call.operation, call.reply),
        metadata: None,
    };
    let operations: Vec<Operation<Adapter<S>>> = calls.into_iter().map(operation).collect();
    Box::new(move || timed(|| Answer::of(check_operations(&operations))))
}
