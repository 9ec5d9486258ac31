//! Workers: servers that clients talk to, and that work on the resource under a lock.
//!
//! A client's change is carried out in four steps: take the object's lock, read the object, work for a while, write what came
//! of it; then give the lock back. Another worker that does the same in between makes one of the two changes vanish; that is
//! what the lock is there to prevent.
//!
//! *The check and the use are two steps.* A worker looks at its clock before it begins to work, and begins only if its lock
//! lasts until the work is done. Nobody looks again before the write leaves: a later check would move the gap, not close it
//! ("even if you check the expiry just before writing": Kleppmann 2016). If the worker is paused while it works, or the
//! network holds its write back, the write comes late, and only the resource can tell.
//!
//! What a client is told: a write that the resource rejects was not done (refused). A lock that is lost before the write
//! leaves has done no harm: the worker begins anew. Reads need no lock, for the resource is one node.
//!
//! *Acquire* and *release* hand the lock through to the client: its worker keeps it alive in between. A client that holds a
//! lock can do nothing else before it gives it back. A client that gives up on an acquire may hold the lock all the same.

use std::collections::BTreeMap;

use anachron_node::{Answer, Context, Refusal, Replica, Request, RequestId, View};
use anachron_vocabulary::{ClientId, Key, NodeId, Operation, Reply, Value, VirtualDuration, VirtualTime};

use super::lock::{Errand, Lock, News};
use super::{Alarm, Guarded, Layout, Message, Settings, Visit};
use crate::common::{Seen, Sessions, Store};

/// How far a client's request has come.
#[derive(Debug)]
enum Stage {
    /// Waits for the lock.
    Locking,
    /// Has asked the resource what the object holds.
    Reading(Visit),
    /// Has read this, and works.
    Working(Value),
    /// Has sent to the resource what came of it.
    Writing { visit: Visit, value: Value, answer: Answer },
    /// The client has the lock.
    Holding,
    /// The lock is on its way back; then comes what is next.
    Releasing,
}

/// What a worker does for one client.
#[derive(Debug)]
struct Job {
    request: Request,
    lock: Lock,
    stage: Stage,
    /// When the lock was granted.
    since: VirtualTime,
    /// What is begun for the client once the lock has been given back.
    then: Option<Request>,
}

impl Job {
    /// The number of the latest request that the client has made.
    fn latest(&self) -> u64 {
        self.then.as_ref().unwrap_or(&self.request).id.serial
    }
}

/// A client's read, which needs no lock.
#[derive(Debug)]
struct Look {
    key: Key,
    visit: Visit,
}

/// A time in which a worker believes to hold a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Belief {
    /// What is locked.
    pub key: Key,
    /// For whom.
    pub client: ClientId,
    /// Since when, by the worker's clock.
    pub since: VirtualTime,
    /// Until when.
    pub until: VirtualTime,
}

/// One worker.
#[derive(Debug)]
pub struct Worker {
    settings: Settings,
    layout: Layout,
    /// The lock node that is asked, where one is enough.
    lock_node: NodeId,
    /// True if a refusal has named another since the last pause: hints are not followed in circles.
    has_followed: bool,
    serial: u64,
    jobs: BTreeMap<ClientId, Job>,
    /// The reads under way. They don't wait for a lock of the same client that is on its way back.
    looks: BTreeMap<ClientId, Look>,
    /// What clients were told since the worker booted.
    answered: Sessions,
}

impl Worker {
    pub(super) fn new(settings: Settings, layout: Layout) -> Self {
        Self {
            settings,
            layout,
            lock_node: NodeId(0),
            has_followed: false,
            serial: 0,
            jobs: BTreeMap::new(),
            looks: BTreeMap::new(),
            answered: Sessions::default(),
        }
    }

    /// The locks that this worker believes to hold.
    pub fn beliefs(&self) -> impl Iterator<Item = Belief> {
        let granted =
            |job: &Job| !matches!(job.stage, Stage::Locking) && job.lock.until() > VirtualTime::ZERO;
        self.jobs.iter().filter(move |(_, job)| granted(job)).map(|(&client, job)| Belief {
            key: job.request.key,
            client,
            since: job.since,
            until: job.lock.until(),
        })
    }

    pub(super) fn view(&self) -> View {
        let held = self.beliefs().count();
        View { role: "worker", facts: vec![("locks", held.to_string())], ..View::default() }
    }

    /// A client's request.
    pub(super) fn on_client<L: Replica>(&mut self, request: Request, cx: &mut Context<'_, Guarded<L>>) {
        let RequestId { client, serial } = request.id;
        match self.answered.seen(request.id) {
            Seen::New => {}
            Seen::Before(answer) => return cx.reply(request.id, answer),
            Seen::Outdated => return,
        }
        let job = self.jobs.get(&client);
        let look = self.looks.get(&client).map(|look| look.visit.request.serial);
        if job.map(Job::latest).max(look).is_some_and(|latest| latest >= serial) {
            // A retry of what is under way waits with it.
            return;
        }
        let key = request.key;
        let granted = job.filter(|job| matches!(job.stage, Stage::Holding));
        let granted = granted.map(|job| (job.request.key, job.lock.until() > cx.now()));
        match (&request.operation, granted) {
            (Operation::Release, Some((held, lasts))) if held == key => {
                let too_late = Answer::Refused(Refusal::LockState);
                self.answer(request.id, if lasts { Answer::Ok(Reply::Done) } else { too_late }, cx);
                self.release(client, None, cx);
            }
            (Operation::Release, _) | (_, Some((_, true))) => {
                self.answer(request.id, Answer::Refused(Refusal::LockState), cx);
            }
            (Operation::Read, _) => {
                // Nobody waits for what was under way for this client.
                if self.jobs.contains_key(&client) {
                    self.release(client, None, cx);
                }
                self.look(&request, cx);
            }
            (operation, _) if can_be_done(operation) => {
                self.looks.remove(&client);
                if self.jobs.contains_key(&client) {
                    self.release(client, Some(request), cx);
                } else {
                    self.begin(request, cx);
                }
            }
            _ => self.answer(request.id, Answer::Refused(Refusal::Unsupported), cx),
        }
    }

    /// A lock node has answered.
    pub(super) fn hear_lock_node<L: Replica>(
        &mut self,
        from: NodeId,
        id: RequestId,
        answer: &Answer,
        cx: &mut Context<'_, Guarded<L>>,
    ) {
        let (client, _) = self.layout.behind(id.client);
        let Some(news) =
            self.with_lock(client, cx, |lock, errand, cx| lock.hear(from, (id.serial, answer), errand, cx))
        else {
            return;
        };
        match news {
            News::Nothing => {}
            News::Granted => self.granted(client, cx),
            News::Lost => self.lost(client, cx),
            News::Released => {
                if matches!(self.jobs[&client].stage, Stage::Releasing) {
                    self.end(client, cx);
                }
            }
            News::Refused => {
                let hint = match answer {
                    Answer::Refused(Refusal::NotLeader { leader }) => *leader,
                    _ => None,
                };
                match hint {
                    Some(leader) if !self.has_followed => {
                        self.has_followed = true;
                        self.lock_node = leader;
                        self.with_lock(client, cx, |lock, errand, cx| lock.wake(Alarm::Again, errand, cx));
                    }
                    // The next pause is short enough.
                    _ => self.lock_node = self.layout.next_lock_node(from),
                }
            }
        }
    }

    fn granted<L: Replica>(&mut self, client: ClientId, cx: &mut Context<'_, Guarded<L>>) {
        let job = self.jobs.get_mut(&client).expect("its lock has just been heard of");
        if !matches!(job.stage, Stage::Locking) {
            return;
        }
        job.since = cx.now();
        if job.request.operation == Operation::Acquire {
            job.stage = Stage::Holding;
            let id = job.request.id;
            self.answer(id, Answer::Ok(Reply::Done), cx);
        } else {
            self.visit(client, cx);
        }
    }

    fn lost<L: Replica>(&mut self, client: ClientId, cx: &mut Context<'_, Guarded<L>>) {
        match self.jobs[&client].stage {
            Stage::Locking | Stage::Reading(_) | Stage::Working(_) => self.begin_anew(client, cx),
            // The write is on its way: the resource decides.
            Stage::Writing { .. } => {}
            Stage::Holding | Stage::Releasing => self.end(client, cx),
        }
    }

    /// The resource has shown an object.
    pub(super) fn hear_value<L: Replica>(
        &mut self,
        visit: Visit,
        value: Value,
        cx: &mut Context<'_, Guarded<L>>,
    ) {
        let client = visit.request.client;
        if self.looks.get(&client).is_some_and(|look| look.visit == visit) {
            self.looks.remove(&client);
            return self.answer(visit.request, Answer::Ok(Reply::Value(value)), cx);
        }
        let Some(job) = self.reading(visit) else { return };
        if cx.now() + self.settings.work_time < job.lock.until() {
            self.job(client).stage = Stage::Working(value);
            if self.settings.work_time == VirtualDuration::ZERO {
                self.write(client, cx);
            } else {
                cx.set_timer(super::Timer::Job(client, Alarm::Work), self.settings.work_time);
            }
        } else {
            cx.note(|| "has too little of its lease left to do the work".to_owned());
            self.release_and_begin_anew(client, cx);
        }
    }

    /// The resource has carried out a request, now or before.
    pub(super) fn hear_done<L: Replica>(
        &mut self,
        visit: Visit,
        answer: Answer,
        cx: &mut Context<'_, Guarded<L>>,
    ) {
        if self.reading(visit).is_some() || self.writing(visit).is_some() {
            self.answer(visit.request, answer, cx);
            self.release(visit.request.client, None, cx);
        }
    }

    /// The resource has seen a greater token.
    pub(super) fn hear_rejected<L: Replica>(&mut self, visit: Visit, cx: &mut Context<'_, Guarded<L>>) {
        let client = visit.request.client;
        if self.reading(visit).is_some() {
            self.release_and_begin_anew(client, cx);
        } else if self.writing(visit).is_some() {
            self.answer(visit.request, Answer::Refused(Refusal::LockState), cx);
            self.release(client, None, cx);
        }
    }

    /// The resource has seen a later request of the client, who asked elsewhere and went on: nobody waits for this one. Were
    /// nothing said about it, this worker would keep the lock alive for it, and nobody else would ever get it.
    pub(super) fn hear_outdated<L: Replica>(&mut self, visit: Visit, cx: &mut Context<'_, Guarded<L>>) {
        let client = visit.request.client;
        if self.looks.get(&client).is_some_and(|look| look.visit == visit) {
            self.looks.remove(&client);
        } else if self.reading(visit).is_some() || self.writing(visit).is_some() {
            self.release(client, None, cx);
        }
    }

    /// An alarm went off.
    pub(super) fn wake<L: Replica>(
        &mut self,
        client: ClientId,
        alarm: Alarm,
        cx: &mut Context<'_, Guarded<L>>,
    ) {
        if alarm == Alarm::Look {
            return self.ask_to_look(client, cx);
        }
        let Some(job) = self.jobs.get(&client) else { return };
        match alarm {
            Alarm::Work => return self.write(client, cx),
            Alarm::Again => {
                if job.lock.is_asking() {
                    self.has_followed = false;
                    self.lock_node = self.layout.next_lock_node(self.lock_node);
                }
                self.ask_resource(client, cx);
            }
            Alarm::Retry | Alarm::Renew | Alarm::Look => {}
        }
        self.with_lock(client, cx, |lock, errand, cx| lock.wake(alarm, errand, cx));
    }

    // --- steps ---

    fn lock<L: Replica>(&mut self, client: ClientId, cx: &mut Context<'_, Guarded<L>>) {
        self.with_lock(client, cx, Lock::take);
    }

    fn begin<L: Replica>(&mut self, request: Request, cx: &mut Context<'_, Guarded<L>>) {
        let client = request.id.client;
        let lock = Lock::new(self.settings.method, cx);
        let job = Job { request, lock, stage: Stage::Locking, since: VirtualTime::ZERO, then: None };
        self.jobs.insert(client, job);
        self.lock(client, cx);
    }

    fn look<L: Replica>(&mut self, request: &Request, cx: &mut Context<'_, Guarded<L>>) {
        let visit = Visit { request: request.id, number: self.next_number(cx), token: None };
        self.looks.insert(request.id.client, Look { key: request.key, visit });
        self.ask_to_look(request.id.client, cx);
    }

    /// Asks the resource for what a client wants to read, for the first time or again.
    fn ask_to_look<L: Replica>(&self, client: ClientId, cx: &mut Context<'_, Guarded<L>>) {
        let Some(Look { key, visit }) = self.looks.get(&client) else { return };
        cx.send(self.layout.resource(), Message::Read { visit: *visit, key: *key });
        cx.set_timer(super::Timer::Job(client, Alarm::Look), self.settings.resend_interval);
    }

    fn next_number<L: Replica>(&mut self, cx: &Context<'_, Guarded<L>>) -> u64 {
        self.serial = cx.now().0.max(self.serial + 1);
        self.serial
    }

    /// Under another name, so that nothing said about this lock is taken for news of the next.
    fn begin_anew<L: Replica>(&mut self, client: ClientId, cx: &mut Context<'_, Guarded<L>>) {
        let lock = Lock::new(self.settings.method, cx);
        let job = self.job(client);
        job.lock = lock;
        job.stage = Stage::Locking;
        self.lock(client, cx);
    }

    fn release_and_begin_anew<L: Replica>(&mut self, client: ClientId, cx: &mut Context<'_, Guarded<L>>) {
        let request = self.job(client).request.clone();
        self.release(client, Some(request), cx);
    }

    /// Asks the resource what the object holds.
    fn visit<L: Replica>(&mut self, client: ClientId, cx: &mut Context<'_, Guarded<L>>) {
        let number = self.next_number(cx);
        let job = self.job(client);
        job.stage = Stage::Reading(Visit { request: job.request.id, number, token: job.lock.token() });
        self.ask_resource(client, cx);
    }

    /// The work is done: what came of it goes to the resource.
    fn write<L: Replica>(&mut self, client: ClientId, cx: &mut Context<'_, Guarded<L>>) {
        let number = self.next_number(cx);
        let job = self.job(client);
        let Stage::Working(value) = &job.stage else { return };
        let Request { id, key, operation } = &job.request;
        let mut object = Store::new(value.clone());
        let answer = object.apply(id.client, *key, operation);
        let visit = Visit { request: *id, number, token: job.lock.token() };
        job.stage = Stage::Writing { visit, value: object.read(*key), answer };
        self.ask_resource(client, cx);
    }

    /// Says to the resource, for the first time or again, what it owes an answer to.
    fn ask_resource<L: Replica>(&self, client: ClientId, cx: &mut Context<'_, Guarded<L>>) {
        let Job { request: Request { key, .. }, stage, .. } = &self.jobs[&client];
        let message = match stage {
            Stage::Reading(visit) => Message::Read { visit: *visit, key: *key },
            Stage::Writing { visit, value, answer } => {
                Message::Write { visit: *visit, key: *key, value: value.clone(), answer: answer.clone() }
            }
            _ => return,
        };
        cx.send(self.layout.resource(), message);
        cx.set_timer(super::Timer::Job(client, Alarm::Again), self.settings.resend_interval);
    }

    fn answer<L: Replica>(&mut self, id: RequestId, answer: Answer, cx: &mut Context<'_, Guarded<L>>) {
        self.answered.record(id, answer.clone());
        cx.reply(id, answer);
    }

    /// Gives the lock back, and begins what comes next for this client, if anything, once that is done: to the lock service
    /// a worker has one request at a time on a client's behalf, and a later one would have this one forgotten.
    fn release<L: Replica>(
        &mut self,
        client: ClientId,
        then: Option<Request>,
        cx: &mut Context<'_, Guarded<L>>,
    ) {
        let job = self.job(client);
        job.then = then;
        if !matches!(job.stage, Stage::Releasing) {
            job.stage = Stage::Releasing;
            self.with_lock(client, cx, Lock::release);
        }
        if !self.job(client).lock.is_asking() {
            self.end(client, cx);
        }
    }

    fn end<L: Replica>(&mut self, client: ClientId, cx: &mut Context<'_, Guarded<L>>) {
        for alarm in [Alarm::Again, Alarm::Retry, Alarm::Renew, Alarm::Work] {
            cx.cancel_timer(super::Timer::Job(client, alarm));
        }
        if let Some(request) = self.jobs.remove(&client).and_then(|job| job.then) {
            self.begin(request, cx);
        }
    }

    // --- looking up ---

    fn job(&mut self, client: ClientId) -> &mut Job {
        self.jobs.get_mut(&client).expect("there is a job for this client")
    }

    fn reading(&self, visit: Visit) -> Option<&Job> {
        let job = self.jobs.get(&visit.request.client)?;
        matches!(job.stage, Stage::Reading(asked) if asked == visit).then_some(job)
    }

    fn writing(&self, visit: Visit) -> Option<&Job> {
        let job = self.jobs.get(&visit.request.client)?;
        matches!(job.stage, Stage::Writing { visit: asked, .. } if asked == visit).then_some(job)
    }

    fn with_lock<L: Replica, T>(
        &mut self,
        client: ClientId,
        cx: &mut Context<'_, Guarded<L>>,
        act: impl FnOnce(&mut Lock, &mut Errand<'_>, &mut Context<'_, Guarded<L>>) -> T,
    ) -> Option<T> {
        let job = self.jobs.get_mut(&client)?;
        let mut errand = Errand {
            settings: &self.settings,
            layout: self.layout,
            client,
            key: job.request.key,
            lock_node: self.lock_node,
            serial: &mut self.serial,
        };
        Some(act(&mut job.lock, &mut errand, cx))
    }
}

/// What can be done to an object that is read and written as a whole.
fn can_be_done(operation: &Operation) -> bool {
    match operation {
        Operation::Read
        | Operation::Write(_)
        | Operation::CompareAndSet { .. }
        | Operation::Append(_)
        | Operation::Increment(_)
        | Operation::Delete
        | Operation::Claim(_)
        | Operation::Resign(_)
        | Operation::Enqueue(_)
        | Operation::Dequeue
        | Operation::Push(_)
        | Operation::Pop
        | Operation::Acquire => true,
        Operation::Release
        | Operation::ReleaseToken(_)
        | Operation::MultiRead(_)
        | Operation::MultiWrite(_)
        | Operation::Contains(_)
        | Operation::Add(_)
        | Operation::Remove(_)
        | Operation::Insert(_)
        | Operation::ExtractMin => false,
    }
}
