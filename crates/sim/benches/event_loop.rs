//! How fast the loop is: nodes that exchange requests and echoes, over links with latency and drops, fingerprint on.
//!
//! `cargo bench -p anachron-sim` prints messages per second, simulated seconds per second, and memory growth.

// The library knows virtual time only; a benchmark measures the world's.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::time::Instant;

use anachron_node::{Context, Disk, Replica, Request, View};
use anachron_sim::{Distribution, Link, World, simulate};
use anachron_trace::Blind;
use anachron_vocabulary::{Key, NodeId, Ratio, Value, VirtualDuration};

/// Asks its peers in turn and answers every question with the same 32 bytes.
struct Echo {
    interval: VirtualDuration,
    next: u16,
    answered: u64,
}

#[derive(Clone, Hash, Debug)]
enum Message {
    Ask([u64; 4]),
    Echo([u64; 4]),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Tick;

impl Replica for Echo {
    type Config = VirtualDuration;
    type Message = Message;
    type Timer = Tick;
    type Record = ();

    fn boot(interval: &VirtualDuration, _: Disk<'_, ()>, cx: &mut Context<'_, Self>) -> Self {
        cx.set_timer(Tick, *interval);
        Self { interval: *interval, next: 0, answered: 0 }
    }

    fn on_client(&mut self, _: Request, _: &mut Context<'_, Self>) {}

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Ask(payload) => cx.send(from, Message::Echo(payload)),
            Message::Echo(payload) => self.answered += payload[0],
        }
    }

    fn on_timer(&mut self, _: Tick, cx: &mut Context<'_, Self>) {
        cx.set_timer(Tick, self.interval);
        let me = cx.me();
        self.next = (self.next + 1) % u16::try_from(cx.nodes()).expect("few nodes");
        if self.next != me.0 {
            cx.send(NodeId(self.next), Message::Ask([1, 2, 3, self.answered]));
        }
    }

    fn view(&self) -> View {
        View { role: "echo", ..View::default() }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        Vec::new()
    }
}

fn world(nodes: u16, duration: VirtualDuration) -> World {
    let latency =
        Distribution::Uniform { low: VirtualDuration::millis(1), high: VirtualDuration::millis(10) };
    let drop = Ratio::new(1, 100).expect("a ratio");
    World {
        seed: 1,
        nodes,
        network: Link { drop, ..Link::reliable(latency.clone()) },
        client_network: Link::reliable(latency),
        special_links: Vec::new(),
        clocks: Vec::new(),
        disks: Vec::new(),
        clients: Vec::new(),
        keys: Vec::new(),
        faults: Vec::new(),
        operator: Vec::new(),
        duration,
        step_limit: u64::MAX,
        afterwards: None,
    }
}

/// Peak resident memory of this process, in MB; zero where the system does not tell.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[allow(clippy::cast_precision_loss)] // figures for people
fn main() {
    println!("nodes  interval   simulated s   messages    wall s   M messages/s   simulated s/s   peak MB");
    for (nodes, interval, seconds) in [
        (5, VirtualDuration::micros(5), 1),
        (5, VirtualDuration::micros(5), 2),
        (5, VirtualDuration::micros(5), 4),
        (5, VirtualDuration::millis(10), 2_000),
        (100, VirtualDuration::millis(100), 200),
    ] {
        let world = world(nodes, VirtualDuration::secs(seconds));
        let start = Instant::now();
        let run = simulate::<Echo>(&world, &interval, &mut Blind);
        let wall = start.elapsed().as_secs_f64();
        println!(
            "{nodes:>5}  {:>8}  {seconds:>12}  {:>9}  {wall:>8.3}  {:>13.2}  {:>14.0}  {:>8}",
            interval.to_string(),
            run.statistics.sent,
            run.statistics.sent as f64 / wall / 1e6,
            seconds as f64 / wall,
            peak_megabytes(),
        );
    }
}
