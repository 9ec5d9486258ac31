//! A scripted driver for any [`Replica`]: text in, text out.
//!
//! Why it exists: a strategy's rules are easiest to trust when each can be read as a short story: this message
//! arrives first, that node crashes, this timer goes off, and *here* is what the nodes say. The driver runs such a
//! story by hand, one event a line, without any simulated time passing by itself. A strategy written outside this
//! workspace is tested with it in the same way as the built-in ones.
//!
//! What it promises: the same configuration, seed and script give the same text, on every platform. Nothing happens
//! that the script does not ask for: no message moves, no timer goes off, no sync completes by itself.
//!
//! Left out on purpose: latency, distributions, clients with time-outs (the simulator has them), and judging what
//! comes out.
//!
//! # Commands, one a line
//!
//! | command | what happens |
//! |-|-|
//! | `boot n1`, `boot all` | starts a node that is down, with what its disk kept |
//! | `request n1 c1#1 write x 5` | client c1's request 1 reaches n1; also `read x`, `delete x`, `cas x 1 2`, `append x a`, `add x a`, `remove x a`, `contains x a`, `increment x 1`, `enqueue x a`, `dequeue x`, `push x a`, `pop x`, `insert x a`, `extract-min x`, `claim x a`, `resign x a`, `acquire l`, `release l`, `release l 7` (by token) |
//! | `deliver n1 n2`, `deliver n1 n2 3`, `deliver n1 n2 all` | the oldest message in flight from n1 to n2 arrives; the third oldest; all that are in flight now |
//! | `deliver all` | messages arrive in the order in which they were sent, answers included, until none is in flight |
//! | `drop n1 n2`, `drop n1 n2 3`, `drop n1 n2 all`, `drop all` | messages in flight are lost |
//! | `duplicate n1 n2`, `duplicate n1 n2 3` | a copy of a message in flight is sent behind the others |
//! | `hold n1 n2`, `hold n1` | `deliver all` passes over this link, or over all links from and to n1 |
//! | `resume n1 n2`, `resume n1`, `resume all` | takes `hold` back |
//! | `timer n2 Election` | n2's timer goes off if it is set; its clock moves up to the time the timer was set for |
//! | `sync n1`, `sync all` | completes the sync that is under way |
//! | `autosync on`, `autosync off` | every sync completes at once |
//! | `crash n1`, `crash n1 keep`, `crash n1 keep 1`, `crash n1 torn`, `crash n1 wipe` | the node stops; of the records not yet synced none is left, or all, or the first one, or none and the next one is half written; or the whole disk is lost |
//! | `operator n1 promote` | a person tells the node to become leader; also `transfer n2`, `add-learner n4`, `add-voter n4`, `remove n3`, `voters n1 n2 n4` |
//! | `clock n1 +5ms`, `clock all +5ms` | the node's clocks move on (ns, us, ms, s); no timer goes off by that |
//! | `wall n1 -5ms` | the node's wall clock jumps |
//! | `view`, `view n1` | role, term, commit and facts |
//! | `contents`, `contents n1` | the objects as the node holds them |
//! | `links`, `timers` | messages in flight; timers that are set |
//! | `show everything`, `show answers` | which effects are printed: all, or answers, notes and crashes only |
//! | `# …` | a comment; it is copied to the output |
//!
//! Nodes are `n1`, `n2`, …; clients `c1`, `c2`, …; objects any name; values are whole numbers, `null`, words or
//! `"quoted text"`.
//!
//! # Output
//!
//! Each command is echoed behind `> `, its effects follow, indented: `n1 → n2 …` is sent, `n2 ← n1 …` arrives.
//! So the output of a run contains its script ([`script_of`]), and one file is both a test's input and what must
//! come out. Messages, timers and records are printed by their `Debug` form, with ids made readable: `NodeId(0)` is
//! `n1`, a request id `c1#1`.
//!
//! # Example
//!
//! A replica of nothing that answers whatever it is asked:
//!
//! ```
//! use anachron_node::driver::Driver;
//! use anachron_node::*;
//! use anachron_vocabulary::{Key, NodeId, Reply, Value};
//!
//! struct Yes;
//! impl Replica for Yes {
//!     type Config = ();
//!     type Message = ();
//!     type Timer = ();
//!     type Record = ();
//!     fn boot((): &(), _: Disk<'_, ()>, _: &mut Context<'_, Self>) -> Self {
//!         Yes
//!     }
//!     fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
//!         cx.reply(request.id, Answer::Ok(Reply::Done));
//!     }
//!     fn on_message(&mut self, _: NodeId, (): (), _: &mut Context<'_, Self>) {}
//!     fn on_timer(&mut self, (): (), _: &mut Context<'_, Self>) {}
//!     fn view(&self) -> View {
//!         View::default()
//!     }
//!     fn contents(&self) -> Vec<(Key, Value)> {
//!         Vec::new()
//!     }
//! }
//!
//! let mut driver = Driver::<Yes>::new((), 3, 1);
//! let text = driver.run("boot all\nrequest n2 c1#1 write x 5")?;
//! assert_eq!(text, "> boot all\n> request n2 c1#1 write x 5\n  n2 answers c1#1 ok\n");
//! # Ok::<(), anachron_node::driver::DriverError>(())
//! ```

mod cluster;
mod readable;
mod script;

use std::fmt;

use anachron_vocabulary::NodeId;

use crate::{Answer, Position, Replica, RequestId};
use cluster::Cluster;
use readable::Names;
use script::{Command, Nodes};

/// More deliveries than this by one `deliver all` means that the nodes never fall silent.
const DELIVERIES_MAX: usize = 10_000;

/// What is wrong with a line of a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DriverError {
    /// The line, counted from 1.
    pub line: usize,
    /// What the line says.
    pub command: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl fmt::Display for DriverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: `{}`: {}", self.line, self.command, self.problem)
    }
}

impl std::error::Error for DriverError {}

/// A cluster of one strategy, run by hand. See the [module](self) for the commands.
pub struct Driver<R: Replica> {
    cluster: Cluster<R>,
    lines: usize,
}

impl<R: Replica> Driver<R> {
    /// A cluster of `nodes` nodes, all down, with empty disks. `seed` feeds the nodes' random streams.
    pub fn new(config: R::Config, nodes: u16, seed: u64) -> Self {
        Self { cluster: Cluster::new(config, nodes, seed), lines: 0 }
    }

    /// Runs a script and returns what happened. May be called again: the cluster stays as it is.
    ///
    /// # Errors
    /// At the first line that is no command, with its number. What the lines before it did stays done.
    pub fn run(&mut self, script: &str) -> Result<String, DriverError> {
        for line in script.lines() {
            self.lines += 1;
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                self.cluster.print(line);
                continue;
            }
            self.cluster.print(&format!("> {line}"));
            let done = Command::parse(line, &mut self.cluster.names).and_then(|command| self.obey(command));
            if let Err(problem) = done {
                self.cluster.take_output();
                return Err(DriverError { line: self.lines, command: line.to_owned(), problem });
            }
        }
        Ok(self.cluster.take_output())
    }

    /// A node's replica; `None` if the node is down.
    pub fn replica(&self, node: NodeId) -> Option<&R> {
        self.cluster.machine(node).replica.as_ref()
    }

    /// The links on which messages are in flight, and how many: by sender, then receiver.
    pub fn links(&self) -> Vec<(NodeId, NodeId, usize)> {
        self.cluster.links.iter().filter(|(_, l)| !l.is_empty()).map(|(&(a, b), l)| (a, b, l.len())).collect()
    }

    /// The timers that are set on a node, in the order in which they were set.
    pub fn timers(&self, node: NodeId) -> Vec<R::Timer> {
        self.cluster.machine(node).timers.iter().map(|&(timer, _)| timer).collect()
    }

    /// Up to where the sync that is under way on a node will make its journal durable.
    pub fn syncing(&self, node: NodeId) -> Option<Position> {
        self.cluster.machine(node).syncing
    }

    /// Every answer given so far, oldest first: who answered which request, and how.
    pub fn answers(&self) -> &[(NodeId, RequestId, Answer)] {
        &self.cluster.answers
    }

    fn obey(&mut self, command: Command) -> Result<(), String> {
        let cluster = &mut self.cluster;
        for node in command.nodes() {
            if usize::from(node.0) >= cluster.machines.len() {
                return Err(format!("there is no {node}; the last node is n{}", cluster.machines.len()));
            }
        }
        match command {
            Command::Boot(nodes) => match nodes {
                Nodes::All => cluster.all().filter(|&node| !cluster.is_up(node)).collect::<Vec<_>>(),
                Nodes::One(node) if cluster.is_up(node) => return Err(format!("{node} is up already")),
                Nodes::One(node) => vec![node],
            }
            .into_iter()
            .for_each(|node| cluster.boot(node)),
            Command::Request { node, request } => cluster.request(node, request),
            Command::Deliver { from, to, which } => cluster.deliver(from, to, which),
            Command::DeliverAll => {
                for deliveries in 0.. {
                    if deliveries == DELIVERIES_MAX {
                        return Err(format!(
                            "still not quiet after {DELIVERIES_MAX} deliveries; deliver link by link instead"
                        ));
                    }
                    if !cluster.deliver_oldest() {
                        break;
                    }
                }
            }
            Command::Drop { from, to, which } => cluster.drop_messages(from, to, which),
            Command::DropAll => cluster.drop_all(),
            Command::Duplicate { from, to, which } => cluster.duplicate(from, to, which),
            Command::Hold { from, to, on } => cluster.hold(from, to, on),
            Command::ResumeAll => cluster.held.clear(),
            Command::Timer { node, name } => cluster.fire(node, &name)?,
            Command::Sync(nodes) => cluster.each(nodes, Cluster::sync),
            Command::AutoSync(on) => cluster.set_autosync(on),
            Command::Crash { node, tail } => cluster.crash(node, tail),
            Command::Operator { node, command } => cluster.operator(node, command),
            Command::Clock { nodes, by } => cluster.each(nodes, |cluster, node| cluster.clock(node, by)),
            Command::Wall { nodes, by } => cluster.each(nodes, |cluster, node| cluster.wall(node, by)),
            Command::View(nodes) => cluster.each(nodes, Cluster::view),
            Command::Contents(nodes) => cluster.each(nodes, Cluster::contents),
            Command::Links => cluster.show_links(),
            Command::Timers => cluster.each(Nodes::All, Cluster::show_timers),
            Command::Show(what) => cluster.show = what,
        }
        Ok(())
    }
}

/// The script that an output came from: its commands, comments and blank lines.
///
/// With it, one golden file is both a test's input and what must come out.
pub fn script_of(output: &str) -> String {
    let mut script = String::new();
    for line in output.lines() {
        let line = match line.strip_prefix("> ") {
            Some(command) => command,
            None if line.is_empty() || line.starts_with('#') => line,
            None => continue,
        };
        script.push_str(line);
        script.push('\n');
    }
    script
}
