//! `anachron check -`: judges a stream while it grows.
//!
//! What the stream promises decides what can be certain before it ends:
//! - *calls told as they happen* (`"event":"call"`, `"event":"return"`; see `history`'s JSON Lines): lines come in the
//!   order of their times. Then all that is open is known, and a violation is told as soon as no answer of the open
//!   operations could explain it;
//! - *whole operations*: an operation's line comes at most `LAG` lines after the lines of those that returned before it
//!   was called, in any order. Then what returned that long ago is settled. Silence settles nothing: an operation
//!   that is open all the while may still explain everything.
//!
//! A stream that ends within `KEPT` bytes is judged as a file is, with all that belongs to it; one that breaks its
//! promise within them is read to its end first. Beyond, only what the judge needs is kept, so memory is flat.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::time::Duration;

use anachron_checker::online::{Finding, Online, Open, Refused, Violation};
use anachron_checker::{Budget, CheckOptions, Decision};
use anachron_history::{Heard, LineReader, Names};
use anachron_report::jsonl;
use anachron_report::number::{count, thousands};
use anachron_vocabulary::{Key, Outcome, Reply};
use serde_json::json;

use super::paragraph;
use crate::exit::Failure;
use crate::interrupt::interrupted;
use crate::output::{Output, note};

/// How many lines later than one that returned before its call an operation may be told.
const LAG: usize = 10_000;
/// How long a stream that tells its calls is silent before all of one moment has come.
const MOMENT: Duration = Duration::from_millis(200);
/// How long is waited for more at a time.
const STEP: Duration = Duration::from_millis(100);
/// How much of the stream is kept to be judged as a file.
const KEPT: usize = 8 << 20;
/// How many lines are read before the model is guessed from them.
const GUESSED_FROM: u64 = 1_000;

/// What became of a stream.
pub(super) enum Followed {
    /// It is to be judged as a file with this content.
    AsFile(Vec<u8>),
    /// All is said.
    Told(Decision),
    /// The reader interrupted, and was told how far it got.
    Interrupted,
}

/// Why the stream can't be judged as it comes.
enum Unfit {
    /// A line can't be read: it has this number.
    Unreadable(u64),
    /// The operation in this line is not what was promised.
    Refused(u64, Refused),
    /// Its end lies before what is settled.
    EndsTooEarly(u64),
}

/// Pieces of standard input, as they come. The channel is short, so that a fast writer waits for the judge.
fn pieces() -> Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = sync_channel(4);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        loop {
            let mut piece = vec![0; 1 << 16];
            let read = match input.read(&mut piece) {
                Ok(0) => return,
                Ok(length) => {
                    piece.truncate(length);
                    Ok(piece)
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let failed = read.is_err();
            if sender.send(read).is_err() || failed {
                return;
            }
        }
    });
    receiver
}

/// What the objects are, told from bytes of the stream; `None` if they are not what they seem.
type OptionsOf<'a> = Box<dyn Fn(&[u8]) -> Option<CheckOptions> + 'a>;

/// What is asked of a stream.
pub(super) struct Wanted<'a> {
    /// The model was named.
    pub(super) named: bool,
    /// What the objects are, once the model is known.
    pub(super) options: OptionsOf<'a>,
    /// Bytes that the judge may take.
    pub(super) memory: usize,
}

/// Follows standard input until all is said.
pub(super) fn follow(wanted: &Wanted<'_>, output: &mut Output) -> Result<Followed, Failure> {
    let pieces = pieces();
    let mut stream = Stream::new();
    let mut silent = Duration::ZERO;
    loop {
        let piece = match pieces.try_recv() {
            Ok(piece) => Some(piece),
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                if silent.is_zero() && stream.is_followed() {
                    stream.drained();
                }
                match pieces.recv_timeout(STEP) {
                    Ok(piece) => Some(piece),
                    Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) => {
                        silent += STEP;
                        None
                    }
                }
            }
        };
        if interrupted() {
            return stream.interrupted(output);
        }
        match piece {
            Some(piece) => {
                silent = Duration::ZERO;
                let piece = piece.map_err(|error| Failure::unreadable("-".as_ref(), &error))?;
                stream.take(&piece);
            }
            None => stream.silent(silent, wanted),
        }
        stream.judge(wanted, false);
        if let Some(end) = stream.ended(output)? {
            return Ok(end);
        }
    }
    stream.finish(output)
}

/// A stream, and what is known of it.
struct Stream {
    /// Everything read, until it is too much.
    kept: Option<Vec<u8>>,
    /// The beginning of a line.
    rest: Vec<u8>,
    /// What was read and is not yet told to the judge.
    heard: VecDeque<(u64, Heard)>,
    reader: LineReader,
    keys: Names,
    online: Option<Online>,
    /// The largest return up to each of the last lines.
    returns: VecDeque<i64>,
    /// The latest time told.
    latest: i64,
    /// Some line told a whole operation, so calls are not told as they happen.
    whole: bool,
    operations: u64,
    unfit: Option<Unfit>,
    violation: Option<Violation>,
    undecided: BTreeMap<Key, Open>,
    told_undecided: usize,
    looked: bool,
}

impl Stream {
    fn new() -> Self {
        Self {
            kept: Some(Vec::new()),
            rest: Vec::new(),
            heard: VecDeque::new(),
            reader: LineReader::default(),
            keys: Names::default(),
            online: None,
            returns: VecDeque::new(),
            latest: i64::MIN,
            whole: false,
            operations: 0,
            unfit: None,
            violation: None,
            undecided: BTreeMap::new(),
            told_undecided: 0,
            looked: true,
        }
    }

    fn is_followed(&self) -> bool {
        self.online.is_some() && self.unfit.is_none()
    }

    /// Takes what came in, and reads its lines.
    fn take(&mut self, piece: &[u8]) {
        self.looked = false;
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(piece);
        }
        if self.unfit.is_some() {
            return;
        }
        let mut left = piece;
        while let Some(end) = left.iter().position(|&byte| byte == b'\n') {
            let (line, after) = (&left[..end], &left[end + 1..]);
            left = after;
            let read = if self.rest.is_empty() {
                self.reader.read(line)
            } else {
                self.rest.extend_from_slice(line);
                let read = self.reader.read(&self.rest);
                self.rest.clear();
                read
            };
            match read {
                Ok(Heard::Nothing) => {}
                Ok(heard) => self.heard.push_back((self.reader.lines(), heard)),
                Err(_) => {
                    self.unfit = Some(Unfit::Unreadable(self.reader.lines()));
                    return;
                }
            }
        }
        self.rest.extend_from_slice(left);
    }

    /// Begins to judge, once the model is known.
    fn begin(&mut self, wanted: &Wanted<'_>, now: bool) {
        let enough = wanted.named || now || self.reader.lines() >= GUESSED_FROM;
        if self.online.is_some() || !enough || self.heard.is_empty() {
            return;
        }
        let Some(kept) = &self.kept else { return };
        let whole_lines = &kept[..kept.len() - self.rest.len()];
        if let Some(options) = (wanted.options)(whole_lines) {
            self.online = Some(Online::new(&options, wanted.memory));
        }
    }

    /// Tells the judge what was heard.
    fn judge(&mut self, wanted: &Wanted<'_>, now: bool) {
        self.begin(wanted, now);
        let Some(mut online) = self.online.take() else { return };
        while self.violation.is_none()
            && self.unfit.is_none()
            && let Some((line, heard)) = self.heard.pop_front()
        {
            if let Err(unfit) = self.tell(&mut online, line, heard) {
                self.unfit = Some(unfit);
                break;
            }
            let watermark = if self.whole { self.settled_by_lag() } else { self.latest };
            let findings = online.settle(watermark, &mut stoppable(&mut interrupted));
            self.found(findings);
        }
        self.online = Some(online);
    }

    fn settled_by_lag(&mut self) -> i64 {
        if self.returns.len() > LAG { self.returns.pop_front().unwrap_or(i64::MIN) } else { i64::MIN }
    }

    fn tell(&mut self, online: &mut Online, line: u64, heard: Heard) -> Result<(), Unfit> {
        let refused = |refused| Unfit::Refused(line, refused);
        match heard {
            Heard::Nothing => {}
            Heard::Operation { key, operation, call, end, outcome, .. } => {
                self.whole = true;
                self.operations += 1;
                let key = Key(self.keys.number(&key));
                let returned = if matches!(outcome, Outcome::Ok(_)) { end } else { None };
                self.latest = self.latest.max(returned.unwrap_or(i64::MIN));
                online
                    .completed(key, line, operation, call, end.unwrap_or(call), outcome)
                    .map_err(refused)?;
            }
            Heard::Called { mark, key, operation, call, .. } => {
                let key = Key(self.keys.number(&key));
                online.called(key, mark, operation, call).map_err(refused)?;
                self.latest = self.latest.max(call);
            }
            Heard::Ended { mark, key, end, outcome } => {
                self.operations += 1;
                let key = Key(self.keys.number(&key));
                if matches!(outcome, Outcome::Ok(_)) && end.is_some_and(|end| end < online.watermark()) {
                    return Err(Unfit::EndsTooEarly(line));
                }
                let end = end.unwrap_or(i64::MIN).max(online.watermark());
                online.ended(key, mark, end, outcome).map_err(refused)?;
                self.latest = self.latest.max(end);
            }
        }
        self.returns.push_back(self.latest);
        if !self.whole && self.returns.len() > LAG {
            self.returns.pop_front();
        }
        Ok(())
    }

    fn found(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            match finding {
                Finding::Violation(violation) => {
                    self.violation.get_or_insert(violation);
                }
                Finding::Undecided(key, why) => {
                    self.undecided.entry(key).or_insert(why);
                }
            }
        }
    }

    /// All that was written is read: a good moment to say what is certain.
    fn drained(&mut self) {
        let Some(online) = self.online.as_mut().filter(|_| !self.looked) else { return };
        self.looked = true;
        let mut stop = interrupted;
        let budget = &mut stoppable(&mut stop);
        let findings = online.settle_now(online.watermark(), budget);
        let ahead = if findings.is_empty() && !self.whole { online.look_ahead(budget) } else { None };
        self.found(findings);
        if self.violation.is_none() {
            self.violation = ahead;
        }
    }

    /// Nothing came for a while.
    fn silent(&mut self, silent: Duration, wanted: &Wanted<'_>) {
        if silent < MOMENT || silent >= MOMENT + STEP || self.unfit.is_some() {
            return;
        }
        self.judge(wanted, true);
        if self.whole {
            return;
        }
        let Some(online) = &self.online else { return };
        // On a copy: should more come after all, nothing is lost.
        let mut copy = online.clone();
        let mut stop = interrupted;
        let budget = &mut stoppable(&mut stop);
        let findings = copy.settle_now(self.latest.saturating_add(1), budget);
        let ahead = copy.look_ahead(budget);
        let violation = findings.into_iter().find_map(|finding| match finding {
            Finding::Violation(violation) => Some(violation),
            Finding::Undecided(..) => None,
        });
        self.violation = violation.or(ahead);
    }

    /// The end, if it has come although the stream goes on.
    fn ended(&mut self, output: &mut Output) -> Result<Option<Followed>, Failure> {
        if let Some(unfit) = self.unfit.take() {
            if self.kept.is_none() {
                return Err(Self::refuse(&unfit, output)?);
            }
            if matches!(unfit, Unfit::Unreadable(line) if line > 1) {
                // What is wrong with the line is said as of a file.
                return Ok(self.kept.take().map(Followed::AsFile));
            }
            // Perhaps another format, or another order: the whole tells.
            self.unfit = Some(unfit);
            return Ok(None);
        }
        if self.violation.is_some() {
            return self.violated(output).map(Some);
        }
        if self.undecided.len() > self.told_undecided {
            self.told_undecided = self.undecided.len();
            for (key, why) in &self.undecided {
                note(&format!(
                    "-: {} is not decided from line {} on: {}",
                    self.name(*key),
                    self.reader.lines(),
                    reason(*why)
                ));
            }
        }
        if self.online.is_some() && self.kept.as_ref().is_some_and(|kept| kept.len() > KEPT) {
            self.kept = None;
        }
        Ok(None)
    }

    fn name(&self, key: Key) -> String {
        let name = self.keys.name(key.0);
        if name.is_empty() { "the object".to_owned() } else { format!("{name:?}") }
    }

    fn refuse(unfit: &Unfit, output: &mut Output) -> Result<Failure, Failure> {
        let (line, said) = match unfit {
            Unfit::Unreadable(line) => (*line, "this is no line of a history".to_owned()),
            Unfit::Refused(line, Refused::Late(watermark)) => (
                *line,
                format!(
                    "this operation was called before {watermark}, up to which all is judged; a stream tells an operation at most {} lines late, or its calls as they happen; a file may have any order",
                    thousands(LAG as u64)
                ),
            ),
            Unfit::Refused(line, refused) => (*line, format!("{refused}; `--model` names another model")),
            Unfit::EndsTooEarly(line) => {
                (*line, "this operation returned before what was told already; lines come in the order of their times".to_owned())
            }
        };
        output.object(|| jsonl::error("-", Some((line, 1)), &said))?;
        Ok(Failure::usage(format!("-:{line}: {said}")))
    }

    /// Tells of a violation: as of a file where all of it is kept.
    fn violated(&mut self, output: &mut Output) -> Result<Followed, Failure> {
        let violation = self.violation.take().expect("there is one");
        let line = self.reader.lines();
        note(&format!("-: a violation is certain after {}", count(line, "line")));
        if let Some(mut kept) = self.kept.take() {
            kept.truncate(kept.len() - self.rest.len());
            return Ok(Followed::AsFile(kept));
        }
        let style = output.style;
        let name = self.name(violation.key);
        let states: Vec<String> = violation.from.iter().take(5).map(ToString::to_string).collect();
        let since = violation.since.map_or("the start".to_owned(), |since| since.to_string());
        let said = format!(
            "NOT linearizable  {name}, line {}. No order of this operation and the others since {since} works, in whichever of its possible states ({}) the object was then: {}{}.",
            violation.at,
            violation.from.len(),
            states.join(", "),
            if violation.from.len() > states.len() { ", …" } else { "" }
        );
        output.text(&paragraph("", &said, style))?;
        for told in violation.window.iter().rev().take(40).rev() {
            let end = told.answer.as_ref().map_or("?".to_owned(), |(end, _)| end.to_string());
            let reply = match told.answer.as_ref().map(|(_, reply)| reply) {
                None => "nobody knows".to_owned(),
                Some(Reply::Done) => "done".to_owned(),
                Some(Reply::Value(value)) => value.to_string(),
                Some(Reply::Answer(answer)) => answer.to_string(),
            };
            let mark = if told.mark == violation.at { ">" } else { " " };
            let shown = format!(
                "line {}: {}{} from {} to {end}: {reply}",
                told.mark,
                told.operation.name(),
                told.operation.arguments_shown(ToString::to_string),
                told.call
            );
            output.text(&paragraph(&format!("{mark} "), &shown, style))?;
        }
        output.object(|| {
            jsonl::line(
                "violation",
                json!({ "file": "-", "key": self.keys.name(violation.key.0), "line": violation.at, "lines": violation.window.iter().map(|told| told.mark).collect::<Vec<_>>() }),
            )
        })?;
        self.verdict(Decision::NotLinearizable, output)
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

    fn interrupted(&self, output: &mut Output) -> Result<Followed, Failure> {
        let line = self.reader.lines();
        let far = self.online.as_ref().map_or("nothing was judged yet".to_owned(), |online| {
            format!("no violation among what returned before {}", online.watermark())
        });
        output.line(&format!("interrupted after {}: {far}", count(line, "line")))?;
        output.object(|| {
            jsonl::line("interrupted", json!({ "file": "-", "lines": line, "operations": self.operations }))
        })?;
        Ok(Followed::Interrupted)
    }

    /// The end of the stream.
    fn finish(mut self, output: &mut Output) -> Result<Followed, Failure> {
        if let Some(kept) = self.kept.take() {
            return Ok(Followed::AsFile(kept));
        }
        let mut online = self.online.take().expect("what is not kept was judged");
        if !self.rest.is_empty() {
            let heard = self.reader.read(&std::mem::take(&mut self.rest));
            let line = self.reader.lines();
            let told = match heard {
                Ok(Heard::Nothing) => Ok(()),
                Ok(heard) => self.tell(&mut online, line, heard),
                Err(_) => Err(Unfit::Unreadable(line)),
            };
            if let Err(unfit) = told {
                return Err(Self::refuse(&unfit, output)?);
            }
        }
        let findings = online.finish(&mut stoppable(&mut interrupted));
        self.found(findings);
        if interrupted() {
            return self.interrupted(output);
        }
        if self.violation.is_some() {
            return self.violated(output);
        }
        let decision = if self.undecided.is_empty() { Decision::Linearizable } else { Decision::Undecided };
        output.line(&format!("{decision}: {}, judged as they came", count(self.operations, "operation")))?;
        self.verdict(decision, output)
    }
}

/// A budget without an end but the reader's interrupt.
fn stoppable<'a>(stop: &'a mut (dyn FnMut() -> bool + 'a)) -> Budget<'a> {
    Budget::with_stop(stop)
}

fn reason(why: Open) -> String {
    match why {
        Open::Spent(limit) => format!("{limit} was reached"),
        Open::ToldLate(line) => format!("the operation in line {line} came too late to be tried everywhere"),
    }
}
