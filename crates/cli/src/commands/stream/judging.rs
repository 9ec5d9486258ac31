//! What is known of a stream: its lines told to the judge, in the order in which they come.

use std::collections::{BTreeMap, VecDeque};

use anachron_checker::online::{Finding, Online, Open, Refused, Told, Violation};
use anachron_checker::{Budget, CheckOptions};
use anachron_history::{Heard, Names};
use anachron_vocabulary::{Key, Outcome};

use super::Wanted;
use super::lines::{Lines, Unreadable};
use crate::interrupt::interrupted;

/// How many lines are read before the model is guessed from them.
const GUESSED_FROM: u64 = 1_000;

/// Why the stream can't be judged as it comes.
#[derive(Debug)]
pub(super) enum Unfit {
    Unreadable(Unreadable),
    /// The operation in this line can't be judged.
    Wrong(u64, Refused),
    /// The operation in this line was called at a time before what is settled: the promise is broken.
    Late {
        line: u64,
        call: i64,
        settled: i64,
    },
    /// The operation in this line ended before what is settled: so is this one.
    EndsTooEarly {
        line: u64,
        end: i64,
        settled: i64,
    },
    /// The options don't fit, or the lines are no history after all: what is wrong is said as of a file.
    NoHistory,
}

impl Unfit {
    /// True if a promise was broken that a file does not give.
    pub(super) fn is_broken_promise(&self) -> bool {
        matches!(self, Self::Late { .. } | Self::EndsTooEarly { .. })
    }
}

/// A violation, and when it became certain.
#[derive(Debug)]
pub(super) struct Certain {
    pub(super) violation: Violation,
    /// The last line that was told.
    pub(super) line: u64,
    /// All that had returned before this time was settled then.
    pub(super) settled: i64,
}

/// A stream, and what is known of it.
pub(super) struct Stream<'w> {
    pub(super) wanted: &'w Wanted<'w>,
    /// Everything read, until it is too much.
    pub(super) kept: Option<Vec<u8>>,
    pub(super) lines: Lines,
    pub(super) keys: Names,
    options: Option<CheckOptions>,
    pub(super) online: Option<Online>,
    /// The latest call up to each of the last lines, as many as may come late.
    calls: VecDeque<i64>,
    latest_call: i64,
    /// The latest time told.
    latest: i64,
    /// Some line told a whole operation, so calls are not told as they happen.
    is_whole: bool,
    pub(super) operations: u64,
    /// The last line that was told to the judge.
    pub(super) told_line: u64,
    pub(super) unfit: Option<Unfit>,
    pub(super) certain: Option<Certain>,
    pub(super) undecided: BTreeMap<Key, Open>,
    pub(super) told_undecided: usize,
    /// It was said that the promise is broken.
    pub(super) has_warned: bool,
    /// The judge has been asked to look ahead since the last line.
    has_looked: bool,
}

impl<'w> Stream<'w> {
    pub(super) fn new(wanted: &'w Wanted<'w>) -> Self {
        Self {
            wanted,
            kept: Some(Vec::new()),
            lines: Lines::default(),
            keys: Names::default(),
            options: None,
            online: None,
            calls: VecDeque::new(),
            latest_call: i64::MIN,
            latest: i64::MIN,
            is_whole: false,
            operations: 0,
            told_line: 0,
            unfit: None,
            certain: None,
            undecided: BTreeMap::new(),
            told_undecided: 0,
            has_warned: false,
            has_looked: true,
        }
    }

    /// What the objects are; known once anything is judged.
    pub(super) fn options(&self) -> &CheckOptions {
        self.options.as_ref().expect("the judge has begun")
    }

    /// Takes what came in, and reads its lines.
    pub(super) fn take(&mut self, piece: &[u8]) {
        self.has_looked = false;
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(piece);
        }
        if self.unfit.is_none() {
            let read = self.lines.take(piece);
            let read = read.and_then(|()| if self.kept.is_none() { self.lines.endless() } else { Ok(()) });
            // What was told before an unreadable line is judged first: it may be all that is needed.
            if let Err(unreadable) = read {
                self.judge();
                self.unfit = self.unfit.take().or(Some(Unfit::Unreadable(unreadable)));
            }
        }
    }

    /// Begins to judge, once the model is known.
    fn begin(&mut self, is_time: bool) {
        let enough = self.wanted.named || is_time || self.lines.read_lines() >= GUESSED_FROM;
        if self.online.is_some() || !enough || !self.lines.is_ahead() {
            return;
        }
        let kept = self.kept.as_ref().expect("all is kept until the judge begins");
        match (self.wanted.options)(&kept[..kept.len() - self.lines.rest()]) {
            Some(options) => {
                self.online = Some(Online::new(&options, self.wanted.limits.memory));
                self.options = Some(options);
            }
            None => self.unfit = Some(Unfit::NoHistory),
        }
    }

    /// Tells the judge what was heard.
    pub(super) fn judge(&mut self) {
        self.judge_from(false);
    }

    fn judge_from(&mut self, is_time: bool) {
        if self.unfit.is_some() {
            return;
        }
        self.begin(is_time);
        let Some(mut online) = self.online.take() else { return };
        while self.certain.is_none()
            && self.unfit.is_none()
            && !interrupted()
            && let Some((line, heard)) = self.lines.next()
        {
            match self.tell(&mut online, line, heard) {
                Ok(()) => {
                    self.told_line = line;
                    let watermark = if self.is_whole { self.settled_by_lag() } else { self.latest };
                    let findings = online.settle(watermark, &mut stoppable(&mut interrupted));
                    self.found(findings, online.watermark());
                }
                Err(unfit) => self.unfit = Some(unfit),
            }
        }
        self.online = Some(online);
    }

    /// The latest call told when the last line came that is as many lines ago as one may be late.
    fn settled_by_lag(&mut self) -> i64 {
        if self.calls.len() > self.wanted.lag { self.calls.pop_front().unwrap_or(i64::MIN) } else { i64::MIN }
    }

    fn tell(&mut self, online: &mut Online, line: u64, heard: Heard) -> Result<(), Unfit> {
        let refuse = |call| {
            move |refused| match refused {
                Refused::Late(settled) => Unfit::Late { line, call, settled },
                wrong @ Refused::Wrong(_) => Unfit::Wrong(line, wrong),
            }
        };
        match heard {
            Heard::Nothing => {}
            Heard::Operation { client, key, operation, call, end, outcome } => {
                self.is_whole = true;
                self.operations += 1;
                let key = Key(self.keys.number(&key));
                let answer = match outcome {
                    Outcome::Failed => {
                        return online.fits(&operation, &outcome).map_err(refuse(call));
                    }
                    Outcome::Unknown => None,
                    Outcome::Ok(reply) => Some((end.unwrap_or(call), reply)),
                };
                let has_answer = answer.is_some();
                let told = Told { mark: line, client: client.into(), operation, call, answer };
                online.completed(key, told).map_err(refuse(call))?;
                // One without an answer may be told at any time, and says nothing of the others.
                if has_answer {
                    self.latest_call = self.latest_call.max(call);
                }
            }
            Heard::Called { mark, client, key, operation, call } => {
                let key = Key(self.keys.number(&key));
                let told = Told { mark, client: client.into(), operation, call, answer: None };
                online.called(key, told).map_err(refuse(call))?;
                self.latest = self.latest.max(call);
                self.latest_call = self.latest_call.max(call);
            }
            Heard::Ended { mark, key, end, outcome } => {
                self.operations += 1;
                let key = Key(self.keys.number(&key));
                let settled = online.watermark();
                if let (Outcome::Ok(_), Some(end)) = (&outcome, end)
                    && end < settled
                {
                    return Err(Unfit::EndsTooEarly { line, end, settled });
                }
                let end = end.unwrap_or(i64::MIN).max(settled);
                online.ended(key, mark, end, outcome).map_err(refuse(end))?;
                self.latest = self.latest.max(end);
            }
        }
        self.calls.push_back(self.latest_call);
        if !self.is_whole && self.calls.len() > self.wanted.lag {
            self.calls.pop_front();
        }
        Ok(())
    }

    fn found(&mut self, findings: Vec<Finding>, settled: i64) {
        for finding in findings {
            match finding {
                Finding::Violation(violation) => {
                    let line = self.told_line;
                    self.certain.get_or_insert(Certain { violation, line, settled });
                }
                Finding::Undecided(key, why) => {
                    self.undecided.entry(key).or_insert(why);
                }
            }
        }
    }

    /// All that was written is read: a good moment to say what is certain.
    pub(super) fn drained(&mut self) {
        if self.unfit.is_some() || self.has_looked {
            return;
        }
        let Some(online) = self.online.as_mut() else { return };
        self.has_looked = true;
        let mut stop = interrupted;
        let budget = &mut stoppable(&mut stop);
        let settled = online.watermark();
        let mut findings = online.settle_now(settled, budget);
        if findings.is_empty() && !self.is_whole {
            findings.extend(online.look_ahead(budget).map(Finding::Violation));
        }
        self.found(findings, settled);
    }

    /// Nothing came for a while.
    pub(super) fn silent(&mut self) {
        self.judge_from(true);
        if self.is_whole || self.unfit.is_some() || self.certain.is_some() {
            return;
        }
        let Some(online) = &self.online else { return };
        // On a copy: should more come after all, nothing is lost.
        let mut copy = online.clone();
        let mut stop = interrupted;
        let budget = &mut stoppable(&mut stop);
        let mut findings = copy.settle_now(self.latest.saturating_add(1), budget);
        findings.extend(copy.look_ahead(budget).map(Finding::Violation));
        findings.retain(|finding| matches!(finding, Finding::Violation(_)));
        self.found(findings, copy.watermark());
    }

    /// Tells the judge of the end.
    pub(super) fn close(&mut self) {
        if let Err(unreadable) = self.lines.end() {
            self.unfit = Some(Unfit::Unreadable(unreadable));
        }
        self.judge();
        if self.unfit.is_some() || self.certain.is_some() {
            return;
        }
        let online = self.online.as_mut().expect("what is not kept was judged");
        let findings = online.finish(&mut stoppable(&mut interrupted));
        self.found(findings, i64::MAX);
    }
}

/// A budget without an end but the reader's interrupt.
fn stoppable<'a>(stop: &'a mut (dyn FnMut() -> bool + 'a)) -> Budget<'a> {
    Budget::with_stop(stop)
}
