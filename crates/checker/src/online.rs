//! A stream that grows: is what it told so far still linearizable, whatever it may tell yet?
//!
//! Why it exists: a real system's history has no end. It is judged while it happens, a violation is told as soon as it
//! is certain, and memory follows how much happens at once, not how long it lasts.
//!
//! The road is just-in-time linearization (Lowe 2017, section 5), in windows. For each object the *frontier* is kept: the
//! configurations that are alive after the last return that is settled. A window takes it from there to a later
//! return, by the breadth-first search with all its reductions. Numbers of states and classes live only as long as
//! their window; between two windows a state is kept as what it is. So nothing is remembered but the frontier, the
//! operations that it is not done with, and those of unknown outcome that nobody has spent.
//!
//! What makes an answer certain is the *watermark*: the caller's promise that whatever is not yet told was called at or
//! after it. A return before the watermark is settled: every operation that could take effect before it is known, if not always its
//! answer. Where calls are told as they happen ([`Online::called`]) the watermark is the present moment, and
//! [`Online::look_ahead`] says at once whether a return can be explained, whatever the open operations will answer. Where
//! only whole operations are told, the caller has to know how late they may come.
//!
//! An operation that is told late, called before the watermark, breaks the promise. If its outcome is unknown it may be
//! left out, so the stream may go on to be linearizable; but a violation of its object is then no longer certain, and the
//! object ends as undecided. Any other is refused.
//!
//! Left out on purpose: certificates. An order of an endless stream has no end; a violation comes with its window and
//! the states that this starts from ([`Violation`]), from which the rest of the checker can make a core.

mod object;
#[cfg(test)]
mod tests;
mod window;

use std::collections::BTreeMap;
use std::fmt;

use anachron_vocabulary::{Key, Operation, Outcome, Reply};

use crate::part::problem;
use crate::{Budget, CheckOptions, Limit, ObjectState, Problem};
use object::Tracked;

/// How many operations are told between two looks at whether a window is worth its while.
const STRIDE: usize = 512;

/// One operation, as the stream told it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// The caller's own number for it: the line that told it. Larger for what was told later.
    pub mark: u64,
    /// What was asked.
    pub operation: Operation,
    /// When it was called.
    pub call: i64,
    /// When it returned and what it answered; `None` if its outcome is unknown, or still open.
    pub answer: Option<(i64, Reply)>,
}

/// No order explains an object any more, whatever the stream may still tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The object.
    pub key: Key,
    /// The operation at whose return nothing was left. None that returned later is to blame.
    pub at: u64,
    /// The operations of the last window that were called before that return, by return; those without an answer last.
    pub window: Vec<Told>,
    /// The states in which the object can have been when the window began. Operations that were called before that
    /// moment and returned after it may have taken effect already.
    pub from: Vec<ObjectState>,
    /// When the window began: every operation that returned before is explained.
    pub since: Option<i64>,
}

/// Why nothing more is said of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Open {
    /// A limit was reached.
    Spent(Limit),
    /// No order was left, but the operation of this mark was told too late to have been tried everywhere.
    ToldLate(u64),
}

/// What became known of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// It is not linearizable.
    Violation(Violation),
    /// Nothing can be said of it from here on.
    Undecided(Key, Open),
}

/// What the stream may not tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The model can't judge this operation.
    Wrong(Problem),
    /// It was called before the watermark, at this time.
    Late(i64),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(Problem::Unknown) => f.write_str("an operation that the model does not know"),
            Self::Wrong(Problem::Reply) => f.write_str("a reply that such an operation can't get"),
            Self::Wrong(Problem::Argument) => f.write_str("an argument that such an operation can't have"),
            Self::Late(watermark) => {
                write!(f, "an operation called before {watermark}, up to which all is judged")
            }
        }
    }
}

impl std::error::Error for Refused {}

/// The judge of a stream.
#[derive(Clone, Debug)]
pub struct Online {
    options: CheckOptions,
    /// Bytes that the frontiers and what waits for them may take.
    memory: usize,
    objects: BTreeMap<Key, Tracked>,
    /// The latest watermark.
    watermark: i64,
    /// What was told since the last look.
    told: usize,
}

impl Online {
    /// Nothing was told yet. The frontiers may take this many bytes.
    pub fn new(options: &CheckOptions, memory: usize) -> Self {
        Self { options: options.clone(), memory, objects: BTreeMap::new(), watermark: i64::MIN, told: 0 }
    }

    fn object(&mut self, key: Key) -> &mut Tracked {
        let options = &self.options;
        self.objects.entry(key).or_insert_with(|| Tracked::new(options))
    }

    /// Tells of a call. The mark is the operation's own and not given to another.
    ///
    /// # Errors
    /// When the model does not know the operation, or its call lies before the watermark.
    pub fn called(&mut self, key: Key, mark: u64, operation: Operation, call: i64) -> Result<(), Refused> {
        if let Some(problem) = problem(self.options.model, &operation, &Outcome::Unknown) {
            return Err(Refused::Wrong(problem));
        }
        if call < self.watermark {
            return Err(Refused::Late(self.watermark));
        }
        self.object(key).open(Told { mark, operation, call, answer: None });
        Ok(())
    }

    /// Tells how the operation of this mark, whose call was told, ended.
    ///
    /// # Errors
    /// When such an operation can't end so.
    ///
    /// # Panics
    /// When no operation of this object and mark is open, or it ends before its call or the watermark.
    pub fn ended(&mut self, key: Key, mark: u64, end: i64, outcome: Outcome) -> Result<(), Refused> {
        let model = self.options.model;
        let watermark = self.watermark;
        let object = self.object(key);
        let open = object.opened(mark);
        if let Some(problem) = problem(model, &open.operation, &outcome) {
            return Err(Refused::Wrong(problem));
        }
        assert!(end >= open.call && end >= watermark, "an operation ends after what is settled");
        object.close(mark, end, outcome);
        self.told += 1;
        Ok(())
    }

    /// Tells a whole operation. `end` is of no meaning but for one that is ok.
    ///
    /// # Errors
    /// When the model can't judge the operation, or it is late and its outcome is known.
    ///
    /// # Panics
    /// When it is ok and returns before its call.
    pub fn completed(
        &mut self,
        key: Key,
        mark: u64,
        operation: Operation,
        call: i64,
        end: i64,
        outcome: Outcome,
    ) -> Result<(), Refused> {
        if let Some(problem) = problem(self.options.model, &operation, &outcome) {
            return Err(Refused::Wrong(problem));
        }
        let watermark = self.watermark;
        let answer = match outcome {
            Outcome::Ok(_) if call < watermark => return Err(Refused::Late(watermark)),
            Outcome::Ok(reply) => {
                assert!(end >= call, "an operation returns after its call");
                Some((end, reply))
            }
            Outcome::Unknown => None,
            Outcome::Failed => {
                self.object(key);
                return Ok(());
            }
        };
        let is_late = call < watermark;
        self.object(key).add(Told { mark, operation, call, answer }, is_late);
        self.told += 1;
        Ok(())
    }

    /// Promises that whatever is not yet told was called at `watermark` or later, and answers what became certain. Works
    /// in batches: where less is at stake than is worth a window, it waits.
    pub fn settle(&mut self, watermark: i64, budget: &mut Budget<'_>) -> Vec<Finding> {
        self.watermark = self.watermark.max(watermark);
        if self.told < STRIDE {
            return Vec::new();
        }
        self.told = 0;
        self.advance(false, budget)
    }

    /// The same without waiting for a batch.
    pub fn settle_now(&mut self, watermark: i64, budget: &mut Budget<'_>) -> Vec<Finding> {
        self.watermark = self.watermark.max(watermark);
        self.told = 0;
        self.advance(true, budget)
    }

    fn advance(&mut self, eager: bool, budget: &mut Budget<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (&key, object) in &mut self.objects {
            findings.extend(object.settle(key, &self.options, self.watermark, eager, budget));
        }
        if self.bytes() > self.memory {
            // The largest is given up; what the others are known to be stands.
            let largest = self.objects.iter_mut().max_by_key(|(_, object)| object.bytes());
            if let Some((&key, object)) = largest {
                object.give_up();
                findings.push(Finding::Undecided(key, Open::Spent(Limit::Memory)));
            }
        }
        findings
    }

    /// What is certain already, although operations are open that were called before the watermark: each of them may answer
    /// anything, or never take effect. Nothing is kept of it.
    pub fn look_ahead(&self, budget: &mut Budget<'_>) -> Option<Violation> {
        self.objects
            .iter()
            .find_map(|(&key, object)| object.look_ahead(key, &self.options, self.watermark, budget))
    }

    /// The end of the stream: what is open stays so for ever.
    pub fn finish(&mut self, budget: &mut Budget<'_>) -> Vec<Finding> {
        for object in self.objects.values_mut() {
            object.abandon_open();
        }
        self.settle_now(i64::MAX, budget)
    }

    /// The watermark: all that returned before it is judged, or about to be.
    pub fn watermark(&self) -> i64 {
        self.watermark
    }

    /// The objects on which nothing more is said.
    pub fn given_up(&self) -> impl Iterator<Item = Key> {
        self.objects.iter().filter(|(_, object)| object.is_given_up()).map(|(&key, _)| key)
    }

    /// How many configurations are alive, over all objects.
    pub fn configurations(&self) -> usize {
        self.objects.values().map(Tracked::configurations).sum()
    }

    /// Bytes that the frontiers take, and the operations that wait for them.
    pub fn bytes(&self) -> usize {
        self.objects.values().map(Tracked::bytes).sum()
    }
}
