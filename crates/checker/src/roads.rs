//! Which road an object's history takes, and the certificate at its end.

use anachron_history::History;
use anachron_vocabulary::OperationId;

use crate::call_order;
use crate::chains;
use crate::collections::{self, PartDecided};
use crate::components;
use crate::instance::{Instance, Timed};
use crate::locks::{self, Locks};
use crate::machine::{
    Compiled, GenericMachine, Machine, RegisterMachine, TextMachine, compile, compile_object,
};
use crate::necessary::{self, Orphan};
use crate::search::{Found, Reductions, Strategy, search};
use crate::shrink::{Shrinker, amid, object, projection, turns};
use crate::specification::parts;
use crate::table::count;
use crate::texts;
use crate::tokens::TokenMachine;
use crate::versions;
use crate::zones::{self, Zones};
use crate::{Budget, Core, Limit, Model, Order, Part, PartVerdict, Progress, Road, Specification, Verdict};

/// A verdict with its road and the configurations explored.
type Reached = (Verdict, Road, u64);

impl Part<'_> {
    /// Decides whether this object's operations are linearizable, within the budget.
    ///
    /// The budget's limits hold for this call alone: it is not used up, and may be passed on to the next part.
    pub fn check(&self, budget: &mut Budget<'_>) -> PartVerdict {
        match call_order::legal(self) {
            Some(order) => PartVerdict {
                key: self.key(),
                operations: self.len(),
                verdict: Verdict::Linearizable(order),
                road: Road::CallOrder,
                configurations: 0,
            },
            None => self.check_by_model(budget),
        }
    }

    /// Decides by the roads that the model knows, even where the order of calls would do.
    pub(crate) fn check_by_model(&self, budget: &mut Budget<'_>) -> PartVerdict {
        let mut judged = match object::counted(self, budget) {
            Some(core) => PartVerdict {
                key: self.key(),
                operations: self.len(),
                verdict: Verdict::NotLinearizable(core),
                road: Road::Search,
                configurations: 0,
            },
            None => self.decided(budget),
        };
        if let Verdict::NotLinearizable(core) = &mut judged.verdict
            && !budget.stopped()
            && let Some(smaller) = amid::smaller(self, core, budget)
        {
            *core = smaller;
        }
        judged
    }

    /// The same without looking first for what a scan shows.
    pub(crate) fn decided(&self, budget: &mut Budget<'_>) -> PartVerdict {
        let (verdict, road, configurations) = match components::split(self) {
            Some(components) => self.check_components(&components, budget),
            None => self.check_whole(budget),
        };
        let verdict = match verdict {
            Verdict::NotLinearizable(core) => {
                Verdict::NotLinearizable(match object::smaller(self, &core, budget) {
                    Some(smaller) => smaller,
                    None if compiles_to_another_object(self.model) => self.core_of_the_object(&core, budget),
                    None => core,
                })
            }
            verdict => verdict,
        };
        PartVerdict { key: self.key(), operations: self.len(), verdict, road, configurations }
    }

    /// The core in terms of the object itself, where it was found on one that stands for it.
    fn core_of_the_object(&self, core: &Core, budget: &mut Budget<'_>) -> Core {
        let (mut machine, operations) = compile_object(self);
        let listed: Vec<usize> = (0..operations.len())
            .filter(|&index| core.operations.iter().any(|kept| kept.id == operations[index].id))
            .collect();
        Shrinker::new(&mut machine, &operations, budget).around(&listed)
    }

    /// Decides each component. The first violation is the object's, for what is left out of it speaks of others.
    fn check_components(&self, components: &[Part<'_>], budget: &mut Budget<'_>) -> Reached {
        let mut orders: Vec<Vec<OperationId>> = Vec::new();
        let mut open: Option<Progress> = None;
        let (mut road, mut configurations) = (Road::Zones, 0);
        for component in components {
            let (verdict, taken, explored) = component.check_whole(budget);
            road = road.max(taken);
            configurations += explored;
            match verdict {
                Verdict::Linearizable(Order(order)) => orders.push(order),
                Verdict::NotLinearizable(core) => {
                    return (Verdict::NotLinearizable(core), road, configurations);
                }
                Verdict::Undecided(progress) => open = open.or(Some(progress)),
            }
        }
        let verdict = match open {
            Some(progress) => Verdict::Undecided(progress),
            None => Verdict::Linearizable(Order(components::merge(self.history, &orders))),
        };
        (verdict, road, configurations)
    }

    fn check_whole(&self, budget: &mut Budget<'_>) -> Reached {
        let (compiled, operations) = compile(self);
        match compiled {
            Compiled::Register(mut machine) if self.model == Model::Mutex => {
                self.check_lock(&mut machine, &operations, budget)
            }
            Compiled::Register(mut machine) => by_versions(&mut machine, &operations, budget),
            Compiled::Text(mut machine) => by_texts(&mut machine, &operations, budget),
            Compiled::Object(mut machine) if self.model == Model::FencingLock => {
                self.check_lock(&mut machine, &operations, budget)
            }
            Compiled::Object(mut machine) => match collections::decide(self, budget) {
                Some(PartDecided::Order(order)) => {
                    (Verdict::Linearizable(Order(order)), Road::Collections, 0)
                }
                Some(PartDecided::Clash(clash)) => {
                    if let Some(core) = object::around(self, &clash, budget) {
                        return (Verdict::NotLinearizable(core), Road::Collections, 0);
                    }
                    let clash: Vec<usize> = (0..operations.len())
                        .filter(|&index| clash.contains(&operations[index].id))
                        .collect();
                    let core = Shrinker::new(&mut machine, &operations, budget).around(&clash);
                    (Verdict::NotLinearizable(core), Road::Collections, 0)
                }
                None => match projection::of_one_element(self, budget) {
                    Some(core) => (Verdict::NotLinearizable(core), Road::Search, 0),
                    None => by_search(&mut machine, &operations, budget),
                },
            },
        }
    }

    /// Decides a lock: in turns, or by the search where tokens leave a choice.
    fn check_lock<M: Machine>(
        &self,
        machine: &mut M,
        operations: &[Timed],
        budget: &mut Budget<'_>,
    ) -> Reached {
        match locks::decide(self.history, operations) {
            Some(Locks::Order(order)) => (Verdict::Linearizable(Order(order)), Road::Turns, 0),
            Some(Locks::Stuck { furthest, longest }) => {
                let core = turns::core_of(self).unwrap_or_else(|| {
                    let blame = Blame::Before { furthest, effort: 0, longest };
                    blame.core(machine, operations, budget)
                });
                (Verdict::NotLinearizable(core), Road::Turns, 0)
            }
            None => by_tokens(self.history, machine, operations, budget),
        }
    }
}

/// True if the model's objects are searched as other objects: sets as registers, lists as texts.
fn compiles_to_another_object(model: Model) -> bool {
    matches!(model, Model::Set | Model::Multiset | Model::MultiRegister | Model::List)
}

/// What shows that there is no order.
enum Blame {
    /// Nobody can have left the state that an operation needs.
    Orphan(Orphan),
    /// No order reaches beyond the operation of this number, by return.
    Before { furthest: u32, effort: u64, longest: Vec<OperationId> },
}

impl Blame {
    /// The same, said by the number of an operation, by return.
    fn by_return(self, operations: &[Timed]) -> Self {
        let Self::Orphan(Orphan { operation, .. }) = self else { return self };
        let orphan = &operations[operation];
        let earlier = |other: &&Timed| {
            other.returned.is_some() && (other.returned, other.id) < (orphan.returned, orphan.id)
        };
        let furthest = count(operations.iter().filter(earlier).count());
        Self::Before { furthest, effort: 0, longest: Vec::new() }
    }

    /// The same, said of all operations.
    fn anywhere(self) -> Self {
        match self {
            Self::Before { effort, longest, .. } => Self::Before { furthest: u32::MAX, effort, longest },
            orphan @ Self::Orphan(_) => orphan,
        }
    }

    fn core<M: Machine>(self, machine: &mut M, operations: &[Timed], budget: &mut Budget<'_>) -> Core {
        let shrinker = Shrinker::new(machine, operations, budget);
        match self {
            Self::Orphan(orphan) => shrinker.without_cause(orphan),
            Self::Before { furthest, effort, longest } => shrinker.before(furthest, effort, longest),
        }
    }
}

/// Zones, or chains, if every value of a register is left once.
fn by_clusters(machine: &RegisterMachine, operations: &[Timed]) -> Option<(Zones, Road)> {
    let zones = zones::decide(machine, operations).map(|zones| (zones, Road::Zones));
    zones.or_else(|| chains::decide(machine, operations).map(|chains| (chains, Road::Chains)))
}

/// What is found out about an object, before a violation has its core.
enum Answer {
    Order(Vec<OperationId>),
    /// These have no order, by index; the others are changes that screen more off from them.
    Clash {
        operations: Vec<usize>,
        screens: Vec<usize>,
    },
    Blamed(Blame),
    Undecided(Progress),
}

impl Answer {
    /// The verdict, with a core in terms of this machine.
    fn verdict<M: Machine>(self, machine: &mut M, operations: &[Timed], budget: &mut Budget<'_>) -> Verdict {
        match self {
            Self::Order(order) => Verdict::Linearizable(Order(order)),
            Self::Clash { operations: clash, screens } => {
                let shrinker = Shrinker::new(machine, operations, budget);
                Verdict::NotLinearizable(shrinker.screened(&clash, &screens))
            }
            Self::Blamed(blame) => Verdict::NotLinearizable(blame.core(machine, operations, budget)),
            Self::Undecided(progress) => Verdict::Undecided(progress),
        }
    }

    /// The same with the blame put otherwise.
    fn blaming(self, otherwise: impl FnOnce(Blame) -> Blame) -> Self {
        match self {
            Self::Blamed(blame) => Self::Blamed(otherwise(blame)),
            other => other,
        }
    }
}

/// Decides a register: by clusters, else by a search that hardly steps back, else by clusters where time tells which of
/// the writes of a value was seen, else by search.
fn answer_of_register(
    machine: &mut RegisterMachine,
    operations: &[Timed],
    budget: &mut Budget<'_>,
) -> (Answer, Road, u64) {
    match by_clusters(machine, operations) {
        Some((Zones::Order(order), road)) => return (Answer::Order(order), road, 0),
        Some((Zones::Clash(operations), road)) => {
            return (Answer::Clash { operations, screens: Vec::new() }, road, 0);
        }
        None => {}
    }
    if let Some(orphan) = necessary::orphan(machine, operations) {
        return (Answer::Blamed(Blame::Orphan(orphan)), Road::Search, 0);
    }
    let (answer, tried) = straight_on(machine, operations, budget);
    if let Some(answer) = answer {
        return (answer, Road::Search, tried);
    }
    let versions = versions::tell_apart(machine, operations);
    let left_once = versions.left_once();
    match by_clusters(&left_once.machine, &left_once.operations) {
        Some((Zones::Clash(clash), road)) => {
            let clash: Vec<usize> = clash.iter().map(|&index| left_once.indices[index]).collect();
            let screens = versions.premises(&clash);
            return (Answer::Clash { operations: clash, screens }, road, tried);
        }
        Some((Zones::Order(order), road)) if left_once.is_everything => {
            return (Answer::Order(order), road, tried);
        }
        _ => {}
    }
    let mut versions = versions.with_one_unread();
    let all = budget.configurations;
    budget.configurations = all.saturating_sub(tried);
    let (answer, explored) = seek(&mut versions.machine, &versions.operations, Strategy::InTurns, budget);
    budget.configurations = all;
    (answer, Road::Search, tried + explored)
}

/// An order that is found almost without a step back, or word that the budget is spent; and how many configurations were
/// explored.
///
/// Most orders are found so, and to tell versions apart costs more than that. A search that never steps back explores one
/// configuration for each operation at most, so that many are allowed. Word that there is none is thrown away: a violation is
/// told better by other roads.
fn straight_on(
    machine: &mut RegisterMachine,
    operations: &[Timed],
    budget: &mut Budget<'_>,
) -> (Option<Answer>, u64) {
    let (all, allowed) = (budget.configurations, operations.len() as u64);
    budget.configurations = all.min(allowed);
    let (answer, explored) = seek(machine, operations, Strategy::DepthFirst, budget);
    budget.configurations = all;
    let is_final = match &answer {
        Answer::Order(_) => true,
        Answer::Undecided(progress) => match progress.limit {
            Limit::Stopped => true,
            Limit::Configurations => all <= allowed,
            // Breadth first may do with what there is.
            Limit::Memory => false,
        },
        Answer::Clash { .. } | Answer::Blamed(_) => false,
    };
    (is_final.then_some(answer), explored)
}

/// Decides a register, with a core in its own terms.
fn by_versions(machine: &mut RegisterMachine, operations: &[Timed], budget: &mut Budget<'_>) -> Reached {
    let (answer, road, explored) = answer_of_register(machine, operations, budget);
    (answer.verdict(machine, operations, budget), road, explored)
}

/// Decides a key with appends: as a register, if what was seen tells who appended what to which text.
fn by_texts(machine: &mut TextMachine, operations: &[Timed], budget: &mut Budget<'_>) -> Reached {
    let mut register = match texts::as_register(machine, operations) {
        Some(Ok(register)) => register,
        Some(Err(clash)) => return (around(machine, operations, &clash, budget), Road::Chains, 0),
        None => return by_search(machine, operations, budget),
    };
    let (answer, road, explored) = answer_of_register(&mut register.machine, &register.operations, budget);
    let answer = match answer {
        Answer::Clash { operations: mut clash, screens } => {
            clash.extend(screens);
            Answer::Clash { operations: register.with_premises(&clash), screens: Vec::new() }
        }
        // The core is of the object itself, of which it can't be said that an append needs one text.
        answer => answer.blaming(|blame| blame.by_return(operations)),
    };
    (answer.verdict(machine, operations, budget), road, explored)
}

/// A violation around operations that have no order.
fn around<M: Machine>(
    machine: &mut M,
    operations: &[Timed],
    clash: &[usize],
    budget: &mut Budget<'_>,
) -> Verdict {
    Verdict::NotLinearizable(Shrinker::new(machine, operations, budget).around(clash))
}

/// Searches for an order of a lock with tokens; a violation is told in the lock's own terms.
fn by_tokens<M: Machine>(
    history: &History,
    machine: &mut M,
    operations: &[Timed],
    budget: &mut Budget<'_>,
) -> Reached {
    let (mut tokens, known) = TokenMachine::new(history, operations);
    let (answer, explored) = seek(&mut tokens, &known, Strategy::InTurns, budget);
    // Tokens that were known beforehand may stand anywhere, so where the search got stuck says little.
    let answer = answer.blaming(Blame::anywhere);
    (answer.verdict(machine, operations, budget), Road::Search, explored)
}

fn by_search<M: Machine>(machine: &mut M, operations: &[Timed], budget: &mut Budget<'_>) -> Reached {
    let (answer, explored) = match necessary::orphan(machine, operations) {
        Some(orphan) => (Answer::Blamed(Blame::Orphan(orphan)), 0),
        None => seek(machine, operations, Strategy::InTurns, budget),
    };
    (answer.verdict(machine, operations, budget), Road::Search, explored)
}

/// Searches for an order; also answers how many configurations it explored.
fn seek<M: Machine>(
    machine: &mut M,
    operations: &[Timed],
    strategy: Strategy,
    budget: &mut Budget<'_>,
) -> (Answer, u64) {
    if budget.stopped() {
        // To prepare a search of a million operations takes a second.
        let required = operations.iter().filter(|timed| timed.returned.is_some()).count();
        let progress = Progress { longest_order: Vec::new(), placed: 0, required, limit: Limit::Stopped };
        return (Answer::Undecided(progress), 0);
    }
    let instance = Instance::new(machine, operations);
    let (found, explored) = search(&instance, machine, strategy, Reductions::ALL, budget);
    let answer = match found {
        Found::Order(order) => Answer::Order(order),
        Found::NoOrder { furthest, longest } => {
            Answer::Blamed(Blame::Before { furthest, effort: explored, longest })
        }
        Found::Spent { limit, longest, placed } => Answer::Undecided(Progress {
            longest_order: longest,
            placed: placed as usize,
            required: instance.len() as usize,
            limit,
        }),
    };
    (answer, explored)
}

/// One operation on an object of a reader's own [`Specification`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event<S: Specification> {
    /// What was asked.
    pub operation: S::Operation,
    /// What was answered; `None` if nobody knows whether it took effect. What certainly did not happen is left out.
    pub reply: Option<S::Reply>,
    /// When it was called.
    pub call: i64,
    /// When it returned; of no meaning without a reply.
    pub returned: i64,
}

/// Decides whether operations on one object of any specification are linearizable. In the certificates an
/// operation's id is its position in `events`.
///
/// ```
/// use anachron_checker::{Budget, Event, Specification, Verdict, check_specification};
///
/// /// A counter that answers its new value.
/// #[derive(Clone)]
/// struct Counter;
///
/// impl Specification for Counter {
///     type State = u64;
///     type Operation = u64;
///     type Reply = u64;
///     fn initial(&self) -> u64 {
///         0
///     }
///     fn step(&self, count: &u64, add: &u64, reply: Option<&u64>) -> Option<u64> {
///         let after = count + add;
///         reply.is_none_or(|&reply| reply == after).then_some(after)
///     }
/// }
///
/// let add = |operation, reply, call, returned| Event::<Counter> { operation, reply, call, returned };
/// // The second answer skips a 2 that somebody may have added and never heard of.
/// let events = [add(1, Some(1), 0, 5), add(2, None, 3, 0), add(1, Some(4), 10, 15)];
/// let verdict = check_specification(&Counter, &events, &mut Budget::default());
/// assert!(matches!(verdict, Verdict::Linearizable(_)));
/// ```
///
/// # Panics
/// When an event returns before its call.
pub fn check_specification<S: Specification>(
    specification: &S,
    events: &[Event<S>],
    budget: &mut Budget<'_>,
) -> Verdict {
    let mut check = |positions: &mut dyn Iterator<Item = usize>| {
        let mut machine = GenericMachine::new(specification);
        let operations = timed_at::<S>(&mut machine, events, positions);
        by_search(&mut machine, &operations, budget).0
    };
    match parts::split(specification, events) {
        Some(parts) => parts::combine(events, parts.iter().map(|part| check(&mut part.iter().copied()))),
        None => check(&mut (0..events.len())),
    }
}

/// The operations of all events, with their classes.
#[cfg(test)]
pub(crate) fn timed<S: Specification>(machine: &mut GenericMachine<&S>, events: &[Event<S>]) -> Vec<Timed> {
    timed_at(machine, events, &mut (0..events.len()))
}

/// The operations of the events at these positions, with their classes.
fn timed_at<S: Specification>(
    machine: &mut GenericMachine<&S>,
    events: &[Event<S>],
    positions: &mut dyn Iterator<Item = usize>,
) -> Vec<Timed> {
    let timed = |index: usize| {
        let event = &events[index];
        assert!(event.reply.is_none() || event.call <= event.returned, "event {index} ends before its call");
        Timed {
            id: OperationId::from_index(index),
            class: machine.class(&event.operation, event.reply.as_ref()),
            call: event.call,
            returned: event.reply.as_ref().map(|_| event.returned),
        }
    };
    positions.map(timed).collect()
}
