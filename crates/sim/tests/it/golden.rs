//! One tiny run in full, as text a person can read: a primary and its backup, one client, a cut link, a crash.
//!
//! `BLESS=1 cargo test -p anachron-sim golden` writes the file anew; say in the commit why it changed.

use std::fmt::Write as _;

use anachron_sim::{Afterwards, Fault, Run, ScheduledFault, UnsyncedTail, World, simulate};
use anachron_trace::{Event, Happening, Recorder};
use anachron_vocabulary::{NodeId, Operation};

use crate::kit::store::{Settings, Store};
use crate::kit::{KEY, c, client, disk, fault, ms, n, script, world, write};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/golden/tiny_run.txt");

fn tiny() -> World {
    let mut world = World { seed: 7, duration: ms(70), ..world(2) };
    world.disks = vec![disk(2), disk(2)];
    world.clients = vec![client("alice", script(&[(5, write(1)), (15, write(2)), (36, Operation::Read)]))];
    let labelled = |label: &str, fault| ScheduledFault { label: label.to_owned(), ..fault };
    let cut = Fault::Cut { from: vec![n(0)], to: vec![c(0)] };
    let crash = Fault::Crash { node: NodeId(0), tail: UnsyncedTail::Lose, wipe: false };
    world.faults =
        vec![labelled("no answers", fault(12, 20, cut)), labelled("n1 down", fault(22, 30, crash))];
    world.afterwards = Some(Afterwards { settle: ms(30), probe: (KEY, Operation::Read), within: ms(20) });
    world
}

fn line(event: &Event) -> String {
    let what = match &event.what {
        Happening::Call { client, id, key, operation } => {
            format!("{client} calls {} on {}: {operation:?}", id.0, key.0)
        }
        Happening::Return { client, id, outcome } => format!("{client} knows of {}: {outcome:?}", id.0),
        Happening::Sent { message, from, to, label } => format!("m{} {from} → {to}: {label}", message.0),
        Happening::Delivered { message } => format!("m{} arrives", message.0),
        Happening::Lost { message, why } => format!("m{} is lost: {why}", message.0),
        Happening::Timer { node, label } => format!("{node} timer {label}"),
        Happening::Appended { node, label } => format!("{node} writes {label}"),
        Happening::Synced { node, records } => format!("{node} synced up to {records}"),
        Happening::Crashed { node, lost_records } => format!("{node} crashes, {lost_records} records lost"),
        Happening::Booted { node, boot } => format!("{node} boots, life {boot}"),
        Happening::Paused { node } => format!("{node} pauses"),
        Happening::Resumed { node } => format!("{node} resumes"),
        Happening::Role { node, role, term, commit } => {
            format!("{node} is {role}, term {term}, commit {commit}")
        }
        Happening::Applied { node, changes, .. } => format!("{node} has applied {changes} changes"),
        Happening::Facts { node, changed } => {
            let facts =
                changed.iter().map(|(name, fact)| format!("{name} {}", fact.as_deref().unwrap_or("gone")));
            format!("{node} shows {}", facts.collect::<Vec<_>>().join(", "))
        }
        Happening::Note { node, text } => format!("{node} notes: {text}"),
        Happening::FaultBegins { label, .. } => format!("fault begins: {label}"),
        Happening::FaultEnds { fault } => format!("fault {fault} ends"),
        Happening::Operator { node, label } => format!("{node} is told: {label}"),
    };
    format!("{:>10} {:>4}  {what}", event.time.to_string(), event.step)
}

fn told(run: &Run, events: &[Event]) -> String {
    let mut text = String::from("      time step  what\n");
    for event in events {
        writeln!(text, "{}", line(event)).expect("a string takes everything");
    }
    text.push_str("\nhistory\n");
    for (id, record) in run.history.iter() {
        let (client, call) = (run.history.client_name(record.client), record.call.0);
        let end = record.end.map_or("never".to_owned(), |end| end.0.to_string());
        let (operation, outcome) = (&record.operation, &record.outcome);
        writeln!(text, "{} {client} {operation:?} {call}..{end} {outcome:?}", id.0).expect("a string");
    }
    writeln!(text, "\n{:#?}\n{:#?}\nfingerprint {}", run.statistics, run.rest, run.fingerprint)
        .expect("a string");
    text
}

#[test]
#[allow(clippy::disallowed_methods)] // a golden file is blessed by hand
fn a_tiny_run_reads_as_it_did() {
    let mut recorder = Recorder::default();
    let run = simulate::<Store>(&tiny(), &Settings::default(), &mut recorder);
    let found = told(&run, &recorder.events);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(FILE, &found).expect("the golden file can be written");
    }
    let expected = std::fs::read_to_string(FILE).expect("the golden file is there");
    for (number, (found, expected)) in found.lines().zip(expected.lines()).enumerate() {
        assert_eq!(found, expected, "line {} of {FILE}", number + 1);
    }
    assert_eq!(found, expected);
}
