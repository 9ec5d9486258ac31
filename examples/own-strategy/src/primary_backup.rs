//! Primary and backup as Alsberg and Day have them (*A Principle for Resilient Sharing of Distributed Resources*, ICSE
//! 1976, section 4), with their twist: *the backup answers the client*. So an answer is a proof that two hosts have the
//! write, and the client waits for three messages, not four.
//!
//! Promise: linearizable, under lost, late, doubled and overtaking messages, and under crashes of either host, if disks
//! keep what they have synced. Reads at any host are not linearizable.
//!
//! Fault model: there are two hosts, and no failover. While one of them is down, nothing is answered.

use std::collections::BTreeMap;

use anachron_node::{Answer, Context, Disk, OperatorCommand, Position, Refusal, Replica, Request, View};
use anachron_vocabulary::{Key, NodeId, Operation, Reply, Value, VirtualDuration};

/// The host that puts writes in order.
const PRIMARY: NodeId = NodeId(0);
/// The host that answers.
const BACKUP: NodeId = NodeId(1);

/// Who answers reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reads {
    /// The backup, whichever host was asked.
    Backup,
    /// The host that was asked.
    Any,
}

/// What both hosts are told.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) reads: Reads,
    /// How long the primary waits before it sends again what the backup may not have.
    pub(crate) resend_interval: VirtualDuration,
    /// What an object holds before it is first written.
    pub(crate) initial: Value,
    /// Weakened: the primary answers, as soon as it has the write itself.
    pub(crate) answers_too_soon: bool,
    /// Weakened: a read shows what a crash can still take back.
    pub(crate) reads_before_sync: bool,
}

/// What hosts say to each other.
#[derive(Clone, Hash, Debug)]
pub(crate) enum Message {
    /// The primary has a write for the backup.
    Update { number: u64, request: Request },
    /// The backup has all writes up to this one, on its disk.
    Have { number: u64 },
    /// A client asked the wrong host.
    Pass(Request),
}

/// The primary sends again what the backup may not have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Resend;

/// One of the two hosts.
pub(crate) struct PrimaryBackup {
    config: Config,
    /// `primary` or `backup`.
    role: &'static str,
    /// Every write, in the order that the primary gave them. The first one is number 1.
    log: Vec<Request>,
    /// What the log amounts to.
    values: BTreeMap<Key, Value>,
    /// How many writes the backup certainly has. Only the primary counts them.
    backup_has: u64,
}

impl PrimaryBackup {
    fn last(&self) -> u64 {
        self.log.len() as u64
    }

    /// Adds a write to the log in memory.
    fn apply(&mut self, request: Request) {
        if let Operation::Write(value) = &request.operation {
            self.values.insert(request.key, value.clone());
        }
        self.log.push(request);
    }

    /// Adds a write to the log in memory and on the disk.
    fn accept(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        cx.append(request.clone());
        cx.sync();
        self.apply(request);
    }

    /// The primary: gives a write its number and sends it on.
    fn order(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        // A retry has its number already, and is answered again by the backup.
        let known = self.log.iter().position(|before| before.id == request.id);
        let number = known.map_or(self.last() + 1, |index| index as u64 + 1);
        let id = request.id;
        if known.is_none() {
            self.accept(request.clone(), cx);
        }
        cx.send_after_sync(cx.appended(), BACKUP, Message::Update { number, request });
        cx.set_timer(Resend, self.config.resend_interval);
        if self.config.answers_too_soon {
            cx.reply_after_sync(cx.appended(), id, Answer::Ok(Reply::Done));
        }
    }

    /// The backup: takes the next write, and answers for both.
    fn take(&mut self, number: u64, request: Request, cx: &mut Context<'_, Self>) {
        let id = request.id;
        if number == self.last() + 1 {
            self.accept(request, cx);
        }
        if number <= self.last() {
            // Before this there may be a write that is on no disk yet.
            cx.reply_after_sync(cx.appended(), id, Answer::Ok(Reply::Done));
        }
        cx.send_after_sync(cx.appended(), PRIMARY, Message::Have { number: self.last() });
    }

    /// Answers a read from what this host has.
    fn answer(&self, request: &Request, cx: &mut Context<'_, Self>) {
        let value = self.values.get(&request.key).unwrap_or(&self.config.initial).clone();
        // What is shown must not be taken back: not even by a crash.
        let shown = if self.config.reads_before_sync { Position(0) } else { cx.appended() };
        cx.reply_after_sync(shown, request.id, Answer::Ok(Reply::Value(value)));
    }

    /// A client's request has come to the host that it is for, or is sent there.
    fn serve(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        let host = match (&request.operation, self.config.reads) {
            (Operation::Write(_), _) => PRIMARY,
            (Operation::Read, Reads::Backup) => BACKUP,
            (Operation::Read, Reads::Any) => cx.me(),
            _ => return cx.refuse(request.id, Refusal::Unsupported),
        };
        if host != cx.me() {
            cx.send(host, Message::Pass(request));
        } else if request.operation.is_read() {
            self.answer(&request, cx);
        } else {
            self.order(request, cx);
        }
    }
}

impl Replica for PrimaryBackup {
    type Config = Config;
    type Message = Message;
    type Timer = Resend;
    type Record = Request;

    fn boot(config: &Config, disk: Disk<'_, Request>, cx: &mut Context<'_, Self>) -> Self {
        let mut host = Self {
            config: config.clone(),
            role: if cx.me() == PRIMARY { "primary" } else { "backup" },
            log: Vec::new(),
            values: BTreeMap::new(),
            backup_has: 0,
        };
        for request in disk.records {
            host.apply(request.clone());
        }
        if !disk.records.is_empty() {
            cx.note(|| format!("starts again with {} writes", disk.records.len()));
            // What a crash has left may be in a cache only.
            cx.sync();
            if cx.me() == PRIMARY {
                cx.set_timer(Resend, config.resend_interval);
            }
        }
        host
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        self.serve(request, cx);
    }

    fn on_message(&mut self, _: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Update { number, request } => self.take(number, request, cx),
            Message::Pass(request) => self.serve(request, cx),
            Message::Have { number } => {
                self.backup_has = self.backup_has.max(number);
                if self.backup_has == self.last() {
                    cx.cancel_timer(Resend);
                }
            }
        }
    }

    fn on_timer(&mut self, Resend: Resend, cx: &mut Context<'_, Self>) {
        for (number, request) in (1..).zip(&self.log).filter(|(number, _)| *number > self.backup_has) {
            cx.send_after_sync(cx.appended(), BACKUP, Message::Update { number, request: request.clone() });
        }
        cx.set_timer(Resend, self.config.resend_interval);
    }

    fn on_operator(&mut self, _: OperatorCommand, cx: &mut Context<'_, Self>) {
        cx.note(|| "knows no failover".to_owned());
    }

    fn view(&self) -> View {
        View { role: self.role, term: 0, commit: self.last(), facts: Vec::new() }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.values.iter().map(|(&key, value)| (key, value.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use anachron_node::driver::Driver;

    use super::*;

    fn config() -> Config {
        Config {
            reads: Reads::Backup,
            resend_interval: VirtualDuration::millis(50),
            initial: Value::Null,
            answers_too_soon: false,
            reads_before_sync: false,
        }
    }

    /// What comes of a script: its lines, and answers.
    fn told(config: Config, script: &str) -> String {
        Driver::<PrimaryBackup>::new(config, 2, 1)
            .run(&format!("show answers\nboot all\n{script}"))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_backup_answers_once_both_disks_have_the_write() {
        let script = "request n1 c1#1 write x 5\nsync n1\ndeliver n1 n2\n# now the backup's disk\nsync n2";
        let story = told(config(), script);
        assert!(story.ends_with("# now the backup's disk\n> sync n2\n  n2 answers c1#1 ok\n"), "{story}");
        let soon = told(Config { answers_too_soon: true, ..config() }, script);
        assert!(soon.contains("> sync n1\n  n1 answers c1#1 ok\n"), "{soon}");
    }

    #[test]
    fn a_write_that_overtakes_another_waits_for_the_resend() {
        let script = "autosync on\nrequest n1 c1#1 write x 1\nrequest n1 c2#1 write x 2\ndrop n1 n2\n\
                      deliver all\ntimer n1 Resend\ndeliver all\nrequest n1 c1#2 read x\ndeliver all\ncontents";
        let story = told(config(), script);
        let answers: Vec<&str> = story.lines().filter(|line| line.starts_with("  n2 answers")).collect();
        assert_eq!(
            answers,
            ["  n2 answers c1#1 ok", "  n2 answers c2#1 ok", "  n2 answers c1#2 ok 2"],
            "{story}"
        );
        assert!(story.ends_with("  n1 holds x=2\n  n2 holds x=2\n"), "{story}");
    }

    #[test]
    fn a_read_waits_for_the_disk_too() {
        let script = "request n1 c1#1 write x 5\nsync n1\ndeliver n1 n2\nrequest n2 c2#1 read x\ncrash n2\n\
                      boot n2\nrequest n2 c2#2 read x";
        assert!(!told(config(), script).contains("c2#1 ok"));
        let story = told(Config { reads_before_sync: true, ..config() }, script);
        assert!(
            story.contains("n2 answers c2#1 ok 5") && story.contains("n2 answers c2#2 ok null"),
            "{story}"
        );
    }

    #[test]
    fn a_retry_runs_once_and_is_answered_twice() {
        let story = told(
            config(),
            "autosync on\nrequest n1 c1#1 write x 1\ndeliver all\nrequest n1 c2#1 write x 2\ndeliver all\n\
             request n1 c1#1 write x 1\ndeliver all\ncontents",
        );
        assert_eq!(story.matches("n2 answers c1#1 ok").count(), 2, "{story}");
        assert!(story.ends_with("  n1 holds x=2\n  n2 holds x=2\n"), "{story}");
    }
}
