//! Small histories that land on every rung of the ladder.

use anachron_checker::Model;
use anachron_checker::testing::Dice;
use anachron_history::{History, Names, Record, Timestamp};
use anachron_vocabulary::{ClientId, Key, Operation, Outcome, Reply, Value};

/// One step of one client: it writes or reads this value.
#[derive(Clone, Copy)]
struct Step {
    client: usize,
    key: usize,
    is_write: bool,
    value: i64,
}

/// Where the values that clients read come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    /// Anything that was written by then.
    Any,
    /// Anything that is ever written.
    Foresight,
    /// Each client has a copy, which hears of the others' writes late, and takes the last heard of.
    LastHeard,
    /// The same, but a copy keeps the greatest value.
    Greatest,
}

fn small(number: usize) -> i64 {
    i64::try_from(number).expect("small")
}

/// A history of registers with unique values.
pub(crate) fn registers(dice: &mut Dice) -> History {
    let steps = if dice.permille(400) { near_a_litmus(dice) } else { steps(dice) };
    history(&steps, dice)
}

fn steps(dice: &mut Dice) -> Vec<Step> {
    let store =
        dice.one_of(&[Store::Any, Store::Foresight, Store::LastHeard, Store::LastHeard, Store::Greatest]);
    let is_replicated = matches!(store, Store::LastHeard | Store::Greatest);
    let clients = if is_replicated { 2 + dice.index(3) } else { 1 + dice.index(4) };
    let keys = 1 + dice.index(3);
    let operations = if is_replicated { 5 + dice.index(4) } else { 1 + dice.index(7) };
    let mut steps: Vec<Step> = Vec::new();
    for number in 0..operations {
        let (client, key) = (dice.index(clients), dice.index(keys));
        steps.push(Step { client, key, is_write: dice.permille(500), value: small(number) + 1 });
    }
    let mut copies = vec![vec![0_i64; keys]; clients];
    let mut heard = vec![vec![false; operations]; clients];
    for number in 0..operations {
        let Step { client, key, is_write, .. } = steps[number];
        // Mostly in order, sometimes from the latest on.
        let mut news: Vec<usize> =
            (0..number).filter(|&other| steps[other].is_write && !heard[client][other]).collect();
        if dice.permille(300) {
            news.reverse();
        }
        news.retain(|_| dice.permille(500));
        news.extend(is_write.then_some(number));
        for other in news {
            heard[client][other] = true;
            let copy = &mut copies[client][steps[other].key];
            if store != Store::Greatest || steps[other].value > *copy {
                *copy = steps[other].value;
            }
        }
        if !is_write {
            let until = if store == Store::Foresight { operations } else { number };
            let mut values = vec![0];
            values.extend(
                steps[..until].iter().filter(|step| step.is_write && step.key == key).map(|step| step.value),
            );
            steps[number].value = if is_replicated { copies[client][key] } else { dice.one_of(&values) };
        }
    }
    steps
}

/// Histories that tell two models apart, in the notation of the litmus tests: `a: wx1 rx2 | b: …`.
const LITMUS: [&str; 9] = [
    // Causal memory, not convergence; the next two are from Bouajjani et al. 2017, figure 3.
    "wx1 rx2 | wx2 rx1",
    // Convergence, not causal memory.
    "wz3 wx1 wy4 | wx2 rz0 ry4 rx2",
    // Weak causal, neither of the two.
    "wx1 rx2 | wx2 rx1 rx2",
    // One order of versions for all objects' sessions each, none of everything.
    "wy2 wx1 | wx3 wy4 | rx1 rx3 | ry4 ry2",
    // PRAM, not weak causal.
    "wx1 | rx1 wx2 | rx2 rx1",
    "wx1 | rx1 wy2 | ry2 rx0",
    // Causal, not sequential: Dekker, and independent reads of independent writes.
    "wx1 ry0 | wy2 rx0",
    "wx1 | wy2 | rx1 ry0 | ry2 rx0",
    // Written in one order, seen in the other.
    "wx1 wx2 | rx2 rx1 rx2",
];

fn near_a_litmus(dice: &mut Dice) -> Vec<Step> {
    let text = dice.one_of(&LITMUS);
    let mut steps = Vec::new();
    for (client, told) in text.split('|').enumerate() {
        for word in told.split_whitespace() {
            let [kind, key, value] = word.as_bytes() else { panic!("three letters: {word}") };
            let value = i64::from(value - b'0');
            steps.push(Step { client, key: usize::from(key - b'x'), is_write: *kind == b'w', value });
        }
    }
    for _ in 0..dice.below(3) {
        let (one, other) = (dice.index(steps.len()), dice.index(steps.len()));
        let (source, key) = (steps[other], steps[one].key);
        match dice.below(4) {
            0 => steps[one].client = source.client,
            1 => steps.swap(one, other),
            // Another object's value would be out of thin air.
            2 if source.key == key && !steps[one].is_write => steps[one].value = source.value,
            _ if steps.len() < 8 => {
                let client = dice.index(4);
                steps.push(Step { client, key: source.key, is_write: false, value: source.value });
            }
            _ => {}
        }
    }
    steps
}

/// Gives steps their times and outcomes.
fn history(steps: &[Step], dice: &mut Dice) -> History {
    let gap = dice.one_of(&[1, 2, 6]);
    let (unknown, failed) = (dice.one_of(&[0, 0, 150]), dice.one_of(&[0, 0, 50]));
    let phantom = dice.one_of(&[0, 0, 0, 30]);
    let mut free_at = [0_i64; 4];
    let mut records: Vec<Record> = Vec::new();
    for &Step { client, key, is_write, value } in steps {
        // Clients touch now and then.
        let call = free_at[client] + dice.number(gap);
        let end = call + dice.number(6);
        free_at[client] = end;
        let outcome = if dice.permille(unknown) {
            free_at[client] = call + dice.number(2);
            Outcome::Unknown
        } else if dice.permille(failed) {
            Outcome::Failed
        } else if is_write {
            Outcome::Ok(Reply::Done)
        } else if dice.permille(phantom) {
            Outcome::Ok(Reply::Value(Value::Integer(99)))
        } else {
            Outcome::Ok(Reply::Value(Value::Integer(value)))
        };
        records.push(Record {
            client: ClientId::from_index(client),
            key: Key::from_index(key),
            operation: if is_write { Operation::Write(Value::Integer(value)) } else { Operation::Read },
            call: Timestamp(call),
            end: (outcome != Outcome::Unknown).then_some(Timestamp(end)),
            outcome,
        });
    }
    // The order in which a file tells them must not matter.
    for position in (1..records.len()).rev() {
        records.swap(position, dice.index(position + 1));
    }
    History { records, keys: names("k", 3), clients: names("c", 4), ..History::default() }
}

fn names(prefix: &str, number: usize) -> Names {
    (0..number).map(|n| format!("{prefix}{n}")).collect()
}

/// Any object, a few values over and over, several keys and clients.
pub(crate) fn objects(model: Model, dice: &mut Dice) -> History {
    let mut history = anachron_checker::testing::scramble(model, dice);
    history.records.truncate(6);
    let (clients, keys) = (1 + dice.index(3), 1 + dice.index(2));
    let mut free_at = vec![0_i64; clients];
    for record in &mut history.records {
        let client = dice.index(clients);
        record.client = ClientId::from_index(client);
        record.key = Key::from_index(dice.index(keys));
        let length = record.end.map_or(1, |end| end.0 - record.call.0);
        record.call = Timestamp(free_at[client] + dice.number(3));
        record.end = record.end.map(|_| Timestamp(record.call.0 + length));
        free_at[client] = record.call.0 + length;
    }
    history.keys = names("k", keys);
    history.clients = names("c", clients);
    history
}
