//! Canonical text of nested literals, shared by the JSON and EDN readers.
//!
//! The judge compares literals by their text, so two texts of one value must come out the same: entries of maps
//! and sets are sorted. Text is written straight into one string and sorted in place, so a literal of many
//! megabytes costs its length (at most once per level of nesting), not a tree of nodes.

use std::ops::Range;

/// How deep values may be nested. Deeper ones are refused, so that no file can exhaust the stack.
pub(super) const NESTING_LIMIT: usize = 128;

/// One entry of a map or set that has been written to the output.
pub(super) struct Entry {
    /// The text by which entries are sorted, and which may not come twice: a map's key, a set's element.
    pub(super) key: Range<usize>,
    /// Where the entry ends in the output; it starts where its key does.
    pub(super) end: usize,
    /// Where the entry's key stands in the file.
    pub(super) at: usize,
}

/// Sorts the entries, which are the last thing in `out` and have `separator` between them.
///
/// # Errors
/// The place in the file of a key that came before.
pub(super) fn sort_entries(out: &mut String, entries: &mut [Entry], separator: &str) -> Result<(), usize> {
    let Some(start) = entries.first().map(|entry| entry.key.start) else { return Ok(()) };
    let key = |entry: &Entry| &out[entry.key.clone()];
    let in_order = entries.windows(2).all(|pair| key(&pair[0]) < key(&pair[1]));
    if in_order {
        return Ok(());
    }
    // Ties by place, so that the later of two equal keys is the one reported.
    entries.sort_unstable_by(|a, b| (key(a), a.at).cmp(&(key(b), b.at)));
    if let Some(pair) = entries.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
        return Err(pair[1].at);
    }
    let mut sorted = String::with_capacity(out.len() - start);
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            sorted.push_str(separator);
        }
        sorted.push_str(&out[entry.key.start..entry.end]);
    }
    out.truncate(start);
    out.push_str(&sorted);
    Ok(())
}

/// The shortest text that reads back as this number. It is a number in JSON and in EDN.
pub(super) fn float(number: f64) -> String {
    // Minus zero equals zero.
    format!("{:?}", if number == 0.0 { 0.0 } else { number })
}

/// Writes a string in quotes. The escapes are those that JSON and EDN share.
pub(super) fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(index) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
        out.push_str(&rest[..index]);
        match rest.as_bytes()[index] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b'\r' => out.push_str("\\r"),
            8 => out.push_str("\\b"),
            12 => out.push_str("\\f"),
            control => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                out.push_str("\\u00");
                out.push(char::from(DIGITS[usize::from(control >> 4)]));
                out.push(char::from(DIGITS[usize::from(control & 15)]));
            }
        }
        rest = &rest[index + 1..];
    }
    out.push_str(rest);
    out.push('"');
}
