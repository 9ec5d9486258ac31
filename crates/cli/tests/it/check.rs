//! `anachron check`: histories from files, judged.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::harness::{Folder, anachron, corpus, golden};

const STALE: &str = r#"{"client":0,"key":"x","f":"write","arg":1,"ret":null,"call":0,"return":10}
{"client":0,"key":"x","f":"write","arg":2,"ret":null,"call":20,"return":30}
{"client":1,"key":"x","f":"read","arg":null,"ret":1,"call":40,"return":50}
"#;
const FINE: &str = r#"{"client":0,"key":"x","f":"write","arg":1,"call":0,"return":10}
{"client":1,"key":"x","f":"read","ret":1,"call":5,"return":30}
{"client":2,"key":"x","f":"write","arg":2,"call":20,"return":null}
"#;

/// Sixty compare-and-sets at once, all of them successful: a walk over all edges of a graph is asked for, and there is
/// none. Nothing but a search finds out, and that takes hours.
pub(crate) fn hard() -> String {
    let mut edges: Vec<(u32, u32)> =
        (0..9).flat_map(|from| (0..9).map(move |to| (from, to))).filter(|(from, to)| from != to).collect();
    let mut number = 1_u32;
    edges.sort_by_cached_key(|_| {
        // Any disorder will do (Numerical Recipes' linear congruential generator).
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        number
    });
    let mut out = String::from("{\"client\":99,\"f\":\"write\",\"arg\":0,\"call\":0,\"return\":1}\n");
    for (client, (from, to)) in edges.iter().take(60).enumerate() {
        writeln!(
            out,
            "{{\"client\":{client},\"f\":\"cas\",\"arg\":[{from},{to}],\"ret\":true,\"call\":2,\"return\":9}}"
        )
        .expect("a string");
    }
    out
}

fn files() -> Folder {
    let folder = Folder::new();
    folder.file("stale.jsonl", STALE).file("fine.jsonl", FINE).file("hard.jsonl", hard());
    folder
}

#[test]
fn one_file() {
    let folder = files();
    let calls = [
        ("check stale.jsonl --model register", 1),
        ("check fine.jsonl --verify", 0),
        ("check stale.jsonl --expect not-linearizable:stale-read", 0),
        ("check stale.jsonl --expect linearizable", 1),
        ("check fine.jsonl --initial 1 --model cas-register", 0),
    ];
    golden("check", &calls.map(|(call, code)| folder.anachron(call).run().ends_with(code)));
}

#[test]
fn many_files() {
    let folder = files();
    folder.file("broken.jsonl", "{\"client\":0,");
    fs::create_dir(folder.path().join("logs")).expect("a folder");
    fs::create_dir(folder.path().join("a-folder-with-a-name-that-is-long-enough-to-fill-a-line"))
        .expect("one");
    let long = "a-folder-with-a-name-that-is-long-enough-to-fill-a-line/fine.jsonl";
    folder.file(long, FINE);
    let calls = [
        ("check fine.jsonl stale.jsonl".to_owned(), 1),
        (format!("check {long} stale.jsonl --explain"), 1),
        ("check stale.jsonl broken.jsonl gone.jsonl logs fine.jsonl".to_owned(), 2),
        ("check fine.jsonl fine.jsonl --expect linearizable".to_owned(), 0),
        ("check fine.jsonl stale.jsonl --expect linearizable".to_owned(), 1),
    ];
    golden(
        "check-many",
        &calls.map(|(call, code)| folder.anachron(&call).arg("--width").arg("100").run().ends_with(code)),
    );
}

#[test]
fn what_is_not_decided_is_never_a_pass() {
    let folder = files();
    for (arguments, code) in [
        ("hard.jsonl", 3),
        ("hard.jsonl --expect linearizable", 3),
        ("hard.jsonl --expect not-linearizable", 3),
        ("hard.jsonl --expect undecided", 0),
        ("hard.jsonl fine.jsonl", 3),
        ("hard.jsonl stale.jsonl", 1),
        ("hard.jsonl stale.jsonl --expect linearizable", 1),
        ("hard.jsonl fine.jsonl --expect linearizable", 3),
    ] {
        folder.anachron(&format!("check {arguments} --budget 50ms")).run().ends_with(code);
    }
    let ran = folder.anachron("check hard.jsonl --budget 50ms").run().ends_with(3);
    ran.says("? not decided").says("Stopped by the limit on time after").says("Try a larger `--budget`");
    let memory = folder.anachron("check hard.jsonl --memory 1MB").run().ends_with(3);
    memory.says("Stopped by the limit on memory after").says("Try a larger `--memory`");
    let listed = folder.anachron("check hard.jsonl fine.jsonl --budget 50ms").run().ends_with(3);
    listed.says("the limit on time; longest order ").says("1 not decided");
}

/// One object is explained; that others are wrong, too, is said all the same.
#[test]
fn several_objects() {
    let object = |key: u32| {
        let read = if key.is_multiple_of(3) { 2 } else { 1 };
        format!(
            "{{\"client\":{key},\"key\":\"k{key}\",\"f\":\"write\",\"arg\":1,\"call\":0,\"return\":1}}\n\
             {{\"client\":{key},\"key\":\"k{key}\",\"f\":\"read\",\"ret\":{read},\"call\":2,\"return\":3}}\n"
        )
    };
    let folder = Folder::new();
    folder.file("keys.jsonl", (0..30).map(object).collect::<String>());
    // Enough to be worth more than one thread.
    folder.file("many.jsonl", (0..3_000).map(object).collect::<String>());
    golden("check-objects", &[folder.anachron("check keys.jsonl --verify").run().ends_with(1)]);
    folder.file("two.jsonl", (0..4).map(object).collect::<String>());
    folder
        .anachron("check two.jsonl")
        .run()
        .ends_with(1)
        .says("1 other object is not linearizable either: k3.");
    let untimed = |threads: &str| {
        let ran = folder.anachron(&format!("check many.jsonl --threads {threads}")).run().ends_with(1);
        ran.stdout
            .lines()
            .filter(|line| !line.contains("checking took"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(untimed("1"), untimed("2"));
    assert_eq!(untimed("1"), untimed("7"));
}

#[test]
fn an_object_holds_what_it_is_said_to_hold() {
    let folder = Folder::new();
    folder.file("read.jsonl", "{\"client\":0,\"f\":\"read\",\"ret\":5,\"call\":0,\"return\":1}\n");
    folder.anachron("check read.jsonl").run().ends_with(1);
    folder.anachron("check read.jsonl --initial 5").run().ends_with(0);
    folder.anachron("check read.jsonl --initial").arg("\"5\"").run().ends_with(1);
    // Porcupine's key-value text starts at "", also where nothing is ever appended, unless the reader says otherwise.
    let text = "{:process 0, :type :invoke, :f :get, :key \"x\", :value nil}\n\
                {:process 0, :type :ok, :f :get, :key \"x\", :value \"\"}\n";
    folder.file("kv.txt", text);
    folder.anachron("check kv.txt").run().ends_with(0).says("model key-value (guessed)");
    folder.anachron("check kv.txt --model register").run().ends_with(0);
    folder.anachron("check kv.txt --initial null").run().ends_with(1);
}

#[test]
fn standard_input() {
    anachron("check -").stdin(STALE).run().ends_with(1).says("Stale read");
    anachron("check - --output jsonl").stdin(FINE).run().ends_with(0).says("\"file\":\"-\"");
    anachron("check -")
        .run()
        .ends_with(2)
        .notes("-:1:1: expected at least one operation, found an empty file");
}

#[test]
fn a_format_can_be_named() {
    let folder = files();
    folder.anachron("check fine.jsonl --input-format jsonl").run().ends_with(0);
    let calls = ["edn", "jepsen-log"].map(|format| {
        folder.anachron(&format!("check fine.jsonl --input-format {format}")).run().ends_with(2)
    });
    golden("check-other-format", &calls);
}

#[test]
fn a_model_must_know_the_operations() {
    let folder = files();
    let calls = ["register", "mutex"]
        .map(|model| folder.anachron(&format!("check hard.jsonl --model {model}")).run().ends_with(2));
    golden("check-wrong-model", &calls);
}

#[test]
fn malformed_files_are_shown_where_they_are_wrong() {
    let folder = Folder::new();
    let files = [
        ("cut-off.jsonl", &STALE[..STALE.len() - 20]),
        (
            "quotes.jsonl",
            "{\"client\":\"a\\\"b\\\\c\",\"key\":\"x\",\"f\":\"wriet\",\"arg\":1,\"call\":0,\"return\":1}\n",
        ),
        ("backwards.jsonl", "{\"client\":0,\"f\":\"read\",\"ret\":1,\"call\":9,\"return\":1}\n"),
        (
            "overlap.jsonl",
            "{\"client\":0,\"f\":\"read\",\"ret\":1,\"call\":0,\"return\":5}\n{\"client\":0,\"f\":\"read\",\"ret\":1,\"call\":3,\"return\":9}\n",
        ),
        ("deep.jsonl", &format!("{{\"client\":0,\"f\":\"write\",\"arg\":{}", "[".repeat(100_000))),
        ("orphan.edn", "[{:process 0, :type :ok, :f :read, :value 1}]"),
        (
            "twice.edn",
            "{:process 0, :type :invoke, :f :read, :value nil}\n{:process 0, :type :invoke, :f :read, :value nil}\n",
        ),
        ("open.edn", "[{:process 0, :type :invoke"),
        ("orphan.log", "INFO  jepsen.util - 0\t:ok\t:read\t1\n"),
        ("odd.log", "INFO  jepsen.util - 0\t:invoke\t:frob\tnil\n"),
        ("prose.txt", "Dear judge,\nI saw nothing.\n"),
        ("empty.txt", ""),
        ("utf16.jsonl", "\u{feff}\0\0"),
    ];
    let calls = files.map(|(name, content)| {
        folder.file(name, content);
        folder.anachron(&format!("check {name}")).run().ends_with(2)
    });
    golden("malformed", &calls);
    folder.file("latin1.jsonl", b"{\"client\":\"caf\xe9\"}");
    folder.anachron("check latin1.jsonl").run().ends_with(2).notes("latin1.jsonl:1:15: expected UTF-8 text");
}

/// The files of a folder of the corpus, in order.
fn listed(folder: &Path) -> Vec<String> {
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path().display().to_string())
        .filter(|file| !file.ends_with("verdicts.csv"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

/// Judges the files together, as a reader would, and tells each one's verdict.
fn verdicts(files: &[String], model: &str) -> Vec<(String, bool)> {
    let call = anachron(&format!("check --verify --output jsonl --model {model}"));
    let ran = files.iter().fold(call, |call, file| call.arg(file)).run();
    let objects = ran.objects();
    let verdicts: Vec<(String, bool)> = objects
        .iter()
        .filter(|object| object["kind"] == "verdict")
        .map(|object| {
            assert_eq!(object["model"], model);
            assert!(object["operations"].as_u64().is_some_and(|operations| operations > 0), "{object}");
            assert!(object["check_ms"].is_f64(), "{object}");
            let fine = match object["verdict"].as_str() {
                Some("linearizable") => true,
                Some("not-linearizable") => false,
                other => panic!("{other:?}: {object}"),
            };
            (object["file"].as_str().expect("a name").to_owned(), fine)
        })
        .collect();
    let names: Vec<&String> = verdicts.iter().map(|(file, _)| file).collect();
    assert_eq!(names, files.iter().collect::<Vec<_>>());
    assert_eq!(ran.code, i32::from(verdicts.iter().any(|(_, fine)| !fine)), "{}", ran.stderr);
    verdicts
}

#[test]
fn the_corpus_jepsen_etcd() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("jepsen-etcd");
    let known = fs::read_to_string(folder.join("verdicts.csv")).expect("verdicts.csv");
    let found = verdicts(&listed(&folder), "cas-register");
    for (file, fine) in found {
        let name = Path::new(&file).file_name().expect("a name").to_string_lossy().into_owned();
        let stem = name.trim_end_matches(".log");
        let line = known
            .lines()
            .find(|line| line.contains(stem))
            .unwrap_or_else(|| panic!("{name} in verdicts.csv"));
        let expected = !line.contains("not-linearizable") && !line.contains("false");
        assert_eq!(fine, expected, "{line}");
    }
}

#[test]
fn the_corpus_porcupine_kv() {
    let Some(corpus) = corpus() else { return };
    for (file, fine) in verdicts(&listed(&corpus.join("porcupine-kv")), "key-value") {
        assert_eq!(fine, file.ends_with("-ok.txt"), "{file}");
    }
}

#[test]
fn the_corpus_knossos() {
    let Some(corpus) = corpus() else { return };
    let knossos = corpus.join("knossos");
    for (model, folder, expected) in
        [("cas-register", "good", true), ("cas-register", "bad", false), ("mutex", "bad", false)]
    {
        for (file, fine) in verdicts(&listed(&knossos.join(model).join(folder)), model) {
            assert_eq!(fine, expected, "{file}");
        }
    }
}

/// The model need not be named: the operations tell it.
#[test]
fn the_corpus_without_a_model() {
    let Some(corpus) = corpus() else { return };
    for (file, model, code) in [
        ("jepsen-etcd/etcd_000.log", "cas-register", 1),
        ("porcupine-kv/c01-ok.txt", "key-value", 0),
        ("knossos/mutex/bad/etcd.edn", "mutex", 1),
    ] {
        let file = corpus.join(file).display().to_string();
        anachron("check").arg(&file).run().ends_with(code).says(&format!("model {model} (guessed)"));
    }
}

#[test]
fn the_corpus_reads_well() {
    let Some(corpus) = corpus() else { return };
    let calls = [
        "check jepsen-etcd/etcd_000.log --width 100",
        "check jepsen-etcd/etcd_060.log",
        "check knossos/mutex/bad/etcd.edn",
        "check porcupine-kv/c01-bad.txt",
        "check porcupine-kv/c01-ok.txt",
    ];
    golden("corpus", &calls.map(|call| anachron(call).from(&corpus).run()));
}
