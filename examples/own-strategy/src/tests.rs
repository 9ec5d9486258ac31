//! What the scenario files expect comes out, and the page that walks through this example tells the truth.

use anachron_checker::Decision;
use anachron_scenario::ExpectedVerdict;

use super::*;

const TWO_HOSTS: &str = include_str!("../two-hosts.json");
const STORM: &str = include_str!("../storm.json");

/// Every variant does at its seed, and over its seeds, what its file expects.
fn holds(text: &str) {
    let scenario = scenario(text).expect("the file is sound");
    for variant in &scenario.variants {
        let expected = &variant.expect;
        let experiment = experiment(text, &scenario, variant).expect("the strategy is known");
        let broken = expected.verdict == ExpectedVerdict::NotLinearizable;
        let name = format!("{} {}", scenario.id, variant.name);
        let trial = experiment.trial(variant.seed, Limits::default(), &NEVER);
        let decision = if broken { Decision::NotLinearizable } else { Decision::Linearizable };
        assert_eq!(trial.decision(), decision, "{name}");
        let Some(range) = &expected.seeds else { continue };
        let summary =
            sweep(&experiment, range.from..range.to, cores(), Limits::default(), &NEVER, &mut |_| {});
        assert_eq!(summary.violations > 0, broken, "{name}: {summary:?}");
        assert_eq!((summary.undecided, summary.diverged, summary.stuck), (0, 0, 0), "{name}: {summary:?}");
    }
}

#[test]
fn the_lesson_holds() {
    holds(TWO_HOSTS);
}

#[test]
fn the_storm_finds_every_weakening_and_breaks_nothing_else() {
    holds(STORM);
}

#[test]
fn what_a_scenario_may_not_say_is_named_with_its_place() {
    let wrong = TWO_HOSTS.replace("\"reads\": \"any\"", "\"reads\": \"none\"");
    let told = run(&wrong, None, None).expect_err("there is no such choice");
    assert!(told.contains("variants[0].strategy.options.reads") && told.contains("\"backup\""), "{told}");
    let told = run(&TWO_HOSTS.replace("\"nodes\": 2", "\"nodes\": 3"), None, None);
    assert!(told.expect_err("three are a crowd").contains("two nodes"));
    assert!(run(&TWO_HOSTS.replace("primary-backup", "raft"), None, None).is_err());
}

/// Every code block of the page is a part of this example, or what it says. A block says where it is from by the line
/// before it: `[text](../examples/own-strategy/FILE):`, or is the output of the command in its first line.
#[test]
fn the_page_says_what_the_example_does() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let read = |path: &str| {
        std::fs::read_to_string(format!("{root}/{path}")).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let page = read("docs/own-strategy.md");
    let mut pieces = page.split("```");
    let mut before = pieces.next().expect("a page has a beginning");
    let mut blocks = 0;
    while let (Some(block), Some(after)) = (pieces.next(), pieces.next()) {
        let (language, block) = block.split_once('\n').expect("a block has lines");
        if language == "console" {
            let (command, output) = block.split_once('\n').expect("a command, then what it says");
            let arguments = command.split_once(" -- ").expect("the program's own arguments").1;
            let arguments: Vec<String> = arguments
                .split(' ')
                .map(|word| if word.contains('/') { format!("{root}/{word}") } else { word.to_owned() })
                .collect();
            let said = obey(&arguments).expect("the page's commands work");
            assert_eq!(output, said, "`{command}` says something else:\n{said}");
        } else {
            let link = before.trim_end().rsplit_once("](../").expect("a block is introduced by its file").1;
            let (path, _) = link.split_once(')').expect("a link ends");
            let source = read(path);
            assert!(dedented(&source).contains(&dedented(block)), "this is not in {path}:\n{block}");
        }
        blocks += 1;
        before = after;
    }
    assert!(blocks >= 10, "the page has {blocks} blocks only");
}

/// Without what stands left of each line: a block of the page begins at its own margin.
fn dedented(text: &str) -> String {
    text.lines().map(str::trim_start).collect::<Vec<_>>().join("\n")
}
