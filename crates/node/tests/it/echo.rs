//! A replica that echoes: it journals every write, asks the others to echo it, and answers once all have.

use std::collections::BTreeMap;

use anachron_node::{
    Answer, Context, Disk, OperatorCommand, Position, Refusal, Replica, Request, RequestId, View,
};
use anachron_vocabulary::{Key, NodeId, Operation, Reply, Value, VirtualDuration};

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Message {
    Ping {
        id: RequestId,
        key: Key,
        value: Value,
    },
    Pong {
        id: RequestId,
    },
    /// Answered by another one, for ever.
    Loop,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Timer {
    Tick,
    Retry(NodeId),
}

pub(crate) struct Echo {
    objects: BTreeMap<Key, Value>,
    missing: BTreeMap<RequestId, usize>,
    synced: Position,
    fired: Vec<Timer>,
}

impl Replica for Echo {
    type Config = Value;
    type Message = Message;
    type Timer = Timer;
    type Record = (Key, Value);

    fn boot(_: &Value, disk: Disk<'_, (Key, Value)>, cx: &mut Context<'_, Self>) -> Self {
        let draw = cx.random().below(1_000);
        cx.note(|| {
            format!("boots with {} records, torn {}, draws {draw}", disk.records.len(), disk.torn_tail)
        });
        cx.set_timer(Timer::Tick, VirtualDuration::millis(10));
        Self {
            objects: disk.records.iter().cloned().collect(),
            missing: BTreeMap::new(),
            synced: Position(0),
            fired: Vec::new(),
        }
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        let Request { id, key, operation } = request;
        match operation {
            Operation::Write(value) => {
                let position = cx.append((key, value.clone()));
                cx.sync();
                self.objects.insert(key, value.clone());
                self.missing.insert(id, cx.nodes() - 1);
                for peer in cx.peers() {
                    cx.send_after_sync(position, peer, Message::Ping { id, key, value: value.clone() });
                    cx.set_timer(Timer::Retry(peer), VirtualDuration::millis(5));
                }
            }
            Operation::Read => {
                let value = self.objects.get(&key).cloned().unwrap_or_default();
                cx.reply(id, Answer::Ok(Reply::Value(value)));
            }
            Operation::CompareAndSet { .. } => cx.reply(id, Answer::Ok(Reply::Answer(false))),
            Operation::Acquire => cx.refuse(id, Refusal::LockState),
            Operation::Release => cx.reply(id, Answer::Unknown),
            _ => cx.refuse(id, Refusal::NotLeader { leader: Some(NodeId(1)) }),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Ping { id, key, value } => {
                self.objects.insert(key, value);
                cx.send(from, Message::Pong { id });
            }
            Message::Pong { id } => {
                cx.cancel_timer(Timer::Retry(from));
                let missing = self.missing.get_mut(&id).expect("nobody pongs unasked");
                *missing = missing.saturating_sub(1);
                if *missing == 0 {
                    cx.reply(id, Answer::Ok(Reply::Done));
                }
            }
            Message::Loop => cx.send(from, Message::Loop),
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        self.fired.push(timer);
        let (now, wall) = (cx.now(), cx.wall_clock());
        cx.note(|| format!("{timer:?} at {now}, wall clock {wall} ns"));
    }

    fn on_synced(&mut self, synced: Position, _: &mut Context<'_, Self>) {
        self.synced = synced;
    }

    fn on_operator(&mut self, _: OperatorCommand, cx: &mut Context<'_, Self>) {
        cx.multicast(Message::Loop);
    }

    fn view(&self) -> View {
        let facts = vec![("synced", self.synced.0.to_string()), ("fired", self.fired.len().to_string())];
        View { role: "echo", term: 0, commit: self.objects.len() as u64, facts }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.objects.clone().into_iter().collect()
    }
}
