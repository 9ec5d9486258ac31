//! The judge against brute force, with everything that it hands out: certificates, explanations, grades.

use anachron_checker::explain::{Subject, explain};
use anachron_checker::levels::{Level, State, grade};
use anachron_checker::verify::{verify_core, verify_order};
use anachron_checker::{Budget, CheckOptions, Decision, Model, Object, Verdict, check};
use anachron_history::Record;
use anachron_report::certificate::Certificate;

use crate::brute_force::is_linearizable;
use crate::small_history::Small;

/// How many operations brute force can take, thousands of times a second.
const MOST: usize = 7;

/// The verdict is that of brute force; its certificate is accepted, in a file too; what is said of a violation holds.
pub(crate) fn judge(bytes: &[u8]) {
    let Small { model, initial, history } = Small::new(&Model::ALL, MOST, bytes);
    let options = CheckOptions::new(model).initial(initial.clone());
    let judgement = check(&history, &options).expect("the model knows them");
    let truth = is_linearizable(&Object { model, initial: initial.clone() }, &history);
    let expected = if truth { Decision::Linearizable } else { Decision::NotLinearizable };
    assert_eq!(judgement.decision(), expected, "{model}: {history:#?}");
    for part in &judgement.parts {
        let checked = match &part.verdict {
            Verdict::Linearizable(order) => verify_order(&history, &options, part.key, order),
            Verdict::NotLinearizable(core) => {
                let subject = Subject::new(&history, part.key, model, initial.clone());
                let explanation = explain(&subject, core).expect("a violation is explained");
                assert!(explanation.holds(&subject), "{model}: {explanation}");
                verify_core(&history, &options, part.key, core)
            }
            Verdict::Undecided(_) => panic!("{model}: so small a history is decided"),
        };
        assert_eq!(checked, Ok(()), "{model}: {history:#?}");
    }
    let mut written = Vec::new();
    let certificate = Certificate::new(&history, &options, &judgement);
    certificate.write(&mut written).expect("a vector takes everything");
    let read = Certificate::read(&written).expect("it was just written");
    assert_eq!(read.prove(&history).expect("it was made for this history").open, None);
}

/// Grades respect the ladder: what implies another never stands without it. The top is held against brute force.
pub(crate) fn levels(bytes: &[u8]) {
    use Level::{
        CausalConvergence, CausalMemory, DeltaAtomicity, FourSessionGuaranteesOneOrderEach,
        FourSessionGuaranteesOneOrderForAll, KAtomicity, Linearizable, MonotonicReads, MonotonicWrites, Pram,
        ReadYourWrites, Regular, Safe, Sequential, WeakCausal, WritesFollowReads,
    };
    const MODELS: [Model; 5] =
        [Model::Register, Model::CasRegister, Model::KeyValue, Model::MultiRegister, Model::Queue];
    let Small { model, initial, history } = Small::new(&MODELS, MOST, bytes);
    let options = CheckOptions::new(model).initial(initial.clone());
    let grades = grade(&history, &options, &mut Budget::default()).expect("the model knows them");
    let truth = is_linearizable(&Object { model, initial }, &history);
    assert_eq!(grades.state(Linearizable) == State::Holds, truth, "{model}: {history:#?}");
    let ladder = [
        (Sequential, &[CausalMemory, CausalConvergence][..]),
        (CausalMemory, &[Pram, FourSessionGuaranteesOneOrderEach]),
        (CausalConvergence, &[FourSessionGuaranteesOneOrderForAll]),
        (FourSessionGuaranteesOneOrderForAll, &[FourSessionGuaranteesOneOrderEach]),
        (
            FourSessionGuaranteesOneOrderEach,
            &[WeakCausal, ReadYourWrites, MonotonicReads, MonotonicWrites, WritesFollowReads],
        ),
        (Pram, &[ReadYourWrites, MonotonicReads, MonotonicWrites]),
        (Linearizable, &[Regular, KAtomicity, DeltaAtomicity]),
        (Regular, &[Safe]),
        (KAtomicity, &[Linearizable]),
        (DeltaAtomicity, &[Linearizable]),
    ];
    // Where a client's operations touch, real time does not order them and the client's own order does.
    let touches = |a: &Record, b: &Record| a.client == b.client && !a.precedes(b) && !b.precedes(a);
    let records = &history.records;
    let touching = records.iter().enumerate().any(|(n, a)| records[..n].iter().any(|b| touches(a, b)));
    let top = (Linearizable, &[Sequential][..]);
    for (strong, weaker) in ladder.into_iter().chain((!touching).then_some(top)) {
        for &weak in weaker {
            let broken = grades.state(strong) == State::Holds && grades.state(weak) == State::Violated;
            assert!(!broken, "{model}: {strong:?} without {weak:?}: {history:#?}");
        }
    }
}
