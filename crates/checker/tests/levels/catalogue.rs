//! The catalogue's verdicts, computed there by exhaustive search, come out exactly; what it does not tell is held
//! against brute force here.

use std::path::Path;

use anachron_checker::levels::{Grades, Level, Measure, State};

use crate::evidence;
use crate::notation::{graded, options};
use crate::oracle::World;
use crate::random::check_against_definitions;

/// The columns of [`COURSE`].
const COLUMNS: [Level; 13] = [
    Level::Linearizable,
    Level::Sequential,
    Level::CausalMemory,
    Level::CausalConvergence,
    Level::Pram,
    Level::ReadYourWrites,
    Level::MonotonicReads,
    Level::MonotonicWrites,
    Level::WritesFollowReads,
    Level::FourSessionGuaranteesOneOrderEach,
    Level::FourSessionGuaranteesOneOrderForAll,
    Level::Regular,
    Level::Safe,
];

/// The course's eight entries, each with its cure: name, history, grades in the order of [`COLUMNS`] (`+` holds, `-` is
/// violated, `0` is not defined, `?` is not told), least k, least Δ (`n` is not defined).
const COURSE: [(&str, &str, &str, &str, &str); 16] = [
    (
        "leadership-register-stale-leader",
        "P: w leader A @0-10; P: w leader B @20-30; Q: r leader A @40-45; R: r leader B @50-55",
        "-++++++++++--",
        "2",
        "10",
    ),
    (
        "leadership-register-stale-leader",
        "P: w leader A @0-10; P: w leader B @20-30; Q: r leader B @40-110; R: r leader B @50-55",
        "+++++++++++++",
        "1",
        "0",
    ),
    (
        "lock-granted-twice",
        "C1: acq L @0-10; C2: acq L @60-70; C2: rel L @80-90; C1: rel L @100-110",
        "-+00000000000",
        "n",
        "n",
    ),
    (
        "lock-granted-twice",
        "C1: acq L @0-10; C1: rel L @100-110; C2: acq L @60-120; C2: rel L @130-140",
        "++00000000000",
        "n",
        "n",
    ),
    (
        "lost-acked-write-on-failover",
        "A: w x 5 @0-10; A: w x 10 @20-24; B: r x 10 @24-25; B: r x 5 @60-65; C: r x 5 @80-85",
        "-----+-++----",
        "2",
        "56",
    ),
    (
        "lost-acked-write-on-failover",
        "A: w x 5 @0-10; A: w x 10 @20-34; B: r x 10 @35-40; B: r x 10 @60-65; C: r x 10 @80-85",
        "+++++++++++++",
        "1",
        "0",
    ),
    (
        "lamport-1-5-1",
        "WA: w x 1 @0-10; WB: w x 5 @12-20; C: r x 1 @30-35; C: r x 5 @40-45; C: r x 1 @50-55",
        "-----+-++----",
        "2",
        "30",
    ),
    (
        "lamport-1-5-1",
        "WA: w x 1 @0-10; WB: w x 5 @12-20; C: r x 5 @30-38; C: r x 5 @40-48; C: r x 5 @50-58",
        "+++++++++++++",
        "1",
        "0",
    ),
    (
        "version-vector-3-1-siblings",
        "CA: w x a3 @20-25; CB: w x b2 @20-26; CA: r x a3 @30-35; CB: r x b2 @30-36; CA: r x b2 @70-75; CB: r x a3 @70-76",
        "--+-++++++-++",
        "2",
        "44",
    ),
    (
        "version-vector-3-1-siblings",
        "CA: add x a3 @20-25; CB: add x b2 @20-26; CA: sr x a3+b2 @70-75; CB: sr x a3+b2 @76-80",
        "++00000000000",
        "n",
        "n",
    ),
    (
        "back-in-time-two-followers",
        "W: w x 1 @0-10; U: r x 1 @20-25; U: r x 0 @40-45",
        "-????????????",
        "?",
        "?",
    ),
    (
        "back-in-time-two-followers",
        "W: w x 1 @0-10; U: r x 1 @20-25; U: r x 1 @40-45",
        "+????????????",
        "?",
        "?",
    ),
    (
        "tob-local-reads",
        "W: w x 1 @0-10; W: w x 2 @20-30; R1: r x 2 @50-55; R2: r x 1 @60-65; R2: r x 2 @90-95",
        "-++++++++++--",
        "2",
        "30",
    ),
    (
        "tob-local-reads",
        "W: w x 1 @0-10; W: w x 2 @20-30; R1: r x 2 @50-60; R2: r x 2 @60-95",
        "+++++++++++++",
        "1",
        "0",
    ),
    (
        "async-vs-consensus-leader-death",
        "A: w x 1 @0-10; W: w x 2 @20-?; B: w x 3 @50-60; B: r x 3 @70-75; C: r x 2 @100-105; C: r x 3 @110-115",
        "-++++++++++++",
        "2",
        "5",
    ),
    (
        "async-vs-consensus-leader-death",
        "A: w x 1 @0-10; W: w x 2 @20-?; B: r x 2 @45-50; B: w x 3 @50-60; B: r x 3 @70-75; C: r x 3 @100-105",
        "+++++++++++++",
        "1",
        "0",
    ),
];

fn told(state: State) -> char {
    match state {
        State::Holds => '+',
        State::Violated => '-',
        State::NotDefined => '0',
        State::Undecided => '!',
    }
}

fn number(measure: &Measure) -> String {
    match measure {
        Measure::Least { value, .. } => value.to_string(),
        Measure::Never(_) => "Infinity".to_owned(),
        Measure::NotDefined(_) => "n".to_owned(),
        Measure::Undecided { .. } => "undecided".to_owned(),
    }
}

/// The grades as [`COURSE`] writes them.
fn row(grades: &Grades) -> (String, String, String) {
    let states = COLUMNS.iter().map(|&level| told(grades.state(level))).collect();
    (states, number(&grades.k_atomicity), number(&grades.delta))
}

/// Compares what was expected, with `?` for what is not told.
fn expect(name: &str, history: &str, expected: (&str, &str, &str)) {
    let (read, grades) = graded(history);
    let (states, k, delta) = row(&grades);
    for (level, (found, wanted)) in COLUMNS.iter().zip(states.chars().zip(expected.0.chars())) {
        assert!(wanted == '?' || found == wanted, "{name}: {level} is {found}, not {wanted}: {history}");
    }
    for (level, found, wanted) in
        [(Level::KAtomicity, k, expected.1), (Level::DeltaAtomicity, delta, expected.2)]
    {
        assert!(wanted == "?" || found == wanted, "{name}: {level} is {found}, not {wanted}: {history}");
    }
    let options = options(&read);
    let world = World::new(&read, &options.initial);
    let told = || format!("{name}: {history}");
    let state = |holds| if holds { State::Holds } else { State::Violated };
    assert_eq!(grades.state(Level::Linearizable), state(world.linearizable(options.model)), "{}", told());
    assert_eq!(grades.state(Level::Sequential), state(world.sequential(options.model)), "{}", told());
    if world.is_unique(options.model) {
        check_against_definitions(&world, &grades, &told);
    } else {
        assert!(Level::ALL[2..].iter().all(|&level| grades.state(level) == State::NotDefined), "{}", told());
    }
    evidence::check(&read, &options, &grades);
}

#[test]
fn the_course_grades_as_computed() {
    for (name, history, states, k, delta) in COURSE {
        expect(name, history, (states, k, delta));
    }
}

#[test]
fn the_whole_catalogue_grades_as_computed() {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    if !shared.exists() {
        println!("skipped: ../shared is not here");
        return;
    }
    let text = std::fs::read_to_string(shared.join("catalogue/anomalies.json")).expect("the catalogue");
    // JSON has no word for a bound that is not there.
    let text = text.replace(": Infinity", ": \"Infinity\"");
    let entries: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let entries = entries.as_array().expect("a list");
    assert_eq!(entries.len(), 61, "the catalogue has its stories");
    let (mut graded, mut values) = (0, 0);
    for entry in entries {
        let name = entry["id"].as_str().expect("a name");
        for (told, verdict) in [("history", "verdict"), ("cure_history", "cure_verdict")] {
            let history = entry[told].as_str().expect("a history");
            let verdict = &entry[verdict];
            let state = |level: &Level| match verdict.get(level.name()) {
                None => '?',
                Some(serde_json::Value::Null) => '0',
                Some(value) => {
                    if value.as_bool().expect("a grade") {
                        '+'
                    } else {
                        '-'
                    }
                }
            };
            let number = |level: Level| match verdict.get(level.name()) {
                None => "?".to_owned(),
                Some(serde_json::Value::Null) => "n".to_owned(),
                Some(serde_json::Value::String(text)) => text.clone(),
                Some(value) => format!("{}", value.as_f64().expect("a number")),
            };
            let states: String = COLUMNS.iter().map(state).collect();
            let (k, delta) = (number(Level::KAtomicity), number(Level::DeltaAtomicity));
            expect(name, history, (&states, &k, &delta));
            graded += 1;
            values += states.chars().filter(|&told| told != '?').count();
            values += usize::from(k != "?") + usize::from(delta != "?");
        }
    }
    println!("{graded} histories graded, {values} grades compared with those that the catalogue tells");
    assert_eq!(graded, 122);
    assert!(values > 1300, "{values}");
}
