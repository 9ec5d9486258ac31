//! Text to a tree with positions.

use super::{Kind, MAX_DEPTH, Member, Node, shortened};
use crate::path::Path;

/// Why a text is not JSON, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SyntaxError {
    pub(crate) offset: usize,
    pub(crate) path: Path,
    pub(crate) message: String,
}

/// Parses a whole text.
pub(crate) fn parse(text: &str) -> Result<Node, SyntaxError> {
    let mut parser = Parser { text, position: 0, path: Path::default() };
    parser.skip_space();
    if parser.peek().is_none() {
        return Err(parser.error("the text is empty; a scenario is a JSON object"));
    }
    let node = parser.value(0)?;
    parser.skip_space();
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err(parser.unexpected("nothing after the end of the scenario's object")),
    }
}

/// Invariant: `position` lies on a character boundary of `text`; `path` names the value being read.
struct Parser<'a> {
    text: &'a str,
    position: usize,
    path: Path,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.position..].chars().next()
    }

    fn skip_space(&mut self) {
        let rest = &self.text[self.position..];
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.position += rest.len() - trimmed.len();
    }

    fn error(&self, message: impl Into<String>) -> SyntaxError {
        self.error_at(self.position, message)
    }

    fn error_at(&self, offset: usize, message: impl Into<String>) -> SyntaxError {
        SyntaxError { offset, path: self.path.clone(), message: message.into() }
    }

    /// Names what stands here and what was expected instead, with a hint where a habit from elsewhere shows.
    fn unexpected(&self, expected: &str) -> SyntaxError {
        let rest = &self.text[self.position..];
        let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let (found, hint) = match rest.chars().next() {
            None => ("the end of the text".to_owned(), ""),
            Some('/' | '#') => ("the start of a comment".to_owned(), " (JSON has no comments)"),
            Some('\'') => ("`'`".to_owned(), " (JSON strings take double quotes)"),
            Some('\u{feff}') => ("a byte order mark".to_owned(), " (save the file as UTF-8 without one)"),
            Some(_) if ["NaN", "Infinity"].contains(&&*word) => (format!("`{word}`"), " (no number in JSON)"),
            Some(_) if !word.is_empty() => (
                format!("`{}`", shortened(&word)),
                if word.starts_with(char::is_alphabetic) { " (text takes double quotes)" } else { "" },
            ),
            Some(other) if other.is_control() => (format!("`{}`", other.escape_debug()), ""),
            Some(other) => (format!("`{other}`"), ""),
        };
        self.error(format!("expected {expected}, found {found}{hint}"))
    }

    fn value(&mut self, depth: usize) -> Result<Node, SyntaxError> {
        if depth > MAX_DEPTH {
            return Err(self.error(format!("more than {MAX_DEPTH} lists and objects inside each other")));
        }
        let start = self.position;
        let kind = match self.peek() {
            Some('{') => self.object(depth)?,
            Some('[') => self.array(depth)?,
            Some('"') => Kind::String(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            _ => {
                let literals =
                    [("null", Kind::Null), ("true", Kind::Boolean(true)), ("false", Kind::Boolean(false))];
                let rest = &self.text[self.position..];
                let word = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                let Some((name, kind)) = literals.into_iter().find(|(name, _)| *name == word) else {
                    return Err(self.unexpected("a value"));
                };
                self.position += name.len();
                kind
            }
        };
        Ok(Node { start, kind })
    }

    fn object(&mut self, depth: usize) -> Result<Kind, SyntaxError> {
        let opened = self.position;
        self.position += 1;
        let mut members: Vec<Member> = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                Some('}') if members.is_empty() => break,
                Some('}') => {
                    return Err(self.error("expected another field after the comma, found `}` (JSON allows no comma behind the last field)"));
                }
                Some('"') => {}
                None => return Err(self.unclosed("object", opened)),
                _ => return Err(self.unexpected("a field name in double quotes")),
            }
            let key_start = self.position;
            let key = self.string()?;
            self.path.push_field(&key);
            if let Some(first) = members.iter().find(|member| member.key == key) {
                let (line, column) = crate::error::line_and_column(self.text, first.key_start);
                return Err(self.error_at(
                    key_start,
                    format!(
                        "the field `{}` is here twice; the first is at line {line}, column {column}",
                        shortened(&key)
                    ),
                ));
            }
            self.skip_space();
            if self.peek() != Some(':') {
                return Err(self.unexpected("`:` after the field name"));
            }
            self.position += 1;
            self.skip_space();
            let value = self.value(depth + 1)?;
            self.path.pop();
            members.push(Member { key, key_start, value });
            self.skip_space();
            match self.peek() {
                Some(',') => self.position += 1,
                Some('}') => break,
                None => return Err(self.unclosed("object", opened)),
                _ => return Err(self.unexpected("`,` or `}`")),
            }
        }
        self.position += 1;
        Ok(Kind::Object(members))
    }

    fn array(&mut self, depth: usize) -> Result<Kind, SyntaxError> {
        let opened = self.position;
        self.position += 1;
        let mut items = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                Some(']') if items.is_empty() => break,
                Some(']') => {
                    return Err(self.error("expected another value after the comma, found `]` (JSON allows no comma behind the last value)"));
                }
                None => return Err(self.unclosed("list", opened)),
                _ => {}
            }
            self.path.push_index(items.len());
            items.push(self.value(depth + 1)?);
            self.path.pop();
            self.skip_space();
            match self.peek() {
                Some(',') => self.position += 1,
                Some(']') => break,
                None => return Err(self.unclosed("list", opened)),
                _ => return Err(self.unexpected("`,` or `]`")),
            }
        }
        self.position += 1;
        Ok(Kind::Array(items))
    }

    fn unclosed(&self, what: &str, opened: usize) -> SyntaxError {
        let (line, column) = crate::error::line_and_column(self.text, opened);
        self.error(format!("the text ends inside the {what} that begins at line {line}, column {column}"))
    }

    /// Finds the closing quote, then lets `serde_json` decode the escapes.
    fn string(&mut self) -> Result<String, SyntaxError> {
        let start = self.position;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        loop {
            match bytes.get(end) {
                None | Some(b'\n' | b'\r') => {
                    return Err(self.error_at(start, "this text has no closing double quote on its line"));
                }
                Some(b'\\') => end += 2,
                Some(b'"') => break,
                Some(_) => end += 1,
            }
        }
        // A backslash may have skipped into the middle of a character; such an escape is wrong anyway.
        let Some(literal) = self.text.get(start..=end) else {
            return Err(self.error_at(start, "this text has an escape that JSON does not know"));
        };
        let decoded = serde_json::from_str(literal).map_err(|_| {
            self.error_at(start, "this text has a control character or an escape that JSON does not know")
        })?;
        self.position = end + 1;
        Ok(decoded)
    }

    fn number(&mut self) -> Result<Kind, SyntaxError> {
        let rest = &self.text[self.position..];
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-._".contains(c))).unwrap_or(rest.len());
        let literal = &rest[..end];
        match serde_json::from_str::<serde_json::Number>(literal) {
            Ok(number) => {
                self.position += end;
                Ok(Kind::Number(number))
            }
            Err(error) if error.to_string().contains("out of range") => {
                Err(self.error(format!("the number {} is too large", shortened(literal))))
            }
            Err(_) => Err(self.error(format!(
                "`{}` is no number of JSON (quantities with a unit take double quotes: \"25ms\", \"1/100\")",
                shortened(literal)
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> String {
        let error = parse(text).expect_err("not JSON");
        let (line, column) = crate::error::line_and_column(text, error.offset);
        format!("{line}:{column} {} {}", error.path, error.message)
    }

    #[test]
    fn what_is_not_json_is_refused_where_it_stands() {
        let cases = [
            ("", "1:1 . the text is empty"),
            ("{\n  \"a\": 1,\n}", "3:1 . expected another field after the comma, found `}`"),
            ("{\"a\": [1, ]}", "1:11 a expected another value after the comma"),
            ("{\"a\": 1 \"b\": 2}", "1:9 . expected `,` or `}`, found `\"`"),
            ("{\"a\": {\"b\": NaN}}", "1:13 a.b expected a value, found `NaN` (no number in JSON)"),
            ("{\"a\": 25ms}", "1:7 a `25ms` is no number of JSON"),
            ("{\"a\": 1e999}", "1:7 a the number 1e999 is too large"),
            ("{\"a\": 01}", "1:7 a `01` is no number"),
            ("{\"é\": 'x'}", "1:7 é expected a value, found `'` (JSON strings take double quotes)"),
            ("// hello\n{}", "1:1 . expected a value, found the start of a comment"),
            (
                "{\"a\": [1, {\"b\": 2",
                "1:18 a[1] the text ends inside the object that begins at line 1, column 11",
            ),
            ("{\"a\": \"b\n\"}", "1:7 a this text has no closing double quote"),
            ("{\"a\": \"\\q\"}", "1:7 a this text has a control character or an escape"),
            ("{\"a\": \"\\", "1:7 a this text has no closing double quote"),
            ("{\"a\": \"\\é\"}", "1:7 a this text has"),
            (
                "{\"a\": 1, \"b\": {\"c\": 1, \"c\": 2}}",
                "1:24 b.c the field `c` is here twice; the first is at line 1, column 16",
            ),
            ("{} {}", "1:4 . expected nothing after the end"),
            ("{a: 1}", "1:2 . expected a field name in double quotes, found `a`"),
            ("{\"a\": nul}", "1:7 a expected a value, found `nul`"),
            ("{\"a\": nullé}", "1:7 a expected a value, found `nullé`"),
        ];
        for (text, expected) in cases {
            let found = complaint(text);
            assert!(found.starts_with(expected), "{text}\n  found    {found}\n  expected {expected}");
        }
    }

    #[test]
    fn nesting_is_bounded_whatever_its_depth() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        let error = parse(&nested(MAX_DEPTH + 1)).expect_err("too deep");
        assert_eq!(error.offset, MAX_DEPTH + 1);
        assert!(parse(&"[".repeat(1_000_000)).is_err());
        assert!(parse(&"{\"a\":".repeat(1_000_000)).is_err());
    }

    #[test]
    fn every_prefix_of_a_text_is_refused_without_a_panic() {
        let text = r#"{"a": [1, -2.5e3, "\u00e9é\n", {"b": null}], "c": true}"#;
        assert!(parse(text).is_ok());
        for (end, _) in text.char_indices() {
            assert!(parse(&text[..end]).is_err(), "{}", &text[..end]);
        }
    }
}
