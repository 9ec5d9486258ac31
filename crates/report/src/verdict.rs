//! The verdict in words: what was found, why, and how to see it again.
//!
//! Why it exists: this is the text most people ever see of Anachron. It opens with the answer, then the proof, then,
//! apart and named as such, the story of the servers.
//!
//! What it promises: three verdicts that can't be taken for each other by sign, word or colour; *not decided* says
//! that it is neither pass nor fail, how far it got, and what to try.

use anachron_history::History;
use anachron_vocabulary::{Key, OperationId, Outcome};

use crate::cause::CauseLine;
use crate::number::{count, thousands};
use crate::style::{Ink, Style};
use crate::text::{cut, pad, safe, sentence, width, wrap};
use crate::words::{moment, phrase, true_time};

/// Orders longer than this are not printed whole.
const WHOLE_ORDER: usize = 20;
/// Of a longer order, this many operations from its beginning are printed.
const ORDER_HEAD: usize = 8;
/// Proofs of more sentences than this are not printed whole: nobody reads on.
const WHOLE_PROOF: usize = 12;
/// Of a longer proof, this many sentences from its beginning are printed…
const PROOF_HEAD: usize = 6;
/// …and this many from its end, where the contradiction is.
const PROOF_TAIL: usize = 4;
/// A sentence is cut after this many columns: a value of a megabyte must not bury the verdict.
const LONGEST_SENTENCE: usize = 1200;

/// A violation, ready to be told. The proof's words come from the judge, which has checked them.
#[derive(Clone, Copy, Debug)]
pub struct Violation<'a> {
    /// The whole in one line: `Stale read: c3 read x → 1 after x=2 had been written`.
    pub headline: &'a str,
    /// The proof, step by step.
    pub sentences: &'a [String],
    /// How many operations the proof needs.
    pub core: usize,
    /// Of how many of the object.
    pub operations: usize,
    /// True if no smaller proof was found by taking operations away one by one.
    pub minimal: bool,
    /// What the servers were doing; empty for a history from a file.
    pub cause: &'a [CauseLine],
}

/// `✗ NOT linearizable`, the proof, the story.
pub fn violation(found: &Violation<'_>, style: Style) -> String {
    let glyphs = style.glyphs();
    let mut out: Vec<String> = Vec::new();
    let badge = format!("{} NOT linearizable", glyphs.wrong);
    let headline = cut(&sentence(found.headline, style), LONGEST_SENTENCE, style);
    let mut lines = wrap(&headline, style.columns().saturating_sub(width(&badge) + 2).max(20)).into_iter();
    let indent = " ".repeat(width(&badge) + 2);
    let first = lines.next().unwrap_or_default();
    out.push(format!("{}  {first}", style.paint(Ink::Violation, &badge)).trim_end().to_owned());
    for line in lines {
        out.push(format!("{indent}{line}"));
    }
    let count_said = found.sentences.len();
    let left_out = if count_said > WHOLE_PROOF { PROOF_HEAD..count_said - PROOF_TAIL } else { 0..0 };
    for (index, said) in found.sentences.iter().enumerate() {
        if !left_out.contains(&index) {
            numbered(&mut out, &format!("{}.", index + 1), said, style);
        } else if index == left_out.start {
            let more =
                format!("{} more like these, all of them in JSON Lines", thousands(left_out.len() as u64));
            out.push(format!("  {} {}", glyphs.cut, style.paint(Ink::Dim, &more)));
        }
    }
    let enough = if found.core >= found.operations && found.minimal {
        match found.core {
            1 => "The one operation shows it.".to_owned(),
            all => format!("All {} are needed to show it.", count(all as u64, "operation")),
        }
    } else {
        format!(
            "{} of {} {} enough to show it (checked).",
            thousands(found.core as u64),
            count(found.operations as u64, "operation"),
            if found.core == 1 { "is" } else { "are" }
        )
    };
    let smaller = if found.minimal { "" } else { " There may be a shorter proof." };
    paragraph(&mut out, &format!("{enough}{smaller}"), Ink::Dim, style);
    let mut text = finish(&out);
    if !found.cause.is_empty() {
        text.push('\n');
        text.push_str(&story(found.cause, style));
    }
    text
}

fn finish(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// The cause chain under its title.
pub fn story(cause: &[CauseLine], style: Style) -> String {
    let title = "What the servers were doing";
    let label = "(a story from the trace, not part of the proof)";
    let (title_painted, paint) = (style.paint(Ink::Strong, title), |line: &str| style.paint(Ink::Dim, line));
    let mut out = if width(title) + 1 + width(label) <= style.columns() {
        vec![format!("{title_painted} {}", paint(label))]
    } else {
        let label = wrap(label, style.columns());
        std::iter::once(title_painted).chain(label.iter().map(|line| paint(line))).collect()
    };
    let times: Vec<String> = cause.iter().map(|line| true_time(line.at, style)).collect();
    let widest = times.iter().map(|time| width(time)).max().unwrap_or(0);
    for (line, time) in cause.iter().zip(&times) {
        let text = wrap(&line.text, style.columns().saturating_sub(widest + 4).max(20));
        for (index, part) in text.iter().enumerate() {
            let left = if index == 0 {
                format!("{}{time}", " ".repeat(widest - width(time)))
            } else {
                " ".repeat(widest)
            };
            out.push(format!("  {}  {part}", style.paint(Ink::Dim, &left)));
        }
    }
    finish(&out)
}

/// An order that works, one list an object.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The object.
    pub key: Key,
    /// Its operations in an order that the object could have carried out.
    pub order: &'a [OperationId],
}

/// `✓ linearizable`, and the order, whole for small histories.
pub fn linearizable(history: &History, placed: &[Placed<'_>], style: Style) -> String {
    let glyphs = style.glyphs();
    let certain = history.records.iter().filter(|record| matches!(record.outcome, Outcome::Ok(_))).count();
    let unknown = history.records.iter().filter(|record| record.outcome == Outcome::Unknown).count();
    let total: usize = placed.iter().map(|part| part.order.len()).sum();
    let assumed = placed
        .iter()
        .flat_map(|part| part.order)
        .filter(|&&id| history.record(id).outcome == Outcome::Unknown)
        .count();
    let badge = style.paint(Ink::Good, &format!("{} linearizable", glyphs.right));
    let objects = match placed.len() {
        0 | 1 => "here is one order".to_owned(),
        objects => format!("here is one order for each of {objects} objects"),
    };
    let mut out = vec![format!(
        "{badge}: {objects} ({} of {} placed)",
        thousands((total - assumed) as u64),
        thousands(certain as u64)
    )];
    let several = placed.len() > 1;
    let shown = if total > WHOLE_ORDER { ORDER_HEAD } else { total };
    let mut left = shown;
    for part in placed {
        if left == 0 {
            break;
        }
        if several {
            let name = cut(&safe(history.key_name(part.key), style), 40, style);
            out.push(format!("  {}", style.paint(Ink::Strong, &name)));
        }
        let lines: Vec<[String; 4]> = part
            .order
            .iter()
            .take(left)
            .enumerate()
            .map(|(index, &id)| placed_line(history, index + 1, id, style))
            .collect();
        left -= lines.len();
        let widest = |column: usize| lines.iter().map(|line| width(&line[column])).max().unwrap_or(0);
        let widths = [widest(0), widest(1), widest(2)];
        for line in &lines {
            let joined = format!(
                "  {} {}  {}  {}",
                pad(&line[0], widths[0]),
                pad(&line[1], widths[1]),
                pad(&line[2], widths[2]),
                style.paint(Ink::Dim, &line[3])
            );
            out.push(joined.trim_end().to_owned());
        }
    }
    if total > shown {
        let more = format!("  {} {} more, in order", glyphs.cut, thousands((total - shown) as u64));
        out.push(style.paint(Ink::Dim, &more));
    }
    if unknown > 0 {
        let text = format!(
            "{} timed out: {} taken to have happened, {} left out.",
            thousands(unknown as u64),
            thousands(assumed as u64),
            thousands((unknown - assumed) as u64)
        );
        paragraph(&mut out, &text, Ink::Dim, style);
    }
    finish(&out)
}

/// Mark, client, operation, interval.
fn placed_line(history: &History, number: usize, id: OperationId, style: Style) -> [String; 4] {
    let record = history.record(id);
    let at = |time| moment(history.time_unit, time, style);
    let interval = match record.returned() {
        Some(end) => format!("{} {} {}", at(record.call), style.glyphs().dash, at(end)),
        None => format!("{} {} ? (timed out)", at(record.call), style.glyphs().dash),
    };
    [
        style.mark(number),
        cut(&safe(history.client_name(record.client), style), 20, style),
        phrase(history, id, style),
        interval,
    ]
}

/// How far the judge got with one object, or with a history of one.
#[derive(Clone, Copy, Debug)]
pub struct Undecided<'a> {
    /// What ended the search: `the limit on memory`.
    pub limit: &'a str,
    /// How many configurations it had explored.
    pub configurations: u64,
    /// The most operations that an order held…
    pub placed: usize,
    /// …of how many.
    pub required: usize,
    /// What to try next: `--budget 10m`.
    pub advice: &'a str,
}

/// `? not decided`: how far, and what to try.
pub fn undecided(far: &Undecided<'_>, style: Style) -> String {
    let mut out = vec![style.paint(Ink::Unknown, "? not decided")];
    let reached = format!(
        "Stopped by {} after {}.",
        safe(far.limit, style),
        count(far.configurations, "configuration")
    );
    paragraph(&mut out, &reached, Ink::Plain, style);
    let text = format!(
        "Longest order found: {} of {}. This is neither pass nor fail.",
        thousands(far.placed as u64),
        count(far.required as u64, "operation")
    );
    paragraph(&mut out, &text, Ink::Plain, style);
    if !far.advice.is_empty() {
        paragraph(&mut out, &format!("Try {}.", sentence(far.advice, style)), Ink::Plain, style);
    }
    finish(&out)
}

/// The line under a verdict, or above one: its parts with dots between them, those that are empty left out. Where the
/// line would be too long it breaks at a dot, so that what is one thing stays on one line.
pub fn footer(parts: &[String], style: Style) -> String {
    let dot = format!(" {} ", style.glyphs().dot);
    let mut lines: Vec<String> = Vec::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let part = sentence(part, style);
        match lines.last_mut() {
            Some(line) if width(line) + width(&dot) + width(&part) <= style.columns() => {
                line.push_str(&dot);
                line.push_str(&part);
            }
            _ => lines.extend(wrap(&part, style.columns())),
        }
    }
    lines.iter().map(|line| style.paint(Ink::Dim, line) + "\n").collect()
}

fn numbered(out: &mut Vec<String>, number: &str, said: &str, style: Style) {
    let left = format!("  {number} ");
    let text = cut(&sentence(said, style), LONGEST_SENTENCE, style);
    for (index, line) in wrap(&text, style.columns().saturating_sub(width(&left)).max(20)).iter().enumerate()
    {
        let left = if index == 0 { left.clone() } else { " ".repeat(width(&left)) };
        out.push(format!("{left}{line}"));
    }
}

fn paragraph(out: &mut Vec<String>, text: &str, ink: Ink, style: Style) {
    for line in wrap(text, style.columns() - 2) {
        out.push(format!("  {}", style.paint(ink, &line)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_proof_is_told_in_its_beginning_and_its_end() {
        let told = |number: usize| {
            let sentences: Vec<String> = (1..=number).map(|n| format!("Fact {n}.")).collect();
            let found = Violation {
                headline: "Cycle",
                sentences: &sentences,
                core: 30,
                operations: 40,
                minimal: true,
                cause: &[],
            };
            violation(&found, Style::default())
        };
        let short = told(12);
        assert!(short.contains("  12. Fact 12.") && !short.contains("more like these"), "{short}");
        let long = told(30);
        assert!(long.contains("  … 20 more like these, all of them in JSON Lines\n"), "{long}");
        assert_eq!(long.matches("Fact").count(), 10, "{long}");
        assert!(long.contains(" 1. Fact 1.") && long.contains("30. Fact 30."), "{long}");
    }
}
