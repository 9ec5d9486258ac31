//! What backs a grade, and how it is put into words.
//!
//! Why it exists: "not causal" alone is an opinion. A level that holds shows orders that anyone can replay; one that is
//! violated shows operations and, link by link, why each had to come before the next.

use std::fmt;

use anachron_history::History;
use anachron_vocabulary::{ClientId, Key, Operation, OperationId, Outcome, Reply};

use crate::Judgement;

/// An operation, or the initial value of the object in question (`None`).
pub type Point = Option<OperationId>;

/// Why one operation comes before another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The initial value comes before every write.
    Initial,
    /// One client did them one after the other.
    Session,
    /// The second read what the first wrote.
    ReadsFrom,
    /// The causal order (sessions and reads-from, any number of steps) says so.
    Causal,
    /// Both are writes to one object; `read` comes after the first and saw the second, so the first was overwritten.
    Overwritten {
        /// The read that saw the second.
        read: OperationId,
    },
    /// The first is a read of something that the second overwrote.
    NotYet,
    /// Both are writes to one object. `read` returned the second's value, and had to be no older than the first's,
    /// because its session had met that through `met`.
    NotOlder {
        /// The read that returned the second's value.
        read: OperationId,
        /// The operation through which the session, or somebody that it has to follow, had met the first's value.
        met: OperationId,
    },
}

/// One step of a cycle or of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// The one before.
    pub from: Point,
    /// The one after.
    pub to: Point,
    /// Why.
    pub why: Why,
}

/// An order in which one client may have seen things.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    /// The client.
    pub client: ClientId,
    /// Its own reads, and the writes that have to be in place for them. All other writes follow, in any order that
    /// extends the one the level asks for.
    pub order: Vec<OperationId>,
}

/// An order of one object's writes; the initial value comes before them all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VersionOrder {
    /// For which client; `None`: for all.
    pub client: Option<ClientId>,
    /// The object.
    pub key: Key,
    /// Its writes.
    pub order: Vec<OperationId>,
}

/// What backs a grade.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// The verdicts of the checker for linearizability, each with its own certificate.
    Judgement(Judgement),
    /// One order of operations.
    Order(Vec<OperationId>),
    /// One order an object.
    Orders(Vec<(Key, Vec<OperationId>)>),
    /// One view a client that reads.
    Views(Vec<View>),
    /// Orders of each object's writes.
    Versions(Vec<VersionOrder>),
    /// Every read was looked at alone and fits.
    EveryReadFits,
    /// A read of a value that nobody wrote.
    ThinAir {
        /// The read.
        read: OperationId,
    },
    /// Each has to come before the next, and the last before the first.
    Cycle {
        /// In whose view; `None`: in everybody's.
        client: Option<ClientId>,
        /// The steps.
        links: Vec<Link>,
    },
    /// A read of the initial value after a write.
    InitialOverwritten {
        /// In whose view; `None`: in everybody's.
        client: Option<ClientId>,
        /// From the write to the read.
        links: Vec<Link>,
    },
    /// A read of what had been overwritten: a path from the write that it read over another to the read.
    Overwritten {
        /// The other write.
        by: OperationId,
        /// The path.
        links: Vec<Link>,
    },
    /// A read that returned before what it read was called.
    FromTheFuture {
        /// The read.
        read: OperationId,
        /// The write that it read.
        write: OperationId,
    },
    /// A read of a value although `by` lies, in real time, entirely after its write and before the read.
    Stale {
        /// The read.
        read: OperationId,
        /// The write that it read; `None`: the initial value.
        write: Point,
        /// A write that came in between.
        by: OperationId,
    },
    /// In real time all of these writes lie entirely between the write that a read read and the read.
    Behind {
        /// The read.
        read: OperationId,
        /// The write that it read; `None`: the initial value.
        write: Point,
        /// The writes in between.
        between: Vec<OperationId>,
    },
    /// These operations have no order, by the zones of two values.
    Clash(Vec<OperationId>),
    /// Every order was tried.
    NoOrder {
        /// How many configurations that took.
        configurations: u64,
    },
}

impl Evidence {
    /// What kind of evidence this is, in machine-readable output.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Judgement(_) => "judgement",
            Self::Order(_) => "order",
            Self::Orders(_) => "orders",
            Self::Views(_) => "views",
            Self::Versions(_) => "versions",
            Self::EveryReadFits => "every-read-fits",
            Self::ThinAir { .. } => "thin-air",
            Self::Cycle { .. } => "cycle",
            Self::InitialOverwritten { .. } => "initial-overwritten",
            Self::Overwritten { .. } => "overwritten",
            Self::FromTheFuture { .. } => "from-the-future",
            Self::Stale { .. } => "stale",
            Self::Behind { .. } => "behind",
            Self::Clash(_) => "clash",
            Self::NoOrder { .. } => "no-order",
        }
    }

    /// The evidence in words, a line an item, with the names of the history.
    pub fn describe<'a>(&'a self, history: &'a History) -> impl fmt::Display + 'a {
        Described { evidence: self, history }
    }

    /// The operations that the evidence of a violation is about, each once, in the order of first mention.
    pub fn operations(&self) -> Vec<OperationId> {
        let mut operations: Vec<OperationId> = Vec::new();
        let mut add = |id: OperationId| {
            if !operations.contains(&id) {
                operations.push(id);
            }
        };
        match self {
            Self::Judgement(judgement) => {
                if let Some((_, core)) = judgement.violation() {
                    core.operations.iter().for_each(|kept| add(kept.id));
                }
            }
            Self::ThinAir { read } => add(*read),
            Self::Cycle { links, .. }
            | Self::InitialOverwritten { links, .. }
            | Self::Overwritten { links, .. } => {
                for link in links {
                    link.from.into_iter().chain(link.to).for_each(&mut add);
                    match link.why {
                        Why::Overwritten { read } => add(read),
                        Why::NotOlder { read, met } => [met, read].into_iter().for_each(&mut add),
                        _ => {}
                    }
                }
            }
            Self::FromTheFuture { read, write } => [*read, *write].into_iter().for_each(add),
            Self::Stale { read, write, by } => {
                write.iter().chain([by, read]).copied().for_each(add);
            }
            Self::Behind { read, write, between } => {
                write.iter().chain(between).chain([read]).copied().for_each(add);
            }
            Self::Clash(ids) => ids.iter().copied().for_each(add),
            Self::Order(_)
            | Self::Orders(_)
            | Self::Views(_)
            | Self::Versions(_)
            | Self::EveryReadFits
            | Self::NoOrder { .. } => {}
        }
        operations
    }
}

struct Described<'a> {
    evidence: &'a Evidence,
    history: &'a History,
}

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { evidence, history } = *self;
        let named = |id: &OperationId| Named { id: *id, history };
        let list = |f: &mut fmt::Formatter<'_>, ids: &[OperationId]| {
            for (index, id) in ids.iter().enumerate() {
                write!(f, "{}{}", if index == 0 { "" } else { "; " }, named(id))?;
            }
            Ok(())
        };
        let path = |f: &mut fmt::Formatter<'_>, links: &[Link]| {
            links.iter().try_for_each(|link| write!(f, "\n  {}", Step { link: *link, history }))
        };
        let view = |f: &mut fmt::Formatter<'_>, client: Option<ClientId>| match client {
            Some(client) => write!(f, " in the view of {}", history.client_name(client)),
            None => Ok(()),
        };
        match evidence {
            Evidence::Judgement(judgement) => match judgement.violation() {
                Some((_, core)) => {
                    let ids: Vec<OperationId> = core.operations.iter().map(|kept| kept.id).collect();
                    f.write_str("no order fits: ")?;
                    list(f, &ids)
                }
                None => f.write_str("an order for each object"),
            },
            Evidence::Order(order) => {
                f.write_str("in this order: ")?;
                list(f, order)
            }
            Evidence::Orders(orders) => orders.iter().enumerate().try_for_each(|(index, (key, order))| {
                let start = if index == 0 { "" } else { "\n" };
                write!(f, "{start}{} in this order: ", history.key_name(*key))?;
                list(f, order)
            }),
            Evidence::Views(views) => views.iter().enumerate().try_for_each(|(index, view)| {
                let start = if index == 0 { "" } else { "\n" };
                write!(f, "{start}{} may have seen: ", history.client_name(view.client))?;
                list(f, &view.order)
            }),
            Evidence::Versions(versions) => versions.iter().enumerate().try_for_each(|(index, version)| {
                if index > 0 {
                    f.write_str("\n")?;
                }
                if let Some(client) = version.client {
                    write!(f, "for {}, ", history.client_name(client))?;
                }
                write!(f, "{} was written in this order: ", history.key_name(version.key))?;
                list(f, &version.order)
            }),
            Evidence::EveryReadFits => f.write_str("every read fits"),
            Evidence::ThinAir { read } => write!(f, "nobody wrote what it saw: {}", named(read)),
            Evidence::Cycle { client, links } => {
                f.write_str("each before the next, round in a circle")?;
                view(f, *client)?;
                path(f, links)
            }
            Evidence::InitialOverwritten { client, links } => {
                f.write_str("a read of the initial value after a write")?;
                view(f, *client)?;
                path(f, links)
            }
            Evidence::Overwritten { by, links } => {
                write!(f, "a read of what was overwritten by {}", named(by))?;
                path(f, links)
            }
            Evidence::FromTheFuture { read, write } => {
                write!(f, "{} had returned before {} began", named(read), named(write))
            }
            Evidence::Stale { read, write, by } => {
                write!(f, "{} saw {}", named(read), Start { point: *write, history })?;
                write!(f, ", but {} began after that and was over before the read began", named(by))
            }
            Evidence::Behind { read, write, between } => {
                write!(f, "{} saw {}", named(read), Start { point: *write, history })?;
                f.write_str(", and between the two there were ")?;
                list(f, between)
            }
            Evidence::Clash(ids) => {
                f.write_str("no order fits: ")?;
                list(f, ids)
            }
            Evidence::NoOrder { configurations } => {
                write!(f, "every order was tried ({configurations} configurations)")
            }
        }
    }
}

/// An operation by client, name, object, value and interval.
struct Named<'a> {
    id: OperationId,
    history: &'a History,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.history.record(self.id);
        write!(f, "{} ", self.history.client_name(record.client))?;
        write!(f, "{} {}", record.operation.name(), self.history.key_name(record.key))?;
        match &record.operation {
            Operation::CompareAndSet { expected, new } => write!(f, " {expected} to {new}")?,
            other => other.arguments().iter().try_for_each(|value| write!(f, " {value}"))?,
        }
        match &record.outcome {
            Outcome::Ok(Reply::Value(value)) => write!(f, " {value}")?,
            Outcome::Ok(Reply::Answer(swapped)) => {
                f.write_str(if *swapped { " (done)" } else { " (refused)" })?;
            }
            Outcome::Ok(Reply::Done) | Outcome::Failed | Outcome::Unknown => {}
        }
        match record.returned() {
            Some(returned) => write!(f, " @{}-{}", record.call.0, returned.0),
            None => write!(f, " @{}-?", record.call.0),
        }
    }
}

struct Start<'a> {
    point: Point,
    history: &'a History,
}

impl fmt::Display for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.point {
            Some(id) => Named { id, history: self.history }.fmt(f),
            None => f.write_str("the initial value"),
        }
    }
}

struct Step<'a> {
    link: Link,
    history: &'a History,
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { link, history } = *self;
        let named = |id| Named { id, history };
        write!(f, "{} before ", Start { point: link.from, history })?;
        write!(f, "{}: ", Start { point: link.to, history })?;
        match link.why {
            Why::Initial => f.write_str("it was there at the start"),
            Why::Session => f.write_str("the same client, one after the other"),
            Why::ReadsFrom => f.write_str("it read what was written"),
            Why::Causal => f.write_str("what the writers had done and seen before"),
            Why::Overwritten { read } => {
                write!(f, "{} comes after the first and saw the second", named(read))
            }
            Why::NotYet => f.write_str("it saw what the other overwrote"),
            Why::NotOlder { read, met } => {
                write!(f, "{} saw the second after {} had met the first", named(read), named(met))
            }
        }
    }
}
