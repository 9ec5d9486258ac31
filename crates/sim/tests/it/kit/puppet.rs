//! A replica that does what a test tells it: rules from inputs to actions, and a note of everything it is given.

use anachron_node::{Answer, Context, Disk, OperatorCommand, Position, Replica, Request, RequestId, View};
use anachron_sim::{Run, World, simulate};
use anachron_trace::Recorder;
use anachron_vocabulary::{Key, NodeId, Value, VirtualDuration};

use super::watch::Watch;

/// What a rule waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum On {
    /// Any start of the node.
    Boot,
    /// A start at a local time after zero.
    Restart,
    Timer(&'static str),
    Message(&'static str),
    /// The n-th request of this life, from 1.
    Request(usize),
    EveryRequest,
    Synced(u64),
    Operator,
}

/// What a rule does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Do {
    Send(u16, &'static str),
    Multicast(&'static str),
    Timer(&'static str, VirtualDuration),
    Cancel(&'static str),
    Append(u64),
    Sync,
    SendAfterSync(u64, u16, &'static str),
    /// Answers the n-th request of this life, from 1.
    Answer(usize, Answer),
    /// Answers the latest request.
    AnswerLast(Answer),
    AnswerAfterSync(u64, usize, Answer),
    /// Shows a role.
    Role(&'static str, u64),
}

/// The rules of all nodes: node, input, actions. Every rule that fits is carried out, in order.
#[derive(Clone, Default)]
pub(crate) struct Rules(pub(crate) Vec<(u16, On, Vec<Do>)>);

pub(crate) struct Puppet {
    rules: Rules,
    requests: Vec<RequestId>,
    role: (&'static str, u64),
}

impl Puppet {
    fn note(cx: &mut Context<'_, Self>, what: &str) {
        let (now, wall) = (cx.now(), cx.wall_clock());
        cx.note(|| format!("{what} @{} wall {wall}", now.0));
    }

    fn obey(&mut self, input: On, cx: &mut Context<'_, Self>) {
        let me = cx.me().0;
        let fitting: Vec<Do> = self
            .rules
            .0
            .iter()
            .filter(|(node, on, _)| *node == me && *on == input)
            .flat_map(|(_, _, actions)| actions.clone())
            .collect();
        for action in fitting {
            match action {
                Do::Send(to, text) => cx.send(NodeId(to), text),
                Do::Multicast(text) => cx.multicast(text),
                Do::Timer(name, after) => cx.set_timer(name, after),
                Do::Cancel(name) => cx.cancel_timer(name),
                Do::Append(record) => {
                    cx.append(record);
                }
                Do::Sync => cx.sync(),
                Do::SendAfterSync(position, to, text) => {
                    cx.send_after_sync(Position(position), NodeId(to), text);
                }
                Do::Answer(number, answer) => cx.reply(self.requests[number - 1], answer),
                Do::AnswerLast(answer) => {
                    cx.reply(*self.requests.last().expect("a request came"), answer);
                }
                Do::AnswerAfterSync(position, number, answer) => {
                    cx.reply_after_sync(Position(position), self.requests[number - 1], answer);
                }
                Do::Role(role, term) => self.role = (role, term),
            }
        }
    }
}

impl Replica for Puppet {
    type Config = Rules;
    type Message = &'static str;
    type Timer = &'static str;
    type Record = u64;

    fn boot(config: &Rules, disk: Disk<'_, u64>, cx: &mut Context<'_, Self>) -> Self {
        let mut puppet = Self { rules: config.clone(), requests: Vec::new(), role: ("puppet", 0) };
        let torn = if disk.torn_tail { " torn" } else { "" };
        let appended = match cx.appended().0 {
            0 => String::new(),
            appended => format!(" appended {appended}"),
        };
        Self::note(cx, &format!("boot {:?}{torn}{appended}", disk.records));
        puppet.obey(On::Boot, cx);
        if cx.now().0 > 0 {
            puppet.obey(On::Restart, cx);
        }
        puppet
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        Self::note(cx, &format!("request {}.{}", request.id.client.0, request.id.serial));
        self.requests.push(request.id);
        self.obey(On::Request(self.requests.len()), cx);
        self.obey(On::EveryRequest, cx);
    }

    fn on_message(&mut self, from: NodeId, message: &'static str, cx: &mut Context<'_, Self>) {
        Self::note(cx, &format!("message {message} from {from}"));
        self.obey(On::Message(message), cx);
    }

    fn on_timer(&mut self, timer: &'static str, cx: &mut Context<'_, Self>) {
        Self::note(cx, &format!("timer {timer}"));
        self.obey(On::Timer(timer), cx);
    }

    fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, Self>) {
        Self::note(cx, &format!("synced {}", synced.0));
        self.obey(On::Synced(synced.0), cx);
    }

    fn on_operator(&mut self, command: OperatorCommand, cx: &mut Context<'_, Self>) {
        Self::note(cx, &format!("operator {command:?}"));
        self.obey(On::Operator, cx);
    }

    fn view(&self) -> View {
        View { role: self.role.0, term: self.role.1, ..View::default() }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        Vec::new()
    }
}

/// Runs puppets, watched.
pub(crate) fn play(world: &World, rules: &[(u16, On, Vec<Do>)]) -> (Run, Watch) {
    let mut recorder = Recorder::default();
    let run = simulate::<Puppet>(world, &Rules(rules.to_vec()), &mut recorder);
    run.history.validate().expect("a well-formed history");
    (run, Watch::new(recorder.events))
}
