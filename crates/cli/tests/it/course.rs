//! The course in `docs/course/` keeps its word: each command that it shows is run, and says what it shows.
//!
//! A block that starts with ```` ```console ```` holds command lines as a reader types them in the repository's root, each
//! with what it prints. A line `…` stands for any lines that the page leaves out. What differs from run to run may differ
//! (see [`super::harness::steady`]). `BLESS=1` rewrites what a page shows in full; what it shows in part is its author's to
//! choose again, so the test prints what there is to choose from.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Call, steady};

const LEFT_OUT: &str = "…";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The pages, by name.
fn pages() -> Vec<PathBuf> {
    let folder = root().join("docs/course");
    let mut pages: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the course is in docs/course")
        .map(|entry| entry.expect("a file in the course").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages
}

/// What a command line prints, run in the repository's root: results, then notes.
fn printed(command: &str) -> String {
    let arguments = command.strip_prefix("$ anachron ").unwrap_or_else(|| panic!("not ours: {command}"));
    let ran = Call::in_folder(&root(), arguments).run();
    ran.stdout + &ran.stderr
}

/// True if `shown` is `printed` but for the lines that it leaves out and for what differs from run to run.
fn agrees(shown: &[&str], printed: &str) -> bool {
    let printed: Vec<String> = printed.lines().map(|line| steady(line.trim_end())).collect();
    let mut at = 0;
    let mut free = false;
    for segment in shown.split(|line| *line == LEFT_OUT) {
        let segment: Vec<String> = segment.iter().map(|line| steady(line)).collect();
        let fits = |from: &usize| printed[*from..].starts_with(&segment);
        let candidates = if free { at..=printed.len() } else { at..=at };
        let Some(from) = candidates.into_iter().find(fits) else { return false };
        at = from + segment.len();
        free = true;
    }
    at == printed.len() || shown.last() == Some(&LEFT_OUT)
}

/// A page with what its commands print now, and complaints about what it shows in part.
fn renewed(page: &str) -> (String, String) {
    let (mut now, mut complaints) = (String::new(), String::new());
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        now += line;
        now.push('\n');
        if line != "```console" {
            continue;
        }
        while let Some(command) = lines.next_if(|line| *line != "```") {
            let mut shown = Vec::new();
            while let Some(line) = lines.next_if(|line| *line != "```" && !line.starts_with("$ ")) {
                shown.push(line);
            }
            // The page's last line before the next command may be empty, for the eye.
            let gap = shown.last() == Some(&"") && lines.peek().is_some_and(|line| line.starts_with("$ "));
            let body = if gap { &shown[..shown.len() - 1] } else { &shown[..] };
            let printed = printed(command);
            writeln!(now, "{command}").expect("a string");
            let agrees = agrees(body, &printed);
            if agrees || body.contains(&LEFT_OUT) {
                now.extend(body.iter().flat_map(|line| [line, "\n"]));
            } else {
                now.extend(printed.lines().flat_map(|line| [line.trim_end(), "\n"]));
            }
            if gap {
                now.push('\n');
            }
            if !agrees && body.contains(&LEFT_OUT) {
                writeln!(complaints, "{command}\n{printed}").expect("a string");
            }
        }
    }
    (now, complaints)
}

#[test]
fn every_command_of_the_course_prints_what_the_page_shows() {
    let mut commands = 0;
    for path in pages() {
        let page = fs::read_to_string(&path).expect("a page of the course");
        commands += page.lines().filter(|line| line.starts_with("$ anachron ")).count();
        let (now, complaints) = renewed(&page);
        assert!(complaints.is_empty(), "{} shows lines that are not printed:\n{complaints}", path.display());
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &now).expect("the page can be written");
        } else {
            assert!(now == page, "{} is stale (BLESS=1 rewrites it)\n{now}", path.display());
        }
    }
    assert!(commands >= 16, "the course has lost its commands: {commands}");
}

/// What a link may name within a page: its headings, as GitHub spells them, and the anchors that it sets itself.
fn anchors(page: &str) -> Vec<String> {
    let kept = |letter: &char| letter.is_alphanumeric() || "-_ ".contains(*letter);
    let heading = |line: &str| line.trim_start_matches('#').trim().to_lowercase().replace('`', "");
    let spelled = |line: &str| heading(line).chars().filter(kept).collect::<String>().replace(' ', "-");
    let headings = page.lines().filter(|line| line.starts_with('#')).map(spelled);
    let set = page.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned);
    headings.chain(set).collect()
}

/// A reader who is sent to a page finds it, and the section on it: from the README, the pages of `docs/` and the course.
#[test]
fn every_link_of_the_course_leads_somewhere() {
    let folder = fs::read_dir(root().join("docs")).expect("the pages are in docs");
    let beside = folder.map(|entry| entry.expect("a file in docs").path());
    let beside = beside.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut links = 0;
    for path in pages().into_iter().chain(beside).chain([root().join("README.md")]) {
        let page = fs::read_to_string(&path).expect("a page");
        for link in page.split("](").skip(1).map(|rest| rest.split(')').next().expect("a split")) {
            if link.starts_with("http") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            assert!(target.exists(), "{} links to {link}, which is not there", path.display());
            if !anchor.is_empty() {
                let there = anchors(&fs::read_to_string(&target).expect("a page that is linked to"));
                let found = there.iter().any(|known| known == anchor);
                assert!(found, "{} links to {link}, and there is no such section", path.display());
            }
            links += 1;
        }
    }
    assert!(links > 100, "the pages have lost their links: {links}");
}

#[test]
fn what_a_page_leaves_out_is_left_out() {
    assert!(agrees(&["a", LEFT_OUT, "d"], "a\nb\nc\nd\n"));
    assert!(agrees(&[LEFT_OUT, "c", LEFT_OUT], "a\nb\nc\nd\n"));
    assert!(agrees(&["took 3 ms"], "took 3 ms\n"));
    assert!(!agrees(&["a", LEFT_OUT, "c"], "a\nb\nc\nd\n"));
    assert!(!agrees(&["a"], "a\nb\n"));
    assert!(!agrees(&[LEFT_OUT, "c", "b", LEFT_OUT], "a\nb\nc\nd\n"));
}
