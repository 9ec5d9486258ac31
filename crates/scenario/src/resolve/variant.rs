//! Variants, their expectations, and what an operator does.

use std::collections::BTreeSet;

use anachron_vocabulary::{NodeId, VirtualDuration, VirtualTime};

use super::check::Check;
use super::client::node_choice;
use super::names::{Names, each};
use crate::path::Path;
use crate::written;
use crate::{
    Available, Endpoint, Expectation, ExpectedVerdict, OperatorAction, Order, SeedRange, Strategy, Variant,
};

/// The seed of a variant that names none.
const DEFAULT_SEED: u64 = 1;
/// More than an expectation is ever held against.
const MOST_SEEDS: u64 = 10_000_000;

pub(crate) fn resolve(
    check: &mut Check<'_>,
    path: &Path,
    names: &Names,
    duration: VirtualDuration,
    written: Vec<written::Variant>,
) -> Vec<Variant> {
    if written.is_empty() {
        check.error(path, "expected at least one variant: a strategy to run the story under");
    }
    let mut taken = BTreeSet::new();
    let mut variants = Vec::with_capacity(written.len());
    for (index, written) in written.into_iter().enumerate() {
        let path = path.index(index);
        check.kebab_case(&path.field("name"), &written.name);
        check.not_blank(&path.field("title"), &written.title);
        if let Some(notice) = &written.notice {
            check.not_blank(&path.field("notice"), notice);
        }
        if !taken.insert(written.name.clone()) {
            check.error(&path.field("name"), format!("there is a variant `{}` already", written.name));
        }
        variants.push(one(check, &path, names, duration, written));
    }
    variants
}

fn one(
    check: &mut Check<'_>,
    path: &Path,
    names: &Names,
    duration: VirtualDuration,
    written: written::Variant,
) -> Variant {
    let strategy_path = path.field("strategy");
    check.kebab_case(&strategy_path.field("name"), &written.strategy.name);
    let mut on = BTreeSet::new();
    for (index, weakening) in written.strategy.weakenings.iter().enumerate() {
        let path = strategy_path.field("weakenings").index(index);
        check.kebab_case(&path, weakening);
        if !on.insert(weakening) {
            check.error(&path, format!("the weakening `{weakening}` is named twice"));
        }
    }
    let mut node_choices = Vec::new();
    for (name, choice) in &written.client_nodes {
        let path = path.field("client_nodes").field(name);
        let choice = node_choice(check, &path, names, choice);
        for client in names.clients(check, &path, name) {
            if node_choices.iter().any(|(other, _)| *other == client) {
                check.error(&path, "a client of this group has a choice of its own beside this one");
                break;
            }
            node_choices.push((client, choice.clone()));
        }
    }
    let operator_path = path.field("operator");
    let operator = written.operator.map(|actions| operator(check, &operator_path, names, duration, &actions));
    let expect = expectation(check, &path.field("expect"), names, duration, written.expect);
    Variant {
        name: written.name,
        title: written.title,
        notice: written.notice,
        strategy: Strategy {
            name: written.strategy.name,
            options: written.strategy.options,
            weakenings: written.strategy.weakenings,
        },
        node_choices,
        operator,
        seed: written.seed.unwrap_or(DEFAULT_SEED),
        expect,
    }
}

/// What an operator does, by time.
pub(crate) fn operator(
    check: &mut Check<'_>,
    path: &Path,
    names: &Names,
    duration: VirtualDuration,
    written: &[written::OperatorAction],
) -> Vec<OperatorAction> {
    let mut actions = Vec::with_capacity(written.len());
    for (index, action) in written.iter().enumerate() {
        let path = path.index(index);
        let at = VirtualTime(action.at.0.0);
        check.before_end(&path.field("at"), at, duration);
        let node = |check: &mut Check<'_>, field: &'static str, name: &Option<String>| {
            let name = name.as_ref()?;
            Some(names.node(check, &path.field(field), name).unwrap_or(NodeId(0)))
        };
        let mut tell = node(check, "tell", &action.tell);
        let promoted = node(check, "promote", &action.promote);
        let orders = [
            promoted.map(|_| Order::Promote),
            node(check, "transfer", &action.transfer).map(Order::Transfer),
            node(check, "add_learner", &action.add_learner).map(Order::AddLearner),
            node(check, "add_voter", &action.add_voter).map(Order::AddVoter),
            node(check, "remove", &action.remove).map(Order::Remove),
            action
                .voters
                .as_ref()
                .map(|written| Order::SetVoters(names.nodes(check, &path.field("voters"), written))),
        ];
        let mut orders = orders.into_iter().flatten();
        let (Some(order), None) = (orders.next(), orders.next()) else {
            check.error(
                &path,
                "expected exactly one of `promote`, `transfer`, `add_learner`, `add_voter`, `remove` and `voters`",
            );
            continue;
        };
        if let Some(promoted) = promoted {
            if tell.is_some() {
                check.error(&path.field("tell"), "whom `promote` names is told; leave `tell` out");
            }
            tell = Some(promoted);
        }
        if matches!(&order, Order::SetVoters(voters) if voters.is_empty()) {
            check.error(&path.field("voters"), "a cluster has at least one voter");
        }
        actions.push(OperatorAction { at, tell, order });
    }
    actions.sort_by_key(|action| action.at);
    actions
}

fn expectation(
    check: &mut Check<'_>,
    path: &Path,
    names: &Names,
    duration: VirtualDuration,
    written: written::Expect,
) -> Expectation {
    if let Some(kind) = &written.kind {
        check.kebab_case(&path.field("kind"), kind);
        if written.verdict == ExpectedVerdict::Linearizable {
            check.error(&path.field("kind"), "a linearizable run shows no anomaly; leave `kind` out");
        }
    }
    if let Some(levels) = &written.holds {
        let path = path.field("holds");
        if written.verdict == ExpectedVerdict::Linearizable {
            check.error(&path, "of a linearizable run every level holds; leave `holds` out");
        }
        for (index, level) in levels.iter().enumerate() {
            if levels[..index].contains(level) {
                check.error(&path.index(index), format!("the level `{}` is named twice", level.name()));
            }
        }
    }
    if let Some(k) = written.k_atomicity
        && (k < 2 || written.verdict == ExpectedVerdict::Linearizable)
    {
        let message = "expected 2 or more, of a run that is not linearizable (k is 1 for one that is)";
        check.error(&path.field("k_atomicity"), message);
    }
    let available_path = path.field("available");
    let mut available = Vec::with_capacity(written.available.len());
    for (index, written) in written.available.into_iter().enumerate() {
        available.push(availability(check, &available_path.index(index), names, duration, &written));
    }
    let seeds = written.seeds.map(|seeds| {
        if seeds.to <= seeds.from {
            let message = format!("expected a seed above {}: the range ends before it", seeds.from);
            check.error(&path.field("seeds").field("to"), message);
        } else if seeds.to - seeds.from > MOST_SEEDS {
            let message = format!("expected {MOST_SEEDS} seeds at most, found {}", seeds.to - seeds.from);
            check.error(&path.field("seeds").field("to"), message);
        }
        SeedRange { from: seeds.from, to: seeds.to, occurs: seeds.occurs }
    });
    Expectation {
        verdict: written.verdict,
        kind: written.kind,
        holds: written.holds,
        k_atomicity: written.k_atomicity,
        converges: written.converges,
        progresses: written.progresses,
        available,
        seeds,
    }
}

/// Whose operations complete, and until when. Left out: everybody's, from the start, until the end.
fn availability(
    check: &mut Check<'_>,
    path: &Path,
    names: &Names,
    duration: VirtualDuration,
    written: &written::Available,
) -> Available {
    let clients_path = path.field("clients");
    let everybody = written::Names { names: vec!["clients".into()], listed: false };
    let asked = each(&clients_path, written.clients.as_ref().unwrap_or(&everybody));
    let mut clients = Vec::new();
    for endpoint in names.endpoints(check, &clients_path, asked) {
        match endpoint {
            Endpoint::Client(client) => clients.push(client),
            Endpoint::Node(_) => check.error(&clients_path, "expected clients, found a node"),
        }
    }
    let from = written.from.map_or(VirtualTime::ZERO, |from| VirtualTime(from.0.0));
    let by = written.by.map_or(VirtualTime(duration.0), |by| VirtualTime(by.0.0));
    check.ends_after(&path.field("by"), from, by, duration);
    Available { clients, from, by, completes: written.completes }
}
