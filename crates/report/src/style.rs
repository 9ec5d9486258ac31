//! How a text may look: how wide, with which characters, with or without colour.
//!
//! Why it exists: the same picture goes to a wide terminal, to a pipe, to a log file and to a terminal that knows
//! only ASCII. Whoever prints decides once, here; nothing below asks the environment.
//!
//! What it promises: with `ascii` no character outside ASCII is written; without `colour` no escape sequence is.
//! Colour never carries a meaning of its own: shape and text say the same.

/// What a text may look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Columns that a line may take. Pictures never take fewer than [`Style::NARROWEST`].
    pub width: usize,
    /// Nothing but ASCII.
    pub ascii: bool,
    /// ANSI colours.
    pub colour: bool,
}

impl Default for Style {
    /// What a pipe gets: 80 columns, Unicode, no colour.
    fn default() -> Self {
        Self { width: 80, ascii: false, colour: false }
    }
}

/// What a piece of text stands for; decides its colour. The sixteen basic colours are used, so that the reader's
/// own theme (and its contrast) counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ink {
    Plain,
    Dim,
    Strong,
    Write,
    Read,
    Unknown,
    Violation,
    Good,
    Leader,
    Fault,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Dim => "2",
            Self::Strong => "1",
            Self::Write => "34",
            Self::Read => "36",
            Self::Unknown => "33",
            Self::Violation => "1;31",
            Self::Good | Self::Leader => "32",
            Self::Fault => "35",
        }
    }
}

/// The characters that pictures are drawn with.
#[derive(Debug)]
pub(crate) struct Glyphs {
    pub(crate) begin: char,
    pub(crate) end: char,
    pub(crate) joint: char,
    pub(crate) instant: char,
    pub(crate) solid: char,
    pub(crate) dashed: char,
    pub(crate) fading: char,
    pub(crate) crowd: char,
    pub(crate) leader: char,
    pub(crate) role: char,
    pub(crate) paused: char,
    pub(crate) crash: char,
    pub(crate) fault: char,
    pub(crate) tick: char,
    pub(crate) operator: char,
    pub(crate) window: char,
    pub(crate) some: char,
    pub(crate) empty: char,
    pub(crate) arrow: &'static str,
    pub(crate) wrong: &'static str,
    pub(crate) right: &'static str,
    pub(crate) dash: &'static str,
    pub(crate) dot: &'static str,
    pub(crate) cut: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    begin: '├',
    end: '┤',
    joint: '┼',
    instant: '│',
    solid: '─',
    dashed: '╌',
    fading: '·',
    crowd: '▒',
    leader: '━',
    role: '─',
    paused: '┄',
    crash: '✗',
    fault: '░',
    tick: '│',
    operator: '▸',
    window: '▔',
    some: '▪',
    empty: '·',
    arrow: "→",
    wrong: "✗",
    right: "✓",
    dash: "–",
    dot: "·",
    cut: "…",
};

const ASCII: Glyphs = Glyphs {
    begin: '|',
    end: '|',
    joint: '+',
    instant: '|',
    solid: '-',
    dashed: '~',
    fading: '.',
    crowd: '#',
    leader: '=',
    role: '-',
    paused: '.',
    crash: 'X',
    fault: ':',
    tick: '|',
    operator: '>',
    window: '^',
    some: '*',
    empty: '.',
    arrow: "->",
    wrong: "X",
    right: "OK",
    dash: "-",
    dot: "-",
    cut: "..",
};

impl Style {
    /// No picture is drawn narrower than this: on fewer columns nothing could be told apart.
    pub const NARROWEST: usize = 40;

    pub(crate) fn glyphs(self) -> &'static Glyphs {
        if self.ascii { &ASCII } else { &UNICODE }
    }

    pub(crate) fn columns(self) -> usize {
        self.width.max(Self::NARROWEST)
    }

    /// `text` in the colour of its meaning, if there are colours.
    pub(crate) fn paint(self, ink: Ink, text: &str) -> String {
        if !self.colour || ink == Ink::Plain || text.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{}m{text}\u{1b}[0m", ink.code())
    }

    /// The sign of the `number`-th marked operation, counted from 1: `①` to `㊿` as far as Unicode goes, else `(51)`.
    pub fn mark(self, number: usize) -> String {
        let code = match number {
            1..=20 => 0x2460 + number - 1,
            21..=35 => 0x3251 + number - 21,
            36..=50 => 0x32B1 + number - 36,
            _ => 0,
        };
        match u32::try_from(code).ok().filter(|&code| code > 0).and_then(char::from_u32) {
            Some(sign) if !self.ascii => sign.to_string(),
            _ => format!("({number})"),
        }
    }

    /// The number that a sign stands for.
    pub(crate) fn marked_number(sign: char) -> Option<usize> {
        let code = u32::from(sign) as usize;
        match code {
            0x2460..=0x2473 => Some(code - 0x2460 + 1),
            0x3251..=0x325F => Some(code - 0x3251 + 21),
            0x32B1..=0x32BF => Some(code - 0x32B1 + 36),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_circled_as_far_as_unicode_goes() {
        let style = Style::default();
        for number in 1..=50 {
            let sign: Vec<char> = style.mark(number).chars().collect();
            assert_eq!((sign.len(), Style::marked_number(sign[0])), (1, Some(number)));
        }
        assert_eq!((style.mark(1), style.mark(50), style.mark(51)), ("①".into(), "㊿".into(), "(51)".into()));
        assert_eq!(Style { ascii: true, ..style }.mark(3), "(3)");
    }

    #[test]
    fn without_colour_no_escape_sequence_is_written() {
        let plain = Style::default();
        assert_eq!(plain.paint(Ink::Violation, "x"), "x");
        assert_eq!(Style { colour: true, ..plain }.paint(Ink::Violation, "x"), "\u{1b}[1;31mx\u{1b}[0m");
    }
}
