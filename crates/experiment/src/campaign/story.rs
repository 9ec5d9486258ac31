//! The harshest world that a mode's promise must stand, as a story.
//!
//! It is a scenario like any other, made from the mode's fault model: `anachron run campaign-raft-lease --seed 8` replays one
//! of its runs. There are two of each, for a larger cluster and for a smaller one: with five nodes there are more ways to be
//! cut in pieces, with three one node more or less decides every vote.
//!
//! Every run has nine seconds (under locks thirteen, for there one client is served at a time). Clients work for three and a half of them while links are cut in every shape, lose, double,
//! delay and reorder messages; nodes pause, crash in the midst of writing, just before a sync is done, or anywhere, with any
//! tail of what they had not synced, and now and then all at the same moment; clocks jump, drift, and stand still. What a
//! mode's model rules out is left out. Then all is healed, and clients ask again.
//!
//! Links keep no order: whatever is under way may overtake what was sent before it. In Raft's larger cluster an operator hands
//! the leadership round and takes nodes out and in, one at a time and several at once, without looking at what goes wrong
//! meanwhile; in the end all vote again. The smaller one is left to itself.
//!
//! Crashes at a sync are short. A node that is back within a moment still finds the election, the view change or the write
//! under way that it took part in, and may answer a second time: that is where what was not on disk shows.
//!
//! Left out, because no strategy here claims to survive it: syncs that lie, disks that are lost.

use serde_json::{Value as Json, json};

use crate::strategy::mode::{Clocks, Cluster, Crashes, Mode, Object, Promise, Retries};
use crate::strategy::{StrategyEntry, modes};

/// What the names of these stories begin with.
const PREFIX: &str = "campaign-";

/// What the names of those with the smaller cluster end with.
const SMALL: &str = "-of-three";

/// How many nodes their clusters have: those of even seeds, and those of odd ones. Nodes that give locks, where there are
/// such.
pub const SIZES: [u16; 2] = [5, 3];

/// The clients that ask once the faults are over are named like this, with a number.
pub(super) const LATE: &str = "late";

/// How many clients work while there are faults.
const CLIENTS: usize = 5;

/// The mode of this name.
pub fn find(mode: &str) -> Option<(&'static StrategyEntry, &'static Mode)> {
    modes().find(|(_, known)| known.name == mode)
}

/// What a mode's story in a cluster of one of [`SIZES`] is called.
pub fn story_id(mode: &Mode, nodes: u16) -> String {
    let end = if nodes == SIZES[1] { SMALL } else { "" };
    format!("{PREFIX}{}{end}", mode.name)
}

/// The story of this name as text, if it is the campaign of some mode.
pub fn story(id: &str) -> Option<String> {
    let name = id.strip_prefix(PREFIX)?;
    let (name, nodes) = name.strip_suffix(SMALL).map_or((name, SIZES[0]), |name| (name, SIZES[1]));
    let (entry, mode) = find(name)?;
    Some(text(entry, mode, nodes))
}

/// The options of a mode in a cluster of so many nodes.
pub(crate) fn options(mode: &Mode, nodes: u16) -> Json {
    let minority = nodes / 2;
    let text = mode
        .options
        .replace("$minority", &minority.to_string())
        .replace("$majority", &(minority + 1).to_string())
        .replace("$nodes", &nodes.to_string());
    serde_json::from_str(&text).expect("a mode's options are JSON")
}

pub(super) fn text(entry: &StrategyEntry, mode: &Mode, nodes: u16) -> String {
    let names = mode.cluster.names(nodes);
    let (verdict, seed) = match mode.promise {
        Promise::Linearizable => (json!({"verdict": "linearizable"}), 1),
        Promise::Less { shown_by, .. } => {
            (json!({"verdict": "not-linearizable", "kind": shown_by.kind.name()}), shown_by.seed)
        }
    };
    // Under locks one client is served at a time.
    let duration = if mode.cluster == Cluster::Locks { "11s" } else { "7s" };
    let has_operator = entry.name == "raft" && nodes == SIZES[0];
    let who =
        if has_operator { " An operator moves leadership and members about at fixed times." } else { "" };
    let all = u16::try_from(names.len()).expect("nodes are numbered with 16 bits");
    let max_crashed = match mode.crashes {
        Crashes::Restart => all,
        Crashes::MinorityRestarts => (nodes - 1) / 2,
    };
    json!({
        "id": story_id(mode, nodes),
        "title": format!("{} under everything that its fault model allows", mode.name),
        "story": format!("Five clients, and faults of every kind drawn from the seed, until all is healed after 4.5 s.{who} At 6 s clients ask each node again."),
        "notice": "No fault is scripted: every seed is another run.",
        "source": mode.source,
        "model": mode.object.model(),
        "duration": duration,
        "afterwards": {"heal": true, "settle": "2s"},
        "cluster": {
            "nodes": names,
            "network": {"latency": {"uniform": {"low": "1ms", "high": "10ms"}}, "fifo": false},
            "disk": {"sync": {"uniform": {"low": "0ms", "high": "4ms"}}},
        },
        "clients": clients(mode, &mode.cluster.asked(nodes)),
        "operator": if has_operator { operator(&names) } else { Vec::new() },
        "fault_plan": {
            "from": "300ms", "until": "4500ms", "max_down": all, "max_crashed": max_crashed,
            "kinds": fault_kinds(mode.clocks),
        },
        "variants": [{
            "name": mode.name, "title": entry.summary, "expect": verdict, "seed": seed,
            "strategy": {"name": entry.name, "options": options(mode, nodes)},
        }],
    })
    .to_string()
}

/// Somebody who moves leadership and members about, while there are faults, and sees to it in the end that all vote.
fn operator(names: &[String]) -> Vec<Json> {
    let of = |round: usize| &names[round % names.len()];
    let mut actions = Vec::new();
    for round in 0..10 {
        let at = |ms: usize| format!("{}ms", 400 + 400 * round + ms);
        let most: Vec<&String> = (0..=names.len() / 2).map(|nth| of(2 * round + nth)).collect();
        actions.push(json!({"at": at(0), "transfer": of(3 * round + 1)}));
        actions.push(json!({"at": at(100), "remove": of(2 * round + 2)}));
        actions.push(json!({"at": at(200), "add_voter": of(2 * round + 2)}));
        if round % 3 == 1 {
            actions.push(json!({"at": at(300), "voters": most}));
            actions.push(json!({"at": at(350), "add_learner": of(2 * round + names.len() - 1)}));
        } else {
            actions.push(json!({"at": at(300), "voters": names}));
        }
    }
    actions.extend((0..5).map(|nth| json!({"at": format!("{}ms", 4_800 + 200 * nth), "voters": names})));
    actions
}

/// Those that work while there are faults, and those that come after.
fn clients(mode: &Mode, asked: &[String]) -> Vec<Json> {
    let retry = match mode.retries {
        Retries::SameRequest => json!({"attempts": 20, "backoff": "20ms", "after_timeout": "same-request"}),
        Retries::GiveUp => json!({"attempts": 20, "backoff": "20ms", "after_timeout": "give-up"}),
    };
    let [change, look] = mode.object.operations();
    // What is done under a lock takes many messages, and one client is served at a time: who is too impatient asks all
    // workers, and they keep each other from getting on.
    let (operations, timeout) = if mode.cluster == Cluster::Locks { (8, "1s") } else { (24, "250ms") };
    let mut workload = json!({
        "operations": operations, "think_time": {"uniform": {"low": "40ms", "high": "200ms"}},
    });
    if mode.object != Object::Lock {
        workload["mix"] = json!({change: 1, look: 1});
    }
    let worker = |name: &str, count: usize, node: Json| {
        json!({
            "name": name, "count": count, "node": node, "timeout": timeout, "retry": retry,
            "workload": workload,
        })
    };
    let mut clients = match mode.promise {
        Promise::Linearizable => vec![worker("c", CLIENTS, json!({"round-robin": asked}))],
        // Clients that go from node to node are promised nothing in between.
        Promise::Less { level, .. } if level.judged().is_some() => (0..CLIENTS)
            .map(|number| worker(&format!("c{}", number + 1), 1, json!(asked[number % asked.len()])))
            .collect(),
        Promise::Less { .. } => vec![worker("c", CLIENTS, json!({"sticky": asked}))],
    };
    // Each begins at a node of its own, and goes elsewhere only if it is sent there.
    clients.extend(asked.iter().enumerate().map(|(number, node)| {
        let at = |nth: usize| format!("{}ms", 6_000 + 10 * number + nth);
        json!({
            "name": format!("{LATE}{}", number + 1), "node": {"leader": [node]}, "timeout": "500ms",
            "retry": {"attempts": 20, "backoff": "20ms", "after_timeout": "same-request"},
            "operations": [
                with_value(mode.object, json!({"at": at(0), "f": change, "key": "x"}), format!("late-{number}").into()),
                {"at": at(1), "f": look, "key": "x"},
            ],
        })
    }));
    clients
}

/// An operation that changes an object, with what it changes it to, if that can be said.
pub(crate) fn with_value(object: Object, mut operation: Json, value: Json) -> Json {
    if object != Object::Lock {
        operation["arg"] = value;
    }
    operation
}

/// What may go wrong where clocks are no worse than this, and how often.
fn fault_kinds(clocks: Clocks) -> Json {
    let mut kinds = json!({
        "partition": {"every": "1s", "lasting": "400ms"},
        "isolate": {"every": "800ms", "lasting": "300ms"},
        "cut": {"every": "1s", "lasting": "500ms"},
        "bridge": {"every": "2s", "lasting": "400ms"},
        "flapping": {"every": "2s", "lasting": "800ms", "period": "60ms", "down": "1/2"},
        "slow-link": {"every": "1s", "lasting": "800ms", "extra": {"exponential": {"mean": "80ms"}}},
        "lossy": {"every": "2s", "lasting": "800ms", "drop": "1/5"},
        "duplicating": {"every": "2s", "lasting": "800ms", "duplicate": "1/4"},
        "reordering": {"every": "2s", "lasting": "800ms", "reorder": "1/4"},
        "crash": {"every": "800ms", "lasting": "250ms"},
        "crash-writing": {"every": "800ms", "lasting": "250ms"},
        "crash-syncing": {"every": "200ms", "lasting": "40ms"},
        "crash-all": {"every": "1500ms", "lasting": "100ms"},
        "pause": {"every": "1s", "lasting": "250ms"},
        "clock-step": {"every": "1s", "at_most": "2s"},
        "slow-disk": {"every": "800ms", "lasting": "500ms", "extra": {"exponential": {"mean": "20ms"}}},
    });
    kinds["clock-drift"] = match clocks {
        Clocks::Anything => json!({"every": "1s", "lasting": "1s", "at_most_ppm": 500_000}),
        Clocks::DriftWithin(ppm) => json!({"every": "1s", "lasting": "1s", "at_most_ppm": ppm}),
    };
    if clocks == Clocks::Anything {
        kinds["clock-freeze"] = json!({"every": "2s", "lasting": "300ms"});
    }
    kinds
}
