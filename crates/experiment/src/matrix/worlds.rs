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
//! - `matrix-cut-n1-n2`: the named nodes, a minority, are cut off from the others to the end. A client at each of them
//!   writes and reads meanwhile.
//! - `matrix-crash-n1-n4`: the named nodes crash and stay down. Five seconds later a client at each other node writes
//!   and reads.
//!
//! Services on top of locks have worlds of their own (`matrix-locks-faults`, `matrix-locks-cut-l1-l2`): the nodes that
//! are cut off or crash are those that give locks; clients ask the workers, one of whom is cut off with the minority; and
//! the resource can be reached from everywhere.

use anachron_scenario::Scenario;
use serde_json::{Value as Json, json};

use crate::campaign::{options, with_value};
use crate::strategy::mode::{Clocks, Cluster, Crashes, Object};
use crate::strategy::{Mode, StrategyEntry, modes};

/// How many nodes replicate in each world.
pub(super) const NODES: u16 = 5;
/// What the names of these stories begin with.
const PREFIX: &str = "matrix-";
/// What follows in the names of those with locks.
const LOCKS: &str = "locks-";
/// The registers that the sessions of `matrix-faults` work on. Of other objects there is one.
const KEYS: [&str; 2] = ["x", "y"];
/// How often a session of `matrix-faults` asks, and how long after the last time.
const ROUNDS: usize = 5;
const ROUND_MS: usize = 700;
/// Clients named like this ask what the answer hangs on.
pub(super) const ASKER: &str = "asks-at-";

/// A set of the nodes that replicate: bit i is the one of index i.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nodes(u8);

impl Nodes {
    /// All sets of so many nodes, those with the first nodes first.
    pub fn sets_of(size: u32) -> impl Iterator<Item = Self> {
        (1..1u8 << NODES).map(Self).filter(move |set| set.0.count_ones() == size)
    }

    /// The names of those inside, or of those outside.
    fn names(self, cluster: Cluster, inside: bool) -> Vec<String> {
        let mut names = cluster.names(NODES);
        names.truncate(usize::from(NODES));
        let is_inside = |index: usize| self.0 >> index & 1 == 1;
        let replicas = names.into_iter().enumerate();
        replicas.filter(|(index, _)| is_inside(*index) == inside).map(|(_, name)| name).collect()
    }

    /// The set of these names, `n1-n4`; nothing if it has another name or another size.
    fn parse(named: &str, cluster: Cluster, most: u32) -> Option<Self> {
        (1..=most).flat_map(Self::sets_of).find(|set| set.names(cluster, true).join("-") == named)
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

/// A world for all modes with such a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct World {
    /// What goes wrong.
    pub trouble: Trouble,
    /// Who is who.
    pub cluster: Cluster,
}

impl World {
    /// What its story is called.
    pub fn id(self) -> String {
        let cluster = match self.cluster {
            Cluster::Alike => "",
            Cluster::Locks => LOCKS,
        };
        let named = |nodes: Nodes| nodes.names(self.cluster, true).join("-");
        match self.trouble {
            Trouble::Faults => format!("{PREFIX}{cluster}faults"),
            Trouble::Cut(nodes) => format!("{PREFIX}{cluster}cut-{}", named(nodes)),
            Trouble::Crash(nodes) => format!("{PREFIX}{cluster}crash-{}", named(nodes)),
        }
    }

    /// The world whose story has this name.
    pub fn parse(id: &str) -> Option<Self> {
        let rest = id.strip_prefix(PREFIX)?;
        let (rest, cluster) =
            rest.strip_prefix(LOCKS).map_or((rest, Cluster::Alike), |rest| (rest, Cluster::Locks));
        let trouble = if rest == "faults" {
            Trouble::Faults
        } else if let Some(nodes) = rest.strip_prefix("cut-") {
            Trouble::Cut(Nodes::parse(nodes, cluster, u32::from(NODES) / 2)?)
        } else {
            Trouble::Crash(Nodes::parse(rest.strip_prefix("crash-")?, cluster, u32::from(NODES) - 1)?)
        };
        Some(Self { trouble, cluster })
    }

    /// The story of this world, with every mode that has such a cluster as a variant.
    pub fn text(self) -> String {
        let variants: Vec<Json> = self.modes().map(|(entry, mode)| variant(entry, mode)).collect();
        let mut story = json!({
            "id": self.id(),
            "source": "reports/catalogue.md, the matrix of strategies and guarantees",
            "model": self.object().model(),
            "cluster": {
                "nodes": self.cluster.names(NODES),
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
        story.to_string()
    }

    /// The story, read.
    ///
    /// # Panics
    /// When the story is no scenario; no world is like that.
    pub(super) fn scenario(self) -> Scenario {
        Scenario::parse(&self.text())
            .unwrap_or_else(|errors| panic!("{} is no scenario: {errors}", self.id()))
    }

    fn modes(self) -> impl Iterator<Item = (&'static StrategyEntry, &'static Mode)> {
        modes().filter(move |(_, mode)| mode.cluster == self.cluster)
    }

    /// What is kept. A story has one model, so modes whose clusters are alike keep the same.
    fn object(self) -> Object {
        let mut objects = self.modes().map(|(_, mode)| mode.object);
        let first = objects.next().expect("every kind of cluster has a mode");
        assert!(objects.all(|object| object == first), "another object needs a world of its own");
        first
    }

    fn faults(self) -> Json {
        let homes = self.cluster.asked(NODES);
        let sessions: Vec<Json> =
            homes.iter().enumerate().map(|(nth, home)| self.session(home, nth, homes.len())).collect();
        let clocks = self.modes().map(|(_, mode)| mode.clocks);
        let clocks = clocks.fold(Clocks::Anything, |all, one| match (all, one) {
            (Clocks::DriftWithin(all), Clocks::DriftWithin(one)) => Clocks::DriftWithin(all.min(one)),
            (Clocks::Anything, other) | (other, Clocks::Anything) => other,
        });
        let only_few = self.modes().any(|(_, mode)| mode.crashes == Crashes::MinorityRestarts);
        let minority = NODES / 2;
        json!({
            "title": "Sessions under all faults that every strategy's model allows",
            "story": "Five nodes that replicate, or give locks, and sessions each at home at a node. Faults of every kind are drawn from the seed until 4.5 s; then all is healed.",
            "notice": "Nothing here is scripted but what is asked: every seed is another run, and under one seed every strategy meets the same faults.",
            "clients": sessions,
            "fault_plan": {
                "from": "300ms", "until": "4500ms", "max_down": minority,
                "max_crashed": if only_few { minority } else { NODES },
                "kinds": fault_kinds(clocks),
            },
            "duration": "5s",
            "afterwards": {"heal": true, "settle": "2s"},
        })
    }

    /// What the client at home at a node asks while faults strike: every so often it looks at one register, changes the
    /// other, and looks at both. Where there is one object only, it changes and looks.
    fn session(self, home: &str, nth: usize, homes: usize) -> Json {
        let object = self.object();
        let [change, look] = object.operations();
        let mut operations = Vec::new();
        for round in 0..ROUNDS {
            let [own, other] = [(nth + round) % 2, (nth + round + 1) % 2].map(|key| KEYS[key]);
            let asked = match object {
                Object::Register => vec![(look, other), (change, own), (look, own), (look, other)],
                Object::Lock | Object::List => vec![(change, KEYS[0]), (look, KEYS[0])],
            };
            let at = operations.len();
            let value = (home, 10 * nth + round);
            operations.extend(asked.into_iter().map(|(f, key)| ask(object, f, key, home, value)));
            operations[at]["at"] = json!(format!("{}ms", 400 + ROUND_MS * round + ROUND_MS / homes * nth));
        }
        client(&format!("at-{home}"), home, "250ms", &operations)
    }

    fn cut(self, minority: Nodes) -> Json {
        let [inside, outside] = [true, false].map(|inside| minority.names(self.cluster, inside));
        // Where others ask for the clients, one of them is on this side.
        let (homes, others) = match self.cluster {
            Cluster::Alike => (inside.clone(), Vec::new()),
            Cluster::Locks => {
                let mut workers = self.cluster.asked(NODES);
                let others = workers.split_off(1);
                (workers, others)
            }
        };
        let mut clients = vec![self.beforehand()];
        clients.extend(homes.iter().enumerate().map(|(nth, home)| self.asker(home, 2_500 + 700 * nth)));
        let askers = homes.iter().map(|home| format!("{ASKER}{home}"));
        let workers = homes.iter().filter(|home| !inside.contains(home)).cloned();
        let cut_off: Vec<String> = inside.iter().cloned().chain(workers).chain(askers).collect();
        let rest: Vec<&String> = outside.iter().chain(&others).collect();
        let (inside, outside) = (inside.join(" and "), outside.join(", "));
        json!({
            "title": format!("Is a minority available? {inside} cut off"),
            "story": format!("From 1 s on {inside} can't reach {outside}. A client asks {} from 2.5 s on.", homes.join(" and ")),
            "notice": "Whether the clients in the minority get answers before the story ends at 4.5 s.",
            "clients": clients,
            "faults": [{"at": "1s", "partition": [cut_off, rest], "label": "cut off"}],
            "duration": "4500ms",
            "afterwards": {"heal": false},
        })
    }

    fn crash(self, down: Nodes) -> Json {
        let down = down.names(self.cluster, true);
        let homes: Vec<String> =
            self.cluster.asked(NODES).into_iter().filter(|home| !down.contains(home)).collect();
        let mut clients = vec![self.beforehand()];
        for (nth, home) in homes.iter().enumerate() {
            // The first pair may meet nodes that have not noticed yet; the answer hangs on the second.
            let early = self.pair(home, 3_000 + 600 * nth, ("early", 10 + nth));
            clients.push(client(&format!("early-at-{home}"), home, "500ms", &early));
            clients.push(self.asker(home, 6_000 + 600 * nth));
        }
        json!({
            "title": format!("Does it survive the crash of {}?", down.join(", ")),
            "story": format!("At 1 s {} crash and stay down. Clients ask each of {} at 3 s and again at 6 s.", down.join(", "), homes.join(", ")),
            "notice": "Whether what is asked from 6 s on is answered, wherever it is asked.",
            "clients": clients,
            "faults": [{"at": "1s", "crash": down}],
            "duration": "9s",
            "afterwards": {"heal": false},
        })
    }

    /// A client that changes and looks before anything goes wrong, wherever it is sent.
    fn beforehand(self) -> Json {
        let homes = self.cluster.asked(NODES);
        let operations = self.pair(&homes[0], 300, ("before", 0));
        json!({
            "name": "before", "node": {"leader": homes}, "timeout": "500ms", "retry": retry(),
            "operations": operations,
        })
    }

    /// The client on whose pair of operations the answer hangs.
    fn asker(self, home: &str, at_ms: usize) -> Json {
        client(&format!("{ASKER}{home}"), home, "500ms", &self.pair(home, at_ms, ("late", at_ms)))
    }

    /// A change and a look (or an acquire and a release), one 300 ms after the other.
    fn pair(self, home: &str, at_ms: usize, value: (&str, usize)) -> [Json; 2] {
        let object = self.object();
        let [change, look] = object.operations();
        [(change, at_ms), (look, at_ms + 300)].map(|(f, at_ms)| {
            let mut operation = ask(object, f, KEYS[0], home, value);
            operation["at"] = json!(format!("{at_ms}ms"));
            operation
        })
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

/// One operation, first asked at a node. What it writes has a name and a number of its own: a list takes the number.
fn ask(object: Object, f: &str, key: &str, node: &str, (name, number): (&str, usize)) -> Json {
    let operation = json!({"f": f, "key": key, "node": node});
    let value = if object == Object::List { json!(number) } else { json!(format!("{name}-{number}")) };
    if f == object.operations()[0] { with_value(object, operation, value) } else { operation }
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
        for cluster in [Cluster::Alike, Cluster::Locks] {
            let sets = |sizes: std::ops::RangeInclusive<u32>| sizes.flat_map(Nodes::sets_of);
            let troubles = std::iter::once(Trouble::Faults)
                .chain(sets(1..=2).map(Trouble::Cut))
                .chain(sets(1..=4).map(Trouble::Crash));
            for trouble in troubles {
                let world = World { trouble, cluster };
                assert_eq!(World::parse(&world.id()), Some(world));
            }
        }
        for other in ["matrix-", "matrix-cut-n1-n2-n3", "matrix-crash-n2-n1", "matrix-locks-cut-n1", "faults"]
        {
            assert_eq!(World::parse(other), None, "{other}");
        }
    }
}
