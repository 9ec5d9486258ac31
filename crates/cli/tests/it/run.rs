//! `anachron run`: one story, one variant, one seed.

use crate::harness::{Folder, anachron, golden};

const STORY: &str = "lost-acked-write-on-failover";

/// Every story, with its variants; those of the course alone, if `course`.
fn stories(course: bool) -> Vec<(String, Vec<String>)> {
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let listed = anachron("list --output jsonl").run().ends_with(0).objects();
    let variants = |story: &serde_json::Value| {
        let variants = story["variants"].as_array().expect("variants");
        variants.iter().map(|variant| text(&variant["name"])).collect()
    };
    let asked = listed.iter().filter(|story| !course || story["course"] == true);
    asked.map(|story| (text(&story["id"]), variants(story))).collect()
}

/// `docs/catalogue.md` holds the pictures of the rest.
#[test]
fn every_story_of_the_course_and_its_cures() {
    let stories = stories(true);
    assert!(stories.len() >= 8);
    for (story, variants) in stories {
        let mut calls = vec![anachron(&format!("run {story}")).run().ends_with(1)];
        for variant in &variants[1..] {
            calls.push(anachron(&format!("run {story} --variant {variant}")).run());
        }
        golden(&format!("run-{story}"), &calls);
    }
}

#[test]
fn without_a_variant_it_is_the_first() {
    let (story, variants) = &stories(true)[0];
    let alone = anachron(&format!("run {story}")).run();
    let named = anachron(&format!("run {story} --variant {}", variants[0])).run();
    assert_eq!(alone.line("run "), named.line("run "));
}

#[test]
fn expectations() {
    for (arguments, code) in [
        ("", 1),
        ("--expect not-linearizable", 0),
        ("--expect not-linearizable:stale-read", 0),
        ("--expect not-linearizable:flip-flop", 1),
        ("--expect linearizable", 1),
        ("--expect undecided", 1),
        ("--variant raft", 0),
        ("--variant raft --expect linearizable", 0),
        ("--variant raft --expect not-linearizable", 1),
    ] {
        anachron(&format!("run {STORY} {arguments}")).run().ends_with(code);
    }
}

#[test]
fn a_replay_line_replays() {
    let first = anachron(&format!("run {STORY} --seed 7")).run().ends_with(1);
    let replay = first.line("replay  anachron ").strip_prefix("replay  anachron ").expect("the start");
    let second = anachron(replay).run().ends_with(1);
    assert_eq!(first.line("run "), second.line("run "));
    assert_eq!(first.stdout.lines().last(), Some(first.line("run ")));
}

#[test]
fn another_fingerprint_is_a_divergence() {
    let wrong = "0123456789abcdef0123456789abcdef";
    let ran = anachron(&format!("run {STORY} --expect-run {wrong}")).run().ends_with(4);
    ran.notes(&format!("not {wrong}: another version, scenario, variant or seed"));
}

#[test]
fn a_run_checks_itself() {
    anachron(&format!("run {STORY} --self-check --verify"))
        .run()
        .ends_with(1)
        .notes("certificates re-checked")
        .notes("three runs, observed and not, are the same");
}

#[test]
fn the_seed_is_said_before_anything_else() {
    let ran = anachron(&format!("run {STORY} --seed 18446744073709551615")).run();
    let head = ran.stdout.split("\n\n").next().expect("the head");
    assert!(head.contains("seed 18446744073709551615"), "{}", ran.stdout);
    assert!(ran.line("replay ").contains("--seed 18446744073709551615"));
}

/// What `run --history` writes, `check` reads, and finds the same.
#[test]
fn the_history_of_every_run_is_judged_as_the_run_was() {
    for (story, variants) in stories(false) {
        for variant in &variants {
            let folder = Folder::new();
            let run = folder.anachron(&format!("run {story} --variant {variant} --history seen.jsonl")).run();
            let check = run.line("history anachron ").strip_prefix("history anachron ").expect("the start");
            // No argument of these lines has a space in it, so a shell would only take the quotes away.
            let arguments = check.replace('\'', "");
            let checked = folder.anachron(&format!("{arguments} --verify")).run().ends_with(run.code);
            let verdict = |text: &str| {
                text.lines().find(|line| line.starts_with(['✗', '✓'])).map(str::to_owned).expect("a verdict")
            };
            assert_eq!(verdict(&run.stdout), verdict(&checked.stdout), "{story} {variant}");
        }
    }
}

#[test]
fn a_trace_has_everything_in_order() {
    let folder = Folder::new();
    let run = folder.anachron(&format!("run {STORY} --trace events.jsonl")).run().ends_with(1);
    run.says("trace   events.jsonl");
    let trace = folder.read("events.jsonl");
    let events: Vec<serde_json::Value> =
        trace.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let places: Vec<(u64, u64)> = events
        .iter()
        .map(|event| {
            assert!(event["v"] == 1 && event["kind"] == "event", "{event}");
            (event["at_ns"].as_u64().expect("a time"), event["step"].as_u64().expect("a step"))
        })
        .collect();
    assert!(places.len() > 50 && places.is_sorted(), "{trace}");
    let of = |what: &str| events.iter().filter(|event| event["what"] == what).collect::<Vec<_>>();
    let sent = of("sent");
    assert!(sent.iter().all(|event| event["from"].is_string() && event["label"].is_string()), "{trace}");
    assert!(of("delivered").len() <= sent.len() && !of("crashed").is_empty(), "{trace}");
    let facts = of("facts");
    assert!(facts.iter().all(|event| event["changed"].as_object().is_some_and(|facts| !facts.is_empty())));
    assert!(facts.iter().any(|event| event["changed"]["log"].is_string()), "{trace}");
    let calls = of("call");
    assert!(calls.len() > 2 && calls.iter().any(|event| event["f"] == "write" && event["arg"].is_number()));
    assert!(of("return").iter().any(|event| event["outcome"] == "ok" && event["ret"].is_number()));
}

#[test]
fn the_whole_run_is_drawn_on_request() {
    let calls = ["", " --whole"].map(|whole| {
        anachron(&format!("run back-in-time-two-followers --width 100{whole}")).run().ends_with(1)
    });
    golden("whole", &calls);
}

#[test]
fn a_file_of_ones_own_runs_like_a_story() {
    let folder = Folder::new();
    let text = include_str!("../../../../scenarios/lost-acked-write-on-failover.json");
    folder.file("my own.json", text).file("--help.json", text);
    let own = folder.anachron("run").arg("my own.json").run().ends_with(1);
    assert!(
        own.line("replay ").starts_with("replay  anachron run 'my own.json' --variant "),
        "{}",
        own.stdout
    );
    let flag = folder.anachron("run -- --help.json").run().ends_with(1);
    assert!(flag.line("replay ").starts_with("replay  anachron run ./--help.json --variant "));
    assert_eq!(own.line("run "), flag.line("run "));
    assert_eq!(own.line("run "), anachron(&format!("run {STORY}")).run().line("run "));
}

#[test]
fn a_broken_scenario_is_shown_where_it_is_broken() {
    let text = include_str!("../../../../scenarios/lost-acked-write-on-failover.json");
    let folder = Folder::new();
    folder
        .file("cut-off.json", &text[..200])
        .file("misspelt.json", text.replacen("\"nodes\"", "\"noods\"", 1))
        .file("no-strategy.json", text.replacen("\"single-leader\"", "\"single-laeder\"", 1))
        .file("binary.json", [0xff, 0xfe, 0, 1])
        .file("empty.json", "");
    std::fs::create_dir(folder.path().join("folder.json")).expect("a folder");
    let files = ["cut-off", "misspelt", "no-strategy", "binary", "empty", "folder"];
    let calls = files.map(|file| folder.anachron(&format!("run {file}.json")).run().ends_with(2));
    golden("broken-scenarios", &calls);
}
