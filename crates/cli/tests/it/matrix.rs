//! `anachron matrix`: the reports in the repository are what it writes, and every line in them shows what they say.
//!
//! `BLESS=1 cargo test -p anachron-cli matrix` rewrites `reports/catalogue.md` and `reports/strategy-matrix.svg`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::harness::{Folder, anachron, golden};

fn report(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports").join(name)
}

#[test]
fn the_reports_are_what_it_writes() {
    let folder = Folder::new();
    // It ends with 0 if what was found is what every mode promises.
    let ran = folder.anachron("matrix --report . --output jsonl").run().ends_with(0);
    for name in ["catalogue.md", "strategy-matrix.svg"] {
        let found = folder.read(name);
        if std::env::var_os("BLESS").is_some() {
            fs::write(report(name), &found).expect("reports/ can be written to");
        }
        let written = fs::read_to_string(report(name)).unwrap_or_default();
        assert!(found == written, "reports/{name} is no longer true; see the head of this file");
    }
    let mut modes: BTreeMap<String, Vec<Json>> = BTreeMap::new();
    for cell in ran.objects() {
        modes.entry(cell["mode"].as_str().expect("a mode").to_owned()).or_default().push(cell);
    }
    assert!(modes.len() > 30, "every mode of every strategy has a row");
    for (mode, cells) in modes {
        assert_eq!(cells.len(), 12, "{mode}");
        // What does not promise linearizability is caught without it; else the world would be too kind to tell.
        let linearizable = &cells[0];
        assert_eq!(linearizable["promised"] == true, linearizable["answer"] == "holds", "{mode}");
    }
}

/// The rows of the page's tables that end with a command, by the cells before it.
fn lines() -> Vec<(Vec<String>, String)> {
    let page = fs::read_to_string(report("catalogue.md")).expect("reports/catalogue.md");
    let row = |line: &str| {
        let mut cells: Vec<String> = line
            .strip_prefix("| ")?
            .strip_suffix(" |")?
            .split(" | ")
            .map(|cell| cell.trim_matches('`').to_owned())
            .collect();
        let command = cells.pop()?.strip_prefix("anachron ")?.to_owned();
        Some((cells, command))
    };
    page.lines().filter_map(row).collect()
}

/// Every so many lines, so that all modes and columns have their turn, and the test ends soon.
fn some_of(lines: &[(Vec<String>, String)], step: usize) -> impl Iterator<Item = &(Vec<String>, String)> {
    lines.iter().step_by(step)
}

#[test]
fn the_lines_of_the_matrix_show_what_they_stand_beside() {
    let lines: Vec<_> = lines().into_iter().filter(|(cells, _)| cells.len() == 2).collect();
    let runs: Vec<_> = lines.into_iter().filter(|(_, command)| command.starts_with("run ")).collect();
    assert!(runs.len() > 100);
    for (cells, command) in some_of(&runs, 11) {
        let objects = anachron(&format!("{command} --output jsonl")).run().objects();
        let (guarantee, found) = (cells[0].as_str(), cells[1].as_str());
        let of_kind = |kind: &'static str| objects.iter().filter(move |object| object["kind"] == kind);
        let askers: Vec<&Json> = of_kind("operation")
            .filter(|operation| operation["client"].as_str().is_some_and(|name| name.starts_with("asks-at-")))
            .collect();
        let shown = match guarantee {
            "linearizable" => of_kind("run").all(|run| run["verdict"] == "not-linearizable"),
            "replicas converge" => of_kind("run").all(|run| run["converged"] == false),
            "reads in a minority" | "writes in a minority" | "survives f crashes" => {
                let asked = askers.iter().filter(|operation| match guarantee {
                    "reads in a minority" => operation["f"] == "read",
                    "writes in a minority" => operation["f"] != "read",
                    _ => true,
                });
                let answered = |operation: &&&Json| operation["outcome"] == "ok";
                let all = asked.clone().count() > 0 && asked.clone().all(|operation| answered(&operation));
                all == (found.ends_with("20 of 20") || found == "✓ f = 4")
            }
            level => of_kind("level").any(|grade| {
                level.replace(' ', "_").starts_with(grade["level"].as_str().expect("a name"))
                    && grade["state"] == "violated"
            }),
        };
        assert!(shown, "`anachron {command}` does not show {guarantee}: {found}");
    }
}

#[test]
fn the_lines_of_the_stories_show_what_they_stand_beside() {
    let lines: Vec<_> = lines().into_iter().filter(|(cells, _)| cells.len() == 10).collect();
    assert!(lines.len() > 150);
    for (cells, command) in some_of(&lines, 13) {
        let ran = anachron(&format!("{command} --output jsonl")).run();
        let objects = ran.objects();
        let run = objects.iter().find(|object| object["kind"] == "run").expect("a run");
        assert_eq!(run["verdict"], cells[4].replace(' ', "-"), "anachron {command}");
        let anomaly = run["anomaly"].as_str().unwrap_or("–");
        assert_eq!(anomaly, cells[5], "anachron {command}");
    }
}

#[test]
fn one_row_is_told_with_its_runs() {
    golden(
        "matrix",
        &[
            anachron("matrix abd total-order-local-reads --seeds 3").run().ends_with(0),
            anachron("matrix raft-local --seeds 3 --ascii").run().ends_with(0),
            anachron("matrix raft-lokal").run().ends_with(2),
            anachron("matrix --seeds 0").run().ends_with(2),
            anachron("matrix --report no-such-folder").run().ends_with(2),
        ],
    );
}
