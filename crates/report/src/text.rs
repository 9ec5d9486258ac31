//! Foreign text made safe to show: escaped, measured, cut, wrapped.
//!
//! Why it exists: key names, values and client names come from files that anybody may have written. An escape
//! sequence in a key must not reach a terminal, a line break must not fake a second line of output, and a megabyte
//! of value must not bury the verdict.
//!
//! What it promises: [`safe`] returns only printable characters, each one or two columns wide, and distinct texts
//! stay distinct; [`cut`] shows that it cut.
//!
//! Left out on purpose: full Unicode text layout. Widths follow the wide and fullwidth ranges of Unicode's
//! East Asian Width (UAX 11); combining characters are escaped rather than measured.

use std::fmt::Write as _;

use anachron_vocabulary::Value;

use crate::Style;

/// `text` with everything escaped that a terminal could obey or that could fool a reader: control characters,
/// direction marks, invisible and combining characters, and the backslash itself. In ASCII style also everything
/// outside ASCII.
pub fn safe(text: &str, style: Style) -> String {
    let mut out = String::with_capacity(text.len());
    push_safe(&mut out, text, style, "\\");
    out
}

/// A sentence of our own making, whose foreign parts are escaped already: whatever a terminal could still obey is
/// escaped, and nothing twice. In ASCII style our own signs get their ASCII form.
pub fn sentence(text: &str, style: Style) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if let Some(number) = Style::marked_number(c).filter(|_| style.ascii) {
            out.push_str(&style.mark(number));
            continue;
        }
        let plain = match c {
            '→' => "->",
            '–' | '—' | '−' | '·' => "-",
            '…' => "..",
            '≤' => "<=",
            '×' => "x",
            'µ' => "u",
            '✓' => "OK",
            '✗' => "X",
            _ => "",
        };
        if style.ascii && !plain.is_empty() {
            out.push_str(plain);
        } else {
            push_safe(&mut out, c.encode_utf8(&mut [0; 4]), style, "");
        }
    }
    out
}

fn push_safe(out: &mut String, text: &str, style: Style, escaped: &str) {
    for c in text.chars() {
        if escaped.contains(c) {
            out.push('\\');
            out.push(c);
        } else if c == ' ' || c.is_ascii_graphic() {
            out.push(c);
        } else if style.ascii && !c.is_ascii() {
            write!(out, "{}", c.escape_unicode()).expect("a string takes everything");
        } else {
            // Escapes what is not printable and what extends the character before it.
            write!(out, "{}", c.escape_debug()).expect("a string takes everything");
        }
    }
}

/// A value as it is shown to people: strings in quotes only where they could be taken for something else.
pub fn value(value: &Value, style: Style) -> String {
    match value {
        Value::Text(text) => {
            let plain = !text.is_empty()
                && &**text != "null"
                && text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
                && !text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
            if plain {
                return safe(text, style);
            }
            let mut out = String::from('"');
            push_safe(&mut out, text, style, "\\\"");
            out.push('"');
            out
        }
        Value::Null => "null".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::List(values) => {
            let shown: Vec<String> = values.iter().map(|one| self::value(one, style)).collect();
            format!("[{}]", shown.join(", "))
        }
        // A literal keeps the backslashes of its own notation.
        Value::Literal(text) => {
            let mut out = String::new();
            push_safe(&mut out, text, style, "");
            out
        }
    }
}

/// How many columns a character takes: 1 or 2. Only for characters that [`safe`] lets through.
pub(crate) fn char_width(c: char) -> usize {
    let wide = matches!(u32::from(c),
        0x1100..=0x115F | 0x231A..=0x231B | 0x2329..=0x232A | 0x23E9..=0x23EC | 0x2614..=0x2615
        | 0x2648..=0x2653 | 0x26AA..=0x26AB | 0x2705 | 0x270A..=0x270B | 0x2728 | 0x274C | 0x274E
        | 0x2753..=0x2755 | 0x2757 | 0x2795..=0x2797 | 0x2E80..=0x303E | 0x3041..=0x33FF
        | 0x3400..=0x4DBF | 0x4E00..=0xA4CF | 0xA960..=0xA97F | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x16FE0..=0x18DFF | 0x1AFF0..=0x1B2FF
        | 0x1F004 | 0x1F0CF | 0x1F18E | 0x1F191..=0x1F19A | 0x1F200..=0x1F265 | 0x1F300..=0x1F64F
        | 0x1F680..=0x1F6FF | 0x1F7E0..=0x1F7EB | 0x1F90C..=0x1F9FF | 0x1FA70..=0x1FAFF
        | 0x20000..=0x3FFFD);
    if wide { 2 } else { 1 }
}

/// How many columns a text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// At most `columns` columns of `text`; if something is missing, the end says so.
pub fn cut(text: &str, columns: usize, style: Style) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let sign = style.glyphs().cut;
    let room = columns.saturating_sub(width(sign));
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += char_width(c);
        if used > room {
            break;
        }
        out.push(c);
    }
    out.push_str(sign);
    out
}

/// `text` padded with spaces to `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Breaks `text` at spaces into lines of at most `columns` columns; a single word that is longer keeps its line.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let wide = width(word);
        if used > 0 && used + 1 + wide > columns {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += wide;
    }
    lines.push(line.trim_end().to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNICODE: Style = Style { width: 80, ascii: false, colour: false };
    const ASCII: Style = Style { width: 80, ascii: true, colour: false };

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        // An escape sequence, a bell, a line break, C1 controls, a direction override, a zero-width space, a
        // combining accent, a byte-order mark.
        let evil = "\u{1b}[2J\u{7}\r\n\u{9b}31m\u{202e}\u{200b}e\u{301}\u{feff}\u{2028}";
        for style in [UNICODE, ASCII] {
            let shown = safe(evil, style);
            assert!(shown.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{shown}");
            let shown = value(&Value::Text(evil.into()), style);
            assert!(shown.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{shown}");
            let shown = value(&Value::Literal(evil.into()), style);
            assert!(shown.chars().all(|c| c == ' ' || c.is_ascii_graphic()), "{shown}");
        }
    }

    #[test]
    fn an_escaped_text_is_not_mistaken_for_the_text_of_its_escape() {
        assert_ne!(safe("\n", UNICODE), safe("\\n", UNICODE));
        assert_eq!(safe("naïve 日本", UNICODE), "naïve 日本");
        assert_eq!(safe("naïve", ASCII), "na\\u{ef}ve");
        assert_eq!(value(&"say \"x\"".into(), UNICODE), "\"say \\\"x\\\"\"");
        assert_eq!(value(&"A".into(), UNICODE), "A");
        assert_eq!(value(&"7".into(), UNICODE), "\"7\"");
    }

    #[test]
    fn widths_cuts_and_wraps() {
        assert_eq!(width("日本x"), 5);
        assert_eq!(cut("0123456789", 6, UNICODE), "01234…");
        assert_eq!(cut("0123456789", 6, ASCII), "0123..");
        assert_eq!(cut("日本日本", 4, UNICODE), "日…");
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("unbreakable x", 5), ["unbreakable", "x"]);
    }
}
