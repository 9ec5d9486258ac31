//! Facts are about the whole history: what is true of a core and false of the history is never said.

use std::fmt::Write as _;

use anachron_checker::explain::{AnomalyKind, Fact, circled};
use anachron_checker::{CoreOperation, Kept, Model};
use anachron_history::TimeUnit::{EventIndex, Nanoseconds, Unstated};

use crate::notation::{explain_from_start, history, id, subject, value, whole};

const STALE: &str = "A: w x 1 @0-10; A: w x 2 @20-30; B: r x 1 @40-50";

#[test]
fn another_write_of_the_value_makes_the_explanation_false() {
    let stale = history(STALE, Nanoseconds);
    let stale_subject = subject(&stale, Model::Register, "0");
    let explanation = explain_from_start(&stale_subject, &whole(&stale)).expect("an explanation");
    assert!(explanation.holds(&stale_subject));
    // The same three operations, and one more that could have brought 1 back: ok or timed out, it spoils the proof.
    for more in ["C: w x 1 @25-35", "C: w x 1 @25-?"] {
        let richer = history(&format!("{STALE}; {more}"), Nanoseconds);
        let richer = subject(&richer, Model::Register, "0");
        assert!(!explanation.holds(&richer), "{more}");
    }
    // One that certainly did not happen, or that began too late, does not.
    let refused = history(&format!("{STALE}; C: w x 1 @25-35!"), Nanoseconds);
    assert!(explanation.holds(&subject(&refused, Model::Register, "0")));
    // An object that starts with the value is another story: the first write is not the only source.
    assert!(!explanation.holds(&subject(&stale, Model::Register, "1")));
}

#[test]
fn a_core_that_hides_a_needed_write_is_not_explained_by_a_lie() {
    // Without its write, the read looks like a phantom; the whole history knows better.
    let honest = history("A: w x 1 @0-10; B: r x 1 @20-30", Nanoseconds);
    let subject = subject(&honest, Model::Register, "0");
    let lone_read = [CoreOperation { id: id(1), kept: Kept::AsItWas }];
    let explanation = explain_from_start(&subject, &lone_read).expect("the core alone has no order");
    assert_eq!(explanation.kind, AnomalyKind::NoOrder);
}

#[test]
fn an_empty_core_and_a_legal_one_need_no_explanation() {
    let honest = history("A: w x 1 @0-10; B: r x 1 @20-30", Nanoseconds);
    let subject = subject(&honest, Model::Register, "0");
    assert_eq!(explain_from_start(&subject, &whole(&honest)), None);
    assert_eq!(explain_from_start(&subject, &[]), None);
}

#[test]
fn conclusions_need_their_premises() {
    let stale = history(STALE, Nanoseconds);
    let subject = subject(&stale, Model::Register, "0");
    let conclusion = Fact::CannotSee { at: id(2), value: value("1"), still: Some(id(1)) };
    let premise = Fact::FinishedBefore { earlier: id(1), later: id(2) };
    assert!(!conclusion.holds(&subject, &[]));
    assert!(conclusion.holds(&subject, &[premise]));
    assert!(!Fact::FinishedBefore { earlier: id(2), later: id(1) }.holds(&subject, &[]));
    assert!(!Fact::Ring(vec![Some(id(0)), Some(id(1))]).holds(&subject, &[]));
    let back = Fact::BackAndForth { value: value("1"), middle: Some(value("2")), once: true };
    assert!(!back.holds(&subject, &[]));
}

#[test]
fn touching_operations_are_concurrent() {
    // The read begins in the very moment in which the second write finishes.
    let touching = history("A: w x 1 @0-10; A: w x 2 @20-40; B: r x 1 @40-50", Nanoseconds);
    assert_eq!(explain_from_start(&subject(&touching, Model::Register, "0"), &whole(&touching)), None);
}

#[test]
fn a_weakened_core_is_explained_with_what_the_history_knows() {
    let stale = history(STALE, Nanoseconds);
    let mut core = whole(&stale);
    core[0].kept = Kept::AsUnknown;
    let explanation =
        explain_from_start(&subject(&stale, Model::Register, "0"), &core).expect("an explanation");
    assert_eq!(explanation.kind, AnomalyKind::StaleRead);
}

#[test]
fn numbers_follow_the_clock_and_times_their_unit() {
    let texts: Vec<String> = [Nanoseconds, EventIndex, Unstated]
        .into_iter()
        .map(|unit| {
            let stale = history(STALE, unit);
            let explanation = explain_from_start(&subject(&stale, Model::Register, "0"), &whole(&stale))
                .expect("an explanation");
            assert_eq!(explanation.numbered, [id(0), id(1), id(2)]);
            assert_eq!(explanation.number(id(1)), Some(2));
            explanation.to_string()
        })
        .collect();
    assert!(texts[0].contains("② finished at 30 ms. ③ began at 40 ms, 10 ms later,"), "{}", texts[0]);
    assert!(texts[1].contains("② finished at event 30. ③ began at event 40, after that,"), "{}", texts[1]);
    assert!(texts[2].contains("② finished at t=30. ③ began at t=40, after that,"), "{}", texts[2]);
}

#[test]
fn names_from_a_file_stay_readable_and_harmless() {
    let odd = history("3: w 7 1 @0-10; 4: w 7 2 @20-30; <b>\u{1b}: r 7 1 @40-50", Nanoseconds);
    let text = explain_from_start(&subject(&odd, Model::Register, "0"), &whole(&odd))
        .expect("an explanation")
        .to_string();
    assert!(text.contains("client 4 wrote key 7=2"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    let nameless = history("c1: w . 1 @0-10; c1: w . 2 @20-30; c2: r . 1 @40-50", Nanoseconds);
    let text = explain_from_start(&subject(&nameless, Model::Register, "0"), &whole(&nameless))
        .expect("one")
        .to_string();
    assert!(text.contains("c1 wrote 2.") && text.contains("the register must be 2"), "{text}");
}

#[test]
fn circles_reach_fifty() {
    assert_eq!([1, 20, 21, 35, 36, 50, 51].map(circled), ["①", "⑳", "㉑", "㉟", "㊱", "㊿", "(51)"]);
}

#[test]
fn a_large_core_is_answered_in_bounded_work() {
    // Fifty concurrent compare-and-sets with few values: far too many orders. Whatever is said, it is said soon.
    let mut text = String::new();
    for client in 0..50 {
        let (from, to) = (client % 3, (client + 1) % 3);
        let _ = write!(text, "c{client}: cas x {from} {to} ok @0-1000;");
    }
    text += "r: r x 5 @2000-2010; w: w x 5 @0-?; v: w x 1 @1500-1600; s: r x 2 @2020-2030";
    let big = history(&text, Nanoseconds);
    let explanation = explain_from_start(&subject(&big, Model::CasRegister, "0"), &whole(&big));
    assert!(explanation.is_none_or(|explanation| explanation.sentences.len() < 100));
}
