//! The end of the report: where we are ahead, where not, and why not.
//!
//! Rows are found by comparison alone. The reasons are written by people, in `reasons.txt`; a row without one says so.

use std::fmt::Write;
use std::time::Duration;

use crate::checkers::Checker;
use crate::figures;
use crate::race::{Outcome, Row};

/// Lines `FAMILY: reason`; `#` begins a comment.
const REASONS: &str = include_str!("../reasons.txt");

/// A row in which a peer was at least as quick as we, or decided what we did not.
struct Behind<'r> {
    row: &'r Row,
    peer: Checker,
    theirs: Duration,
    ours: Option<Duration>,
}

/// The reason for a family, if somebody wrote one.
fn reason<'t>(reasons: &'t str, family: &str) -> Option<&'t str> {
    let lines = reasons.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(':')).find(|(name, _)| *name == family).map(|(_, why)| why.trim())
}

/// The row, if we are not ahead in it, with the peer that did best there.
fn behind(row: &Row) -> Option<Behind<'_>> {
    let ours = row.outcomes.get(&Checker::Anachron).and_then(Outcome::time);
    let peers = row.outcomes.iter().filter(|(checker, _)| **checker != Checker::Anachron);
    let (peer, theirs) =
        peers.filter_map(|(peer, outcome)| Some((*peer, outcome.time()?))).min_by_key(|(_, time)| *time)?;
    ours.is_none_or(|ours| ours >= theirs).then_some(Behind { row, peer, theirs, ours })
}

/// The section. `rows` are all rows of the run, and our column is among them.
pub(crate) fn write(rows: &[Row]) -> String {
    write_with(rows, REASONS)
}

fn write_with(rows: &[Row], reasons: &str) -> String {
    let ours = |row: &Row| row.outcomes.get(&Checker::Anachron).and_then(Outcome::time);
    let decided = rows.iter().filter(|row| ours(row).is_some()).count();
    let alone = rows
        .iter()
        .filter(|row| ours(row).is_some())
        .filter(|row| row.outcomes.values().filter(|outcome| outcome.time().is_some()).count() == 1)
        .count();
    let behind: Vec<Behind<'_>> = rows.iter().filter_map(behind).collect();
    let nobody: Vec<&Row> =
        rows.iter().filter(|row| row.outcomes.values().all(|outcome| outcome.time().is_none())).collect();
    let ahead = rows.len() - behind.len() - nobody.len();
    let mut text = format!(
        "## Conclusion\n\nOf {} rows, Anachron decided {decided}, {alone} of them alone, and is ahead of every peer in \
         {ahead}.\n",
        rows.len()
    );
    if behind.is_empty() {
        text.push_str("\nNo peer decided a row that Anachron did not, or in less time.\n");
    } else {
        text.push_str(
            "\nNot ahead in:\n\n| family | concurrency | operations | Anachron | best peer | ours / theirs |\n|---|---|---|---|---|---|\n",
        );
        for Behind { row, peer, theirs, ours } in &behind {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {peer} {} | {} |",
                row.family.title,
                row.concurrency,
                figures::count(row.operations),
                ours.map_or("gave up".to_owned(), figures::time),
                figures::time(*theirs),
                ours.map_or("–".to_owned(), |ours| figures::ratio(ours, *theirs)),
            );
        }
        text.push_str("\nWhy:\n\n");
        let mut families: Vec<_> = behind.iter().map(|behind| behind.row.family).collect();
        families.dedup_by_key(|family| family.name);
        for family in families {
            let why = reason(reasons, family.name)
                .unwrap_or("**not explained yet; the place for it is `peers/reasons.txt`.**");
            let _ = writeln!(text, "- {}: {why}", family.title);
        }
    }
    if !nobody.is_empty() {
        text.push_str("\nNobody decided:\n\n");
        for row in nobody {
            let operations = figures::count(row.operations);
            let _ = writeln!(
                text,
                "- {}, concurrency {}, {operations} operations",
                row.family.title, row.concurrency
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::checkers::Answer;
    use crate::family::{FAMILIES, family};
    use crate::race::GaveUp;

    fn decided(milliseconds: u64) -> Outcome {
        let time = Duration::from_millis(milliseconds);
        Outcome::Decided { answer: Answer::Linearizable, time, peak: 1 }
    }

    fn row(operations: usize, ours: Outcome, theirs: Outcome) -> Row {
        let outcomes = BTreeMap::from([(Checker::Anachron, ours), (Checker::PorcupineRs, theirs)]);
        Row { family: family("cas").expect("it is there"), concurrency: 5, operations, outcomes }
    }

    #[test]
    fn rows_in_which_we_are_not_ahead_are_found_and_need_a_reason() {
        let rows = [
            row(1, decided(1), decided(2)),
            row(2, decided(4), decided(2)),
            row(3, decided(2), Outcome::GaveUp(GaveUp::Time)),
            row(4, Outcome::GaveUp(GaveUp::Time), decided(3)),
            row(5, Outcome::GaveUp(GaveUp::Time), Outcome::NotTried),
        ];
        let text = write_with(&rows, "");
        assert!(
            text.contains("Of 5 rows, Anachron decided 3, 1 of them alone, and is ahead of every peer in 2.")
        );
        assert!(text.contains("| 5 | 2 | 4.0 ms | porcupine-rs 2.0 ms | ×2.0 |"), "{text}");
        assert!(text.contains("| 5 | 4 | gave up | porcupine-rs 3.0 ms | – |"), "{text}");
        assert!(text.contains("not explained yet"), "{text}");
        assert!(text.contains("- CAS register, five values, concurrency 5, 5 operations\n"), "{text}");
        let explained = write_with(&rows, "# why\ncas: the moon\n");
        assert!(explained.contains("- CAS register, five values: the moon\n"), "{explained}");
        assert!(!explained.contains("not explained yet"));
    }

    #[test]
    fn being_ahead_everywhere_is_said() {
        let text = write_with(&[row(1, decided(1), decided(2))], "");
        assert!(text.contains("No peer decided a row that Anachron did not, or in less time."), "{text}");
        assert!(!text.contains("Not ahead"));
    }

    #[test]
    fn reasons_are_about_families_that_exist() {
        for line in REASONS.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            let (name, why) = line.split_once(':').unwrap_or_else(|| panic!("FAMILY: reason, not `{line}`"));
            assert!(FAMILIES.iter().any(|family| family.name == name), "no family {name}");
            assert!(!why.trim().is_empty(), "{name} has no reason");
        }
    }
}
