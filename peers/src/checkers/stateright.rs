//! `stateright`: invocations and returns of threads, recorded by its tester against a reference object.

use std::thread;

use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

use super::{Answer, Prepared, timed};
use crate::calls::{Action, Call, events};
use crate::sequential::Sequential;

/// Its search recurses once an operation, so it needs a deep stack. Only what is used of it counts as memory.
const STACK: usize = 2 << 30;

/// A specification's state as a reference object.
#[derive(Debug)]
struct Reference<S: Sequential>(S::State);

impl<S: Sequential> Clone for Reference<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Sequential> SequentialSpec for Reference<S> {
    type Op = S::Operation;
    type Ret = Option<S::Reply>;

    /// Only for what is in flight: no reply is known.
    fn invoke(&mut self, operation: &S::Operation) -> Option<S::Reply> {
        if let Some(after) = S::step(&self.0, operation, None) {
            self.0 = after;
        }
        None
    }

    fn is_valid_step(&mut self, operation: &S::Operation, reply: &Option<S::Reply>) -> bool {
        let Some(after) = S::step(&self.0, operation, reply.as_ref()) else { return false };
        self.0 = after;
        true
    }
}

type Tester<S> = LinearizabilityTester<usize, Reference<S>>;

fn record<S: Sequential>(calls: &[Call<S>]) -> Tester<S> {
    let mut tester = Tester::new(Reference(S::initial()));
    for (thread, action) in events(calls) {
        let recorded = match action {
            Action::Call(index) => tester.on_invoke(thread, calls[index].operation.clone()),
            Action::Return(index) => tester.on_return(thread, calls[index].reply.clone()),
        };
        recorded.expect("a thread has one operation open");
    }
    tester
}

pub(super) fn prepare<S: Sequential>(parts: Vec<Vec<Call<S>>>) -> Prepared {
    // A thread of its own from the start: the tester need not be `Send`.
    let (ready, is_ready) = std::sync::mpsc::channel();
    let (go, may_go) = std::sync::mpsc::channel();
    let check = move || {
        let testers: Vec<Tester<S>> = parts.iter().map(|part| record(part)).collect();
        drop(parts);
        ready.send(()).expect("the other side waits for it");
        // The other side may have had enough of preparing.
        may_go.recv().ok().map(|()| {
            let outcome = timed(|| Answer::of(testers.iter().all(ConsistencyTester::is_consistent)));
            drop(testers);
            outcome
        })
    };
    let checking = thread::Builder::new().stack_size(STACK).spawn(check).expect("a thread");
    is_ready.recv().expect("it records everything");
    Box::new(move || {
        go.send(()).expect("it waits for that");
        checking.join().expect("it does not panic").expect("it was told to go")
    })
}
