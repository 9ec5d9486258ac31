//! Lists the folder `scenarios/`, so that a new story is a new file and nothing else.
//!
//! Writes `stories.rs` into the build's folder: the list that `src/library.rs` includes, in the order of the catalogue's
//! numbers, then by name.

#![allow(clippy::disallowed_methods)] // a build script reads the folder that it lists

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    // Asked for when it runs: compiled in, it would be wrong once the checkout moved.
    let crate_folder = env::var_os("CARGO_MANIFEST_DIR").expect("cargo names the crate's folder");
    let folder = Path::new(&crate_folder).join("../../scenarios");
    let folder = folder.canonicalize().expect("the folder scenarios/ lies in the repository");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut stories = Vec::new();
    for entry in fs::read_dir(&folder).expect("the folder can be listed") {
        let path = entry.expect("an entry").path();
        let id = path.file_stem().expect("a name").to_str().expect("a name in UTF-8").to_owned();
        if path.extension().is_some_and(|extension| extension == "json") && id != "schema" {
            println!("cargo:rerun-if-changed={}", path.display());
            let text = fs::read_to_string(&path).expect("a story can be read");
            stories.push((number(&text).unwrap_or(u32::MAX), id, path));
        }
    }
    stories.sort();
    let mut list = String::from("&[\n");
    for (_, id, path) in &stories {
        writeln!(list, "Story {{ id: {id:?}, text: include_str!({:?}) }},", path.display().to_string())
            .expect("a string takes everything");
    }
    list.push(']');
    let out = env::var_os("OUT_DIR").expect("cargo names the build's folder");
    fs::write(Path::new(&out).join("stories.rs"), list).expect("the build's folder can be written to");
}

/// The number that stands on a line of its own near the top. It decides nothing but the order, and a test holds that
/// against the parsed stories; so no parser is needed here.
fn number(text: &str) -> Option<u32> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("\"number\":"))?;
    line.trim().trim_end_matches(',').parse().ok()
}
