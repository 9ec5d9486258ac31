//! The comparison itself: cells in processes, limits that bite, climbs that end.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anachron_checker::testing::initial;
use anachron_checker::{CheckOptions, Decision};
use anachron_experiment::judge::{self, judge};
use anachron_peers::checkers::{Answer, Checker, Limits};
use anachron_peers::family::{FAMILIES, Planted, family};
use anachron_peers::race::{Course, GaveUp, Outcome};

fn course(checkers: &[Checker], name: &str, concurrency: usize, sizes: &[usize], limits: Limits) -> Course {
    Course {
        program: Path::new(env!("CARGO_BIN_EXE_anachron-peers")).to_owned(),
        checkers: checkers.to_vec(),
        families: vec![family(name).expect("a family")],
        concurrencies: vec![concurrency],
        sizes: sizes.to_vec(),
        seed: 1,
        limits,
    }
}

#[test]
fn everybody_decides_a_small_history() {
    let limits = Limits { time: Duration::from_mins(1), memory: 1 << 30 };
    let mut told = 0;
    let rows = course(&Checker::ALL, "mutex", 3, &[60], limits).run(|_, _| told += 1).expect("they agree");
    assert_eq!((rows.len(), told), (1, Checker::ALL.len()));
    assert_eq!(rows[0].answer(), Some(Answer::Linearizable));
    for (checker, outcome) in &rows[0].outcomes {
        let Outcome::Decided { time, peak, .. } = outcome else { panic!("{checker}: {outcome:?}") };
        assert!(*time > Duration::ZERO && (500..200_000).contains(peak), "{checker}: {outcome:?}");
    }
}

#[test]
fn a_checker_that_is_out_of_time_climbs_no_further() {
    let limits = Limits { time: Duration::from_millis(300), memory: 4 << 30 };
    let course = course(&[Checker::Anachron, Checker::TodcUtils], "register", 20, &[10_000, 1_000], limits);
    let rows = course.run(|_, _| ()).expect("they agree");
    let outcomes = |index: usize| -> &BTreeMap<Checker, Outcome> { &rows[index].outcomes };
    assert_eq!([rows[0].operations, rows[1].operations], [1_000, 10_000], "smallest first");
    assert_eq!(outcomes(0)[&Checker::TodcUtils], Outcome::GaveUp(GaveUp::Time));
    assert_eq!(outcomes(1)[&Checker::TodcUtils], Outcome::NotTried);
    assert!(outcomes(1)[&Checker::Anachron].time().is_some(), "{:?}", outcomes(1));
}

#[test]
fn a_checker_that_is_out_of_memory_is_ended() {
    let limits = Limits { time: Duration::from_mins(1), memory: 100 << 20 };
    let course = course(&[Checker::PorcupineRs], "register", 20, &[1_000], limits);
    let rows = course.run(|_, _| ()).expect("nothing to disagree about");
    assert_eq!(rows[0].outcomes[&Checker::PorcupineRs], Outcome::GaveUp(GaveUp::Memory));
}

#[test]
fn what_is_planted_is_a_violation() {
    let limits = judge::Limits { time: Some(Duration::from_secs(5)), ..judge::Limits::default() };
    let mut found = 0;
    let planted = FAMILIES.iter().filter(|family| family.planted != Planted::Nothing);
    for family in planted.clone() {
        // The higher the concurrency, the more there is to excuse it; the verdict of a larger row may be another.
        let history = family.history(family.concurrencies[0], family.sizes[0], 1);
        let options = CheckOptions::new(family.model).initial(initial(family.model));
        let judgement = judge(&history, &options, limits, &AtomicBool::new(false)).expect("well-formed");
        let decision = judgement.decision();
        // A family that is too hard for the judge is the report's to show, not this test's to forbid.
        assert_ne!(decision, Decision::Linearizable, "{}", family.name);
        found += usize::from(decision == Decision::NotLinearizable);
    }
    assert!(found + 1 >= planted.count(), "all but one at most are found: {found}");
}
