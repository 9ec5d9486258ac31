//! `anachron check`: judges histories from files.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use anachron_checker::explain::{Explanation, Subject, explain};
use anachron_checker::{CheckOptions, Decision, Judgement, Model, Verdict, verify};
use anachron_experiment::judge::judge;
use anachron_history::{Format, History, ParseError, Parsed, parse};
use anachron_report::number::{count, thousands, took};
use anachron_report::verdict::{Placed, Violation};
use anachron_report::{Marks, Picture, Window, jsonl, text, timeline, verdict};
use anachron_vocabulary::{Operation, OperationId, Outcome};

use crate::args::{CheckArgs, InputFormat};
use crate::exit::{Exit, Failure};
use crate::interrupt::{INTERRUPTED, interrupted};
use crate::output::{Output, note};
use crate::progress::Progress;

/// How the files came out.
#[derive(Default)]
struct Tally {
    linearizable: u64,
    violations: u64,
    undecided: u64,
    unreadable: u64,
    missed: u64,
    checking: Duration,
}

/// Judges every file.
pub(crate) fn check(args: &CheckArgs, output: &mut Output) -> Result<Exit, Failure> {
    let mut tally = Tally::default();
    let alone = args.files.len() == 1;
    for file in &args.files {
        if interrupted() {
            break;
        }
        match one(file, alone, args, &mut tally, output) {
            Ok(()) => {}
            Err(Failure::Told(Exit::Usage, message)) => {
                tally.unreadable += 1;
                output.finish()?;
                note(&format!("error: {message}"));
            }
            Err(failure) => return Err(failure),
        }
    }
    if !alone {
        let parts = [
            count(args.files.len() as u64, "file"),
            format!("{} linearizable", tally.linearizable),
            format!("{} not linearizable", tally.violations),
            if tally.undecided > 0 { format!("{} not decided", tally.undecided) } else { String::new() },
            if tally.unreadable > 0 { format!("{} unreadable", tally.unreadable) } else { String::new() },
            if tally.missed > 0 { format!("{} not as expected", tally.missed) } else { String::new() },
            format!("checking took {}", took(tally.checking)),
        ];
        output.text(&verdict::footer(&parts, output.style))?;
    }
    Ok(tally.exit(args))
}

impl Tally {
    fn exit(&self, args: &CheckArgs) -> Exit {
        if interrupted() {
            Exit::Interrupted
        } else if self.unreadable > 0 {
            Exit::Usage
        } else if args.expect.is_some() {
            if self.missed > 0 { Exit::Violation } else { Exit::Fine }
        } else if self.violations > 0 {
            Exit::Violation
        } else if self.undecided > 0 {
            Exit::Undecided
        } else {
            Exit::Fine
        }
    }
}

/// A history that was judged.
struct Judged<'a> {
    name: &'a str,
    parsed: &'a Parsed,
    options: &'a CheckOptions,
    judgement: &'a Judgement,
    explanation: Option<Explanation>,
    took: Duration,
}

fn one(
    file: &Path,
    alone: bool,
    args: &CheckArgs,
    tally: &mut Tally,
    output: &mut Output,
) -> Result<(), Failure> {
    let name = file.display().to_string();
    let bytes = read(file)?;
    let format = match args.input_format {
        InputFormat::Auto => None,
        InputFormat::Jsonl => Some(Format::JsonLines),
        InputFormat::JepsenLog => Some(Format::JepsenLog),
        InputFormat::Edn => Some(Format::Edn),
    };
    let progress = Progress::start(format!("reading {name}"), None, "");
    let parsed = parse(&bytes, format).map_err(|error| {
        let _ = output.object(|| {
            jsonl::error(&name, Some((error.line as u64, error.column as u64)), &error.to_string())
        });
        malformed(&name, &error, output)
    })?;
    drop((progress, bytes));
    let model = args.model.as_deref().and_then(Model::from_name).unwrap_or_else(|| guess(&parsed.history));
    let initial = args.initial.clone().or_else(|| {
        let hint = parsed.initial_hint.clone();
        hint.filter(|_| model == Model::KeyValue)
    });
    let options = CheckOptions::new(model);
    let options = match initial {
        Some(initial) => options.initial(initial),
        None => options,
    };

    let progress = Progress::start(format!("checking {name}"), None, "");
    let start = Instant::now();
    let judgement = judge(&parsed.history, &options, args.budget.limits(), &INTERRUPTED)
        .map_err(|wrong| Failure::usage(format!("{name}: {wrong}; `--model` names another")))?;
    let took = start.elapsed();
    drop(progress);
    tally.checking += took;
    if args.verify {
        certificates(&name, &parsed.history, &options, &judgement)?;
    }
    let explanation = judgement.violation().and_then(|(part, core)| {
        explain(&Subject::new(&parsed.history, part.key, model, options.initial.clone()), &core.operations)
    });
    let judged =
        Judged { name: &name, parsed: &parsed, options: &options, judgement: &judgement, explanation, took };
    let decision = judgement.decision();
    match decision {
        Decision::Linearizable => tally.linearizable += 1,
        Decision::NotLinearizable => tally.violations += 1,
        Decision::Undecided => tally.undecided += 1,
    }
    let kind = judged.explanation.as_ref().map(|explanation| explanation.kind);
    if args.expect.is_some_and(|expected| !super::met(expected, decision, kind)) {
        tally.missed += 1;
    }
    judged.tell(alone, alone || args.explain, args.model.is_none(), output)?;
    judged.objects(output)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let read = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    read.map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
}

/// What is wrong with a file, with the line and a caret.
fn malformed(name: &str, error: &ParseError, output: &Output) -> Failure {
    let style = output.style;
    let excerpt = text::safe(&error.excerpt, style);
    let note =
        error.note.as_ref().map_or(String::new(), |note| format!("\n  {}", text::sentence(note, style)));
    Failure::usage(format!(
        "{}:{}:{}: expected {}, found {}\n  {excerpt}\n  {}^{note}",
        text::safe(name, style),
        error.line,
        error.column,
        text::sentence(&error.expected, style),
        text::sentence(&error.found, style),
        " ".repeat(error.caret),
    ))
}

/// The model with the fewest operations that knows all of the history's.
fn guess(history: &History) -> Model {
    let any = |test: fn(&Operation) -> bool| history.records.iter().any(|record| test(&record.operation));
    if any(|operation| matches!(operation, Operation::Acquire | Operation::Release)) {
        Model::Mutex
    } else if any(|operation| matches!(operation, Operation::Append(_))) {
        Model::KeyValue
    } else if any(|operation| matches!(operation, Operation::CompareAndSet { .. })) {
        Model::CasRegister
    } else {
        Model::Register
    }
}

fn certificates(
    name: &str,
    history: &History,
    options: &CheckOptions,
    judgement: &Judgement,
) -> Result<(), Failure> {
    for part in &judgement.parts {
        if matches!(part.verdict, Verdict::Undecided(_)) {
            continue;
        }
        verify::verify(history, options, part).map_err(|flaw| {
            let key = history.key_name(part.key);
            Failure::internal(format_args!("{name}: the certificate of {key:?} does not hold: {flaw}"))
        })?;
    }
    note(&format!("{name}: certificates re-checked"));
    Ok(())
}

impl Judged<'_> {
    fn tell(&self, alone: bool, whole: bool, guessed: bool, output: &mut Output) -> Result<(), Failure> {
        let style = output.style;
        let history = &self.parsed.history;
        let unknown = history.records.iter().filter(|record| record.outcome == Outcome::Unknown).count();
        let decision = self.judgement.decision();
        if !alone {
            let sign = match decision {
                Decision::Linearizable => {
                    if style.ascii {
                        "OK"
                    } else {
                        "✓"
                    }
                }
                Decision::NotLinearizable => {
                    if style.ascii {
                        "X "
                    } else {
                        "✗"
                    }
                }
                Decision::Undecided => {
                    if style.ascii {
                        "? "
                    } else {
                        "?"
                    }
                }
            };
            let headline = self.explanation.as_ref().map_or(String::new(), |e| format!("  {}", e.headline));
            let line = format!(
                "{sign} {:<16}  {}  {}  {}{headline}",
                decision.to_string(),
                text::safe(self.name, style),
                count(history.records.len() as u64, "operation"),
                took(self.took)
            );
            output.line(&text::cut(&text::sentence(&line, style), style.width.max(100), style))?;
        }
        if !whole || (!alone && decision == Decision::Linearizable) {
            return Ok(());
        }
        if alone {
            let model = format!("{}{}", self.options.model, if guessed { " (guessed)" } else { "" });
            output.text(&verdict::footer(
                &[
                    self.name.to_owned(),
                    format!("model {model}"),
                    count(history.records.len() as u64, "operation"),
                    count(history.clients.len() as u64, "client"),
                    count(self.judgement.parts.len() as u64, "object"),
                    if unknown > 0 {
                        format!("{} timed out", thousands(unknown as u64))
                    } else {
                        String::new()
                    },
                    format!("read as {}", self.parsed.format),
                ],
                style,
            ))?;
        }
        output.line("")?;
        match decision {
            Decision::Linearizable => output.text(&verdict::linearizable(history, &self.orders(), style))?,
            Decision::Undecided => {
                let said = super::undecided(self.judgement, interrupted(), output);
                output.text(&said.unwrap_or_default())?;
            }
            Decision::NotLinearizable => self.violation(output)?,
        }
        if alone {
            output.line("")?;
            output.text(&verdict::footer(
                &[self.roads(), format!("checking took {}", took(self.took))],
                style,
            ))?;
        }
        Ok(())
    }

    fn orders(&self) -> Vec<Placed<'_>> {
        let parts = self.judgement.parts.iter();
        parts
            .filter_map(|part| match &part.verdict {
                Verdict::Linearizable(order) => Some(Placed { key: part.key, order: &order.0 }),
                _ => None,
            })
            .collect()
    }

    fn violation(&self, output: &mut Output) -> Result<(), Failure> {
        let style = output.style;
        let history = &self.parsed.history;
        let (part, core) = self.judgement.violation().expect("a violation has a core");
        if let Some(explanation) = &self.explanation {
            // Only the object's own operations: the others prove nothing.
            output.text(&timeline(&Picture {
                history,
                events: &[],
                nodes: &[],
                marks: Marks { numbered: &explanation.numbered, wrong: explanation.numbered.last().copied() },
                window: Window::Auto,
                style,
            }))?;
            output.line("")?;
        }
        let sentences: Vec<String> = self
            .explanation
            .as_ref()
            .map(|explanation| explanation.sentences.iter().map(ToString::to_string).collect())
            .unwrap_or_default();
        let headline = self
            .explanation
            .as_ref()
            .map_or("no order of these operations works", |told| told.headline.as_str());
        output.text(&verdict::violation(
            &Violation {
                headline,
                sentences: &sentences,
                core: core.operations.len(),
                operations: part.operations,
                minimal: core.minimal,
                cause: &[],
            },
            style,
        ))?;
        Ok(())
    }

    /// By which road each object was judged, in one phrase.
    fn roads(&self) -> String {
        let mut names: Vec<&str> = self.judgement.parts.iter().map(|part| part.road.name()).collect();
        names.sort_unstable();
        names.dedup();
        let configurations = self.judgement.configurations();
        let searched = if configurations > 0 {
            format!(", {}", count(configurations, "configuration"))
        } else {
            String::new()
        };
        format!("decided by {}{searched}", names.join(" and "))
    }

    fn objects(&self, output: &mut Output) -> Result<(), Failure> {
        let history = &self.parsed.history;
        if let (Some(explanation), Some((part, core))) = (&self.explanation, self.judgement.violation()) {
            let sentences: Vec<String> = explanation.sentences.iter().map(ToString::to_string).collect();
            let core: Vec<OperationId> = core.operations.iter().map(|kept| kept.id).collect();
            for &id in &core {
                output.object(|| jsonl::operation(history, id))?;
            }
            output.object(|| {
                jsonl::explanation(&jsonl::Explained {
                    key: history.key_name(part.key),
                    anomaly: explanation.kind.name(),
                    headline: &explanation.headline,
                    numbered: &explanation.numbered,
                    core: &core,
                    sentences: &sentences,
                    cause: &[],
                })
            })?;
        }
        output.object(|| {
            jsonl::file_verdict(&jsonl::FileVerdict {
                file: self.name,
                model: self.options.model.name(),
                operations: history.records.len(),
                verdict: self.judgement.decision().name(),
                check_ms: self.took.as_secs_f64() * 1e3,
            })
        })?;
        Ok(())
    }
}
