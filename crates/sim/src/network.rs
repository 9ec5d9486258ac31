//! The links: how long a message takes, and whether it arrives.

use anachron_node::Random;
use anachron_trace::Endpoint;
use anachron_vocabulary::{Ratio, VirtualDuration, VirtualTime};

use crate::streams::{Streams, respun};
use crate::{Distribution, Fault, Link, ScheduledFault, World};

/// Every directed link of a world. Endpoints are numbered with nodes first, then clients.
pub(crate) struct Network {
    nodes: usize,
    endpoints: usize,
    streams: Streams,
    base: Vec<Link>,
    /// Row `from`, column `to`.
    links: Vec<LinkState>,
}

/// A directed link as it is now.
struct LinkState {
    /// Its description, in `base`.
    base: usize,
    blocked: bool,
    /// Flapping faults on it.
    flapping: Vec<Flapping>,
    drop: Ratio,
    duplicate: Ratio,
    reorder: Ratio,
    extra: Vec<Distribution>,
    /// The latest arrival planned so far, for links that keep order.
    latest: VirtualTime,
    /// The link's stream, from its first message on. Every message takes one block of eight draws, whether it needs
    /// them or not, so the k-th message always takes the k-th block.
    random: Option<Box<Random>>,
}

/// A link that is down in the first part of every period since the fault began.
#[derive(Clone, Copy)]
struct Flapping {
    since: VirtualTime,
    period: VirtualDuration,
    down: Ratio,
}

impl Flapping {
    fn is_down(self, now: VirtualTime) -> bool {
        let period = self.period.0.max(1);
        // How far into its period the link is, in units of 2^-64.
        let phase = (u128::from(now.since(self.since).0 % period) << 64) / u128::from(period);
        self.down.happens(u64::try_from(phase).expect("less than a whole period"))
    }
}

/// When a message arrives, and the draw that decides then whether it was dropped.
#[derive(Clone, Copy)]
pub(crate) struct Transit {
    pub(crate) arrival: VirtualTime,
    pub(crate) fate: u32,
}

impl Network {
    pub(crate) fn new(world: &World, streams: Streams) -> Self {
        let nodes = usize::from(world.nodes);
        // One client more: whoever asks whether an operation completes afterwards.
        let endpoints = nodes + world.clients.len() + 1;
        let mut base =
            vec![Link::reliable(Distribution::ZERO), world.network.clone(), world.client_network.clone()];
        base[2].duplicate = Ratio::ZERO;
        let mut links = Vec::with_capacity(endpoints * endpoints);
        for from in 0..endpoints {
            for to in 0..endpoints {
                let which = if from == to { 0 } else { 1 + usize::from(from >= nodes || to >= nodes) };
                links.push(LinkState::new(which, &base[which]));
            }
        }
        let mut network = Self { nodes, endpoints, streams, base, links };
        for special in &world.special_links {
            let at = network.index(network.endpoint(special.from), network.endpoint(special.to));
            let mut link = special.link.clone();
            if matches!((special.from, special.to), (Endpoint::Client(_), _) | (_, Endpoint::Client(_))) {
                link.duplicate = Ratio::ZERO;
            }
            network.base.push(link);
            let which = network.base.len() - 1;
            network.links[at] = LinkState::new(which, &network.base[which]);
        }
        network
    }

    /// An endpoint's number.
    pub(crate) fn endpoint(&self, endpoint: Endpoint) -> usize {
        match endpoint {
            Endpoint::Node(node) => node.index(),
            Endpoint::Client(client) => self.nodes + client.index(),
        }
    }

    #[inline]
    fn index(&self, from: usize, to: usize) -> usize {
        from * self.endpoints + to
    }

    /// The mean latency of a link without faults, in nanoseconds.
    pub(crate) fn mean_latency(&self, from: usize, to: usize) -> f64 {
        self.base[self.links[self.index(from, to)].base].latency.mean()
    }

    /// Sends a message now: its transit, and that of its duplicate if there is one.
    #[inline]
    pub(crate) fn send(&mut self, now: VirtualTime, from: usize, to: usize) -> (Transit, Option<Transit>) {
        let at = self.index(from, to);
        let link = &mut self.links[at];
        let base = &self.base[link.base];
        let streams = self.streams;
        let random = link.random.get_or_insert_with(|| Box::new(streams.link(from, to)));
        let draws: [u64; 8] = std::array::from_fn(|_| random.bits());
        let [chance, order, ..] = draws;
        #[allow(clippy::cast_possible_truncation)] // the high half decides drops, the low half duplicates
        let (fate, twice) = ((chance >> 32) as u32, chance << 32);
        let mut slowed = VirtualDuration::ZERO;
        for (number, extra) in link.extra.iter().enumerate() {
            slowed = slowed + extra.sample(respun([draws[6], draws[7]], number + 1));
        }
        let mut latency = base.latency.sample([draws[2], draws[3]]) + slowed;
        let held_back = link.reorder.happens(order);
        if held_back {
            latency = latency + base.latency.sample([draws[6], draws[7]]);
        }
        let mut arrival = now + latency;
        if base.fifo && !held_back {
            arrival = arrival.max(link.latest);
            link.latest = arrival;
        }
        let duplicate = link.duplicate.happens(twice).then(|| {
            let mut late = now + base.latency.sample([draws[4], draws[5]]) + slowed;
            if base.fifo {
                // In line like any other message: neither before an earlier message nor after a later one.
                late = late.max(link.latest);
                link.latest = late;
            }
            #[allow(clippy::cast_possible_truncation)] // any 32 of the bits
            Transit { arrival: late, fate: order as u32 }
        });
        (Transit { arrival, fate }, duplicate)
    }

    /// True if the link is cut now.
    #[inline]
    pub(crate) fn is_cut(&self, now: VirtualTime, from: usize, to: usize) -> bool {
        let link = &self.links[self.index(from, to)];
        link.blocked || link.flapping.iter().any(|flapping| flapping.is_down(now))
    }

    /// True if a message with this fate is lost on its way. Decided when it would arrive.
    #[inline]
    pub(crate) fn drops(&self, from: usize, to: usize, fate: u32) -> bool {
        self.links[self.index(from, to)].drop.happens(u64::from(fate) << 32)
    }

    /// Sets every link to its description plus the faults in force.
    pub(crate) fn apply<'a>(&mut self, faults: impl Iterator<Item = &'a ScheduledFault>) {
        for link in &mut self.links {
            let base = &self.base[link.base];
            link.blocked = false;
            link.flapping.clear();
            link.extra.clear();
            (link.drop, link.duplicate, link.reorder) = (base.drop, base.duplicate, base.reorder);
        }
        for fault in faults {
            self.apply_one(fault.at, &fault.fault);
        }
    }

    fn apply_one(&mut self, since: VirtualTime, fault: &Fault) {
        match fault {
            Fault::Partition { groups } => {
                for (number, group) in groups.iter().enumerate() {
                    for others in groups.iter().skip(number + 1) {
                        self.each(group, others, |link| link.blocked = true);
                        self.each(others, group, |link| link.blocked = true);
                    }
                }
            }
            Fault::Cut { from, to } => self.each(from, to, |link| link.blocked = true),
            Fault::Flapping { from, to, period, down } => {
                let flapping = Flapping { since, period: *period, down: *down };
                self.each(from, to, |link| link.flapping.push(flapping));
            }
            Fault::Slow { from, to, extra } => self.each(from, to, |link| link.extra.push(extra.clone())),
            Fault::Lossy { from, to, drop } => {
                self.each(from, to, |link| link.drop = likelier(link.drop, *drop));
            }
            Fault::Duplicating { from, to, duplicate } => {
                let nodes = self.nodes;
                let node = |endpoint: &Endpoint| matches!(endpoint, Endpoint::Node(n) if n.index() < nodes);
                let only_nodes = |all: &[Endpoint]| all.iter().copied().filter(node).collect::<Vec<_>>();
                let (from, to) = (only_nodes(from), only_nodes(to));
                self.each(&from, &to, |link| link.duplicate = likelier(link.duplicate, *duplicate));
            }
            Fault::Reordering { from, to, reorder } => {
                self.each(from, to, |link| link.reorder = likelier(link.reorder, *reorder));
            }
            Fault::Crash { .. }
            | Fault::CrashWriting { .. }
            | Fault::CrashSyncing { .. }
            | Fault::Pause { .. }
            | Fault::ClockStep { .. }
            | Fault::ClockDrift { .. }
            | Fault::ClockFreeze { .. }
            | Fault::SlowDisk { .. }
            | Fault::LyingSync { .. } => {}
        }
    }

    fn each(&mut self, from: &[Endpoint], to: &[Endpoint], mut change: impl FnMut(&mut LinkState)) {
        for &sender in from {
            for &receiver in to {
                let (sender, receiver) = (self.endpoint(sender), self.endpoint(receiver));
                if sender != receiver {
                    let at = self.index(sender, receiver);
                    change(&mut self.links[at]);
                }
            }
        }
    }
}

impl LinkState {
    fn new(which: usize, base: &Link) -> Self {
        Self {
            base: which,
            blocked: false,
            flapping: Vec::new(),
            drop: base.drop,
            duplicate: base.duplicate,
            reorder: base.reorder,
            extra: Vec::new(),
            latest: VirtualTime::ZERO,
            random: None,
        }
    }
}

fn likelier(a: Ratio, b: Ratio) -> Ratio {
    if a.is_less_than(b) { b } else { a }
}
