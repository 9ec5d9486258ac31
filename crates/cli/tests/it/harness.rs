//! Runs the real binary, and compares what it says with what it once said.
//!
//! A golden file holds command lines as a reader would type them, each with its stdout, its stderr and its exit code.
//! What differs from run to run or from version to version (timings, fingerprints, the version, folders) stands there
//! as `<time>`, `<fingerprint>`, `<version>`, `<folder>`. `BLESS=1` rewrites the files: read the difference first.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of a test's own, gone when the test is.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("anachron-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into the folder.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.0.join(name), content).expect("a temporary file");
        self
    }

    /// The text of a file in the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A call of the binary in this folder.
    pub(crate) fn anachron(&self, arguments: &str) -> Call {
        Call::new(self.path(), arguments.split_whitespace())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that is left behind harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A call in a folder where there is nothing.
pub(crate) fn anachron(arguments: &str) -> Call {
    Call::new(&std::env::temp_dir(), arguments.split_whitespace())
}

/// A call of the binary that is about to happen. Of the environment it gets nothing but what it is given.
pub(crate) struct Call {
    command: Command,
    input: Vec<u8>,
    shown: String,
}

impl Call {
    fn new<'a>(folder: &Path, arguments: impl Iterator<Item = &'a str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_anachron"));
        command.current_dir(folder).env_clear();
        let call = Self { command, input: Vec::new(), shown: "$ anachron".to_owned() };
        arguments.fold(call, Self::arg)
    }

    /// A call in this folder.
    pub(crate) fn in_folder(folder: &Path, arguments: &str) -> Self {
        Self::new(folder, arguments.split_whitespace())
    }

    /// One more argument, spaces and all.
    pub(crate) fn arg(mut self, argument: &str) -> Self {
        self.command.arg(argument);
        let plain = !argument.contains(|c: char| c.is_whitespace() || c == '\'' || c == '"');
        let shown = if plain { argument.to_owned() } else { format!("{argument:?}") };
        write!(self.shown, " {shown}").expect("a string");
        self
    }

    /// From another folder.
    pub(crate) fn from(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self.shown.insert_str(2, &format!("{name}={value} "));
        self
    }

    pub(crate) fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// For what this type has no word for.
    pub(crate) fn command(self) -> Command {
        self.command
    }

    pub(crate) fn run(mut self) -> Ran {
        let piped = [Stdio::piped(), Stdio::piped(), Stdio::piped()];
        let [stdin, stdout, stderr] = piped;
        let mut child = self.command.stdin(stdin).stdout(stdout).stderr(stderr).spawn().expect("it starts");
        // Whoever doesn't read its input leaves a broken pipe.
        let _ = child.stdin.take().expect("piped").write_all(&self.input);
        let output = child.wait_with_output().expect("it ends");
        Ran::new(self.shown, output)
    }
}

/// A call of the binary that has happened.
pub(crate) struct Ran {
    shown: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Ran {
    fn new(shown: String, output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what it says is UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let code = output.status.code().unwrap_or_else(|| panic!("{shown} ended by {}", output.status));
        assert!(!stderr.contains("panicked"), "{shown}\n{stderr}");
        Self { shown, stdout, stderr, code }
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}\n{}", self.shown, self.stdout, self.stderr);
        self
    }

    /// Checks that stdout has this in it.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "{} does not say {text:?}:\n{}", self.shown, self.stdout);
        self
    }

    /// Checks that stderr has this in it.
    #[track_caller]
    pub(crate) fn notes(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "{} does not note {text:?}:\n{}", self.shown, self.stderr);
        self
    }

    /// The objects of stdout, which holds nothing else; each has a version and a kind.
    #[track_caller]
    pub(crate) fn objects(&self) -> Vec<serde_json::Value> {
        let objects: Vec<serde_json::Value> = self
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect();
        for object in &objects {
            assert_eq!(object["v"], 1, "{object}");
            assert!(object["kind"].is_string(), "{object}");
        }
        objects
    }

    /// The line of stdout that begins so.
    #[track_caller]
    pub(crate) fn line(&self, start: &str) -> &str {
        let found = self.stdout.lines().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("{} has no line {start:?}:\n{}", self.shown, self.stdout))
    }

    /// As it stands in a golden file.
    fn as_golden(&self) -> String {
        let mut out = format!("{}\n{}", self.shown, self.stdout);
        if !out.ends_with('\n') {
            out.push_str("<no line feed>\n");
        }
        let notes: Vec<&str> = self.stderr.lines().filter(|line| !is_progress(line)).collect();
        if !notes.is_empty() {
            writeln!(out, "[stderr]\n{}", notes.join("\n")).expect("a string");
        }
        writeln!(out, "[exit {}]", self.code).expect("a string");
        out.lines().map(|line| steady(line) + "\n").collect()
    }
}

/// What a slow machine says where a fast one says nothing.
fn is_progress(line: &str) -> bool {
    ["checking ", "reading ", "running ", "verifying "].iter().any(|start| line.starts_with(start))
        && line.ends_with(" s")
}

/// Compares calls with `tests/golden/NAME.txt`.
#[track_caller]
pub(crate) fn golden(name: &str, calls: &[Ran]) {
    let folder = std::env::temp_dir().display().to_string();
    let shown: Vec<String> = calls.iter().map(Ran::as_golden).collect();
    let now = shown.join("\n").replace(&folder, "<folder>");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("the golden folder");
        fs::write(&path, &now).expect("the golden file can be written");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let differs = golden.lines().zip(now.lines()).position(|(golden, now)| golden != now);
    assert!(
        golden == now,
        "{} differs, first at line {} (BLESS=1 rewrites it)\n--- now\n{now}",
        path.display(),
        differs.unwrap_or_else(|| golden.lines().count().min(now.lines().count())) + 1
    );
}

/// A line without what is different each time.
pub(crate) fn steady(line: &str) -> String {
    let line = line.replace(concat!("anachron ", env!("CARGO_PKG_VERSION")), "anachron <version>");
    let line =
        line.replace(concat!("\"version\":\"", env!("CARGO_PKG_VERSION"), "\""), "\"version\":\"<version>\"");
    let line = without_fingerprints(&line);
    if let Some((before, after)) = line.split_once("\"check_ms\":") {
        let rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || ".e-".contains(c));
        return format!("{before}\"check_ms\":<time>{rest}");
    }
    let of_the_clock = [
        " messages, ",
        "checking took ",
        " a second",
        " operations  ",
        " operation  ",
        " rows in ",
        "1 row in ",
    ];
    // A narrow page may have a time alone on its line.
    let alone = without_times(&line) == "<time>";
    if alone || of_the_clock.iter().any(|sign| line.contains(sign)) { without_times(&line) } else { line }
}

/// Every `735 µs`, with the spaces that align it, as `<time>`.
fn without_times(line: &str) -> String {
    let is_unit = |word: &str| ["µs", "us", "ms", "s", "min"].contains(&word.trim_end_matches([',', '.']));
    let is_number = |word: &str| word.parse::<f64>().is_ok();
    let is_rate = |words: &[&str]| words.len() > 2 && words[1] == "a" && words[2] == "second";
    let words: Vec<&str> = line.split(' ').collect();
    let mut out: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let number = words[at];
        if is_number(number) && words.get(at + 1).is_some_and(|unit| is_unit(unit)) {
            while out.last().is_some_and(|word| word.is_empty()) {
                out.pop();
            }
            out.push(if words[at + 1].ends_with(',') { "<time>," } else { "<time>" });
            at += 2;
        } else if is_number(&number.replace(',', "")) && is_rate(&words[at..]) {
            out.push("<rate>");
            at += 1;
        } else {
            out.push(number);
            at += 1;
        }
    }
    out.join(" ")
}

fn without_fingerprints(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let (before, from) = rest.split_at(at);
        let length = from.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(from.len());
        out.push_str(before);
        out.push_str(if length == 32 { "<fingerprint>" } else { &from[..length] });
        rest = &from[length..];
    }
    out + rest
}

fn corpus_path() -> String {
    format!("{}/../../../shared/corpus", env!("CARGO_MANIFEST_DIR"))
}

/// The corpus of real histories, if it is here. A corpus that is here is whole.
pub(crate) fn corpus() -> Option<PathBuf> {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    if !Path::new(shared).exists() {
        println!("skipped: ../shared is not here");
        return None;
    }
    let corpus = PathBuf::from(corpus_path());
    assert!(corpus.is_dir(), "{shared} lacks its corpus");
    Some(corpus)
}

#[test]
fn what_changes_from_run_to_run_is_left_out() {
    assert_eq!(
        steady("5 operations · 33 messages, 3 lost · 535 µs · at rest"),
        "5 operations · 33 messages, 3 lost · <time> · at rest"
    );
    assert_eq!(
        steady("✓ linearizable  a  85 operations     49.3 ms"),
        "✓ linearizable  a  85 operations <time>"
    );
    assert_eq!(steady("642 µs"), "<time>");
    assert_eq!(steady("10 runs in 1.2 s, 8,000 a second"), "10 runs in <time>, <rate> a second");
    assert_eq!(steady("   finished at 10.1 ms."), "   finished at 10.1 ms.");
    assert_eq!(steady("run 42269c10163dd9edec96bc6bd8e68acc"), "run <fingerprint>");
    assert_eq!(steady("{\"check_ms\":0.5e-3}"), "{\"check_ms\":<time>}");
}
