//! How results look: width, ASCII, colour, and who decides.

use crate::check::hard;
use crate::harness::{Folder, anachron, golden};

const STORY: &str = "lost-acked-write-on-failover";

/// Columns of a line of ours: nothing that we draw is wider than one column.
fn widest(text: &str) -> usize {
    let measured = |line: &&str| {
        !["replay", "run ", "history", "explain", "$"].iter().any(|start| line.starts_with(start))
    };
    text.lines().filter(measured).map(|line| line.chars().count()).max().unwrap_or(0)
}

#[test]
fn ascii_is_nothing_but_ascii() {
    let folder = Folder::new();
    folder.file("hard.jsonl", hard()).file(
        "names.jsonl",
        "{\"client\":\"Zoë\",\"key\":\"schlüssel\",\"f\":\"read\",\"ret\":\"→ ①\",\"call\":0,\"return\":1}\n",
    );
    let mut calls = vec![
        format!("run {STORY} --whole --verify --self-check"),
        format!("run {STORY} --variant raft"),
        format!("sweep {STORY} --seeds 0..20 --expect linearizable"),
        "list".to_owned(),
        "list --strategies".to_owned(),
        "list --anomalies".to_owned(),
        "explain stale-read".to_owned(),
        "explain lamport-1-5-1".to_owned(),
        "check hard.jsonl --budget 10ms".to_owned(),
        "check names.jsonl".to_owned(),
        "check names.jsonl hard.jsonl naïve.jsonl --budget 10ms".to_owned(),
        "explain zoë".to_owned(),
    ];
    let listed = anachron("list --anomalies --output jsonl").run().objects();
    calls.extend(listed.iter().map(|kind| format!("explain {}", kind["name"].as_str().expect("a name"))));
    for call in calls {
        for ran in [
            folder.anachron(&call).arg("--ascii").run(),
            folder.anachron(&call).env("LANG", "C").run(),
            folder.anachron(&call).env("LANG", "en_GB.UTF-8").env("LC_ALL", "POSIX").run(),
        ] {
            let said = format!("{}{}", ran.stdout, ran.stderr);
            let foreign: Vec<&str> = said.lines().filter(|line| !line.is_ascii()).collect();
            assert!(foreign.is_empty(), "{call}: {foreign:#?}");
        }
    }
}

#[test]
fn ascii_reads_well() {
    let calls = ["", " --variant raft"]
        .map(|variant| anachron(&format!("run {STORY} --ascii --whole{variant}")).run());
    golden("ascii", &calls);
}

#[test]
fn a_locale_that_knows_unicode_gets_it() {
    for (name, value) in [("LANG", "de_DE.UTF-8"), ("LC_ALL", "C.utf8"), ("LANG", "")] {
        anachron(&format!("run {STORY}")).env(name, value).run().says("✗ NOT linearizable");
    }
}

#[test]
fn widths() {
    let mut calls = Vec::new();
    for width in [40, 60, 200] {
        let ran = anachron(&format!("run {STORY} --width {width}")).run().ends_with(1);
        assert!(widest(&ran.stdout) <= width, "{width}: {}\n{}", widest(&ran.stdout), ran.stdout);
        calls.push(ran);
    }
    golden("width", &calls);
    let untimed = |arguments: &str| {
        let ran = anachron(&format!("run {STORY}{arguments}")).run();
        let lines = ran.stdout.lines().filter(|line| !line.contains(" messages, "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(untimed(""), untimed(" --width 80"));
    for outside in ["39", "1001", "x"] {
        anachron(&format!("list --width {outside}")).run().ends_with(2);
    }
}

/// The text without its colours.
fn plain(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + part.split_once('m').expect("a colour ends with m").1)
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let call = "check - --output human";
    let judge = || anachron(call).stdin("{\"client\":0,\"f\":\"read\",\"ret\":5,\"call\":0,\"return\":1}\n");
    let coloured = |ran: &crate::harness::Ran| ran.stdout.contains('\u{1b}');
    assert!(!coloured(&judge().run()));
    assert!(!coloured(&judge().env("TERM", "xterm-256color").run()));
    assert!(!coloured(&judge().arg("--color").arg("never").env("CLICOLOR_FORCE", "1").run()));
    assert!(coloured(&judge().env("CLICOLOR_FORCE", "1").run()));
    assert!(!coloured(&judge().env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1").run()));
    let always = judge().arg("--color").arg("always").env("NO_COLOR", "1").run();
    assert!(coloured(&always));
    let without_last = |text: &str| text.lines().take(8).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(without_last(&plain(&always.stdout)), without_last(&judge().run().stdout));
    let lines = anachron(&format!("run {STORY} --color always --output jsonl")).run();
    assert!(!coloured(&lines));
}
