//! A lock with a lease and fencing tokens, over any strategy that replicates a register with compare-and-set.
//!
//! The lock is one register: `[token, owner, renewals]`. Whoever wants the lock reads it. If nobody owns it, a
//! compare-and-set makes it `[token + 1, me, 0]`; the holder keeps it alive by counting `renewals` up, and gives it back by
//! taking its name out. Compare-and-set is linearizable, so of all who try one wins, and tokens only grow (Kleppmann, *How
//! to do distributed locking*, 2016).
//!
//! *Who decides the time?* Leases are Gray and Cheriton's (*Leases*, SOSP 1989); where the lock service expires them, a new
//! leader has to know or to guess how old they are (Chubby, section 2.9; etcd extends them all). Here nobody's clock is
//! ever compared with another's: who finds the lock held remembers what the record said, and takes it over if it says the
//! very same a whole time to live later *by its own clock* (Kubernetes' `leaderelection`; the DynamoDB lock client). The
//! holder's lease is shorter by an allowance for drift and counts from *before* it asked, so it ends for the holder first.
//! Only the rates of clocks matter, and only as far as the allowance.
//!
//! The takeover is a compare-and-set on the record that was watched. A wait that ended long ago, at a node that was paused
//! since, takes nothing from a holder that has renewed. An old answer to a read does no harm either: the swap fails.
//!
//! What is left out: a queue of those who wait (they look again now and then).

use anachron_node::{Answer, Context, Replica};
use anachron_vocabulary::{Operation, Reply, Value, VirtualDuration, VirtualTime};

use super::lock::{Errand, News};
use super::{Alarm, Guarded, Weakening};

/// What the lock's register holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Standing {
    token: i64,
    /// Who holds the lock.
    owner: Option<i64>,
    /// How often the holder has renewed its lease; under `lock-expiry-by-wall-clock`, until when the lease lasts.
    renewals: i64,
}

impl Standing {
    fn value(self) -> Value {
        [self.token.into(), self.owner.map_or(Value::Null, Value::from), self.renewals.into()]
            .into_iter()
            .collect()
    }

    /// Reads a register. What was never written is a lock that nobody has ever held.
    fn read(value: &Value) -> Self {
        if let Value::List(parts) = value
            && let [Value::Integer(token), owner, Value::Integer(renewals)] = &parts[..]
        {
            let owner = if let Value::Integer(owner) = owner { Some(*owner) } else { None };
            return Self { token: *token, owner, renewals: *renewals };
        }
        Self { token: 0, owner: None, renewals: 0 }
    }
}

/// What a question to the lock service is for.
#[derive(Debug)]
enum Asked {
    /// What the record says.
    Look,
    /// The lock: if this succeeds, it is held.
    Take(Standing),
    /// A longer lease.
    Renew(Standing),
    /// To be rid of it.
    Release,
}

/// A question that was not answered yet.
#[derive(Debug)]
struct Question {
    serial: u64,
    asked: Asked,
    /// When it was first asked.
    at: VirtualTime,
    operation: Operation,
}

/// One attempt of a worker to get one lock, and to keep it.
#[derive(Debug)]
pub(super) struct Lease {
    /// Tells this attempt from all others, as long as the cluster lives.
    owner: i64,
    question: Option<Question>,
    /// What the record said, and since when it has said so.
    watched: Option<(Standing, VirtualTime)>,
    /// What the record says now that the lock is held.
    held: Option<Standing>,
    /// Until when the lock may be relied on.
    pub(super) until: VirtualTime,
    /// True once the lock is not wanted any more.
    is_leaving: bool,
}

impl Lease {
    pub(super) fn new(owner: i64) -> Self {
        let until = VirtualTime::ZERO;
        Self { owner, question: None, watched: None, held: None, until, is_leaving: false }
    }

    /// The token of the lock, once it is held.
    pub(super) fn token(&self) -> Option<i64> {
        self.held.map(|standing| standing.token)
    }

    /// Asks what the record says.
    pub(super) fn look<L: Replica>(&mut self, errand: &mut Errand<'_>, cx: &mut Context<'_, Guarded<L>>) {
        self.ask(Asked::Look, Operation::Read, errand, cx);
    }

    /// Asks again what the record says, if it is time for that.
    pub(super) fn retry<L: Replica>(&mut self, errand: &mut Errand<'_>, cx: &mut Context<'_, Guarded<L>>) {
        if self.held.is_none() && self.question.is_none() {
            self.look(errand, cx);
        }
    }

    /// True if the lock service owes an answer.
    pub(super) fn is_asking(&self) -> bool {
        self.question.is_some()
    }

    /// Counts one more renewal, so that nobody takes the lock over.
    pub(super) fn renew<L: Replica>(&mut self, errand: &mut Errand<'_>, cx: &mut Context<'_, Guarded<L>>) {
        let Some(held) = self.held else { return };
        if self.question.is_none() {
            let renewals = Self::next_renewals(Some(held), errand, cx);
            let next = Standing { renewals, ..held };
            self.swap(held.value(), Asked::Renew(next), next, errand, cx);
        }
    }

    /// Gives the lock back. From now on it is not held, whatever comes of the asking.
    ///
    /// A question that is under way is waited for: the lock may be taken or renewed by it after all, and a record that is
    /// swapped in the meantime would not be the one that is to be freed. Otherwise whoever waits would have to sit out the lease.
    pub(super) fn release<L: Replica>(&mut self, errand: &mut Errand<'_>, cx: &mut Context<'_, Guarded<L>>) {
        self.until = VirtualTime::ZERO;
        self.is_leaving = true;
        let held = self.held.take();
        if let (Some(held), None) = (held, &self.question) {
            self.give_back(held, errand, cx);
        }
    }

    fn give_back<L: Replica>(
        &mut self,
        held: Standing,
        errand: &mut Errand<'_>,
        cx: &mut Context<'_, Guarded<L>>,
    ) -> News {
        let free = Standing { owner: None, renewals: 0, ..held };
        self.swap(held.value(), Asked::Release, free, errand, cx);
        News::Nothing
    }

    /// Asks once more what was not answered, under the same name.
    pub(super) fn again<L: Replica>(&mut self, errand: &mut Errand<'_>, cx: &mut Context<'_, Guarded<L>>) {
        if let Some(question) = &self.question {
            errand.ask(question.serial, question.operation.clone(), cx);
            cx.set_timer(errand.alarm(Alarm::Again), errand.settings.resend_interval);
        }
    }

    /// The lock service has answered.
    pub(super) fn hear<L: Replica>(
        &mut self,
        serial: u64,
        answer: &Answer,
        errand: &mut Errand<'_>,
        cx: &mut Context<'_, Guarded<L>>,
    ) -> News {
        let Some(question) = self.question.take_if(|question| question.serial == serial) else {
            return News::Nothing;
        };
        match (question.asked, answer) {
            (Asked::Look, Answer::Ok(Reply::Value(value))) if self.is_leaving => {
                let standing = Standing::read(value);
                if standing.owner == Some(self.owner) {
                    return self.give_back(standing, errand, cx);
                }
                News::Released
            }
            (Asked::Take(standing) | Asked::Renew(standing), Answer::Ok(Reply::Answer(true)))
                if self.is_leaving =>
            {
                self.give_back(standing, errand, cx)
            }
            (_, Answer::Ok(_)) if self.is_leaving => News::Released,
            (Asked::Look, Answer::Ok(Reply::Value(value))) => self.consider(value, errand, cx),
            (Asked::Take(standing) | Asked::Renew(standing), Answer::Ok(Reply::Answer(true))) => {
                self.holds(standing, question.at, errand, cx);
                if self.until > cx.now() {
                    return News::Granted;
                }
                // The answer took so long that the lease is over. Perhaps it is still there to be renewed.
                self.renew(errand, cx);
                News::Nothing
            }
            (Asked::Renew(_), Answer::Ok(_)) => self.loses(cx),
            // Somebody was faster.
            (Asked::Take(_), Answer::Ok(_)) => {
                Self::wait(errand, cx);
                News::Nothing
            }
            // A node that does not lead has done nothing: the same question goes to the next.
            (asked, Answer::Refused(_)) => {
                self.question = Some(Question { asked, ..question });
                News::Refused
            }
            // It may have been done or not: the record will say.
            _ => {
                self.look(errand, cx);
                News::Nothing
            }
        }
    }

    /// The record was read: take the lock, or wait.
    fn consider<L: Replica>(
        &mut self,
        value: &Value,
        errand: &mut Errand<'_>,
        cx: &mut Context<'_, Guarded<L>>,
    ) -> News {
        let standing = Standing::read(value);
        let (now, owner) = (cx.now(), self.owner);
        if standing.owner == Some(owner) {
            // An attempt that went unanswered has succeeded. Since when is not known: it is renewed before it is used.
            self.held = Some(standing);
            self.renew(errand, cx);
            return News::Nothing;
        }
        if self.held.is_some() {
            return self.loses(cx);
        }
        let watched = match self.watched {
            Some(watched) if watched.0 == standing => watched,
            // Weakened, the wait goes on whatever the record has become meanwhile.
            Some((_, since)) if errand.settings.weak(Weakening::TakeoverUnwatched) => (standing, since),
            _ => (standing, now),
        };
        self.watched = Some(watched);
        let has_run_out = if errand.settings.weak(Weakening::WallClockExpiry) {
            standing.renewals <= cx.wall_clock()
        } else {
            now.since(watched.1) >= errand.settings.ttl
        };
        if standing.owner.is_some() && !has_run_out {
            Self::wait(errand, cx);
            return News::Nothing;
        }
        let takes_over = standing.owner.is_some();
        if takes_over {
            cx.note(|| "finds a lease that has run out and takes the lock over".to_owned());
        }
        let keeps_token = takes_over && errand.settings.weak(Weakening::TokenReused);
        let token = if keeps_token { standing.token } else { standing.token + 1 };
        let renewals = Self::next_renewals(None, errand, cx);
        let next = Standing { token, owner: Some(owner), renewals };
        self.swap(value.clone(), Asked::Take(next), next, errand, cx);
        News::Nothing
    }

    fn holds<L: Replica>(
        &mut self,
        standing: Standing,
        asked: VirtualTime,
        errand: &Errand<'_>,
        cx: &mut Context<'_, Guarded<L>>,
    ) {
        let since = if errand.settings.weak(Weakening::LeaseFromAnswer) { cx.now() } else { asked };
        self.held = Some(standing);
        self.until = since + (errand.settings.ttl - errand.settings.drift_allowance());
        let (token, until) = (standing.token, self.until);
        cx.set_timer(errand.alarm(Alarm::Renew), VirtualDuration(errand.settings.ttl.0 / 3));
        cx.note(|| format!("holds the lock until {until} by its clock, token {token}"));
    }

    /// What the third field says in the next record.
    fn next_renewals<L: Replica>(
        held: Option<Standing>,
        errand: &Errand<'_>,
        cx: &Context<'_, Guarded<L>>,
    ) -> i64 {
        if errand.settings.weak(Weakening::WallClockExpiry) {
            let ttl = i64::try_from(errand.settings.ttl.0).expect("a time to live fits 63 bits");
            return cx.wall_clock().saturating_add(ttl);
        }
        held.map_or(0, |held| held.renewals + 1)
    }

    fn loses<L: Replica>(&mut self, cx: &mut Context<'_, Guarded<L>>) -> News {
        self.held = None;
        self.until = VirtualTime::ZERO;
        cx.note(|| "has lost its lease to somebody".to_owned());
        News::Lost
    }

    fn wait<L: Replica>(errand: &Errand<'_>, cx: &mut Context<'_, Guarded<L>>) {
        cx.set_timer(errand.alarm(Alarm::Retry), errand.settings.retry_delay);
    }

    fn swap<L: Replica>(
        &mut self,
        expected: Value,
        asked: Asked,
        next: Standing,
        errand: &mut Errand<'_>,
        cx: &mut Context<'_, Guarded<L>>,
    ) {
        self.ask(asked, Operation::CompareAndSet { expected, new: next.value() }, errand, cx);
    }

    fn ask<L: Replica>(
        &mut self,
        asked: Asked,
        operation: Operation,
        errand: &mut Errand<'_>,
        cx: &mut Context<'_, Guarded<L>>,
    ) {
        let serial = errand.next_serial(cx);
        errand.ask(serial, operation.clone(), cx);
        self.question = Some(Question { serial, asked, at: cx.now(), operation });
        cx.set_timer(errand.alarm(Alarm::Again), errand.settings.resend_interval);
    }
}
