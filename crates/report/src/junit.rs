//! JUnit XML, which every CI system shows.
//!
//! Why it exists: a missed expectation should appear where a team looks for failed tests. There is no standard for the format;
//! this is the part on which Jenkins, GitLab and the rest agree: suites, cases, and of each case at most one of `failure`,
//! `error` and `skipped`. Left out on purpose: times, because cases share threads, so that one's time says nothing.

use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use crate::{Style, text};

/// Cases that belong together.
#[derive(Clone, Debug)]
pub struct Suite {
    /// What they are about.
    pub name: String,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name, unique in its suite.
    pub name: String,
    /// The file that states what is expected.
    pub file: String,
    /// What came out.
    pub outcome: Outcome,
}

/// What came out of a test.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// What was expected.
    Passed,
    /// Something else: in one line, and at length.
    Failed(String, String),
    /// Nothing that could be compared: in one line, and at length.
    Error(String, String),
    /// It was not run to its end, and why.
    Skipped(String),
}

impl Outcome {
    /// The element that tells of it.
    fn element(&self) -> Option<&'static str> {
        match self {
            Self::Passed => None,
            Self::Failed(..) => Some("failure"),
            Self::Error(..) => Some("error"),
            Self::Skipped(_) => Some("skipped"),
        }
    }
}

/// The document.
///
/// ```
/// use anachron_report::junit::{Case, Outcome, Suite, document};
///
/// let case = Case { name: "raft".into(), file: "a.json".into(), outcome: Outcome::Passed };
/// let xml = document("stories", &[Suite { name: "a".into(), cases: vec![case] }]);
/// assert!(xml.contains("<testcase name=\"raft\" classname=\"a\" file=\"a.json\"/>"));
/// ```
pub fn document(name: &str, suites: &[Suite]) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    write(&mut writer, name, suites).expect("memory takes everything");
    let body = String::from_utf8(writer.into_inner()).expect("strings were written");
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}\n")
}

fn write(writer: &mut Writer<Vec<u8>>, name: &str, suites: &[Suite]) -> io::Result<()> {
    let all: Vec<&Case> = suites.iter().flat_map(|suite| &suite.cases).collect();
    let counts = counts(&all);
    writer
        .create_element("testsuites")
        .with_attribute(("name", &*plain(name)))
        .with_attributes(counts.iter().map(|(count, number)| (*count, &**number)))
        .write_inner_content(|writer| suites.iter().try_for_each(|suite| write_suite(writer, suite)))?;
    Ok(())
}

fn write_suite(writer: &mut Writer<Vec<u8>>, suite: &Suite) -> io::Result<()> {
    let counts = counts(&suite.cases.iter().collect::<Vec<_>>());
    writer
        .create_element("testsuite")
        .with_attribute(("name", &*plain(&suite.name)))
        .with_attributes(counts.iter().map(|(count, number)| (*count, &**number)))
        .write_inner_content(|writer| {
            suite.cases.iter().try_for_each(|case| write_case(writer, &suite.name, case))
        })?;
    Ok(())
}

fn write_case(writer: &mut Writer<Vec<u8>>, suite: &str, case: &Case) -> io::Result<()> {
    let element = writer
        .create_element("testcase")
        .with_attribute(("name", &*plain(&case.name)))
        .with_attribute(("classname", &*plain(suite)))
        .with_attribute(("file", &*plain(&case.file)));
    let Some(name) = case.outcome.element() else {
        element.write_empty()?;
        return Ok(());
    };
    element.write_inner_content(|writer| {
        let said = writer.create_element(name);
        match &case.outcome {
            Outcome::Failed(message, detail) | Outcome::Error(message, detail) => {
                let lines: Vec<String> = detail.lines().map(plain).collect();
                said.with_attribute(("message", &*plain(message)))
                    .write_text_content(BytesText::new(&lines.join("\n")))?;
            }
            Outcome::Skipped(why) => {
                said.with_attribute(("message", &*plain(why))).write_empty()?;
            }
            Outcome::Passed => {}
        }
        Ok(())
    })?;
    Ok(())
}

/// How many cases there are, and how many of each outcome that is told.
fn counts(cases: &[&Case]) -> [(&'static str, String); 4] {
    let of = |element: &str| {
        cases.iter().filter(|case| case.outcome.element() == Some(element)).count().to_string()
    };
    [
        ("tests", cases.len().to_string()),
        ("failures", of("failure")),
        ("errors", of("error")),
        ("skipped", of("skipped")),
    ]
}

/// XML 1.0 has no way to write most control characters: they are shown escaped, as on a terminal.
fn plain(said: &str) -> String {
    text::sentence(said, Style::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_written_and_nothing_breaks_the_document() {
        let case = |name: &str, outcome| Case { name: name.to_owned(), file: "s.json".to_owned(), outcome };
        let cases = vec![
            case("fine", Outcome::Passed),
            case("<&\"'>\u{1}", Outcome::Failed("expected a < b".into(), "line 1\nline 2 ]]> &".into())),
            case("open", Outcome::Error("undecided".into(), "why".into())),
            case("late", Outcome::Skipped("interrupted".into())),
        ];
        let said = document("all", &[Suite { name: "s".into(), cases }]);
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="all" tests="4" failures="1" errors="1" skipped="1">
  <testsuite name="s" tests="4" failures="1" errors="1" skipped="1">
    <testcase name="fine" classname="s" file="s.json"/>
    <testcase name="&lt;&amp;&quot;&apos;&gt;\u{1}" classname="s" file="s.json">
      <failure message="expected a &lt; b">line 1
line 2 ]]&gt; &amp;</failure>
    </testcase>
    <testcase name="open" classname="s" file="s.json">
      <error message="undecided">why</error>
    </testcase>
    <testcase name="late" classname="s" file="s.json">
      <skipped message="interrupted"/>
    </testcase>
  </testsuite>
</testsuites>
"#;
        assert_eq!(said, expected);
    }
}
