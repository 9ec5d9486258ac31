//! Bytes made from other bytes: what a fuzzer without a compiler's help can do.
//!
//! Why it exists: the coverage-guided fuzzer needs a nightly compiler; every build runs this instead, for a fixed number
//! of inputs that follow from a seed. It starts from the corpus, so that its inputs get past the first character, and
//! its dictionary holds what readers of these formats stumble over.

use anachron_checker::testing::Dice;

/// No input grows beyond this: a slow reader shows on small inputs too.
pub const LONGEST: usize = 16 << 10;

/// Words of the formats, and what they find hard: edges of numbers, escapes, marks, brackets without end.
const DICTIONARY: [&[u8]; 84] = [
    b"0",
    b"-0",
    b"-1",
    b"1e9",
    b"1e-999",
    b"1E+400",
    b"0.1",
    b"00",
    b"NaN",
    b"Infinity",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"18446744073709551616",
    b"10000000000000000000",
    b"4294967295",
    b"4294967296",
    b"null",
    b"true",
    b"false",
    b"nil",
    b"\"\"",
    b"\"",
    b"\\",
    b"\\\"",
    b"\\u0000",
    b"\\ud800",
    b"\\udfff",
    b"\\ud83d\\ude00",
    b"\\u",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf0\x9f",
    b"\0",
    b"\r",
    b"\r\n",
    b"\n",
    b"\n\n",
    b"\t",
    b",",
    b":",
    b"[",
    b"]",
    b"{",
    b"}",
    b"(",
    b")",
    b"#{",
    b"#_",
    b"#inst",
    b";",
    b"[[[[[[[[[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":",
    b"\"client\":0",
    b"\"key\":\"x\"",
    b"\"f\":\"read\"",
    b"\"f\":\"cas\"",
    b"\"f\":\"dequeue\"",
    b"\"arg\":[1,2]",
    b"\"ret\":null",
    b"\"call\":1",
    b"\"return\":null",
    b"\"return\":2",
    b"\"outcome\":\"fail\"",
    b"\"event\":\"call\"",
    b"\"event\":\"return\"",
    b":process",
    b":type",
    b":invoke",
    b":ok",
    b":info",
    b":fail",
    b":value",
    b":f",
    b":nemesis",
    b"INFO  jepsen.util - ",
    b"25ms",
    b"1s",
    b"99999999999999s",
    b"\"as-unknown\"",
    b"\"start\":\"any\"",
    b"\"id\":4294967295",
];

/// A new input from one or two of the seeds: up to eight changes.
pub fn mutate(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.index(seeds.len())].clone();
    for _ in 0..=dice.below(8) {
        change(&mut bytes, seeds, dice);
    }
    bytes.truncate(LONGEST);
    bytes
}

/// A stretch of bytes, mostly short.
fn stretch(bytes: &[u8], dice: &mut Dice) -> std::ops::Range<usize> {
    let longest = if dice.permille(800) { 16 } else { bytes.len() };
    let start = dice.index(bytes.len() + 1);
    let length = dice.index(longest.min(bytes.len() - start) + 1);
    start..start + length
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.index(bytes.len() + 1);
    match dice.below(11) {
        0 if !bytes.is_empty() => {
            let at = dice.index(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
        }
        1 if !bytes.is_empty() => {
            let at = dice.index(bytes.len());
            bytes[at] = dice.bits().to_le_bytes()[0];
        }
        2 => drop(bytes.drain(stretch(bytes, dice))),
        3 => {
            // A stretch again, somewhere.
            let again = bytes[stretch(bytes, dice)].to_vec();
            bytes.splice(at..at, again);
        }
        4 | 5 => {
            let word = dice.one_of(&DICTIONARY);
            bytes.splice(at..at, word.iter().copied());
        }
        6 => {
            // In place of a number, or of whatever stands there.
            let word = dice.one_of(&DICTIONARY);
            let digits = bytes[at..].iter().position(u8::is_ascii_digit).map_or(at, |skip| at + skip);
            let end = bytes[digits..].iter().position(|byte| !byte.is_ascii_digit());
            bytes.splice(digits..end.map_or(bytes.len(), |length| digits + length), word.iter().copied());
        }
        7 => {
            // A stretch of another seed.
            let other = &seeds[dice.index(seeds.len())];
            let part = other[stretch(other, dice)].to_vec();
            bytes.splice(at..at, part);
        }
        8 => bytes.truncate(at),
        9 => {
            // Two lines change places.
            let mut lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
            let (one, other) = (dice.index(lines.len()), dice.index(lines.len()));
            lines.swap(one, other);
            *bytes = lines.join(&b'\n');
        }
        _ => {
            // A line again.
            let mut lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
            let (one, to) = (dice.index(lines.len()), dice.index(lines.len()));
            lines.insert(to, lines[one]);
            *bytes = lines.join(&b'\n');
        }
    }
}
