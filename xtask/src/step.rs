//! One step of a check: a name, a program, and what to do when it fails.

use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

/// How many tests were seen to pass and to fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

/// Runs steps, keeps time and counts.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) done: u32,
    pub(crate) counts: Counts,
}

impl Steps {
    /// Runs one step. `next` says what to do if it fails.
    pub(crate) fn run(
        &mut self,
        name: &str,
        next: &str,
        step: impl FnOnce(&mut Counts) -> Result<(), String>,
    ) -> Result<(), String> {
        println!("── {name}");
        let started = Instant::now();
        let result = step(&mut self.counts);
        let seconds = started.elapsed().as_secs_f64();
        match result {
            Ok(()) => {
                self.done += 1;
                println!("   ok, {seconds:.1} s");
                Ok(())
            }
            Err(why) => Err(format!("{name} failed after {seconds:.1} s: {why}\n   next: {next}")),
        }
    }
}

/// Runs a program to its end; its output goes where ours goes.
pub(crate) fn program(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{} does not start: {error}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", shown(command))) }
}

/// Runs a program that runs tests: its output goes on as it comes, and the tests are counted from it.
pub(crate) fn tests(command: &mut Command, counts: &mut Counts) -> Result<(), String> {
    if io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{} does not start: {error}", shown(command)))?;
    let seen = Arc::new(Mutex::new(Counts::default()));
    let (out, err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let readers = [pass_on(out, io::stdout(), seen.clone()), pass_on(err, io::stderr(), seen.clone())];
    let status = child.wait().map_err(|error| error.to_string())?;
    for reader in readers {
        reader.join().expect("a reader only copies");
    }
    let seen = *seen.lock().expect("no reader panicked");
    counts.passed += seen.passed;
    counts.failed += seen.failed;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", shown(command))) }
}

fn pass_on(
    from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    seen: Arc<Mutex<Counts>>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut line = Vec::new();
        let mut from = BufReader::new(from);
        while from.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if let Some(counts) = counted(&String::from_utf8_lossy(&line)) {
                let mut seen = seen.lock().expect("no reader panicked");
                seen.passed += counts.passed;
                seen.failed += counts.failed;
            }
            // Nobody reads any more (`| head`): the tests go on, quietly.
            let _ = to.write_all(&line).and_then(|()| to.flush());
            line.clear();
        }
    })
}

/// The counts in a line of libtest (`test result: ok. 3 passed; 0 failed; …`) or nextest (`Summary [ 1.2s] 4 tests run:
/// 3 passed, 1 failed, 0 skipped`).
fn counted(line: &str) -> Option<Counts> {
    let line = without_colour(line);
    let line = line.trim();
    let is_summary = line.starts_with("test result:")
        || (line.starts_with("Summary [") && (line.contains("tests run:") || line.contains("test run:")));
    if !is_summary {
        return None;
    }
    let number_before = |word: &str| {
        let words: Vec<&str> = line.split([' ', ',', ';']).filter(|part| !part.is_empty()).collect();
        let place = words.iter().position(|part| *part == word)?;
        words.get(place.checked_sub(1)?)?.parse().ok()
    };
    Some(Counts {
        passed: number_before("passed").unwrap_or(0),
        failed: number_before("failed").unwrap_or(0) + number_before("timed").unwrap_or(0),
    })
}

fn without_colour(line: &str) -> String {
    let mut out = String::new();
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        if c == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            out.push(c);
        }
    }
    out
}

/// The command line as a person would type it.
fn shown(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit(['/', '\\']).next().unwrap_or("cargo").to_owned();
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_are_understood() {
        let counts = |passed, failed| Some(Counts { passed, failed });
        assert_eq!(
            counted("test result: ok. 31 passed; 2 failed; 0 ignored; 0 measured; finished in 0.04s\n"),
            counts(31, 2)
        );
        assert_eq!(
            counted(
                "\u{1b}[32;1m     Summary\u{1b}[0m [   1.204s] \u{1b}[1m12\u{1b}[0m tests run: \u{1b}[1m11\u{1b}[0m passed, \u{1b}[1m1\u{1b}[0m failed, 0 skipped\n"
            ),
            counts(11, 1)
        );
        assert_eq!(counted("     Summary [   0.100s] 1 test run: 1 passed, 0 skipped"), counts(1, 0));
        assert_eq!(counted("test the_result_is_passed ... ok"), None);
    }
}
