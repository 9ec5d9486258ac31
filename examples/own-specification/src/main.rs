//! A type of one's own, judged by Anachron's checker: bank accounts that can't be overdrawn.
//!
//! Everything that the checker has to know of a bank stands between the two rules below, in about thirty lines. The rest
//! is what a test of a real bank would have: what its clients saw, and what to tell of the verdict.
//!
//! `cargo run -p own-specification`

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anachron_checker::{Budget, Event, Kept, Specification, Verdict, check_specification};

// ---------------------------------------------------------------------------------------------------------------------

struct Bank;

/// What is asked, of which account.
type Ask = (&'static str, Request);

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Request {
    Deposit(u64),
    Withdraw(u64),
    Balance,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Told {
    Done,
    Refused,
    Balance(u64),
}

impl Specification for Bank {
    type State = BTreeMap<&'static str, u64>;
    type Operation = Ask;
    type Reply = Told;

    fn initial(&self) -> Self::State {
        BTreeMap::new()
    }

    /// The state after the operation, or nothing if it can't have been answered like that.
    fn step(
        &self,
        state: &Self::State,
        (account, request): &Ask,
        told: Option<&Told>,
    ) -> Option<Self::State> {
        let before = state.get(account).copied().unwrap_or(0);
        let (after, answer) = match request {
            Request::Deposit(amount) => (before + amount, Told::Done),
            Request::Withdraw(amount) => match before.checked_sub(*amount) {
                Some(after) => (after, Told::Done),
                None => (before, Told::Refused),
            },
            Request::Balance => (before, Told::Balance(before)),
        };
        let mut state = state.clone();
        state.insert(account, after);
        told.is_none_or(|told| *told == answer).then_some(state)
    }

    // Two hints, which may be left out: they make the check cheaper, and change nothing else.

    fn is_observer(&self, (_, request): &Ask, told: Option<&Told>) -> bool {
        *request == Request::Balance || told == Some(&Told::Refused)
    }

    fn part(&self, (account, _): &Ask) -> Option<u64> {
        Some(account.bytes().fold(0, |number, byte| number * 256 + u64::from(byte)))
    }
}

// ---------------------------------------------------------------------------------------------------------------------

/// What clients saw: the request, the answer (nothing if it never came), the call, the return.
fn saw(account: &'static str, request: Request, told: Option<Told>, call: i64, returned: i64) -> Event<Bank> {
    Event { operation: (account, request), reply: told, call, returned }
}

/// Two withdrawals at once, of which the money suffices for one only.
fn history(second: Told) -> Vec<Event<Bank>> {
    use Request::{Balance, Deposit, Withdraw};
    vec![
        saw("ann", Deposit(100), Some(Told::Done), 0, 10),
        saw("bob", Deposit(5), Some(Told::Done), 0, 12),
        saw("ann", Withdraw(80), Some(Told::Done), 20, 40),
        saw("ann", Withdraw(80), Some(second), 25, 45),
        saw("bob", Deposit(7), None, 30, 0),
        saw("ann", Balance, Some(Told::Balance(20)), 50, 55),
        saw("bob", Balance, Some(Told::Balance(12)), 50, 56),
    ]
}

/// An operation in words.
fn told(event: &Event<Bank>) -> String {
    let (account, request) = &event.operation;
    match &event.reply {
        Some(reply) => format!("{account}: {request:?} -> {reply:?} ({} to {})", event.call, event.returned),
        None => format!("{account}: {request:?} -> no answer ({} on)", event.call),
    }
}

/// A string takes everything.
const WRITES: &str = "a string takes everything";

/// Judges a history, and says why.
fn judge(events: &[Event<Bank>]) -> String {
    match check_specification(&Bank, events, &mut Budget::default()) {
        Verdict::Linearizable(order) => {
            let lines = order.0.iter().map(|id| format!("  {}\n", told(&events[id.index()])));
            format!("linearizable: it may have happened in this order\n{}", lines.collect::<String>())
        }
        Verdict::NotLinearizable(core) => {
            let mut said = "NOT linearizable: these operations have no order\n".to_owned();
            for kept in &core.operations {
                writeln!(said, "  {}", told(&events[kept.id.index()])).expect(WRITES);
            }
            // As far as an order goes, and why it goes no further.
            let mut state = Bank.initial();
            for id in &core.longest_order {
                let event = &events[id.index()];
                state =
                    Bank.step(&state, &event.operation, event.reply.as_ref()).expect("it is a legal order");
            }
            let placed = core.longest_order.len();
            writeln!(said, "{placed} of them have one, which leaves {state:?}; then").expect(WRITES);
            for kept in core.operations.iter().filter(|kept| !core.longest_order.contains(&kept.id)) {
                let event = &events[kept.id.index()];
                let reply = event.reply.as_ref().filter(|_| kept.kept != Kept::AsUnknown);
                if Bank.step(&state, &event.operation, reply).is_none() {
                    writeln!(said, "  this can't come next: {}", told(event)).expect(WRITES);
                }
            }
            said
        }
        Verdict::Undecided(progress) => format!("not decided: {} was reached\n", progress.limit),
    }
}

fn main() {
    println!("One of two withdrawals is refused:\n{}", judge(&history(Told::Refused)));
    println!("Both are paid:\n{}", judge(&history(Told::Done)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_that_is_not_there_is_not_paid() {
        let fine = judge(&history(Told::Refused));
        assert!(fine.starts_with("linearizable") && fine.contains("no answer"), "{fine}");
        let overdrawn = judge(&history(Told::Done));
        assert!(overdrawn.starts_with("NOT linearizable"), "{overdrawn}");
        assert!(!overdrawn.contains("bob") && overdrawn.contains("this can't come next: ann"), "{overdrawn}");
    }
}
