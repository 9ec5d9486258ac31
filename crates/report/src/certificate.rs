//! A certificate: a verdict in a file, with all that proves it.
//!
//! Why it exists: who distrusts the judge, or gets a verdict from somebody else, needs nothing but the history, this file
//! and [`verify`](anachron_checker::verify), which replays operations and never searches.
//!
//! One JSON object; [`FORMAT`] is its description, which `anachron verify --help` prints. `verdict` is a claim like all
//! else: it is proven by *one order for every object* of the history, or by *one core*, and by nothing less. An
//! object that was not decided stands there without a proof; then so does the whole, unless another object has a core.
//!
//! The digest ties the certificate to its history: a 128-bit hash of the operations as native JSON Lines, so that it is the
//! same whatever file they were read from. It guards against mistakes, not against an adversary; nor does it need
//! to, since everything in the certificate is checked against the very history that is at hand.
//!
//! Left out on purpose: whether a core is minimal, how a verdict was found, and explanations: nobody could re-check them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anachron_checker::verify::{Flaw, Verifier};
use anachron_checker::{
    CheckOptions, Core, CoreOperation, Decision, Judgement, Kept, Model, Order, Start, Verdict, partition,
};
use anachron_history::{History, write_json_lines};
use anachron_trace::{Fingerprint, FingerprintHasher};
use anachron_vocabulary::{Key, OperationId};
use serde_json::{Value as Json, json};

use crate::jsonl;

/// The version of the format.
const VERSION: u64 = 1;

/// The format, for people.
pub const FORMAT: &str = "\
A certificate is one JSON object:
  v           the version of the format, 1
  kind        \"certificate\"
  model       what the objects are: \"register\", \"queue\", ...
  initial     what every object holds before the first operation
  operations  how many operations the history has
  history     32 hexadecimal digits: a hash of the history's operations
  verdict     \"linearizable\", \"not-linearizable\" or \"undecided\"
  objects     one entry an object:
    key       its name, \"\" where there is only one
    verdict   as above
    order     if linearizable: the operations in an order that the object could
              have carried out, by their places in the history, counted from 0
    core      if not: operations that have no such order, whatever the others
              did; each with `id`, its place, and `kept`, its form: \"as-it-was\",
              \"as-write\" (what it found does not count) or \"as-unknown\" (it may
              have happened, or not)
    start     with a core: \"initial\"; \"any\" if it may start in any state; or
              \"amid\" if each of the others may act between its call and its return,
              any number of times, and it does not help
An object that is undecided has no proof; a verdict that is undecided has none.";

/// A verdict, and what proves it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    options: CheckOptions,
    operations: u64,
    history: Fingerprint,
    verdict: Decision,
    objects: Vec<(String, Proof)>,
}

/// What proves the verdict on an object.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Proof {
    Order(Order),
    Core(Core),
    Nothing,
}

/// What a certificate was found to prove.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Proven {
    /// Objects whose order was re-checked.
    pub orders: usize,
    /// Objects whose core was re-checked, and the number of operations in it.
    pub cores: Vec<(String, usize)>,
    /// Why it proves less than a verdict, if it does.
    pub open: Option<String>,
}

impl Certificate {
    /// The certificate of a judgement.
    pub fn new(history: &History, options: &CheckOptions, judgement: &Judgement) -> Self {
        let proof = |verdict: &Verdict| match verdict {
            Verdict::Linearizable(order) => Proof::Order(order.clone()),
            Verdict::NotLinearizable(core) => Proof::Core(core.clone()),
            Verdict::Undecided(_) => Proof::Nothing,
        };
        let parts = judgement.parts.iter();
        Self {
            options: options.clone(),
            operations: history.records.len() as u64,
            history: digest(history),
            verdict: judgement.decision(),
            objects: parts
                .map(|part| (history.key_name(part.key).to_owned(), proof(&part.verdict)))
                .collect(),
        }
    }

    /// The model that the history was judged against.
    pub fn model(&self) -> Model {
        self.options.model
    }

    /// What the history was judged against: the model, and what its objects hold at first.
    pub fn options(&self) -> &CheckOptions {
        &self.options
    }

    /// The verdict that is claimed.
    pub fn verdict(&self) -> Decision {
        self.verdict
    }

    /// How many objects it speaks of.
    pub fn objects(&self) -> usize {
        self.objects.len()
    }

    /// Writes it, an object a line.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let head = json!({
            "v": VERSION,
            "kind": "certificate",
            "model": self.options.model.name(),
            "initial": jsonl::json_value(&self.options.initial),
            "operations": self.operations,
            "history": self.history.to_string(),
            "verdict": self.verdict.name(),
        });
        let head = head.to_string();
        writeln!(out, "{},\"objects\":[", head.strip_suffix('}').expect("an object ends with a brace"))?;
        for (number, (key, proof)) in self.objects.iter().enumerate() {
            let comma = if number + 1 < self.objects.len() { "," } else { "" };
            writeln!(out, "{}{comma}", object(key, proof))?;
        }
        out.write_all(b"]}\n")
    }

    /// Reads it.
    ///
    /// # Errors
    /// Why this is no certificate.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let json: Json = serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
        if json["kind"] != "certificate" {
            return Err("not a certificate: it has no `\"kind\":\"certificate\"`".to_owned());
        }
        if json["v"] != VERSION {
            return Err(format!(
                "a certificate of version {}; this program reads version {VERSION}",
                json["v"]
            ));
        }
        let model = text(&json, "model")?;
        let model = Model::from_name(model).ok_or_else(|| format!("there is no model {model:?}"))?;
        let initial = json.get("initial").ok_or("it does not say what objects hold at first (`initial`)")?;
        let digest = text(&json, "history")?;
        let objects = json["objects"].as_array().ok_or("it has no list of `objects`")?;
        Ok(Self {
            options: CheckOptions::new(model)
                .initial(jsonl::value(initial).map_err(|error| format!("`initial`: {error}"))?),
            operations: json["operations"].as_u64().ok_or("it has no number of `operations`")?,
            history: digest.parse().map_err(|_| format!("{digest:?} is no hash of a history"))?,
            verdict: decision(&json)?,
            objects: objects.iter().map(read_object).collect::<Result<_, _>>()?,
        })
    }

    /// Re-checks everything against a history.
    ///
    /// # Errors
    /// Why it does not prove its verdict.
    pub fn prove(&self, history: &History) -> Result<Proven, String> {
        if history.records.len() as u64 != self.operations || digest(history) != self.history {
            return Err("it was made for another history".to_owned());
        }
        let parts = partition(history, &self.options).map_err(|wrong| wrong.to_string())?;
        let mut missing: BTreeMap<&str, Key> =
            parts.iter().map(|part| (history.key_name(part.key()), part.key())).collect();
        let verifier = Verifier::new(history);
        let mut proven = Proven::default();
        for (name, proof) in &self.objects {
            let key = missing
                .remove(name.as_str())
                .ok_or_else(|| format!("the history has no object {name:?}, or it is there twice"))?;
            let found = match proof {
                Proof::Order(order) => {
                    verifier.verify_order(&self.options, key, order).map(|()| proven.orders += 1)
                }
                Proof::Core(core) => verifier
                    .verify_core(&self.options, key, core)
                    .map(|()| proven.cores.push((name.clone(), core.operations.len()))),
                Proof::Nothing => Err(Flaw::Undecided),
            };
            match found {
                Ok(()) => {}
                // What nobody proved or could re-check is no lie, and no proof either.
                Err(flaw @ (Flaw::Undecided | Flaw::TooBig)) => {
                    proven.open.get_or_insert_with(|| format!("{}: {flaw}", called(name)));
                }
                Err(flaw) => return Err(format!("{}: {flaw}", called(name))),
            }
        }
        match self.verdict {
            Decision::NotLinearizable if !proven.cores.is_empty() => proven.open = None,
            Decision::NotLinearizable if proven.open.is_none() => {
                return Err("it claims a violation and has no core".to_owned());
            }
            Decision::Linearizable => {
                if let Some((name, _)) = proven.cores.first() {
                    return Err(format!("{} is not linearizable", called(name)));
                }
                if let Some((name, _)) = missing.first_key_value() {
                    return Err(format!("it has no order for {}", called(name)));
                }
            }
            Decision::NotLinearizable => {}
            Decision::Undecided => {
                proven.open.get_or_insert_with(|| "an undecided verdict has no proof".to_owned());
            }
        }
        Ok(proven)
    }
}

/// An object in a sentence. One alone has no name.
fn called(name: &str) -> String {
    if name.is_empty() { "the object".to_owned() } else { format!("object {name:?}") }
}

/// The hash of a history's operations.
fn digest(history: &History) -> Fingerprint {
    /// Gathers bytes into words, wherever the writer cuts.
    #[derive(Default)]
    struct Words {
        hasher: FingerprintHasher,
        word: [u8; 8],
        length: u64,
    }
    impl Write for Words {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            for &byte in bytes {
                let at = usize::try_from(self.length % 8).expect("less than eight");
                self.word[at] = byte;
                self.length += 1;
                if at == 7 {
                    self.hasher.word(u64::from_le_bytes(std::mem::take(&mut self.word)));
                }
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut words = Words::default();
    write_json_lines(history, &mut words).expect("a hash takes everything");
    words.hasher.word(u64::from_le_bytes(words.word));
    words.hasher.word(words.length);
    words.hasher.fingerprint()
}

const FORMS: [(Kept, &str); 3] =
    [(Kept::AsItWas, "as-it-was"), (Kept::AsWrite, "as-write"), (Kept::AsUnknown, "as-unknown")];
const STARTS: [(Start, &str); 3] = [(Start::Initial, "initial"), (Start::Any, "any"), (Start::Amid, "amid")];

/// The name of one of a few, or the one of a name.
fn name<T: Copy + PartialEq>(names: &[(T, &'static str)], wanted: T) -> &'static str {
    names.iter().find(|(one, _)| *one == wanted).map(|(_, name)| *name).expect("every one has a name")
}

fn named<T: Copy>(names: &[(T, &'static str)], wanted: &str) -> Option<T> {
    names.iter().find(|(_, name)| *name == wanted).map(|(one, _)| *one)
}

fn object(key: &str, proof: &Proof) -> Json {
    match proof {
        Proof::Order(Order(order)) => {
            let order: Vec<u32> = order.iter().map(|id| id.0).collect();
            json!({ "key": key, "verdict": Decision::Linearizable.name(), "order": order })
        }
        Proof::Core(core) => {
            let kept = |kept: &CoreOperation| json!({ "id": kept.id.0, "kept": name(&FORMS, kept.kept) });
            let operations: Vec<Json> = core.operations.iter().map(kept).collect();
            json!({
                "key": key,
                "verdict": Decision::NotLinearizable.name(),
                "core": operations,
                "start": name(&STARTS, core.start),
            })
        }
        Proof::Nothing => json!({ "key": key, "verdict": Decision::Undecided.name() }),
    }
}

fn read_object(json: &Json) -> Result<(String, Proof), String> {
    let key = text(json, "key")?.to_owned();
    let id = |json: &Json| {
        let place = json.as_u64().and_then(|place| u32::try_from(place).ok());
        place.map(OperationId).ok_or_else(|| format!("object {key:?}: {json} is no place of an operation"))
    };
    let list =
        |field: &str| json[field].as_array().ok_or_else(|| format!("object {key:?} has no list `{field}`"));
    let proof = match decision(json)? {
        Decision::Linearizable => {
            Proof::Order(Order(list("order")?.iter().map(id).collect::<Result<_, _>>()?))
        }
        Decision::NotLinearizable => {
            let operation = |json: &Json| {
                let form = text(json, "kept")?;
                let kept = named(&FORMS, form)
                    .ok_or_else(|| format!("object {key:?}: there is no form {form:?}"))?;
                Ok(CoreOperation { id: id(&json["id"])?, kept })
            };
            let start = text(json, "start")?;
            Proof::Core(Core {
                operations: list("core")?.iter().map(operation).collect::<Result<_, String>>()?,
                start: named(&STARTS, start)
                    .ok_or_else(|| format!("object {key:?}: there is no start {start:?}"))?,
                ..Core::default()
            })
        }
        Decision::Undecided => Proof::Nothing,
    };
    Ok((key, proof))
}

fn text<'j>(json: &'j Json, field: &str) -> Result<&'j str, String> {
    json[field].as_str().ok_or_else(|| format!("it has no text `{field}`"))
}

fn decision(json: &Json) -> Result<Decision, String> {
    let claimed = text(json, "verdict")?;
    [Decision::Linearizable, Decision::NotLinearizable, Decision::Undecided]
        .into_iter()
        .find(|decision| decision.name() == claimed)
        .ok_or_else(|| format!("there is no verdict {claimed:?}"))
}

#[cfg(test)]
mod tests {
    use anachron_checker::testing::{Dice, initial, scramble};
    use anachron_checker::{Budget, check, check_within};

    use super::*;

    fn written(certificate: &Certificate) -> Vec<u8> {
        let mut bytes = Vec::new();
        certificate.write(&mut bytes).expect("a vector takes everything");
        bytes
    }

    fn judged(model: Model, dice: &mut Dice) -> (History, CheckOptions, Judgement) {
        let mut history = scramble(model, dice);
        // Half of them on two objects.
        if dice.permille(500) {
            history.keys.number("y");
            for record in &mut history.records {
                record.key = Key(u32::try_from(dice.below(2)).expect("small"));
            }
        }
        let options = CheckOptions::new(model).initial(initial(model));
        let judgement = check(&history, &options).expect("the model knows them");
        (history, options, judgement)
    }

    #[test]
    fn every_verdict_is_proven_by_its_certificate() {
        let mut dice = Dice::new(0xce27);
        for model in Model::ALL {
            let mut seen = [0, 0];
            for _ in 0..300 {
                let (history, options, judgement) = judged(model, &mut dice);
                let certificate = Certificate::new(&history, &options, &judgement);
                let read = Certificate::read(&written(&certificate)).expect("it was just written");
                assert_eq!((read.verdict, read.model()), (judgement.decision(), model));
                let proven = read.prove(&history).unwrap_or_else(|why| panic!("{model}: {why}"));
                assert_eq!(proven.open, None);
                seen[usize::from(judgement.decision() == Decision::Linearizable)] += 1;
            }
            assert!(seen.iter().all(|&seen| seen > 20), "{model}: {seen:?}");
        }
    }

    /// Bytes are changed, fields swapped, operations moved; whatever is still accepted is true.
    #[test]
    fn no_tampering_makes_a_wrong_certificate_pass() {
        let mut dice = Dice::new(0x7a3b);
        let (mut refused, mut unreadable, mut still_true) = (0, 0, 0);
        for round in 0..12_000 {
            let model = Model::ALL[round % Model::ALL.len()];
            let (history, options, judgement) = judged(model, &mut dice);
            let mut bytes = written(&Certificate::new(&history, &options, &judgement));
            for _ in 0..=dice.below(3) {
                tamper(&mut bytes, &mut dice);
            }
            let Ok(read) = Certificate::read(&bytes) else {
                unreadable += 1;
                continue;
            };
            let Ok(proven) = read.prove(&history) else {
                refused += 1;
                continue;
            };
            if proven.open.is_none() {
                let truth = check(&history, &read.options).expect("it was proven against this model");
                assert_eq!(read.verdict, truth.decision(), "{}", String::from_utf8_lossy(&bytes));
                still_true += 1;
            }
        }
        println!("{refused} refused, {unreadable} unreadable, {still_true} true all the same");
        assert!(refused > 3_000 && unreadable > 500 && still_true > 100);
    }

    /// One change that often leaves a certificate readable.
    fn tamper(bytes: &mut Vec<u8>, dice: &mut Dice) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let swaps = [
            ("\"not-linearizable\"", "\"linearizable\""),
            ("\"linearizable\"", "\"not-linearizable\""),
            ("\"linearizable\"", "\"undecided\""),
            ("\"order\"", "\"core\""),
            ("as-it-was", "as-unknown"),
            ("as-unknown", "as-it-was"),
            ("as-it-was", "as-write"),
            ("\"initial\"}", "\"any\"}"),
            ("\"key\":\"x\"", "\"key\":\"y\""),
            ("\"initial\":0", "\"initial\":1"),
            ("\"initial\":null", "\"initial\":7"),
            ("\"set\"", "\"multiset\""),
            ("\"register\"", "\"cas-register\""),
            ("\"queue\"", "\"stack\""),
            ("mutex", "fencing-lock"),
        ];
        match dice.below(4) {
            0 => {
                let digits: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at].is_ascii_digit()).collect();
                let at = digits[dice.index(digits.len())];
                bytes[at] = b'0' + u8::try_from(dice.below(10)).expect("a digit");
            }
            1 => {
                let (from, to) = dice.one_of(&swaps);
                // One of the places, so that the whole and its objects come apart.
                let places: Vec<usize> = text.match_indices(from).map(|(at, _)| at).collect();
                if !places.is_empty() {
                    let at = dice.one_of(&places);
                    *bytes = format!("{}{to}{}", &text[..at], &text[at + from.len()..]).into_bytes();
                }
            }
            2 => {
                // An entry of some list goes, or comes twice, or two change places.
                let Ok(mut json) = serde_json::from_str::<Json>(&text) else { return };
                let Some(objects) = json["objects"].as_array_mut().filter(|objects| !objects.is_empty())
                else {
                    return;
                };
                let at = dice.index(objects.len());
                if dice.permille(200) {
                    objects.remove(at);
                } else {
                    let field = if objects[at].get("order").is_some() { "order" } else { "core" };
                    if let Some(list) = objects[at].get_mut(field).and_then(Json::as_array_mut)
                        && !list.is_empty()
                    {
                        let (one, other) = (dice.index(list.len()), dice.index(list.len()));
                        match dice.below(3) {
                            0 => list.swap(one, other),
                            1 => drop(list.remove(one)),
                            _ => list.push(list[one].clone()),
                        }
                    }
                }
                *bytes = json.to_string().into_bytes();
            }
            _ => {
                let at = dice.index(bytes.len());
                bytes[at] = u8::try_from(dice.below(128)).expect("ASCII");
            }
        }
    }

    #[test]
    fn a_certificate_is_for_one_history() {
        let mut dice = Dice::new(5);
        let (history, options, judgement) = judged(Model::Register, &mut dice);
        let certificate = Certificate::new(&history, &options, &judgement);
        let mut other = history.clone();
        other.records[0].call.0 -= 1;
        assert_eq!(certificate.prove(&other).unwrap_err(), "it was made for another history");
    }

    #[test]
    fn what_was_not_decided_is_not_proven() {
        let mut dice = Dice::new(8);
        let mut open = 0;
        for _ in 0..500 {
            let (history, options, _) = judged(Model::Counter, &mut dice);
            let mut stop = || true;
            let mut budget = Budget::with_stop(&mut stop).configurations(1);
            let judgement = check_within(&history, &options, &mut budget).expect("the model knows them");
            let certificate = Certificate::new(&history, &options, &judgement);
            let read = Certificate::read(&written(&certificate)).expect("it was just written");
            let proven = read.prove(&history).expect("nothing in it is wrong");
            assert_eq!(proven.open.is_some(), judgement.decision() == Decision::Undecided);
            open += u64::from(proven.open.is_some());
        }
        assert!(open > 10, "{open}");
    }

    /// Deep and odd input ends in a complaint.
    #[test]
    fn what_is_no_certificate_is_refused_with_a_reason() {
        let deep = "[".repeat(100_000);
        for (text, why) in [
            ("", "not JSON"),
            (deep.as_str(), "not JSON"),
            ("[]", "not a certificate"),
            ("{\"kind\":\"certificate\"}", "a certificate of version null"),
            ("{\"kind\":\"certificate\",\"v\":2}", "this program reads version 1"),
            ("{\"kind\":\"certificate\",\"v\":1}", "it has no text `model`"),
            ("{\"kind\":\"certificate\",\"v\":1,\"model\":\"zebra\"}", "there is no model \"zebra\""),
        ] {
            let said = Certificate::read(text.as_bytes()).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }
}
