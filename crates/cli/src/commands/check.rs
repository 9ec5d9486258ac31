//! `anachron check`: judges histories from files.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use anachron_checker::explain::{Explanation, Subject, explain};
use anachron_checker::levels::Grades;
use anachron_checker::{CheckOptions, Decision, Judgement, Model};
use anachron_experiment::judge::judge;
use anachron_history::{Format, ParseError, Parsed, parse};
use anachron_report::number::{count, thousands, took};
use anachron_report::{Marks, Picture, Style, Window, jsonl, text, timeline, verdict};
use anachron_vocabulary::{Outcome, Value};

use super::guess::guess;
use super::levels::{Graded, grade};
use super::proof::{Proof, limit, recheck};
use super::stream::{Followed, Wanted, follow};
use super::{Count, paragraph};
use crate::args::{CheckArgs, InputFormat};
use crate::exit::{Exit, Failure, why};
use crate::interrupt::{INTERRUPTED, at_the_mercy_of, interrupted};
use crate::output::{Output, note};
use crate::progress::Progress;
use crate::source::quoted_file;
use crate::target::Target;
use anachron_report::certificate::Certificate;

/// How the files came out.
#[derive(Default)]
struct Tally {
    verdicts: Count,
    unreadable: u64,
    checking: Duration,
}

/// Judges every file.
pub(crate) fn check(args: &CheckArgs, output: &mut Output) -> Result<Exit, Failure> {
    if args.certificate.is_some() && args.files.len() > 1 {
        return Err(Failure::usage(
            "a certificate is for one history: `--certificate` takes one FILE at a time",
        ));
    }
    let mut tally = Tally::default();
    let mut streamed = None;
    if args.files.len() == 1 && args.files[0].as_os_str() == "-" && args.may_be_a_stream() {
        match follow(&wanted(args), output)? {
            Followed::AsFile(bytes) => streamed = Some(bytes),
            Followed::Shown(parsed, options) => {
                told(&args.files[0], &parsed, &options, args, &mut tally, output)?;
                return Ok(tally.verdicts.exit(args.expect));
            }
            Followed::Told(decision) => {
                tally.verdicts.add(decision, None, args.expect);
                return Ok(tally.verdicts.exit(args.expect));
            }
            Followed::Interrupted => return Ok(Exit::Interrupted),
        }
    }
    for file in &args.files {
        if interrupted() {
            break;
        }
        match one(file, streamed.take(), args, &mut tally, output) {
            Err(Failure::Told(Exit::Usage, message)) => {
                tally.unreadable += 1;
                output.finish()?;
                note(&format!("error: {message}"));
            }
            result => result?,
        }
        // One file's verdict is not kept back until the next is decided.
        output.finish()?;
    }
    if args.files.len() > 1 {
        output.text(&verdict::footer(&tally.parts(args.files.len() as u64), output.style))?;
    }
    Ok(if interrupted() {
        Exit::Interrupted
    } else if tally.unreadable > 0 {
        Exit::Usage
    } else {
        tally.verdicts.exit(args.expect)
    })
}

impl Tally {
    fn parts(&self, files: u64) -> Vec<String> {
        let Count { linearizable, violations, undecided, missed, open } = self.verdicts;
        let some = |number: u64, what: &str| {
            if number > 0 { format!("{} {what}", thousands(number)) } else { String::new() }
        };
        let judged = linearizable + violations + undecided + self.unreadable;
        vec![
            count(files, "file"),
            format!("{} linearizable", thousands(linearizable)),
            format!("{} not linearizable", thousands(violations)),
            some(undecided, "not decided"),
            some(self.unreadable, "unreadable"),
            some(files - judged, "not begun"),
            some(missed + open, "not as expected"),
            format!("checking took {}", took(self.checking)),
        ]
    }
}

/// A history that was judged.
struct Judged<'a> {
    args: &'a CheckArgs,
    file: &'a Path,
    parsed: &'a Parsed,
    model: Model,
    judgement: &'a Judgement,
    explanation: Option<Explanation>,
    grades: Option<Grades>,
    took: Duration,
}

/// What is asked of a stream.
fn wanted(args: &CheckArgs) -> Wanted<'_> {
    let options = |bytes: &[u8]| {
        let parsed = parse(bytes, Some(Format::JsonLines)).ok()?;
        let model = args.model.as_deref().and_then(Model::from_name).unwrap_or_else(|| guess(&parsed));
        options(model, args, &parsed, "-").ok()
    };
    Wanted {
        named: args.model.is_some(),
        options: Box::new(options),
        lag: args.lag,
        limits: args.budget.limits(),
    }
}

fn one(
    file: &Path,
    streamed: Option<Vec<u8>>,
    args: &CheckArgs,
    tally: &mut Tally,
    output: &mut Output,
) -> Result<(), Failure> {
    let style = output.style;
    let name = quoted_file(file, style);
    let parsed = understand(file, &name, streamed, args.input_format, output)?;
    let model = args.model.as_deref().and_then(Model::from_name).unwrap_or_else(|| guess(&parsed));
    told(file, &parsed, &options(model, args, &parsed, &name)?, args, tally, output)
}

/// Judges what was read, and tells of it.
fn told(
    file: &Path,
    parsed: &Parsed,
    options: &CheckOptions,
    args: &CheckArgs,
    tally: &mut Tally,
    output: &mut Output,
) -> Result<(), Failure> {
    let (style, model) = (output.style, options.model);
    let name = quoted_file(file, style);
    let target = match &args.certificate {
        Some(path) => Some(Target::open(path, &[file])?),
        None => None,
    };

    let progress = Progress::start(&format!("checking {name}"), style);
    let start = Instant::now();
    let judged = judge(&parsed.history, options, args.budget.limits(), &INTERRUPTED);
    let took = start.elapsed();
    drop(progress);
    let judgement = match judged {
        Ok(judgement) => judgement,
        Err(wrong) => {
            output.object(|| jsonl::error(&file.display().to_string(), None, &wrong.to_string()))?;
            return Err(Failure::usage(format!("{name}: {wrong}; `--model` names another")));
        }
    };
    tally.checking += took;
    if args.verify {
        recheck(&name, &parsed.history, options, &judgement)?;
    }
    let explanation = judgement.violation().and_then(|(part, core)| {
        explain(&Subject::new(&parsed.history, part.key, model, options.initial.clone()), core)
    });
    let kind = explanation.as_ref().map(|explanation| explanation.kind);
    tally.verdicts.add(judgement.decision(), kind, args.expect);
    if let Some(target) = target {
        let certificate = Certificate::new(&parsed.history, options, &judgement);
        target.write(|file| certificate.write(file))?;
    }
    let limits = args.budget.limits();
    let grades = args.levels.then(|| grade(&name, &parsed.history, options, &judgement, limits, style));
    let judged = Judged { args, file, parsed, model, judgement: &judgement, explanation, grades, took };
    if args.files.len() == 1 {
        judged.page(&name, output)?;
    } else {
        judged.entry(&name, output)?;
    }
    judged.objects(output)
}

/// The model, and what its objects hold at first.
fn options(model: Model, args: &CheckArgs, parsed: &Parsed, name: &str) -> Result<CheckOptions, Failure> {
    if let Some(initial) = &args.initial {
        let wrong = match (model, initial) {
            _ if !model.has_initial() => {
                "starts empty and free, whatever anybody says; `--initial` is for objects that hold a value"
            }
            (Model::Counter, Value::Integer(_)) | (Model::List, Value::List(_)) => "",
            (Model::Counter, _) => "starts as an integer, such as `--initial 0`",
            (Model::List, _) => "starts as a list, such as `--initial '[]'`",
            _ => "",
        };
        if !wrong.is_empty() {
            return Err(Failure::usage(format!("{name}: an object of model {model} {wrong}")));
        }
    }
    let options = CheckOptions::new(model);
    // What the file's format says of registers is nothing to other objects.
    let hint = parsed.initial_hint.clone().filter(|hint| {
        model.has_initial() && !matches!((model, hint), (Model::Counter | Model::List, Value::Text(_)))
    });
    Ok(match args.initial.clone().or(hint) {
        Some(initial) => options.initial(initial),
        None => options,
    })
}

/// Reads a history. What is wrong with it is said with its place and a caret, and to programs as well.
pub(super) fn read(
    file: &Path,
    name: &str,
    format: InputFormat,
    output: &mut Output,
) -> Result<Parsed, Failure> {
    understand(file, name, None, format, output)
}

/// The same, of bytes that have been read already if there are any.
fn understand(
    file: &Path,
    name: &str,
    streamed: Option<Vec<u8>>,
    format: InputFormat,
    output: &mut Output,
) -> Result<Parsed, Failure> {
    let format = match format {
        InputFormat::Auto => None,
        InputFormat::Jsonl => Some(Format::JsonLines),
        InputFormat::JepsenLog => Some(Format::JepsenLog),
        InputFormat::Edn => Some(Format::Edn),
    };
    let progress = Progress::start(&format!("reading {name}"), output.style);
    let bytes = at_the_mercy_of(|| {
        if let Some(bytes) = streamed {
            return Ok(bytes);
        }
        if file.as_os_str() != "-" {
            return std::fs::read(file);
        }
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    });
    let parsed = bytes.map(|bytes| at_the_mercy_of(|| parse(&bytes, format)));
    drop(progress);
    let shown = file.display().to_string();
    match parsed {
        Ok(Ok(parsed)) => Ok(parsed),
        Ok(Err(error)) => {
            let place = Some((error.line as u64, error.column as u64));
            output.object(|| jsonl::error(&shown, place, &error.to_string()))?;
            Err(Failure::usage(malformed(name, &error, output.style)))
        }
        Err(error) => {
            output.object(|| jsonl::error(&shown, None, &why(&error)))?;
            Err(Failure::unreadable(file, &error))
        }
    }
}

/// What is wrong with a file, with the line and a caret.
fn malformed(name: &str, error: &ParseError, style: Style) -> String {
    let ParseError { line, column, expected, found, note, excerpt, caret } = error;
    let said = format!("{name}:{line}:{column}: expected {expected}, found {found}");
    if excerpt.trim().is_empty() && note.is_none() {
        return said;
    }
    let before: String = excerpt.chars().take(*caret).collect();
    let pad = " ".repeat(text::width(&text::sentence(&before, style)));
    let note = note.as_ref().map_or(String::new(), |note| format!("\n  {note}"));
    format!("{said}\n  {excerpt}\n  {pad}^{note}")
}

impl Judged<'_> {
    fn proof(&self) -> Proof<'_> {
        Proof {
            history: &self.parsed.history,
            judgement: self.judgement,
            explanation: self.explanation.as_ref(),
            cause: &[],
        }
    }

    /// One file among many: a line, and the reason in another where it is not linearizable.
    fn entry(&self, name: &str, output: &mut Output) -> Result<(), Failure> {
        let style = output.style;
        let decision = self.judgement.decision();
        let sign = match decision {
            Decision::Linearizable if style.ascii => "OK",
            Decision::Linearizable => "✓",
            Decision::NotLinearizable if style.ascii => "X",
            Decision::NotLinearizable => "✗",
            Decision::Undecided => "?",
        };
        let names = self.args.files.iter().map(|file| text::width(&quoted_file(file, style)));
        let widest = names.max().unwrap_or(0).min(60);
        let (sign, decision_text) = (text::pad(sign, if style.ascii { 2 } else { 1 }), decision.to_string());
        let operations = count(self.parsed.history.records.len() as u64, "operation");
        let line = format!(
            "{sign} {decision_text:<16}  {}  {operations:>16}  {:>9}",
            text::pad(name, widest),
            took(self.took)
        );
        output.line(&text::sentence(&line, style))?;
        match decision {
            Decision::Linearizable => {}
            Decision::NotLinearizable if self.args.explain => self.told(output)?,
            Decision::NotLinearizable => output.text(&paragraph("    ", self.proof().headline(), style))?,
            Decision::Undecided => {
                let (_, progress) = self.proof().undecided().expect("an open question has an object");
                let (limit, _) = limit(progress.limit);
                let (placed, required) = (progress.placed as u64, progress.required as u64);
                let far = format!("{limit}; longest order {} of {}", thousands(placed), thousands(required));
                output.text(&paragraph("    ", &far, style))?;
            }
        }
        if let Some(graded) = self.graded() {
            output.text(&graded.text(style))?;
        }
        Ok(())
    }

    /// One file alone.
    fn page(&self, name: &str, output: &mut Output) -> Result<(), Failure> {
        let history = &self.parsed.history;
        let unknown = history.records.iter().filter(|record| record.outcome == Outcome::Unknown).count();
        let head = [
            name.to_owned(),
            format!("model {}{}", self.model, if self.args.model.is_none() { " (guessed)" } else { "" }),
            count(history.records.len() as u64, "operation"),
            count(history.clients.len() as u64, "client"),
            count(self.judgement.parts.len() as u64, "object"),
            if unknown > 0 { format!("{} timed out", thousands(unknown as u64)) } else { String::new() },
            format!("read as {}", self.parsed.format),
        ];
        output.text(&verdict::footer(&head, output.style))?;
        self.told(output)?;
        let foot = [self.roads(), format!("checking took {}", took(self.took))];
        output.text(&verdict::footer(&foot, output.style))?;
        if let Some(graded) = self.graded() {
            output.line("")?;
            output.line("How far from linearizable:")?;
            output.text(&graded.text(output.style))?;
        }
        if let Some(path) = &self.args.certificate {
            let (certificate, style) = (quoted_file(path, output.style), output.style);
            output.line("")?;
            output
                .line(&text::sentence(&format!("certificate anachron verify {certificate} {name}"), style))?;
        }
        Ok(())
    }

    fn graded(&self) -> Option<Graded<'_>> {
        self.grades.as_ref().map(|grades| Graded { history: &self.parsed.history, grades })
    }

    /// The verdict with all that proves it, and a picture of a violation.
    fn told(&self, output: &mut Output) -> Result<(), Failure> {
        let style = output.style;
        output.line("")?;
        if let Some(explanation) = &self.explanation {
            output.text(&timeline(&Picture {
                history: &self.parsed.history,
                events: &[],
                nodes: &[],
                marks: Marks { numbered: &explanation.numbered, wrong: explanation.numbered.last().copied() },
                window: Window::Auto,
                style,
            }))?;
            output.line("")?;
        }
        output.text(&self.proof().text(style))?;
        output.line("")?;
        Ok(())
    }

    /// By which road each object was judged, in one phrase.
    fn roads(&self) -> String {
        let mut names: Vec<&str> = self.judgement.parts.iter().map(|part| part.road.name()).collect();
        names.sort_unstable();
        names.dedup();
        let configurations = match self.judgement.configurations() {
            0 => String::new(),
            number => format!(", {}", count(number, "configuration")),
        };
        let did = if self.judgement.decision() == Decision::Undecided { "tried" } else { "decided by" };
        format!("{did} {}{configurations}", names.join(" and "))
    }

    fn objects(&self, output: &mut Output) -> Result<(), Failure> {
        let history = &self.parsed.history;
        if let Some((_, core)) = self.judgement.violation() {
            for kept in &core.operations {
                output.object(|| jsonl::operation(history, kept.id))?;
            }
        }
        self.proof().objects(output)?;
        if let Some(graded) = self.graded() {
            graded.objects(&self.file.display().to_string(), output)?;
        }
        output.object(|| {
            jsonl::file_verdict(&jsonl::FileVerdict {
                file: &self.file.display().to_string(),
                model: self.model.name(),
                operations: history.records.len(),
                verdict: self.judgement.decision().name(),
                check_ms: self.took.as_secs_f64() * 1e3,
            })
        })?;
        Ok(())
    }
}
