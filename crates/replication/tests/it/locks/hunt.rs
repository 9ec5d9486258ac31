//! Thousands of short random runs: leases over several strategies and a resource that checks tokens break nothing, whatever
//! timers do; Redlock has one holder at a time as long as clocks and nodes keep to its model; and every weakening, and
//! every fault outside the model, is caught.
//!
//! `LOCKS_RUNS=100000 cargo test -p anachron-replication --test it locks::hunt` runs longer.

use anachron_node::Replica;
use anachron_replication::locks::{
    Config, Guarded, Instance, InstanceConfig, Method, Restart, Settings, Weakening, Weakenings,
};
use anachron_replication::multi_paxos::MultiPaxos;
use anachron_replication::raft::Raft;
use anachron_replication::total_order::{Lamport1978, Sequencer, TotalOrder};
use anachron_replication::viewstamped::Viewstamped;
use anachron_replication::{multi_paxos, raft, total_order, viewstamped};
use anachron_vocabulary::VirtualDuration;

use super::invariants::Watch;
use crate::kit::world::{Setting, Summary, WallClockError, World};

const STEPS: usize = 3_000;

/// Weakenings are looked for in so many runs.
const SEEDS_MAX: u64 = 6_000;

/// Behind the lock nodes there are the resource and two workers.
fn nodes(settings: &Settings) -> usize {
    usize::from(settings.lock_nodes) + 3
}

/// Short leases: a step takes half a millisecond in the mean.
fn settings() -> Settings {
    Settings {
        ttl: VirtualDuration::millis(60),
        work_time: VirtualDuration::millis(2),
        retry_delay: VirtualDuration::millis(10),
        resend_interval: VirtualDuration::millis(15),
        ..Settings::default()
    }
}

/// Leases that run out while their holders work, again and again. Not everybody gets on.
fn hasty() -> Settings {
    Settings {
        lock_nodes: 1,
        ttl: VirtualDuration::millis(6),
        work_time: VirtualDuration::micros(100),
        retry_delay: VirtualDuration::millis(1),
        resend_interval: VirtualDuration::millis(3),
        ..settings()
    }
}

fn weakened(weakening: Weakening) -> Settings {
    Settings { weakenings: Weakenings::NONE.with(weakening), ..settings() }
}

fn redlock() -> Settings {
    Settings { method: Method::Redlock, checks_token: false, ..settings() }
}

type Ended<W> = Result<(Summary, W), String>;

fn run<L: Replica, const ONE: bool>(
    seed: u64,
    settings: &Settings,
    lock_service: L::Config,
    clocks: Option<WallClockError>,
) -> Ended<Watch<ONE>> {
    let config = Config { settings: settings.clone(), lock_service };
    let setting = Setting { nodes: Some(nodes(settings)), wall_clock_error: clocks, ..Setting::new(config) };
    let mut world = World::<Guarded<L>, Watch<ONE>>::new(seed, setting);
    if std::env::var_os("LOCKS_TELL").is_some() {
        world = world.telling();
    }
    world.run(STEPS)
}

fn over_raft(seed: u64, settings: &Settings) -> Ended<Watch<true>> {
    run::<Raft, true>(seed, settings, raft::Config::default(), Some(SKEWED))
}

/// Viewstamped Replication keeps its log in memory: of the lock nodes a majority stays up and has recovered.
fn over_viewstamped(seed: u64, settings: &Settings) -> Ended<Watch<true>> {
    let config = Config { settings: settings.clone(), lock_service: viewstamped::Config::default() };
    let setting = Setting {
        nodes: Some(nodes(settings)),
        wall_clock_error: Some(SKEWED),
        is_recovering: |replica: &Guarded<Viewstamped>| replica.lock_node().is_some_and(Viewstamped::is_away),
        spares_majority: true,
        replicating: Some(usize::from(settings.lock_nodes)),
        ..Setting::new(config)
    };
    World::<Guarded<Viewstamped>, Watch<true>>::new(seed, setting).run(STEPS)
}

/// Wall clocks are wrong all the time; leases must not care.
const SKEWED: WallClockError = WallClockError { skew: 500_000_000, jump: 100_000_000 };

fn instances(restart: Restart) -> InstanceConfig {
    InstanceConfig { ttl: settings().ttl, restart }
}

fn over_instances<const ONE: bool>(
    seed: u64,
    settings: &Settings,
    restart: Restart,
    clocks: Option<WallClockError>,
) -> Ended<Watch<ONE>> {
    run::<Instance, ONE>(seed, settings, instances(restart), clocks)
}

fn runs() -> u64 {
    let Ok(text) = std::env::var("LOCKS_RUNS") else { return 600 };
    text.parse().expect("LOCKS_RUNS is a number")
}

fn clean<const ONE: bool>(what: &str, runs: u64, run: impl Fn(u64) -> Ended<Watch<ONE>>) {
    let (mut operations, mut boots, mut granted) = (0, 0, 0);
    for seed in 0..runs {
        let (summary, watch) = run(seed).unwrap_or_else(|found| panic!("{what}, seed {seed}: {found}"));
        operations += summary.operations;
        boots += summary.boots;
        granted += watch.granted;
    }
    println!("{what}: {runs} runs, {granted} locks granted, {operations} operations answered, {boots} boots");
    // A world in which nothing happens would prove nothing.
    let runs = usize::try_from(runs).expect("a count");
    assert!(operations > 5 * runs && granted > 4 * runs, "{what}: {granted} granted, {operations} answered");
}

/// The seeds of some run show something; what counts is for the run to say.
fn caught(what: &str, run: impl Fn(u64) -> Option<String>) {
    let found = (0..SEEDS_MAX).find_map(|seed| Some((seed, run(seed)?)));
    let (seed, found) = found.unwrap_or_else(|| panic!("{what} shows in none of {SEEDS_MAX} runs"));
    println!("{what:40} seed {seed:5}, {found}");
}

/// What is wrong with a run, unless it is only that nobody got on.
fn harm<W>(ended: Ended<W>) -> Option<String> {
    ended.err().filter(|found| !found.contains("clients wait"))
}

/// What clients see when two workers have worked on one object at a time.
fn lost_update<W>(ended: Ended<W>) -> Option<String> {
    ended.err().filter(|found| is_late_write(found))
}

fn is_late_write(found: &str) -> bool {
    ["lost or stale", "stale read", "two histories"].iter().any(|kind| found.contains(kind))
}

#[test]
fn leases_as_described_have_one_holder_and_the_resource_is_linearizable() {
    clean("over Raft", runs(), |seed| over_raft(seed, &settings()));
    clean("over Multi-Paxos", runs(), |seed| {
        run::<MultiPaxos, true>(seed, &settings(), multi_paxos::Config::default(), Some(SKEWED))
    });
    clean("over Viewstamped Replication", runs(), |seed| over_viewstamped(seed, &settings()));
    let fewer = runs() / 4;
    clean("over a sequencer", fewer, |seed| {
        run::<TotalOrder<Sequencer>, true>(seed, &settings(), total_order::Config::default(), None)
    });
    clean("over Lamport's stamps", fewer, |seed| {
        run::<TotalOrder<Lamport1978>, true>(seed, &settings(), total_order::Config::default(), None)
    });
}

#[test]
fn hasty_leases_do_no_harm() {
    for seed in 0..3 * runs() {
        assert_eq!(harm(over_raft(seed, &hasty())), None, "seed {seed}");
    }
}

#[test]
fn redlock_as_described_has_one_holder_while_clocks_are_right_and_nodes_remember() {
    // Two ends come early, and neither breaks what is promised. A write may be late at a resource that nobody guards, and then
    // clients see it. And whoever waits may be unlucky: of those who ask at the same moment, each may get a minority, again
    // and again, and the locks of a try that failed last until they run out.
    for (what, restart) in [("on disk", Restart::Persisted), ("delayed restart", Restart::Delayed)] {
        let (mut to_the_end, mut late_writes, mut unlucky) = (0, 0, 0);
        for seed in 0..runs() {
            let Err(found) = over_instances::<true>(seed, &redlock(), restart, None) else {
                to_the_end += 1;
                continue;
            };
            match () {
                () if is_late_write(&found) => late_writes += 1,
                () if found.contains("clients wait") => unlucky += 1,
                () => panic!("{what}, seed {seed}: {found}"),
            }
        }
        println!(
            "Redlock, {what}: {} runs, {to_the_end} of them to the end, {late_writes} with a late write, {unlucky} with a client \
             that waits",
            runs()
        );
        assert!(2 * to_the_end > runs(), "{to_the_end} of {} runs went on to the end", runs());
    }
}

#[test]
fn what_is_outside_redlocks_model_is_caught() {
    let two_holders = |what: &str, run: &dyn Fn(u64) -> Ended<Watch<true>>| {
        caught(what, |seed| run(seed).err().filter(|found| found.contains("One holder")));
    };
    let redlock = redlock();
    two_holders("a crash, and nothing on disk", &|seed| over_instances(seed, &redlock, Restart::Empty, None));
    let jumping = Some(WallClockError { skew: 0, jump: 100_000_000 });
    two_holders("clocks that jump forward", &|seed| {
        over_instances(seed, &redlock, Restart::Persisted, jumping)
    });
    for weakening in [Weakening::ElapsedIgnored, Weakening::DeleteAny] {
        let weak = Settings { weakenings: Weakenings::NONE.with(weakening), ..redlock.clone() };
        two_holders(weakening.name(), &|seed| over_instances(seed, &weak, Restart::Persisted, None));
    }
    // Late writes: no clock is wrong, no node forgets.
    caught("nobody checks: Redlock", |seed| {
        lost_update(over_instances::<false>(seed, &redlock, Restart::Persisted, None))
    });
}

#[test]
fn every_weakening_of_leases_is_caught() {
    use Weakening::{DeleteAny, ElapsedIgnored, FenceInMemory, LeaseFromAnswer, ReadUnfenced};
    use Weakening::{TakeoverUnwatched, TokenReused, WallClockExpiry};
    for &weakening in Weakening::ALL {
        let weak = weakened(weakening);
        match weakening {
            FenceInMemory | ReadUnfenced => {
                let hasty = Settings { weakenings: weak.weakenings, ..hasty() };
                caught(weakening.name(), |seed| harm(over_raft(seed, &hasty)));
            }
            TokenReused | WallClockExpiry | TakeoverUnwatched | LeaseFromAnswer => {
                caught(weakening.name(), |seed| harm(over_raft(seed, &weak)));
            }
            // These are Redlock's; see above.
            ElapsedIgnored | DeleteAny => {}
        }
    }
    let trusting = Settings { checks_token: false, ..settings() };
    caught("nobody checks: leases", |seed| lost_update(over_raft(seed, &trusting)));
}

/// The same seed is the same run: what a failure prints can be run again.
#[test]
fn a_seed_names_a_run() {
    let trusting = Settings { checks_token: false, ..settings() };
    for seed in 0..20 {
        assert_eq!(over_raft(seed, &trusting).err(), over_raft(seed, &trusting).err());
    }
}
