//! Evidence in words.

use anachron_checker::levels::Level;

use crate::notation::graded;

fn told(text: &str, level: Level) -> String {
    let (history, grades) = graded(text);
    grades.evidence(level).expect("decided").describe(&history).to_string()
}

#[test]
fn the_comment_before_the_photo_breaks_what_the_story_says() {
    let text = "A: w x 1 @0-5; B: r x 1 @6-7; B: w y 1 @8-12; C: r y 1 @15-16; C: r x 0 @17-18";
    assert_eq!(
        told(text, Level::WritesFollowReads),
        "each before the next, round in a circle in the view of C\n  \
         the initial value before A write x 1 @0-5: it was there at the start\n  \
         A write x 1 @0-5 before the initial value: \
         C read x 0 @17-18 saw the second after C read y 1 @15-16 had met the first"
    );
    assert_eq!(
        told(text, Level::CausalMemory),
        "a read of the initial value after a write\n  \
         A write x 1 @0-5 before B read x 1 @6-7: it read what was written\n  \
         B read x 1 @6-7 before B write y 1 @8-12: the same client, one after the other\n  \
         B write y 1 @8-12 before C read y 1 @15-16: it read what was written\n  \
         C read y 1 @15-16 before C read x 0 @17-18: the same client, one after the other"
    );
    assert_eq!(
        told(text, Level::Pram),
        "B may have seen: A write x 1 @0-5; B read x 1 @6-7\n\
         C may have seen: B write y 1 @8-12; C read y 1 @15-16; C read x 0 @17-18"
    );
    assert_eq!(
        told(text, Level::Regular),
        "C read x 0 @17-18 saw the initial value, but A write x 1 @0-5 began after that and was over before the \
         read began"
    );
}

#[test]
fn a_cycle_names_the_read_that_forces_each_step() {
    let text = "A: w x 1 @0-5; A: r y 0 @6-8; B: w y 1 @0-5; B: r x 0 @6-8";
    assert_eq!(
        told(text, Level::Sequential),
        "each before the next, round in a circle\n  \
         A write x 1 @0-5 before A read y 0 @6-8: the same client, one after the other\n  \
         A read y 0 @6-8 before B write y 1 @0-5: it saw what the other overwrote\n  \
         B write y 1 @0-5 before B read x 0 @6-8: the same client, one after the other\n  \
         B read x 0 @6-8 before A write x 1 @0-5: it saw what the other overwrote"
    );
}

#[test]
fn names_lead_to_their_levels() {
    for level in Level::ALL {
        assert_eq!(Level::from_name(level.name()), Some(level));
    }
    assert_eq!(Level::from_name("serialisable"), None);
}
