//! Random small histories: every level agrees with its definition, the ladder holds, and the evidence is true.

use anachron_checker::levels::{Grades, Level, Measure, State, grade};
use anachron_checker::testing::Dice;
use anachron_checker::{Budget, CheckOptions, Model};
use anachron_history::History;
use anachron_vocabulary::Outcome;

use crate::evidence;
use crate::generate::{objects, registers};
use crate::oracle::World;

const ROUNDS: u64 = 30_000;

/// Pairs of levels that random histories have to tell apart.
const APART: [(Level, Level); 19] = [
    (Level::Sequential, Level::Linearizable),
    (Level::CausalMemory, Level::Sequential),
    (Level::CausalMemory, Level::CausalConvergence),
    (Level::CausalConvergence, Level::CausalMemory),
    (Level::WeakCausal, Level::CausalMemory),
    (Level::Pram, Level::CausalMemory),
    (Level::Pram, Level::WeakCausal),
    (Level::WeakCausal, Level::Pram),
    (Level::FourSessionGuaranteesOneOrderEach, Level::FourSessionGuaranteesOneOrderForAll),
    (Level::WeakCausal, Level::FourSessionGuaranteesOneOrderEach),
    (Level::FourSessionGuaranteesOneOrderEach, Level::CausalMemory),
    (Level::FourSessionGuaranteesOneOrderForAll, Level::CausalConvergence),
    (Level::MonotonicReads, Level::FourSessionGuaranteesOneOrderEach),
    (Level::MonotonicReads, Level::MonotonicWrites),
    (Level::ReadYourWrites, Level::WritesFollowReads),
    (Level::MonotonicWrites, Level::ReadYourWrites),
    (Level::WritesFollowReads, Level::MonotonicReads),
    (Level::Regular, Level::Linearizable),
    (Level::Safe, Level::Regular),
];

fn state(holds: bool) -> State {
    if holds { State::Holds } else { State::Violated }
}

/// Every level agrees with its definition; answers the states of those that are no numbers.
pub(crate) fn check_against_definitions(
    world: &World,
    grades: &Grades,
    told: &dyn Fn() -> String,
) -> [State; 14] {
    let expected = [
        (Level::Linearizable, state(world.linearizable(Model::Register))),
        (Level::Sequential, state(world.sequential(Model::Register))),
        (Level::CausalMemory, state(world.causal_memory())),
        (Level::CausalConvergence, state(world.causal_convergence())),
        (Level::WeakCausal, state(world.weak_causal())),
        (Level::Pram, state(world.pram())),
        (Level::ReadYourWrites, state(world.read_your_writes())),
        (Level::MonotonicReads, state(world.monotonic_reads())),
        (Level::MonotonicWrites, state(world.monotonic_writes())),
        (Level::WritesFollowReads, state(world.writes_follow_reads())),
        (Level::FourSessionGuaranteesOneOrderEach, state(world.all_four(false))),
        (Level::FourSessionGuaranteesOneOrderForAll, state(world.all_four(true))),
        (Level::Regular, state(world.regular())),
        (Level::Safe, state(world.safe())),
    ];
    for (level, expected) in expected {
        assert_eq!(grades.state(level), expected, "{level}\n{}", told());
    }
    for (level, measure, expected) in [
        (Level::KAtomicity, &grades.k_atomicity, world.k_atomicity()),
        (Level::DeltaAtomicity, &grades.delta, world.delta()),
    ] {
        assert_eq!(measure.value(), expected, "{level}\n{}", told());
        assert_eq!(matches!(measure, Measure::Never(_)), expected.is_none(), "{level}\n{}", told());
    }
    expected.map(|(_, state)| state)
}

/// What holds below what holds.
fn check_ladder(grades: &Grades, clients_touch: bool, told: &dyn Fn() -> String) {
    use Level::{
        CausalConvergence, CausalMemory, DeltaAtomicity, FourSessionGuaranteesOneOrderEach,
        FourSessionGuaranteesOneOrderForAll, KAtomicity, Linearizable, MonotonicReads, MonotonicWrites, Pram,
        ReadYourWrites, Regular, Safe, Sequential, WeakCausal, WritesFollowReads,
    };
    let mut steps = vec![
        (Sequential, CausalMemory),
        (Sequential, CausalConvergence),
        (CausalMemory, WeakCausal),
        (CausalMemory, Pram),
        (CausalMemory, FourSessionGuaranteesOneOrderEach),
        (CausalConvergence, WeakCausal),
        (CausalConvergence, FourSessionGuaranteesOneOrderForAll),
        (FourSessionGuaranteesOneOrderForAll, FourSessionGuaranteesOneOrderEach),
        (FourSessionGuaranteesOneOrderEach, WeakCausal),
        (FourSessionGuaranteesOneOrderEach, ReadYourWrites),
        (FourSessionGuaranteesOneOrderEach, MonotonicReads),
        (FourSessionGuaranteesOneOrderEach, MonotonicWrites),
        (FourSessionGuaranteesOneOrderEach, WritesFollowReads),
        (Pram, ReadYourWrites),
        (Pram, MonotonicReads),
        (Pram, MonotonicWrites),
        (Linearizable, Regular),
        (Regular, Safe),
        (Linearizable, KAtomicity),
        (KAtomicity, DeltaAtomicity),
        (DeltaAtomicity, Linearizable),
    ];
    for below in Level::ALL {
        steps.extend(below.implied_by().iter().map(|&above| (above, below)));
    }
    steps.retain(|&step| !clients_touch || step != (Linearizable, Sequential));
    for (above, below) in steps {
        let is_defined = grades.state(below) != State::NotDefined;
        if grades.state(above) == State::Holds && is_defined {
            assert_eq!(grades.state(below), State::Holds, "{above} without {below}\n{}", told());
        }
    }
}

/// True if a client calls at the very time at which its operation before returned.
fn clients_touch(history: &History) -> bool {
    let records = || history.records.iter().filter(|record| record.outcome != Outcome::Failed).enumerate();
    records()
        .any(|(i, a)| records().any(|(j, b)| i != j && a.client == b.client && a.returned() == Some(b.call)))
}

fn tell(history: &History) -> String {
    format!("{:#?}", history.records)
}

#[test]
fn registers_agree_with_the_definitions() {
    let mut dice = Dice::new(0x1add_e500);
    let mut held = [0_u64; 14];
    let mut apart = [0_u64; APART.len()];
    let (mut links, mut high_k) = (0, 0);
    let options = CheckOptions::new(Model::Register).initial(0.into());
    for _ in 0..ROUNDS {
        let history = registers(&mut dice);
        assert_eq!(history.validate(), Ok(()));
        let world = World::new(&history, &0.into());
        assert!(world.is_unique(Model::Register));
        let grades = grade(&history, &options, &mut Budget::default()).expect("reads and writes");
        let told = || format!("{}{grades:?}", tell(&history));
        let states = check_against_definitions(&world, &grades, &told);
        for (held, state) in held.iter_mut().zip(states) {
            *held += u64::from(state == State::Holds);
        }
        for (count, (holds, violated)) in apart.iter_mut().zip(APART) {
            let [holds, violated] = [holds, violated].map(|level| grades.state(level));
            *count += u64::from(holds == State::Holds && violated == State::Violated);
        }
        high_k += u64::from(grades.k_atomicity.value().is_some_and(|k| k > 2));
        check_ladder(&grades, clients_touch(&history), &told);
        links += evidence::check(&history, &options, &grades);
    }
    println!("{ROUNDS} histories; {links} links checked; {high_k} with k > 2; levels hold in {held:?}");
    for ((holds, violated), count) in APART.iter().zip(apart) {
        println!("  {holds} without {violated}: {count}");
    }
    assert!(apart.iter().all(|&count| count >= 20), "levels have to come apart, or the test says little");
    let both = held.iter().all(|&held| held > ROUNDS / 50 && held < ROUNDS - ROUNDS / 50);
    assert!(both && links > ROUNDS && high_k > 100, "every level both holds and is violated often");
}

#[test]
fn sequential_agrees_with_the_definition_for_every_object() {
    let mut dice = Dice::new(0x5e90);
    for model in Model::ALL {
        let initial = anachron_checker::testing::initial(model);
        let options = CheckOptions::new(model).initial(initial.clone());
        let (mut held, mut violated, mut undefined) = (0, 0, 0);
        for _ in 0..ROUNDS / 4 {
            let history = objects(model, &mut dice);
            assert_eq!(history.validate(), Ok(()));
            let world = World::new(&history, &initial);
            let grades = grade(&history, &options, &mut Budget::default()).expect("the model knows them");
            let told = || format!("{}{grades:?}", tell(&history));
            assert_eq!(grades.state(Level::Linearizable), state(world.linearizable(model)), "{}", told());
            assert_eq!(grades.state(Level::Sequential), state(world.sequential(model)), "{}", told());
            let is_defined = world.is_unique(model);
            assert_eq!(grades.state(Level::Pram) != State::NotDefined, is_defined, "{}", told());
            if is_defined {
                check_against_definitions(&world, &grades, &told);
            }
            check_ladder(&grades, clients_touch(&history), &told);
            evidence::check(&history, &options, &grades);
            match grades.state(Level::Sequential) {
                State::Holds => held += 1,
                _ => violated += 1,
            }
            undefined += u64::from(!is_defined);
        }
        println!("{model}: {held} sequential, {violated} not; {undefined} of other models not defined");
        assert!(held > 500 && violated > 500 && undefined > 500, "{model}");
    }
}

/// A search that may not go on says so, and is not asked where no search is needed.
#[test]
fn what_is_not_decided_is_not_called_a_violation() {
    let mut dice = Dice::new(7);
    let options = CheckOptions::new(Model::Register).initial(0.into());
    let mut stop = || true;
    let mut undecided = 0;
    for _ in 0..2_000 {
        let history = registers(&mut dice);
        let free = grade(&history, &options, &mut Budget::default()).expect("reads and writes");
        let tight = grade(&history, &options, &mut Budget::with_stop(&mut stop).configurations(1).memory(64))
            .expect("reads and writes");
        for level in Level::ALL {
            let (free, tight) = (free.state(level), tight.state(level));
            assert!(tight == free || tight == State::Undecided, "{level}: {tight}, not {free}");
            undecided += u64::from(tight == State::Undecided);
        }
    }
    assert!(undecided > 2_000, "{undecided}");
}
