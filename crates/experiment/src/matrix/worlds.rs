//! The worlds that the matrix is found in: three kinds of story, each with every mode as a variant.
//!
//! Why it exists: rows can be compared only if they met the same. A variant gets the same operations, and under one seed
//! the same faults, as every other; so the faults are those that *every* mode's model allows, and a client whose request
//! got no answer gives up. What a mode survives beyond that is the affair of its campaign ([`crate::campaign`]).
//!
//! A client is a session, and is at home at one node: there it asks first, each time, and elsewhere only if it is sent
//! there. That is what the session guarantees are about, and the promises below linearizability.
//!
//! - `matrix-faults`: sessions read and write two registers while everything goes wrong; then all is healed.
//! - `matrix-cut-n1-n2`: the named nodes, a minority, are cut off from the others for three seconds. A client at each
//!   of them writes and reads meanwhile.
//! - `matrix-crash-n1-n4`: the named nodes crash and stay down. Five seconds later a client at each other node writes
//!   and reads.
//!
//! Services with a lock have the same worlds (`matrix-locks-faults`), with acquire for write and release for read.

use anachron_scenario::Scenario;
use serde_json::{Value as Json, json};

use crate::campaign::options;
use crate::strategy::mode::{Clocks, Crashes, Object};
use crate::strategy::{Mode, StrategyEntry, modes};

/// How many nodes each world has.
pub(super) const NODES: u16 = 5;
/// What the names of these stories begin with.
const PREFIX: &str = "matrix-";
/// What follows in the names of those with locks.
const LOCKS: &str = "locks-";
/// How many objects the sessions of `matrix-faults` work on.
const KEYS: [&str; 2] = ["x", "y"];
/// How often a session of `matrix-faults` asks, and how long after the last time.
const ROUNDS: usize = 5;
const ROUND_MS: usize = 700;
/// Clients named like this ask what the answer hangs on.
pub(super) const ASKER: &str = "asks-at-";

/// A set of nodes: bit i is the node of index i.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nodes(u8);

impl Nodes {
    /// All sets of so many nodes, those with the first nodes first.
    pub fn sets_of(size: u32) -> impl Iterator<Item = Self> {
        (1..1u8 << NODES).map(Self).filter(move |set| set.0.count_ones() == size)
    }

    fn contains(self, index: u16) -> bool {
        self.0 >> index & 1 == 1
    }

    fn names(self, inside: bool) -> Vec<String> {
        (0..NODES)
            .filter(|&index| self.contains(index) == inside)
            .map(|index| format!("n{}", index + 1))
            .collect()
    }

    /// The set of these names, `n1-n4`; nothing if it has another name or another size.
    fn parse(named: &str, most: u32) -> Option<Self> {
        (1..=most).flat_map(Self::sets_of).find(|set| set.to_string() == named)
    }
}

impl std::fmt::Display for Nodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names(true).join("-"))
    }
}

/// What goes wrong in a world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// All that every mode's model allows, drawn from the seed.
    Faults,
    /// These nodes are cut off.
    Cut(Nodes),
    /// These nodes crash and stay down.
    Crash(Nodes),
}

/// A world for all modes that keep such an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct World {
    /// What goes wrong.
    pub trouble: Trouble,
    /// What the service keeps.
    pub object: Object,
}

impl World {
    /// What its story is called.
    pub fn id(self) -> String {
        let object = if self.object == Object::Lock { LOCKS } else { "" };
        match self.trouble {
            Trouble::Faults => format!("{PREFIX}{object}faults"),
            Trouble::Cut(nodes) => format!("{PREFIX}{object}cut-{nodes}"),
            Trouble::Crash(nodes) => format!("{PREFIX}{object}crash-{nodes}"),
        }
    }

    /// The world whose story has this name.
    pub fn parse(id: &str) -> Option<Self> {
        let rest = id.strip_prefix(PREFIX)?;
        let (rest, object) =
            rest.strip_prefix(LOCKS).map_or((rest, Object::Register), |rest| (rest, Object::Lock));
        let trouble = if rest == "faults" {
            Trouble::Faults
        } else if let Some(nodes) = rest.strip_prefix("cut-") {
            Trouble::Cut(Nodes::parse(nodes, u32::from(NODES) / 2)?)
        } else {
            Trouble::Crash(Nodes::parse(rest.strip_prefix("crash-")?, u32::from(NODES) - 1)?)
        };
        Some(Self { trouble, object })
    }

    /// The story of this world, with every mode that keeps such an object as a variant; nothing if there is none.
    pub fn text(self) -> Option<String> {
        let variants: Vec<Json> = self.modes().map(|(entry, mode)| variant(entry, mode)).collect();
        if variants.is_empty() {
            return None;
        }
        let nodes: Vec<String> = (1..=NODES).map(|node| format!("n{node}")).collect();
        let mut story = json!({
            "id": self.id(),
            "source": "reports/catalogue.md, the matrix of strategies and guarantees",
            "model": if self.object == Object::Lock { "mutex" } else { "register" },
            "cluster": {
                "nodes": nodes,
                "network": {"latency": {"uniform": {"low": "1ms", "high": "10ms"}}},
                "disk": {"sync": {"uniform": {"low": "0ms", "high": "4ms"}}},
            },
            "variants": variants,
        });
        let own = match self.trouble {
            Trouble::Faults => self.faults(),
            Trouble::Cut(minority) => self.cut(minority),
            Trouble::Crash(down) => self.crash(down),
        };
        for (field, value) in own.as_object().expect("fields of a story") {
            story[field] = value.clone();
        }
        Some(story.to_string())
    }

    /// The story, read.
    ///
    /// # Panics
    /// When no mode keeps such an object, or the story is no scenario; no world is like that.
    pub(super) fn scenario(self) -> Scenario {
        let text = self.text().expect("a world is asked for by a mode that is in it");
        Scenario::parse(&text).unwrap_or_else(|errors| panic!("{} is no scenario: {errors}", self.id()))
    }

    fn modes(self) -> impl Iterator<Item = (&'static StrategyEntry, &'static Mode)> {
        modes().filter(move |(_, mode)| mode.object == self.object)
    }

    fn faults(self) -> Json {
        let (modes, sessions) = (self.modes(), (0..usize::from(NODES)).map(|home| self.session(home)));
        let clients: Vec<Json> = sessions.collect();
        let clocks = modes.map(|(_, mode)| mode.clocks).fold(Clocks::Anything, |all, one| match (all, one) {
            (Clocks::DriftWithin(all), Clocks::DriftWithin(one)) => Clocks::DriftWithin(all.min(one)),
            (Clocks::Anything, other) | (other, Clocks::Anything) => other,
        });
        let only_few = self.modes().any(|(_, mode)| mode.crashes == Crashes::MinorityRestarts);
        let minority = NODES / 2;
        json!({
            "title": "Sessions under all faults that every strategy's model allows",
            "story": "Five nodes, and a client at home at each of them. Faults of every kind are drawn from the seed until 4.5 s; then all is healed.",
            "notice": "Nothing here is scripted but what is asked: every seed is another run, and under one seed every strategy meets the same faults.",
            "clients": clients,
            "fault_plan": {
                "from": "300ms", "until": "4500ms", "max_down": minority,
                "max_crashed": if only_few { minority } else { NODES },
                "kinds": fault_kinds(clocks),
            },
            "duration": "5s",
            "afterwards": {"heal": true, "settle": "2s"},
        })
    }

    /// What the client at home at a node asks while faults strike: every so often it looks at one object, changes the
    /// other, and looks at both.
    fn session(self, home: usize) -> Json {
        let node = format!("n{}", home + 1);
        let mut operations = Vec::new();
        for round in 0..ROUNDS {
            let at = format!("{}ms", 400 + ROUND_MS * round + ROUND_MS / usize::from(NODES) * home);
            let [own, other] = [(home + round) % 2, (home + round + 1) % 2].map(|key| KEYS[key]);
            let asked: &[(&str, &str)] = if self.object == Object::Lock {
                &[("acquire", "lock"), ("release", "lock")]
            } else {
                &[("read", other), ("write", own), ("read", own), ("read", other)]
            };
            for (nth, &(f, key)) in asked.iter().enumerate() {
                let mut operation = ask(f, key, &node, &format!("{node}-{}", round + 1));
                if nth == 0 {
                    operation["at"] = json!(at);
                }
                operations.push(operation);
            }
        }
        client(&format!("at-{node}"), &node, "250ms", &operations)
    }

    fn cut(self, minority: Nodes) -> Json {
        let (inside, outside) = (minority.names(true), minority.names(false));
        let askers: Vec<String> = inside.iter().map(|node| format!("{ASKER}{node}")).collect();
        let mut clients = vec![self.beforehand()];
        for (nth, node) in inside.iter().enumerate() {
            clients.push(self.asker(node, 2_500 + 700 * nth, 300));
        }
        let cut_off: Vec<&String> = inside.iter().chain(&askers).collect();
        json!({
            "title": format!("Is a minority available? {} cut off", inside.join(" and ")),
            "story": format!("From 1 s to 4.5 s {} can't reach {}. A client beside each of the cut-off nodes asks it from 2.5 s on.", inside.join(" and "), outside.join(", ")),
            "notice": "Whether the clients in the minority get answers before the partition heals at 4.5 s.",
            "clients": clients,
            "faults": [{"at": "1s", "partition": [cut_off, outside], "label": "cut off"}],
            "duration": "4500ms",
            "afterwards": {"heal": false},
        })
    }

    fn crash(self, down: Nodes) -> Json {
        let (down, up) = (down.names(true), down.names(false));
        let mut clients = vec![self.beforehand()];
        for (nth, node) in up.iter().enumerate() {
            // The first pair may meet nodes that have not noticed yet; the answer hangs on the second.
            let early = self.pair(node, 3_000 + 600 * nth, 300, "early");
            clients.push(client(&format!("early-at-{node}"), node, "500ms", &early));
            clients.push(self.asker(node, 6_000 + 600 * nth, 300));
        }
        json!({
            "title": format!("Does it survive the crash of {}?", down.join(", ")),
            "story": format!("At 1 s {} crash and stay down. Clients ask each of {} at 3 s and again at 6 s.", down.join(", "), up.join(", ")),
            "notice": "Whether what is asked from 6 s on is answered, at every node that is up.",
            "clients": clients,
            "faults": [{"at": "1s", "crash": down}],
            "duration": "9s",
            "afterwards": {"heal": false},
        })
    }

    /// A client that writes before anything goes wrong, wherever it is sent.
    fn beforehand(self) -> Json {
        let operations = self.pair("n1", 300, 200, "before");
        json!({"name": "before", "node": "leader", "timeout": "500ms", "retry": retry(), "operations": operations})
    }

    /// The client on whose pair of operations the answer hangs.
    fn asker(self, node: &str, at_ms: usize, pause_ms: usize) -> Json {
        client(&format!("{ASKER}{node}"), node, "500ms", &self.pair(node, at_ms, pause_ms, "late"))
    }

    /// A write and a read, or an acquire and a release.
    fn pair(self, node: &str, at_ms: usize, pause_ms: usize, value: &str) -> Vec<Json> {
        let (key, asked) = if self.object == Object::Lock {
            ("lock", ["acquire", "release"])
        } else {
            ("x", ["write", "read"])
        };
        let of = |(nth, f): (usize, &str)| {
            let mut operation = ask(f, key, node, &format!("{value}-{node}"));
            operation["at"] = json!(format!("{}ms", at_ms + pause_ms * nth));
            operation
        };
        asked.into_iter().enumerate().map(of).collect()
    }
}

/// A mode as a variant of a story. What is expected is what is promised; the answer is in the matrix.
fn variant(entry: &StrategyEntry, mode: &Mode) -> Json {
    let verdict = if mode.is_linearizable() { "linearizable" } else { "not-linearizable" };
    json!({
        "name": mode.name,
        "title": entry.summary,
        "expect": {"verdict": verdict},
        "strategy": {"name": entry.name, "options": options(mode, NODES)},
    })
}

/// What may go wrong where clocks are no worse than this, and how often.
fn fault_kinds(clocks: Clocks) -> Json {
    let mut kinds = json!({
        "partition": {"every": "1500ms", "lasting": "400ms"},
        "isolate": {"every": "1500ms", "lasting": "400ms"},
        "cut": {"every": "1s", "lasting": "500ms"},
        "bridge": {"every": "2s", "lasting": "400ms"},
        "flapping": {"every": "2s", "lasting": "800ms", "period": "60ms", "down": "1/2"},
        "slow-link": {"every": "1s", "lasting": "800ms", "extra": {"exponential": {"mean": "80ms"}}},
        "lossy": {"every": "2s", "lasting": "800ms", "drop": "1/5"},
        "duplicating": {"every": "2s", "lasting": "800ms", "duplicate": "1/4"},
        "reordering": {"every": "2s", "lasting": "800ms", "reorder": "1/4"},
        "crash": {"every": "800ms", "lasting": "250ms"},
        "crash-writing": {"every": "800ms", "lasting": "250ms"},
        "pause": {"every": "1s", "lasting": "250ms"},
        "slow-disk": {"every": "2s", "lasting": "800ms", "extra": {"exponential": {"mean": "20ms"}}},
        "clock-step": {"every": "1s", "at_most": "2s"},
    });
    match clocks {
        Clocks::Anything => kinds["clock-freeze"] = json!({"every": "2s", "lasting": "300ms"}),
        Clocks::DriftWithin(ppm) => {
            kinds["clock-drift"] = json!({"every": "1s", "lasting": "1s", "at_most_ppm": ppm});
        }
    }
    kinds
}

/// One operation, first asked at a node.
fn ask(f: &str, key: &str, node: &str, value: &str) -> Json {
    let mut operation = json!({"f": f, "key": key, "node": node});
    if f == "write" {
        operation["arg"] = json!(value);
    }
    operation
}

/// A client at home at a node, which goes elsewhere only if it is sent there.
fn client(name: &str, home: &str, timeout: &str, operations: &[Json]) -> Json {
    json!({
        "name": name, "node": {"leader": [home]}, "timeout": timeout, "retry": retry(),
        "operations": operations,
    })
}

/// What every mode's clients may do: ask again after a refusal, and give up when nobody answers.
fn retry() -> Json {
    json!({"attempts": 12, "backoff": "20ms", "after_timeout": "give-up"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_is_found_by_its_name() {
        for object in [Object::Register, Object::Lock] {
            let sets = |sizes: std::ops::RangeInclusive<u32>| sizes.flat_map(Nodes::sets_of);
            let troubles = std::iter::once(Trouble::Faults)
                .chain(sets(1..=2).map(Trouble::Cut))
                .chain(sets(1..=4).map(Trouble::Crash));
            for trouble in troubles {
                let world = World { trouble, object };
                assert_eq!(World::parse(&world.id()), Some(world));
            }
        }
        for other in ["matrix-", "matrix-cut-n1-n2-n3", "matrix-crash-n2-n1", "matrix-crash-n6", "faults"] {
            assert_eq!(World::parse(other), None, "{other}");
        }
    }
}
