//! A primary and its backups: registers and locks, journalled, with everything that real strategies use of the
//! world (timers, random, sync before reply, retries, recovery), and correct only as long as node 0 keeps its disk.

use std::collections::BTreeMap;

use anachron_node::{Answer, Context, Disk, Position, Refusal, Replica, Request, RequestId, View};
use anachron_vocabulary::{Key, NodeId, Operation, Reply, Value, VirtualDuration};

/// What the nodes are told: how often backups ask for what they miss.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) catch_up: VirtualDuration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { catch_up: VirtualDuration::millis(10) }
    }
}

/// One executed request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Executed {
    id: RequestId,
    key: Key,
    operation: Operation,
}

#[derive(Clone, Hash, Debug)]
pub(crate) enum Message {
    /// "I hold this many entries."
    Have(u64),
    /// The entries from this one on.
    Entries(u64, Vec<Executed>),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct CatchUp;

pub(crate) struct Store {
    settings: Settings,
    log: Vec<Executed>,
    objects: BTreeMap<Key, Value>,
    answers: BTreeMap<RequestId, Answer>,
    /// How many syncs have completed in this life.
    syncs: u64,
    /// How far the journal is durable, as far as this life knows, and how far it reaches.
    durable: Position,
    appended: Position,
}

const PRIMARY: NodeId = NodeId(0);

impl Store {
    fn execute(&mut self, entry: &Executed) -> Answer {
        let object = self.objects.entry(entry.key).or_default();
        let holder = Value::Integer(i64::from(entry.id.client.0) + 1);
        let answer = match &entry.operation {
            Operation::Read => Answer::Ok(Reply::Value(object.clone())),
            Operation::Write(value) => {
                *object = value.clone();
                Answer::Ok(Reply::Done)
            }
            Operation::CompareAndSet { expected, new } => {
                let swapped = object == expected;
                if swapped {
                    *object = new.clone();
                }
                Answer::Ok(Reply::Answer(swapped))
            }
            Operation::Append(value) => {
                *object = Value::Text(format!("{object},{value}").into());
                Answer::Ok(Reply::Done)
            }
            Operation::Acquire if *object == Value::Null => {
                *object = holder;
                Answer::Ok(Reply::Done)
            }
            Operation::Release if *object == holder => {
                *object = Value::Null;
                Answer::Ok(Reply::Done)
            }
            Operation::Acquire | Operation::Release => Answer::Refused(Refusal::LockState),
            _ => Answer::Refused(Refusal::Unsupported),
        };
        self.log.push(entry.clone());
        self.answers.insert(entry.id, answer.clone());
        answer
    }
}

impl Replica for Store {
    type Config = Settings;
    type Message = Message;
    type Timer = CatchUp;
    type Record = Executed;

    fn boot(settings: &Settings, disk: Disk<'_, Executed>, cx: &mut Context<'_, Self>) -> Self {
        let mut store = Self {
            settings: *settings,
            log: Vec::new(),
            objects: BTreeMap::new(),
            answers: BTreeMap::new(),
            syncs: 0,
            durable: cx.appended(),
            appended: cx.appended(),
        };
        for entry in disk.records {
            store.execute(entry);
        }
        if cx.me() != PRIMARY {
            // A different first moment for each node and life.
            let jitter = VirtualDuration(cx.random().below(settings.catch_up.0.max(1)));
            cx.set_timer(CatchUp, settings.catch_up + jitter);
        }
        store
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        if cx.me() != PRIMARY {
            cx.refuse(request.id, Refusal::NotLeader { leader: Some(PRIMARY) });
            return;
        }
        if let Some(answer) = self.answers.get(&request.id) {
            cx.reply_after_sync(cx.appended(), request.id, answer.clone());
            return;
        }
        let entry = Executed { id: request.id, key: request.key, operation: request.operation };
        let answer = self.execute(&entry);
        let position = cx.append(entry);
        self.appended = position;
        cx.sync();
        cx.reply_after_sync(position, request.id, answer);
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Have(count) if cx.me() == PRIMARY => {
                // Only what is durable here may be known elsewhere.
                let missing = self.log.get(usize::try_from(count).expect("a log fits memory")..);
                let missing: Vec<_> = missing.unwrap_or_default().iter().take(8).cloned().collect();
                if !missing.is_empty() {
                    cx.send_after_sync(cx.appended(), from, Message::Entries(count, missing));
                }
            }
            Message::Entries(first, entries) if first == self.log.len() as u64 => {
                for entry in entries {
                    self.execute(&entry);
                    self.appended = cx.append(entry);
                }
                cx.sync();
            }
            Message::Have(_) | Message::Entries(..) => {}
        }
    }

    fn on_timer(&mut self, _: CatchUp, cx: &mut Context<'_, Self>) {
        cx.send(PRIMARY, Message::Have(self.log.len() as u64));
        cx.set_timer(CatchUp, self.settings.catch_up);
    }

    fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, Self>) {
        assert!(synced <= cx.appended(), "more is durable than was written");
        self.syncs += 1;
        self.durable = synced;
    }

    fn view(&self) -> View {
        let commit = self.log.len() as u64;
        let unsynced = self.appended.0 - self.durable.0;
        let facts = (unsynced > 0).then(|| ("unsynced", unsynced.to_string()));
        View { role: "store", term: self.syncs.min(1), commit, facts: facts.into_iter().collect() }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.objects.iter().map(|(key, value)| (*key, value.clone())).collect()
    }
}
