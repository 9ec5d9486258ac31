//! `anachron completions` and `anachron man`.

use std::fs;

use crate::harness::{Folder, anachron};

const COMMANDS: [&str; 12] = [
    "run",
    "campaign",
    "check",
    "list",
    "explain",
    "verify",
    "sweep",
    "catalogue",
    "new",
    "completions",
    "man",
    "matrix",
];

#[test]
fn every_shell_is_told_of_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = anachron(&format!("completions {shell}")).run().ends_with(0).stdout;
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
        assert!(script.contains("expect-run"), "{shell}");
    }
}

/// Where bash is to be had, it takes the script and completes with it.
#[test]
fn bash_completes() {
    let folder = Folder::new();
    folder.file("completions", anachron("completions bash").run().ends_with(0).stdout);
    let script = "source ./completions\n\
                  COMP_WORDS=(anachron sw) COMP_CWORD=1\n\
                  _anachron anachron sw anachron 2>/dev/null\n\
                  echo \"${COMPREPLY[@]}\"\n";
    let Ok(output) =
        std::process::Command::new("bash").args(["-c", script]).current_dir(folder.path()).output()
    else {
        println!("skipped: bash is not here");
        return;
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "sweep", "{output:?}");
}

#[test]
fn the_manual_is_one_page_or_many() {
    let page = anachron("man").run().ends_with(0).stdout;
    assert!(page.contains(".TH anachron 1") && page.contains("not decided within the budget"), "{page}");
    let folder = Folder::new();
    let ran = folder.anachron("man --folder a/b").run().ends_with(0).notes("manual pages written into a/b");
    assert_eq!(ran.stdout, "");
    let mut pages: Vec<String> = fs::read_dir(folder.path().join("a/b"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    pages.sort();
    let mut expected: Vec<String> = COMMANDS.iter().map(|command| format!("anachron-{command}.1")).collect();
    expected.push("anachron.1".to_owned());
    expected.sort();
    assert_eq!(pages, expected);
    folder.file("in-the-way", "");
    folder.anachron("man --folder in-the-way").run().ends_with(2).notes("can't write into in-the-way");
}
