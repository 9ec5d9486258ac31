//! What is said of a stream, when it ends or before.

use anachron_checker::Decision;
use anachron_checker::online::{Open, Told, Violation, Why};
use anachron_experiment::judge::judge;
use anachron_history::{Format, History, Parsed, Record, Timestamp, parse};
use anachron_report::jsonl;
use anachron_report::number::{count, thousands};
use anachron_vocabulary::{ClientId, Key, Outcome, Reply, Value};
use serde_json::json;

use super::judging::{Certain, Stream, Unfit};
use super::lines::Unreadable;
use super::{Followed, KEPT};
use crate::commands::paragraph;
use crate::exit::Failure;
use crate::interrupt::{INTERRUPTED, interrupted};
use crate::output::{Output, note};

/// How many operations of a window are listed.
const LISTED: usize = 40;

impl Stream<'_> {
    /// The end, if it has come although the stream goes on.
    pub(super) fn ended(&mut self, output: &mut Output) -> Result<Option<Followed>, Failure> {
        if let Some(certain) = self.certain.take() {
            return self.violated(&certain, output).map(Some);
        }
        if let Some(unfit) = self.unfit.take() {
            return self.unfitting(unfit, output);
        }
        if self.undecided.len() > self.told_undecided {
            self.told_undecided = self.undecided.len();
            for (key, why) in &self.undecided {
                let (name, line) = (self.name(*key), thousands(self.told_line));
                note(&format!("-: {name} is not decided from line {line} on: {}", reason(*why)));
            }
        }
        if self.online.is_some() && self.is_long() {
            self.kept = None;
        }
        Ok(None)
    }

    fn is_long(&self) -> bool {
        self.kept.as_ref().is_none_or(|kept| kept.len() > KEPT)
    }

    /// The stream can't be judged as it comes. As a file it may.
    fn unfitting(&mut self, unfit: Unfit, output: &mut Output) -> Result<Option<Followed>, Failure> {
        // Another format, then: a file, however long.
        let is_other_format = matches!(&unfit, Unfit::Unreadable(unreadable) if unreadable.line == 1);
        if self.is_long() && !(is_other_format && self.kept.is_some()) {
            return Err(self.refuse(&unfit, output)?);
        }
        // What is wrong is said as of a file; but a model that was guessed may yet turn out to be another.
        let is_hopeless = match &unfit {
            Unfit::Unreadable(_) => !is_other_format,
            Unfit::NoHistory => true,
            Unfit::Wrong(..) => self.wanted.named,
            Unfit::Late { .. } | Unfit::EndsTooEarly { .. } => false,
        };
        if is_hopeless {
            return Ok(self.kept.take().map(Followed::AsFile));
        }
        if unfit.is_broken_promise() && !self.has_warned {
            self.has_warned = true;
            let (line, said) = self.complaint(&unfit);
            note(&format!("-:{line}: {said}; it is read to its end first"));
        }
        self.unfit = Some(unfit);
        Ok(None)
    }

    fn name(&self, key: Key) -> String {
        let name = self.keys.name(key.0);
        if name.is_empty() { "the object".to_owned() } else { format!("{name:?}") }
    }

    /// In which line something is wrong, and what.
    fn complaint(&self, unfit: &Unfit) -> (u64, String) {
        match unfit {
            Unfit::Unreadable(Unreadable { line, why, .. }) => (*line, why.clone()),
            Unfit::NoHistory => (1, "these lines are no history of this model".to_owned()),
            Unfit::Wrong(line, refused) => (*line, format!("{refused}; `--model` names another model")),
            Unfit::Late { line, call, settled } => (
                *line,
                format!(
                    "this operation was called at {call}, but one called at {settled} was told more than {} before; `--lag` says how late they may come, and a file may have any order",
                    count(self.wanted.lag as u64, "line")
                ),
            ),
            Unfit::EndsTooEarly { line, end, settled } => (
                *line,
                format!(
                    "this operation returned at {end}, but what happened at {settled} was told before; where calls are told as they happen, lines come in the order of their times"
                ),
            ),
        }
    }

    fn refuse(&self, unfit: &Unfit, output: &mut Output) -> Result<Failure, Failure> {
        let (line, said) = self.complaint(unfit);
        let column = if let Unfit::Unreadable(unreadable) = unfit { unreadable.column } else { 1 };
        output.object(|| jsonl::error("-", Some((line, column)), &said))?;
        Ok(Failure::usage(format!("-:{line}:{column}: {said}")))
    }

    /// Tells of a violation: as of a file, wherever what is kept shows it by itself.
    fn violated(&mut self, certain: &Certain, output: &mut Output) -> Result<Followed, Failure> {
        let Certain { violation, line, settled } = certain;
        note(&format!(
            "-: a violation is certain after {}; what is said of it goes by those",
            count(*line, "line")
        ));
        if let Some(kept) = self.kept.take()
            && let Ok(mut parsed) = parse(first_lines(&kept, *line), Some(Format::JsonLines))
        {
            parsed.history = known_before(parsed.history, *settled);
            if self.is_violation(&parsed.history) {
                return Ok(Followed::Shown(Box::new(parsed), self.options().clone()));
            }
        }
        output.object(|| {
            let lines: Vec<u64> = violation.window.iter().map(|told| told.mark).collect();
            let key = self.keys.name(violation.key.0);
            jsonl::line(
                "violation",
                json!({ "file": "-", "key": key, "line": violation.at, "certain_after": line, "lines": lines }),
            )
        })?;
        if violation.why == Why::Alone {
            let history = self.history_of(violation);
            if self.is_violation(&history) {
                let shown = count(violation.window.len() as u64, "operation");
                let said = format!(
                    "A violation is certain after {} of the stream, in line {}. {shown} of {} show it:",
                    count(*line, "line"),
                    thousands(violation.at),
                    thousands(self.operations),
                );
                output.text(&paragraph("", &said, output.style))?;
                let parsed = Parsed { history, format: Format::JsonLines, initial_hint: None };
                return Ok(Followed::Shown(Box::new(parsed), self.options().clone()));
            }
        }
        self.listed(violation, output)?;
        self.verdict(Decision::NotLinearizable, output)
    }

    fn is_violation(&self, history: &History) -> bool {
        judge(history, self.options(), self.wanted.limits, &INTERRUPTED)
            .is_ok_and(|judgement| judgement.decision() == Decision::NotLinearizable)
    }

    /// The operations of a violation, as a history of their own.
    fn history_of(&self, violation: &Violation) -> History {
        let mut history = History::default();
        let key = Key(history.keys.number(self.keys.name(violation.key.0)));
        for told in &violation.window {
            let (end, outcome) = match &told.answer {
                Some((end, reply)) => (Some(Timestamp(*end)), Outcome::Ok(reply.clone())),
                None => (None, Outcome::Unknown),
            };
            let client = ClientId(history.clients.number(&told.client));
            let (operation, call) = (told.operation.clone(), Timestamp(told.call));
            history.records.push(Record { client, key, operation, call, end, outcome });
        }
        if history.validate().is_err() {
            // Nobody checked that a client does one thing at a time, and nothing rests on it.
            for (record, told) in history.records.iter_mut().zip(&violation.window) {
                record.client =
                    ClientId(history.clients.number(&format!("{}, line {}", told.client, told.mark)));
            }
        }
        history.records.sort_by_key(|record| record.call);
        history
    }

    /// Lists the operations of a violation, where they don't show it by themselves.
    fn listed(&self, violation: &Violation, output: &mut Output) -> Result<(), Failure> {
        let style = output.style;
        let (name, line) = (self.name(violation.key), thousands(violation.at));
        let why = match &violation.why {
            Why::Alone => "These operations have no order.".to_owned(),
            Why::Forgotten { since } => format!(
                "It shows what nobody can have left there: no operation wrote it since {since}, and whatever was written before had been overwritten by then, at the latest by the operations shown before it."
            ),
            Why::NoOrder { from, since } => {
                let states: Vec<String> = from.iter().take(5).map(ToString::to_string).collect();
                let more = if from.len() > states.len() { ", …" } else { "" };
                format!(
                    "No order of this operation and the others since {since} works, in whichever of its possible states ({}) the object was then: {}{more}.",
                    from.len(),
                    states.join(", ")
                )
            }
        };
        let said = format!("NOT linearizable  {name}, line {line}. {why}");
        output.text(&paragraph("", &said, style))?;
        let left_out = violation.window.len().saturating_sub(LISTED);
        for told in &violation.window[left_out..] {
            let mark = if told.mark == violation.at { "> " } else { "  " };
            output.text(&paragraph(mark, &shown(told), style))?;
        }
        Ok(())
    }

    fn verdict(&self, decision: Decision, output: &mut Output) -> Result<Followed, Failure> {
        output.object(|| {
            jsonl::line(
                "verdict",
                json!({ "file": "-", "operations": self.operations, "verdict": decision.name() }),
            )
        })?;
        Ok(Followed::Told(decision))
    }

    pub(super) fn interrupted(&self, output: &mut Output) -> Result<Followed, Failure> {
        let line = self.told_line;
        let far = self.online.as_ref().map_or("nothing was judged yet".to_owned(), |online| {
            match online.watermark() {
                i64::MIN => "nothing is settled yet".to_owned(),
                settled => format!("no violation among what returned before {settled}"),
            }
        });
        output.line(&format!("interrupted after {}: {far}", count(line, "line")))?;
        output.object(|| {
            jsonl::line("interrupted", json!({ "file": "-", "lines": line, "operations": self.operations }))
        })?;
        Ok(Followed::Interrupted)
    }

    /// The end of the stream.
    pub(super) fn finish(mut self, output: &mut Output) -> Result<Followed, Failure> {
        if let Some(kept) = self.kept.take() {
            return Ok(Followed::AsFile(kept));
        }
        self.close();
        if interrupted() {
            return self.interrupted(output);
        }
        if let Some(end) = self.ended(output)? {
            return Ok(end);
        }
        let decision = if self.undecided.is_empty() { Decision::Linearizable } else { Decision::Undecided };
        output.line(&format!("{decision}: {}, judged as they came", count(self.operations, "operation")))?;
        self.verdict(decision, output)
    }
}

/// The history as far as it was settled: what returned later may still be explained by what was not yet told.
fn known_before(mut history: History, settled: i64) -> History {
    history.records.retain(|record| {
        let is_over = record.end.is_some_and(|end| end.0 < settled);
        record.call.0 < settled && (is_over || !record.operation.is_read())
    });
    for record in &mut history.records {
        let is_over = record.end.is_some_and(|end| end.0 < settled);
        // What a blind operation does is known, whenever it does it.
        if !is_over && record.outcome != Outcome::Ok(Reply::Done) {
            record.outcome = Outcome::Unknown;
            record.end = None;
        }
    }
    history
}

/// The first lines of a text.
fn first_lines(text: &[u8], lines: u64) -> &[u8] {
    let mut left = lines;
    let end = text.iter().position(|&byte| {
        left -= u64::from(byte == b'\n');
        left == 0
    });
    end.map_or(text, |end| &text[..=end])
}

/// One operation in one line.
fn shown(told: &Told) -> String {
    let end = told.answer.as_ref().map_or("?".to_owned(), |(end, _)| end.to_string());
    let reply = match told.answer.as_ref().map(|(_, reply)| reply) {
        None => "nobody knows".to_owned(),
        Some(Reply::Done) => "done".to_owned(),
        Some(Reply::Value(value)) => value.to_string(),
        Some(Reply::Answer(answer)) => answer.to_string(),
    };
    format!(
        "line {}: {}{} from {} to {end}: {reply}",
        told.mark,
        told.operation.name(),
        told.operation.arguments_shown(Value::to_string),
        told.call
    )
}

fn reason(why: Open) -> String {
    match why {
        Open::Spent(limit) => format!("{limit} was reached"),
        Open::ToldLate(line) => format!("the operation in line {line} came too late to be tried everywhere"),
    }
}
