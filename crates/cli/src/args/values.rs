//! What can be said in one argument: an expectation, a range of seeds, a value, a time, a size.

use std::num::NonZeroUsize;
use std::time::Duration;

use anachron_checker::Decision;
use anachron_checker::explain::AnomalyKind;
use anachron_vocabulary::Value;

/// What must come out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Expected {
    /// The verdict.
    pub decision: Decision,
    /// The kind of anomaly, if that matters.
    pub kind: Option<AnomalyKind>,
}

/// A range of seeds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Seeds {
    /// The first.
    pub first: u64,
    /// Behind the last.
    pub end: u64,
}

pub(super) fn parse_expected(text: &str) -> Result<Expected, String> {
    let (verdict, kind) = text.split_once(':').map_or((text, None), |(verdict, kind)| (verdict, Some(kind)));
    let decisions = [Decision::Linearizable, Decision::NotLinearizable, Decision::Undecided];
    let decision = decisions.into_iter().find(|decision| decision.name() == verdict).ok_or_else(|| {
        format!("there is no verdict `{verdict}`; there are linearizable, not-linearizable and undecided")
    })?;
    let Some(kind) = kind else { return Ok(Expected { decision, kind: None }) };
    if decision != Decision::NotLinearizable {
        return Err(format!("only not-linearizable has a kind, {verdict} has none"));
    }
    let found = AnomalyKind::from_name(kind).ok_or_else(|| {
        let names: Vec<&str> = AnomalyKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("there is no kind of anomaly `{kind}`; there are {}", names.join(", "))
    })?;
    Ok(Expected { decision, kind: Some(found) })
}

/// Reads a value as the reader of histories would, so that the two mean the same.
pub(crate) fn parse_value(text: &str) -> Result<Value, String> {
    let json: serde_json::Value = serde_json::from_str(text)
        .map_err(|error| format!("not JSON ({error}); a text needs its quotes: --initial '\"{text}\"'"))?;
    anachron_report::jsonl::value(&json)
}

pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    // `10m` and `1h` are what people type; scenario files have neither.
    let whole = |unit: char, seconds: u64| {
        let number = text.strip_suffix(unit)?.parse::<u64>().ok()?;
        number.checked_mul(seconds).map(Duration::from_secs)
    };
    let duration = whole('m', 60).or_else(|| whole('h', 3600)).or_else(|| {
        let duration = anachron_scenario::parse_duration(text).ok()?;
        Some(Duration::from_nanos(duration.0))
    });
    duration
        .filter(|duration| *duration <= LONGEST_BUDGET)
        .ok_or_else(|| "expected a time such as 500ms, 60s, 10min or 1h, a year at most".to_owned())
}

/// Whoever waits longer than a year has meant something else.
const LONGEST_BUDGET: Duration = Duration::from_hours(366 * 24);

pub(super) fn parse_threads(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= MOST_THREADS);
    number.ok_or_else(|| format!("expected a number from 1 to {MOST_THREADS}"))
}

/// More threads than any machine has cores to run them on.
const MOST_THREADS: usize = 4096;

pub(super) fn parse_size(text: &str) -> Result<usize, String> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(lower.len());
    let (number, unit) = lower.split_at(digits);
    let scale = match unit {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => 0,
    };
    let bytes = number.parse::<usize>().ok().and_then(|number| number.checked_mul(scale));
    bytes.filter(|&bytes| bytes > 0).ok_or_else(|| format!("`{text}` is not a size such as 512MB or 4GB"))
}

pub(super) fn parse_seeds(text: &str) -> Result<Seeds, String> {
    let wrong = || format!("`{text}` is not a range of seeds such as 0..1000, 0..=999 or 42");
    let number = |text: &str| text.trim().replace('_', "").parse::<u64>().map_err(|_| wrong());
    if let Some((first, last)) = text.split_once("..=") {
        let (first, last) = (number(first)?, number(last)?);
        let end =
            last.checked_add(1).ok_or_else(|| format!("the last seed can be {} at most", u64::MAX - 1))?;
        return Ok(Seeds { first, end });
    }
    if let Some((first, end)) = text.split_once("..") {
        return Ok(Seeds { first: number(first)?, end: number(end)? });
    }
    let first = number(text)?;
    let end = first.checked_add(1).ok_or_else(|| format!("the last seed can be {} at most", u64::MAX - 1))?;
    Ok(Seeds { first, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_half_open_unless_they_say_otherwise() {
        assert_eq!(parse_seeds("0..1_000"), Ok(Seeds { first: 0, end: 1000 }));
        assert_eq!(parse_seeds("5..=9"), Ok(Seeds { first: 5, end: 10 }));
        assert_eq!(parse_seeds("42"), Ok(Seeds { first: 42, end: 43 }));
        for text in ["", "..", "1..", "a..b", "-1..3", "1...3", "18446744073709551615"] {
            assert!(parse_seeds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_and_times_take_the_units_people_type() {
        assert_eq!(parse_size("4GB"), Ok(4 << 30));
        assert_eq!(parse_size("512MiB"), Ok(512 << 20));
        assert_eq!(parse_size("1000"), Ok(1000));
        assert!(
            parse_size("lots").is_err() && parse_size("0").is_err() && parse_size("99999999999999G").is_err()
        );
        assert!(parse_size("5bib").is_err() && parse_size("-1").is_err() && parse_size("").is_err());
        assert_eq!(parse_time("10m"), Ok(Duration::from_mins(10)));
        assert_eq!(parse_time("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_time("1h"), Ok(Duration::from_hours(1)));
        assert_eq!(parse_time("10min"), Ok(Duration::from_mins(10)));
        assert!(parse_time("soon").is_err() && parse_time("m").is_err() && parse_time("9999999h").is_err());
        assert!(
            parse_threads("0").is_err() && parse_threads("-1").is_err() && parse_threads("100000").is_err()
        );
    }

    #[test]
    fn an_initial_value_is_what_a_history_would_make_of_it() {
        assert_eq!(parse_value("null"), Ok(Value::Null));
        assert_eq!(parse_value(" 5 "), Ok(Value::Integer(5)));
        assert_eq!(parse_value("\"a\""), Ok(Value::from("a")));
        assert_eq!(parse_value("1.50"), parse_value("1.5"));
        assert_eq!(parse_value("{\"b\":1,\"a\":[2]}"), parse_value("{\"a\":[2], \n\"b\":1}"));
        for text in ["", "a", "1,2", "{\"a\":1"] {
            assert!(parse_value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn expectations_name_a_verdict_and_perhaps_a_kind() {
        let stale = Expected { decision: Decision::NotLinearizable, kind: Some(AnomalyKind::StaleRead) };
        assert_eq!(parse_expected("not-linearizable:stale-read"), Ok(stale));
        assert!(parse_expected("linearizable:stale-read").is_err());
        assert!(parse_expected("violation").is_err());
    }
}
