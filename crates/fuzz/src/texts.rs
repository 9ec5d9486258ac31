//! Readers of foreign text: an answer or an error that can be shown, for any bytes.
//!
//! What was read is held to what the reader promises of it: it is valid, it is written and read back as it was, a stream
//! tells what its file tells, and the judge takes it whatever it holds.

use anachron_checker::explain::{Subject, explain};
use anachron_checker::verify::{Flaw, verify_core, verify_order};
use anachron_checker::{Budget, CheckOptions, Decision, Model, Verdict, check_within};
use anachron_experiment::Experiment;
use anachron_history::{Format, Heard, History, LineReader, ParseError, Record, parse, write_json_lines};
use anachron_report::certificate::Certificate;
use anachron_scenario::Scenario;
use anachron_vocabulary::{Operation, Outcome};

pub(crate) fn json_lines(bytes: &[u8]) {
    read(bytes, Some(Format::JsonLines));
}

pub(crate) fn jepsen_log(bytes: &[u8]) {
    read(bytes, Some(Format::JepsenLog));
}

pub(crate) fn edn(bytes: &[u8]) {
    read(bytes, Some(Format::Edn));
}

/// The format is guessed, and every model that knows the operations judges them.
pub(crate) fn any_format(bytes: &[u8]) {
    if let Some(history) = read(bytes, None) {
        for model in Model::ALL {
            judge(&history, model);
        }
    }
}

/// Reads a history; what comes out is held to the reader's promises.
fn read(bytes: &[u8], format: Option<Format>) -> Option<History> {
    match parse(bytes, format) {
        Err(error) => {
            shown(&error, bytes);
            None
        }
        Ok(parsed) => {
            assert_eq!(parsed.history.validate(), Ok(()));
            let mut written = Vec::new();
            write_json_lines(&parsed.history, &mut written).expect("a vector takes everything");
            if !parsed.history.records.is_empty() {
                let again = parse(&written, Some(Format::JsonLines))
                    .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&written)));
                assert!(named(&again.history).eq(named(&parsed.history)), "read back as it was");
            }
            Some(parsed.history)
        }
    }
}

/// The operations with the names of their clients and objects.
fn named(history: &History) -> impl Iterator<Item = (&str, &str, &Operation, i64, Option<i64>, &Outcome)> {
    history.records.iter().map(|record| {
        let Record { client, key, operation, call, end, outcome } = record;
        let (client, key) = (history.client_name(*client), history.key_name(*key));
        (client, key, operation, call.0, end.map(|end| end.0), outcome)
    })
}

/// An error points into the text and fits on a screen.
fn shown(error: &ParseError, bytes: &[u8]) {
    let lines = bytes.split(|&byte| byte == b'\n').count();
    assert!((1..=lines).contains(&error.line), "{error}: {lines} lines");
    assert!(error.column >= 1 && error.column <= bytes.len() + 1, "{error}");
    assert!(error.caret <= error.excerpt.chars().count(), "{error:?}");
    assert!(error.to_string().len() < 2_000, "{error}");
    assert!(!error.excerpt.contains(char::is_control), "{error:?}");
}

/// Judges what was read within a small budget; a verdict has to prove itself.
fn judge(history: &History, model: Model) {
    let options = CheckOptions::new(model);
    let mut budget = Budget::default().configurations(2_000).memory(1 << 24);
    let Ok(judgement) = check_within(history, &options, &mut budget) else { return };
    for part in &judgement.parts {
        match &part.verdict {
            Verdict::Linearizable(order) => {
                assert_eq!(verify_order(history, &options, part.key, order), Ok(()), "{model}");
            }
            Verdict::NotLinearizable(core) => {
                let checked = verify_core(history, &options, part.key, core);
                assert!(matches!(checked, Ok(()) | Err(Flaw::TooBig)), "{model}: {checked:?}");
                if core.operations.len() <= 8 {
                    let subject = Subject::new(history, part.key, model, options.initial.clone());
                    let explanation = explain(&subject, core).expect("a violation is explained");
                    assert!(explanation.holds(&subject), "{explanation}");
                }
            }
            Verdict::Undecided(_) => {}
        }
    }
}

/// A stream is read line by line. Where its file is a history too, both tell the same operations.
pub(crate) fn stream(bytes: &[u8]) {
    let mut reader = LineReader::default();
    let mut heard = Some(Vec::new());
    for line in bytes.split(|&byte| byte == b'\n') {
        match reader.read(line) {
            Ok(one) => heard.iter_mut().for_each(|heard| heard.push(one.clone())),
            Err(error) => {
                assert_eq!(error.line as u64, reader.lines());
                assert!(error.to_string().len() < 2_000, "{error}");
                heard = None;
                break;
            }
        }
    }
    let (Some(heard), Ok(parsed)) = (heard, parse(bytes, Some(Format::JsonLines))) else { return };
    let mut told: Vec<(&Operation, i64, Option<i64>, &Outcome)> = Vec::new();
    let mut by_mark = std::collections::BTreeMap::new();
    for one in &heard {
        match one {
            Heard::Nothing => {}
            Heard::Operation { operation, call, end, outcome, .. } => {
                told.push((operation, *call, *end, outcome));
            }
            Heard::Called { mark, operation, call, .. } => {
                by_mark.insert(*mark, told.len());
                told.push((operation, *call, None, &Outcome::Unknown));
            }
            Heard::Ended { mark, end, outcome, .. } => {
                let open = &mut told[by_mark[mark]];
                (open.2, open.3) = (*end, outcome);
            }
        }
    }
    let records = parsed.history.records.iter();
    let file: Vec<_> = records
        .map(|record| (&record.operation, record.call.0, record.end.map(|end| end.0), &record.outcome))
        .collect();
    assert_eq!(told, file, "a stream tells what its file tells");
}

/// A scenario is read, resolved, and prepared for a run under each of its variants.
pub(crate) fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Scenario::parse(text) {
        Ok(scenario) => {
            for variant in &scenario.variants {
                match Experiment::new(&scenario, variant) {
                    Ok(experiment) => drop(experiment.world(1)),
                    Err(error) => assert!(!error.to_string().is_empty()),
                }
            }
        }
        Err(errors) => {
            let lines = text.lines().count().max(1);
            for error in errors.iter() {
                assert!((1..=lines + 1).contains(&error.line), "{error}");
                assert!(error.column >= 1, "{error}");
            }
            assert!(!errors.to_string().is_empty());
        }
    }
}

/// A history, an empty line, and a certificate of it. Whatever is proven is true.
pub(crate) fn certificate(bytes: &[u8]) {
    let Some(cut) = bytes.windows(2).position(|two| two == b"\n\n") else { return };
    let (history, certificate) = (&bytes[..cut], &bytes[cut + 2..]);
    let Ok(read) = Certificate::read(certificate) else { return };
    let mut written = Vec::new();
    read.write(&mut written).expect("a vector takes everything");
    assert_eq!(Certificate::read(&written).as_ref(), Ok(&read), "read back as it was");
    let Ok(parsed) = parse(history, Some(Format::JsonLines)) else { return };
    let Ok(proven) = read.prove(&parsed.history) else { return };
    if proven.open.is_some() {
        return;
    }
    let mut budget = Budget::default().configurations(100_000);
    let judgement = check_within(&parsed.history, read.options(), &mut budget).expect("it was proven");
    if judgement.decision() != Decision::Undecided {
        assert_eq!(judgement.decision(), read.verdict());
    }
}
