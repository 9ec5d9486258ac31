//! The pages of `anachron explain KIND`: present, named as the kind, narrow enough, and their examples true.

use std::collections::BTreeSet;

use anachron_checker::Model;
use anachron_checker::explain::AnomalyKind;
use anachron_history::TimeUnit::Nanoseconds;

use crate::notation::{explain_from_start, history, subject, whole};

#[test]
fn names_are_unique_and_lead_back_to_their_kind() {
    let names: BTreeSet<&str> = AnomalyKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), AnomalyKind::ALL.len());
    for kind in AnomalyKind::ALL {
        assert_eq!(AnomalyKind::from_name(kind.name()), Some(kind));
        assert!(kind.name().chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{kind}");
    }
    assert_eq!(AnomalyKind::from_name("no-such-thing"), None);
}

#[test]
fn every_page_has_its_parts_in_eighty_columns() {
    for kind in AnomalyKind::ALL {
        let page = kind.page();
        assert!(page.starts_with(&format!("# {}", kind.title())), "{kind}: the title");
        for part in
            ["## Example", "## Why no order works", "## In real systems", "## What cures it", "## Read more"]
        {
            assert!(page.contains(part), "{kind}: {part} is missing");
        }
        for line in page.lines() {
            assert!(line.chars().count() <= 80, "{kind}: too wide: {line}");
            assert!(!line.ends_with(' '), "{kind}: blank at the end: {line}");
        }
        assert!(page.ends_with('\n') && !page.ends_with("\n\n"), "{kind}: the end");
    }
}

/// The example of a page: the indented lines under `## Example`, in the catalogue's notation.
fn example(page: &str) -> String {
    let after = page.split("## Example").nth(1).expect("an example");
    let lines = after.lines().skip_while(|line| !line.starts_with("    "));
    lines.take_while(|line| line.starts_with("    ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_example_is_what_its_page_says() {
    for kind in AnomalyKind::ALL {
        let text = example(kind.page());
        let history = history(&text, Nanoseconds);
        let (model, initial) = match kind {
            AnomalyKind::TwoHolders | AnomalyKind::ReleaseWithoutHold => (Model::Mutex, "null"),
            AnomalyKind::LostAppend | AnomalyKind::AppendFork | AnomalyKind::DuplicateAppend => {
                (Model::KeyValue, "null")
            }
            AnomalyKind::DeliveredTwice | AnomalyKind::OutOfOrder | AnomalyKind::Vanished => {
                (Model::Queue, "null")
            }
            AnomalyKind::TwoLeaders => (Model::LeaderRegister, "null"),
            AnomalyKind::FracturedRead => (Model::MultiRegister, "null"),
            AnomalyKind::ImpossibleValue => (Model::Counter, "0"),
            AnomalyKind::TokenRegression => (Model::FencingLock, "null"),
            _ => (Model::CasRegister, "0"),
        };
        let subject = subject(&history, model, initial);
        let explanation = explain_from_start(&subject, &whole(&history));
        let found = explanation.as_ref().map(|explanation| explanation.kind);
        assert_eq!(found, Some(kind), "{text}\n{}", explanation.map(|e| e.to_string()).unwrap_or_default());
    }
}
