//! A stream that grows: is what it told so far still linearizable, whatever it may tell yet?
//!
//! Why it exists: a real system's history has no end. It is judged while it happens, a violation is told as soon as it
//! is certain, and memory follows how much happens at once, not how long it lasts.
//!
//! Three roads. A register whose values are unique is judged by zones (`zones.rs`): each return costs O(log n) and memory
//! follows what may still be read, whatever the concurrency. A queue, a stack or a priority queue whose elements are unique
//! is judged by the theorems about it (`remains.rs`), and memory follows what is in it. All else, and any of these from the
//! moment on at which a value is written again or compared and set, is searched: just-in-time linearization (Lowe 2017,
//! section 5), in windows
//! (`frontier.rs`). For each such object the *frontier* is kept: the configurations that are alive after the last return
//! that is settled. A window takes it from there to a later return, by the breadth-first search with all its
//! reductions. Numbers of states and classes live only as long as their window; between two windows a state is kept as
//! what it is. So nothing is remembered but the frontier, the operations that it is not done with, and those of unknown
//! outcome that nobody has spent.
//!
//! The elements of a set or a multiset are objects of their own, and go when they are as at first; until all of it is
//! read, which puts what is known of them together.
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
//! Compare-and-set is searched even where every value is left once. Chains (`chains.rs`) could take writes, reads and swaps as they
//! come; but a swap that was refused has to stand where another value is, and of those for which that is not plain the
//! places depend on each other: write 1, refuse 1→2, write 3, refuse 3→4, each after the one before, and a write of 5 during all
//! of that, which can stand between the first two or between the last two, not both. At a concurrency of twenty, one refused
//! swap in seven is of that kind.
//!
//! Left out on purpose: certificates. An order of an endless stream has no end; a violation comes with the operations
//! that show it and in what way they do ([`Violation`]), from which the rest of the checker can mostly make a core.

mod foreseen;
mod frontier;
mod gone;
mod object;
mod remains;
#[cfg(test)]
mod tests;
mod window;
mod zones;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::fmt;
use std::sync::Arc;

use anachron_vocabulary::{Key, Operation, Outcome, Reply, Value};

use crate::part::problem;
use crate::{Budget, CheckOptions, Limit, Model, ObjectState, Problem, Specification, components};
use frontier::Frontier;
use gone::Gone;
use object::Tracked;

/// How many operations are told at least between two looks at whether a window is worth its while.
const STRIDE: usize = 512;

/// One operation, as the stream told it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// The caller's own number for it: the line that told it. Larger for what was told later.
    pub mark: u64,
    /// Who asked: of no meaning to the judge.
    pub client: Arc<str>,
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
    /// The operations that show it, by return; those without an answer last.
    pub window: Vec<Told>,
    /// In what way.
    pub why: Why,
}

/// In what way operations show that there is no order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// They alone have none, whatever else the stream told. (Should they read what the object held at first: that was
    /// overwritten long before.)
    Alone,
    /// The last of them read a value that nobody can have left: all but the values that are still known was overwritten
    /// by operations that returned before this moment, and the read was called later. The others are of the
    /// last operation that did so.
    Forgotten {
        /// The moment.
        since: i64,
    },
    /// They are all that were called since the window began, and there is no order from the states in which the object can
    /// have been then. Operations that were called before that moment and returned after it may have taken effect
    /// already.
    NoOrder {
        /// The states.
        from: Vec<ObjectState>,
        /// When the window began: every operation that returned before is explained.
        since: i64,
    },
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

/// True if the moment lies before the watermark. At the end of all times nothing is to come any more.
fn is_before(moment: i64, watermark: i64) -> bool {
    moment < watermark || watermark == END
}

/// The watermark of a stream that has ended.
const END: i64 = i64::MAX;

/// When an operation is called or ends. Of one moment, calls come first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Moment {
    at: i64,
    is_end: bool,
    mark: u64,
    key: Key,
}

/// What is judged apart: an object, or an element of a set.
type Place = (Key, Option<Value>);

/// The judge of a stream.
#[derive(Clone, Debug)]
pub struct Online {
    options: CheckOptions,
    /// Bytes that the objects and what waits for them may take.
    memory: usize,
    objects: BTreeMap<Place, Tracked>,
    /// Sets that are judged as a whole, because all of one was read.
    whole: BTreeSet<Key>,
    /// When elements of a set went last that were as at first.
    forgotten: BTreeMap<Key, i64>,
    /// Of which element of a set the open operations speak, by mark.
    elements: BTreeMap<u64, Value>,
    /// What was found when nobody had asked.
    found: Vec<Finding>,
    /// What zones are to be told once the watermark has passed it.
    moments: BinaryHeap<Reverse<Moment>>,
    gone: Gone,
    /// The latest watermark.
    watermark: i64,
    /// What was told since the last look at the searched objects.
    told: usize,
}

impl Online {
    /// Nothing was told yet. What is kept may take this many bytes.
    pub fn new(options: &CheckOptions, memory: usize) -> Self {
        Self {
            options: options.clone(),
            memory,
            objects: BTreeMap::new(),
            whole: BTreeSet::new(),
            forgotten: BTreeMap::new(),
            elements: BTreeMap::new(),
            found: Vec::new(),
            moments: BinaryHeap::new(),
            gone: Gone::default(),
            watermark: i64::MIN,
            told: 0,
        }
    }

    /// Where an operation is judged. The first that speaks of all of a set puts its elements together.
    fn place(&mut self, key: Key, operation: &Operation) -> Place {
        let has_elements = matches!(self.options.model, Model::Set | Model::Multiset);
        if !has_elements || self.whole.contains(&key) {
            return (key, None);
        }
        if let Some(element) = components::element(operation) {
            return (key, Some(element.clone()));
        }
        self.whole.insert(key);
        let mut whole = Frontier::resumed(self.options.object().initial(), self.forgotten.get(&key).copied());
        let elements: Vec<Place> = self
            .objects
            .range((key, None)..)
            .map(|(place, _)| place.clone())
            .take_while(|place| place.0 == key)
            .collect();
        for place in elements {
            let Some(Tracked::Frontier(element)) = self.objects.remove(&place) else {
                unreachable!("elements are searched");
            };
            whole.join(element);
        }
        if whole.is_given_up() {
            self.found.push(Finding::Undecided(key, Open::Spent(Limit::Configurations)));
        }
        self.objects.insert((key, None), Tracked::Frontier(whole));
        (key, None)
    }

    fn object(&mut self, place: Place) -> &mut Tracked {
        let (options, forgotten) = (&self.options, &self.forgotten);
        let since = place.1.as_ref().and_then(|_| forgotten.get(&place.0).copied());
        self.objects.entry(place).or_insert_with(|| Tracked::new(options, since))
    }

    fn expect(&mut self, place: &Place, mark: u64, at: i64, is_end: bool) {
        if self.object(place.clone()).is_by_zones() {
            self.moments.push(Reverse(Moment { at, is_end, mark, key: place.0 }));
        }
    }

    /// Tells of a call. The mark is the operation's own and not given to another.
    ///
    /// # Errors
    /// When the model does not know the operation, or its call lies before the watermark.
    ///
    /// # Panics
    /// When the answer is told with it.
    pub fn called(&mut self, key: Key, told: Told) -> Result<(), Refused> {
        assert!(told.answer.is_none(), "the answer comes later");
        self.fits(&told.operation, &Outcome::Unknown)?;
        if told.call < self.watermark {
            return Err(Refused::Late(self.watermark));
        }
        let place = self.place(key, &told.operation);
        self.expect(&place, told.mark, told.call, false);
        if let Some(element) = &place.1 {
            self.elements.insert(told.mark, element.clone());
        }
        self.object(place).open(told);
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
        let place = (key, self.elements.get(&mark).filter(|_| !self.whole.contains(&key)).cloned());
        let open = self.object(place.clone()).opened(mark);
        let (operation, call) = (open.operation.clone(), open.call);
        self.fits(&operation, &outcome)?;
        assert!(end >= call && end >= self.watermark, "an operation ends after what is settled");
        self.elements.remove(&mark);
        self.expect(&place, mark, end, true);
        self.object(place).close(mark, end, outcome);
        self.told += 1;
        Ok(())
    }

    /// Tells a whole operation; one without an answer has an unknown outcome. What certainly did not happen is not told.
    ///
    /// # Errors
    /// When the model can't judge the operation, or it is late and its outcome is known.
    ///
    /// # Panics
    /// When it returns before its call.
    pub fn completed(&mut self, key: Key, told: Told) -> Result<(), Refused> {
        let outcome = told.answer.as_ref().map_or(Outcome::Unknown, |(_, reply)| Outcome::Ok(reply.clone()));
        self.fits(&told.operation, &outcome)?;
        let is_late = told.call < self.watermark;
        if is_late && told.answer.is_some() {
            return Err(Refused::Late(self.watermark));
        }
        let place = self.place(key, &told.operation);
        if let Some((end, _)) = told.answer {
            assert!(end >= told.call, "an operation returns after its call");
            self.expect(&place, told.mark, end, true);
        }
        self.expect(&place, told.mark, told.call, false);
        self.object(place).add(told, is_late);
        self.told += 1;
        Ok(())
    }

    /// Whether the model can judge an operation that ends so.
    ///
    /// # Errors
    /// When it can't.
    pub fn fits(&self, operation: &Operation, outcome: &Outcome) -> Result<(), Refused> {
        problem(self.options.model, operation, outcome).map_or(Ok(()), |problem| Err(Refused::Wrong(problem)))
    }

    /// Promises that whatever is not yet told was called at `watermark` or later, and answers what became certain. What is
    /// searched works in batches: where less is at stake than is worth a window, it waits.
    pub fn settle(&mut self, watermark: i64, budget: &mut Budget<'_>) -> Vec<Finding> {
        self.settle_before(watermark.min(END - 1), false, budget)
    }

    /// The same without waiting for a batch.
    pub fn settle_now(&mut self, watermark: i64, budget: &mut Budget<'_>) -> Vec<Finding> {
        self.settle_before(watermark.min(END - 1), true, budget)
    }

    fn settle_before(&mut self, watermark: i64, eager: bool, budget: &mut Budget<'_>) -> Vec<Finding> {
        self.watermark = self.watermark.max(watermark);
        let mut findings = std::mem::take(&mut self.found);
        findings.extend(self.pass_moments());
        // However many objects there are, an operation pays for one at most.
        if eager || self.told >= STRIDE.max(self.objects.len()) {
            self.told = 0;
            self.advance(eager, budget, &mut findings);
        }
        findings
    }

    /// Tells the zones what the watermark has passed.
    fn pass_moments(&mut self) -> Vec<Finding> {
        let mut findings = Vec::new();
        while let Some(&Reverse(Moment { at, is_end, mark, key })) = self.moments.peek()
            && is_before(at, self.watermark)
        {
            self.moments.pop();
            let object = self.objects.get_mut(&(key, None)).expect("it was told of");
            if is_end {
                findings.extend(object.at_end(key, mark, at, &mut self.gone).map(Finding::Violation));
            } else {
                object.at_call(mark);
            }
        }
        findings
    }

    fn advance(&mut self, eager: bool, budget: &mut Budget<'_>, findings: &mut Vec<Finding>) {
        let (options, watermark) = (&self.options, self.watermark);
        for ((key, element), object) in &mut self.objects {
            // There are few operations on an element, and nobody would wait for more.
            let eager = eager || element.is_some();
            findings.extend(object.settle(*key, options, watermark, eager, budget));
        }
        let forgotten = &mut self.forgotten;
        self.objects.retain(|(key, element), object| {
            let goes = element.is_some() && object.is_as_at_first(options);
            if goes {
                let since = forgotten.entry(*key).or_insert(watermark);
                *since = watermark.max(*since);
            }
            !goes
        });
        if self.bytes() > self.memory {
            // The largest is given up; what the others are known to be stands.
            let largest = self.objects.iter_mut().max_by_key(|(_, object)| object.bytes());
            if let Some((&(key, _), object)) = largest {
                object.give_up();
                findings.push(Finding::Undecided(key, Open::Spent(Limit::Memory)));
            }
        }
    }

    /// What is certain already, although operations are open that were called before the watermark: each of them may answer
    /// anything, or never take effect. Nothing is kept of it.
    pub fn look_ahead(&self, budget: &mut Budget<'_>) -> Option<Violation> {
        self.objects
            .iter()
            .find_map(|(&(key, _), object)| object.look_ahead(key, &self.options, self.watermark, budget))
    }

    /// The end of the stream: what is open stays so for ever.
    pub fn finish(&mut self, budget: &mut Budget<'_>) -> Vec<Finding> {
        for object in self.objects.values_mut() {
            object.abandon_open();
        }
        self.settle_before(END, true, budget)
    }

    /// The watermark: all that returned before it is judged, or about to be.
    pub fn watermark(&self) -> i64 {
        self.watermark
    }

    /// The objects on which nothing more is said.
    pub fn given_up(&self) -> impl Iterator<Item = Key> {
        self.objects.iter().filter(|(_, object)| object.is_given_up()).map(|(&(key, _), _)| key)
    }

    /// How many configurations are alive, over all objects.
    pub fn configurations(&self) -> usize {
        self.objects.values().map(Tracked::configurations).sum()
    }

    /// Bytes that the objects take, and the operations that wait for them.
    pub fn bytes(&self) -> usize {
        let objects: usize = self.objects.values().map(Tracked::bytes).sum();
        objects + self.moments.len() * size_of::<Moment>()
    }

    /// How many objects are judged by zones.
    pub fn by_zones(&self) -> usize {
        self.objects.values().filter(|object| object.is_by_zones()).count()
    }
}
