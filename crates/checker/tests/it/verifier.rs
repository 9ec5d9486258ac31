//! The verifier refuses what proves nothing.

use anachron_checker::verify::{Flaw, verify_core, verify_order};
use anachron_checker::{CheckOptions, Core, CoreOperation, Kept, Model, Order, Start};
use anachron_vocabulary::{Key, OperationId};

use crate::notation::history;

const KEY: Key = Key(0);

fn id(position: u32) -> OperationId {
    OperationId(position)
}

fn order(text: &str, order: &[u32]) -> Result<(), Flaw> {
    let history = history(text).expect("operations");
    let options = CheckOptions::new(Model::CasRegister).initial(0.into());
    verify_order(&history, &options, KEY, &Order(order.iter().map(|&position| id(position)).collect()))
}

fn core(model: Model, text: &str, kept: &[(u32, Kept)]) -> Result<(), Flaw> {
    let history = history(text).expect("operations");
    let operations = kept.iter().map(|&(position, kept)| CoreOperation { id: id(position), kept }).collect();
    let options = CheckOptions::new(model).initial(0.into());
    verify_core(&history, &options, KEY, &Core { operations, ..Core::default() })
}

#[test]
fn an_order_is_complete_legal_and_in_time() {
    let text = "A: w x 1 @0-10; B: r x 1 @5-15; C: w x 2 @20-30; D: w x 3 @0-9!; E: cas x 2 4 ok @25-?";
    assert_eq!(order(text, &[0, 1, 2]), Ok(()));
    assert_eq!(order(text, &[0, 1, 2, 4]), Ok(()));
    assert_eq!(order(text, &[0, 2]), Err(Flaw::Missing(id(1))));
    assert_eq!(order(text, &[1, 0, 2]), Err(Flaw::Refused(id(1))));
    assert_eq!(order(text, &[2, 0, 1]), Err(Flaw::RealTime(id(2), id(0))));
    assert_eq!(order(text, &[0, 0, 1, 2]), Err(Flaw::Twice(id(0))));
    assert_eq!(order(text, &[0, 1, 2, 3]), Err(Flaw::DidNotHappen(id(3))));
    assert_eq!(order(text, &[0, 1, 2, 9]), Err(Flaw::NoSuchOperation(id(9))));
    assert_eq!(order(&text.replace("w x 2", "w y 2"), &[0, 1, 2]), Err(Flaw::OtherObject(id(2))));
}

#[test]
fn a_core_may_not_lose_the_write_that_its_read_needs() {
    let text = "A: w x 1 @0-10; B: w x 2 @20-30; C: r x 1 @40-50";
    let as_it_was = |positions: &[u32]| -> Vec<(u32, Kept)> {
        positions.iter().map(|&position| (position, Kept::AsItWas)).collect()
    };
    assert_eq!(core(Model::Register, text, &as_it_was(&[0, 1, 2])), Ok(()));
    assert_eq!(core(Model::Register, text, &as_it_was(&[1, 2])), Err(Flaw::Needed(id(0))));
    assert_eq!(core(Model::Register, text, &as_it_was(&[2])), Err(Flaw::Needed(id(0))));
    assert!(matches!(core(Model::Register, text, &as_it_was(&[0, 2])), Err(Flaw::Linearizable(_))));
    // A second write of the value, which the other write does not screen off, may excuse the read.
    let excused = format!("{text}; D: w x 1 @35-?");
    assert_eq!(core(Model::Register, &excused, &as_it_was(&[0, 1, 2])), Err(Flaw::Needed(id(3))));
}

#[test]
fn a_core_keeps_operations_only_in_forms_that_they_have() {
    let text = "A: cas x 0 1 ok @0-5; B: cas x 0 2 ok @10-15; C: w x 3 @0-?";
    let kept = |first, third| [(0, first), (1, Kept::AsItWas), (2, third)];
    let core = |kept: &[(u32, Kept)]| core(Model::CasRegister, text, kept);
    assert!(matches!(core(&kept(Kept::AsItWas, Kept::AsItWas)), Err(Flaw::NotOk(_))));
    assert!(matches!(core(&kept(Kept::AsItWas, Kept::AsWrite)), Err(Flaw::NotOk(_))));
    assert_eq!(core(&kept(Kept::AsItWas, Kept::AsUnknown)), Ok(()));
    assert_eq!(core(&kept(Kept::AsWrite, Kept::AsUnknown)), Ok(()));
    assert!(matches!(core(&kept(Kept::AsUnknown, Kept::AsUnknown)), Err(Flaw::Linearizable(_))));
}

/// Swaps lead from any text to any other: what helps the verifier with appends must not be applied to them.
#[test]
fn texts_in_a_register_do_not_grow() {
    let text = "A: cas x Aa B ok @0-5; B: r x B @10-15";
    let history = history(text).expect("operations");
    let operations = [0, 1].map(|position| CoreOperation { id: id(position), kept: Kept::AsItWas }).to_vec();
    let options = CheckOptions::new(Model::CasRegister).initial("Aa".into());
    let flaw = verify_core(&history, &options, KEY, &Core { operations, ..Core::default() });
    assert!(matches!(flaw, Err(Flaw::Linearizable(_))), "{flaw:?}");
}

#[test]
fn a_lock_needs_its_releases_in_the_core() {
    let text = "A: acq L @0-10; B: acq L @20-30; A: rel L @12-?";
    let two = [(0, Kept::AsItWas), (1, Kept::AsItWas)];
    assert_eq!(core(Model::Mutex, text, &two), Err(Flaw::Needed(id(2))));
    assert_eq!(core(Model::Mutex, &text.replace("@12-?", "@31-40"), &two), Ok(()));
}

fn window(model: Model, text: &str, kept: &[(u32, Kept)]) -> Result<(), Flaw> {
    let history = history(text).expect("operations");
    let operations = kept.iter().map(|&(position, kept)| CoreOperation { id: id(position), kept }).collect();
    let core = Core { operations, start: Start::Any, ..Core::default() };
    verify_core(&history, &CheckOptions::new(model).initial(0.into()), KEY, &core)
}

/// Two acquires at once, of which neither screens off the past: the window does. What was over before it may go.
#[test]
fn a_window_leaves_out_what_cannot_act_in_it_and_nothing_else() {
    use Kept::{AsItWas, AsUnknown, AsWrite};
    let text =
        "A: acq L @0-10; A: rel L @11-19; B: acq L @20-30; C: acq L @21-31; B: rel L @32-40; D: acq L @5-?";
    let two = [(2, AsItWas), (3, AsItWas)];
    assert_eq!(window(Model::Mutex, text, &two), Ok(()));
    // Judged from the start, the same two say nothing: the first release may have to be there.
    assert!(core(Model::Mutex, text, &two).is_err());
    // A release that may act in the window, at either edge, or whose outcome nobody knows, has to be kept.
    for acts in ["@11-20", "@31-40", "@11-?"] {
        let text = text.replacen(if acts == "@31-40" { "@32-40" } else { "@11-19" }, acts, 1);
        let needed = id(if acts == "@31-40" { 4 } else { 1 });
        assert_eq!(window(Model::Mutex, &text, &two), Err(Flaw::Needed(needed)), "{acts}");
        // With it there is an order, from one of the two states.
        let more = [two[0], two[1], (needed.0, AsUnknown)];
        assert!(matches!(window(Model::Mutex, &text, &more), Err(Flaw::Linearizable(_))), "{acts}");
    }
    // One acquire alone is in order from the free state.
    assert!(matches!(window(Model::Mutex, text, &two[..1]), Err(Flaw::Linearizable(_))));
    // Other shapes prove nothing.
    let mixed = [two[0], two[1], (1, AsItWas)];
    let unknown = [two[0], two[1], (5, AsUnknown)];
    let write = [two[0], (3, AsWrite)];
    for kept in [&mixed[..], &unknown, &write, &[]] {
        assert_eq!(window(Model::Mutex, text, kept), Err(Flaw::NoWindow), "{kept:?}");
    }
    let register = "A: w x 1 @0-10; B: r x 1 @20-30";
    assert_eq!(window(Model::Register, register, &[(1, AsItWas)]), Err(Flaw::NoWindow));
}
