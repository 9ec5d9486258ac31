//! A trace, asked.

use std::collections::BTreeMap;

use anachron_trace::{Endpoint, Event, Happening, Loss, MessageId};
use anachron_vocabulary::{NodeId, VirtualTime};

/// One message's way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Journey {
    pub(crate) from: Endpoint,
    pub(crate) to: Endpoint,
    pub(crate) label: String,
    pub(crate) sent: VirtualTime,
    pub(crate) end: Option<(VirtualTime, Result<(), Loss>)>,
}

impl Journey {
    pub(crate) fn arrival(&self) -> Option<VirtualTime> {
        self.end.and_then(|(time, fate)| fate.is_ok().then_some(time))
    }

    pub(crate) fn loss(&self) -> Option<Loss> {
        self.end.and_then(|(_, fate)| fate.err())
    }
}

pub(crate) struct Watch {
    pub(crate) events: Vec<Event>,
    pub(crate) journeys: Vec<Journey>,
}

impl Watch {
    /// Takes a trace, and checks on the way that it makes sense: time and steps never go back, a message leaves
    /// before it ends and ends at most once, nodes boot, crash, pause and resume in turn, and each role and
    /// fact is news.
    pub(crate) fn new(events: Vec<Event>) -> Self {
        let mut journeys: BTreeMap<MessageId, Journey> = BTreeMap::new();
        let mut up: BTreeMap<NodeId, bool> = BTreeMap::new();
        let mut boots: BTreeMap<NodeId, u32> = BTreeMap::new();
        let mut paused: BTreeMap<NodeId, bool> = BTreeMap::new();
        let mut roles: BTreeMap<NodeId, (&str, u64, u64)> = BTreeMap::new();
        let mut applied: BTreeMap<NodeId, u64> = BTreeMap::new();
        let mut facts: BTreeMap<(NodeId, &str), Option<String>> = BTreeMap::new();
        let mut faults: BTreeMap<usize, bool> = BTreeMap::new();
        let mut open: BTreeMap<u32, u32> = BTreeMap::new();
        for pair in events.windows(2) {
            assert!(pair[0].time <= pair[1].time && pair[0].step <= pair[1].step, "{pair:?} go back");
        }
        for Event { time, what, .. } in &events {
            let mut ends = |id: &MessageId, fate| {
                let journey = journeys.get_mut(id).unwrap_or_else(|| panic!("{id:?} never left"));
                assert_eq!(journey.end, None, "{id:?} ends twice");
                journey.end = Some((*time, fate));
            };
            match what {
                Happening::Sent { message, from, to, label } => {
                    let (from, to, label) = (*from, *to, label.clone());
                    let old = journeys.insert(*message, Journey { from, to, label, sent: *time, end: None });
                    assert_eq!(old, None, "{message:?} leaves twice");
                }
                Happening::Delivered { message } => ends(message, Ok(())),
                Happening::Lost { message, why } => ends(message, Err(*why)),
                Happening::Booted { node, boot } => {
                    assert_ne!(up.insert(*node, true), Some(true), "{node} boots while it runs");
                    assert_eq!(*boot, boots.get(node).unwrap_or(&0) + 1);
                    boots.insert(*node, *boot);
                    assert_ne!(paused.get(node), Some(&true), "{node} boots while it is paused");
                }
                Happening::Crashed { node, .. } => {
                    assert_ne!(up.insert(*node, false), Some(false), "{node} crashes while it is down");
                    roles.remove(node);
                    applied.remove(node);
                    facts.retain(|(of, _), _| of != node);
                }
                Happening::Paused { node } => {
                    assert_ne!(paused.insert(*node, true), Some(true), "{node} pauses twice");
                }
                Happening::Resumed { node } => {
                    assert_eq!(paused.insert(*node, false), Some(true), "{node} resumes without a pause");
                }
                Happening::Role { node, role, term, commit } => {
                    let news = (*role, *term, *commit);
                    assert_ne!(roles.insert(*node, news), Some(news), "{node}: a role that is no news");
                }
                Happening::Applied { node, changes, .. } => {
                    assert_ne!(applied.insert(*node, *changes), Some(*changes), "{node} has applied no more");
                }
                Happening::Facts { node, changed } => {
                    assert_eq!(up.get(node), Some(&true), "{node} is down at {time}: {what:?}");
                    assert!(!changed.is_empty(), "{node}: facts that are no news");
                    for (name, fact) in changed {
                        let before = facts.insert((*node, *name), fact.clone()).flatten();
                        assert_ne!(before, *fact, "{node}: a fact that is no news");
                    }
                }
                Happening::FaultBegins { fault, .. } => {
                    assert_eq!(faults.insert(*fault, true), None, "fault {fault} begins twice");
                }
                Happening::FaultEnds { fault } => {
                    assert_eq!(
                        faults.insert(*fault, false),
                        Some(true),
                        "fault {fault} ends before it begins"
                    );
                }
                Happening::Call { client, id, .. } => {
                    assert_eq!(open.insert(client.0, id.0), None, "{client} calls twice");
                }
                Happening::Return { client, id, .. } => {
                    assert_eq!(open.remove(&client.0), Some(id.0), "{client} returns from something else");
                }
                Happening::Timer { node, .. }
                | Happening::Appended { node, .. }
                | Happening::Synced { node, .. }
                | Happening::Note { node, .. }
                | Happening::Operator { node, .. } => {
                    assert_eq!(up.get(node), Some(&true), "{node} is down at {time}: {what:?}");
                    assert_ne!(paused.get(node), Some(&true), "{node} is paused at {time}: {what:?}");
                }
            }
        }
        Self { events, journeys: journeys.into_values().collect() }
    }

    /// What the puppets of one node were given, with true times in milliseconds and without clocks.
    pub(crate) fn inputs(&self, node: u16) -> Vec<String> {
        let timed = |(time, text): (VirtualTime, &str)| {
            let (text, _) = text.split_once(" @").expect("a puppet's note");
            format!("{} {text}", time.as_millis_f64())
        };
        self.notes(node).map(timed).collect()
    }

    /// The notes of one node with true times.
    pub(crate) fn notes(&self, node: u16) -> impl Iterator<Item = (VirtualTime, &str)> {
        self.events.iter().filter_map(move |event| match &event.what {
            Happening::Note { node: whose, text } if whose.0 == node => Some((event.time, text.as_str())),
            _ => None,
        })
    }

    /// The messages of one directed link, in the order of leaving.
    pub(crate) fn link(&self, from: Endpoint, to: Endpoint) -> impl Iterator<Item = &Journey> {
        self.journeys.iter().filter(move |journey| journey.from == from && journey.to == to)
    }

    /// The true times at which a node's timers went off.
    pub(crate) fn timers(&self, node: u16) -> Vec<(u64, String)> {
        let fired = |event: &Event| match &event.what {
            Happening::Timer { node: whose, label } if whose.0 == node => {
                Some((event.time.0, label.trim_matches('"').to_owned()))
            }
            _ => None,
        };
        self.events.iter().filter_map(fired).collect()
    }

    /// How many events are like this.
    pub(crate) fn count(&self, like: impl Fn(&Happening) -> bool) -> usize {
        self.events.iter().filter(|event| like(&event.what)).count()
    }
}
