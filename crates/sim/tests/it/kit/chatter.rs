//! A replica that sends numbers to its peers at a steady pace, and checks nothing.

use anachron_node::{Context, Disk, Replica, Request, View};
use anachron_sim::{Run, World, simulate};
use anachron_trace::{Blind, Recorder};
use anachron_vocabulary::{Key, NodeId, Value, VirtualDuration};

use super::watch::Watch;

#[derive(Clone)]
pub(crate) struct Pace {
    pub(crate) interval: VirtualDuration,
    /// How many numbers each node sends.
    pub(crate) count: u64,
    /// Node 0's number 5 is this.
    pub(crate) fifth: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { interval: VirtualDuration::millis(1), count: 100, fifth: 5 }
    }
}

pub(crate) struct Chatter {
    pace: Pace,
    sent: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Tick;

impl Replica for Chatter {
    type Config = Pace;
    type Message = u64;
    type Timer = Tick;
    type Record = ();

    fn boot(pace: &Pace, _: Disk<'_, ()>, cx: &mut Context<'_, Self>) -> Self {
        cx.set_timer(Tick, pace.interval);
        Self { pace: pace.clone(), sent: 0 }
    }

    fn on_client(&mut self, _: Request, _: &mut Context<'_, Self>) {}

    fn on_message(&mut self, _: NodeId, _: u64, _: &mut Context<'_, Self>) {}

    fn on_timer(&mut self, _: Tick, cx: &mut Context<'_, Self>) {
        if self.sent < self.pace.count {
            self.sent += 1;
            let odd = self.sent == 5 && cx.me() == NodeId(0);
            cx.multicast(if odd { self.pace.fifth } else { self.sent });
            cx.set_timer(Tick, self.pace.interval);
        }
    }

    fn view(&self) -> View {
        View { role: "chatter", ..View::default() }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        Vec::new()
    }
}

/// Lets all nodes chatter, watched.
pub(crate) fn chat(world: &World, pace: &Pace) -> (Run, Watch) {
    let mut recorder = Recorder::default();
    let run = simulate::<Chatter>(world, pace, &mut recorder);
    (run, Watch::new(recorder.events))
}

/// Lets all nodes chatter, unwatched.
pub(crate) fn chat_blindly(world: &World, pace: &Pace) -> Run {
    simulate::<Chatter>(world, pace, &mut Blind)
}
