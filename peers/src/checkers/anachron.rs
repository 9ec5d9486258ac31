//! Our own judge, through the door that the command line uses.

use std::sync::atomic::AtomicBool;

use anachron_checker::testing::initial;
use anachron_checker::{CheckOptions, Decision, Model};
use anachron_experiment::judge::{self, judge};
use anachron_history::History;

use super::{Answer, Limits, Prepared, timed};

pub(super) fn prepare(model: Model, history: History, limits: Limits) -> Prepared {
    let options = CheckOptions::new(model).initial(initial(model));
    // The budget counts the tables of the search; the limit holds for the process. A quarter is for the rest.
    let memory = usize::try_from(limits.memory / 4 * 3).expect("it fits the machine");
    let limits = judge::Limits { time: Some(limits.time), memory, threads: judge::cores() };
    Box::new(move || {
        timed(|| {
            let judgement = judge(&history, &options, limits, &AtomicBool::new(false))
                .expect("the generator makes operations of the model");
            match judgement.decision() {
                Decision::Linearizable => Answer::Linearizable,
                Decision::NotLinearizable => Answer::NotLinearizable,
                Decision::Undecided => Answer::Undecided,
            }
        })
    })
}
