//! A history's place on the ladder of consistency models, a line a level.
//!
//! Why it exists: "not linearizable" says little of how far from it a history is. The ladder shows at one look which
//! promises were kept and which were not, and under each the evidence, for whoever does not believe it.
//!
//! What it promises: four answers that can't be taken for each other by sign, word or colour. It decides nothing and
//! words nothing: titles and evidence come from the judge.

use std::fmt::Write as _;

use crate::style::{Ink, Style};
use crate::text::{cut, pad, sentence, width, wrap};

/// A line of evidence is cut after this many columns.
const LONGEST_LINE: usize = 1200;
/// Of longer evidence, this many lines are shown.
const MOST_LINES: usize = 12;

/// A string takes everything.
const WRITES: &str = "a string takes everything";

/// What is known of a level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It holds.
    Holds,
    /// It does not.
    Broken,
    /// The budget was spent first.
    Undecided,
    /// The level says nothing of such a history.
    NotDefined,
}

impl Standing {
    fn sign(self, style: Style) -> &'static str {
        let glyphs = style.glyphs();
        match self {
            Self::Holds => glyphs.right,
            Self::Broken => glyphs.wrong,
            Self::Undecided => "?",
            Self::NotDefined => glyphs.dash,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::Undecided => "not decided",
            Self::NotDefined => "not defined",
        }
    }

    fn ink(self) -> Ink {
        match self {
            Self::Holds => Ink::Good,
            Self::Broken => Ink::Violation,
            Self::Undecided => Ink::Unknown,
            Self::NotDefined => Ink::Dim,
        }
    }
}

/// One level.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rung<'a> {
    /// The level's name for people.
    pub title: &'a str,
    /// What is known of it.
    pub standing: Standing,
    /// The answer's reason in a few words; may be empty.
    pub said: String,
    /// The evidence, line by line; lines that begin with spaces go one step to the right.
    pub evidence: Vec<String>,
}

/// The ladder, from the top down.
pub fn ladder(rungs: &[Rung<'_>], style: Style) -> String {
    let titles = rungs.iter().map(|rung| width(rung.title)).max().unwrap_or(0);
    let signs = if style.ascii { 2 } else { 1 };
    let mut out = String::new();
    for rung in rungs {
        let standing = rung.standing;
        let word = if rung.said.is_empty() { standing.word() } else { &pad(standing.word(), 11) };
        let lead = format!(
            "  {} {}  {word}",
            pad(standing.sign(style), signs),
            pad(&sentence(rung.title, style), titles)
        );
        let room = style.columns().saturating_sub(width(&lead) + 2).max(24);
        let mut said = wrap(&cut(&sentence(&rung.said, style), LONGEST_LINE, style), room).into_iter();
        let first = said.next().unwrap_or_default();
        let painted = style.paint(standing.ink(), &lead);
        out.push_str(format!("{painted}  {first}").trim_end());
        out.push('\n');
        for line in said {
            writeln!(out, "{}{line}", " ".repeat(width(&lead) + 2)).expect(WRITES);
        }
        for line in rung.evidence.iter().take(MOST_LINES) {
            let indent = if line.starts_with(' ') { 10 } else { 8 };
            let text = cut(&sentence(line.trim(), style), LONGEST_LINE, style);
            for (number, part) in
                wrap(&text, style.columns().saturating_sub(indent + 2).max(24)).iter().enumerate()
            {
                let indent = indent + if number > 0 { 2 } else { 0 };
                writeln!(out, "{}{}", " ".repeat(indent), style.paint(Ink::Dim, part)).expect(WRITES);
            }
        }
        if rung.evidence.len() > MOST_LINES {
            let more = rung.evidence.len() - MOST_LINES;
            let said = format!("{} {more} more, all of them in JSON Lines", style.glyphs().cut);
            writeln!(out, "        {}", style.paint(Ink::Dim, &said)).expect(WRITES);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_answers_look_different_in_every_style() {
        let rung =
            |standing| Rung { title: "sequential", standing, said: String::new(), evidence: Vec::new() };
        let standings = [Standing::Holds, Standing::Broken, Standing::Undecided, Standing::NotDefined];
        for style in [Style::default(), Style { ascii: true, ..Style::default() }] {
            let lines = standings.map(|standing| ladder(&[rung(standing)], style));
            for (number, line) in lines.iter().enumerate() {
                assert!(!lines[..number].contains(line), "{line}");
                assert_eq!(line.lines().count(), 1);
                assert!(!style.ascii || line.is_ascii(), "{line}");
            }
        }
    }

    #[test]
    fn long_evidence_is_cut_and_says_so() {
        let evidence: Vec<String> = (0..30).map(|number| format!("  step {number}")).collect();
        let rung = Rung { title: "PRAM", standing: Standing::Broken, said: "a circle".to_owned(), evidence };
        let text = ladder(&[rung], Style::default());
        assert_eq!(text.matches("step").count(), MOST_LINES);
        assert!(text.ends_with("… 18 more, all of them in JSON Lines\n"), "{text}");
    }
}
