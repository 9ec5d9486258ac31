//! `todc-utils`: actions of processes, one object, and a specification without a value.

use std::marker::PhantomData;

use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::Action::{Call as Called, Response};
use todc_utils::linearizability::history::{Action as TheirAction, History};
use todc_utils::specifications::Specification;

use super::{Answer, Prepared, timed};
use crate::calls::{Action, Call, events};
use crate::sequential::Sequential;

/// A specification as theirs.
struct Adapter<S>(PhantomData<fn() -> S>);

/// What an operation of theirs carries: what was asked, what was answered.
type Carried<S> = (<S as Sequential>::Operation, Option<<S as Sequential>::Reply>);

impl<S: Sequential> Specification for Adapter<S> {
    type State = S::State;
    type Operation = Carried<S>;

    fn init() -> S::State {
        S::initial()
    }

    fn apply((operation, reply): &Carried<S>, state: &S::State) -> (bool, S::State) {
        match S::step(state, operation, reply.as_ref()) {
            Some(after) => (true, after),
            None => (false, state.clone()),
        }
    }
}

/// The actions of one object's calls, those of unknown outcome with a response at the end.
fn history<S: Sequential>(calls: &[Call<S>]) -> History<Carried<S>> {
    let carried = |index: usize| (calls[index].operation.clone(), calls[index].reply.clone());
    let mut open = Vec::new();
    let mut actions: Vec<(usize, TheirAction<Carried<S>>)> = Vec::with_capacity(2 * calls.len());
    for (thread, action) in events(calls) {
        match action {
            Action::Call(index) => {
                actions.push((thread, Called(carried(index))));
                if calls[index].returned.is_none() {
                    open.push((thread, Response(carried(index))));
                }
            }
            Action::Return(index) => actions.push((thread, Response(carried(index)))),
        }
    }
    actions.append(&mut open);
    History::from_actions(actions)
}

pub(super) fn prepare<S: Sequential>(parts: Vec<Vec<Call<S>>>) -> Prepared {
    let histories: Vec<History<Carried<S>>> = parts.iter().map(|part| history(part)).collect();
    drop(parts);
    Box::new(move || {
        timed(|| Answer::of(histories.into_iter().all(WGLChecker::<Adapter<S>>::is_linearizable)))
    })
}
