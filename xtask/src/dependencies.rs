//! The discipline of dependencies: licences that may be used, one version of each, none without a reason.
//!
//! Why it exists: every dependency is somebody else's code in our proofs. `cargo deny` would do most of this; it is one
//! more tool that a fresh machine would have to build, so the few rules that matter are here.
//!
//! What it promises: every package that this platform's build takes in has one of [`LICENCES`]; Cargo.lock has each
//! package once, but for [`TWICE`]; nothing comes from outside crates.io; every outside dependency of the workspace
//! has its reason in ARCHITECTURE.md and a crate that uses it.
//!
//! Left out on purpose: security advisories. They need the network and change without us; CI is to be repeatable.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::cargo;

/// Licences that go with MIT OR Apache-2.0.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unicode-3.0",
    "Zlib",
    "Unlicense",
    "CC0-1.0",
];

/// Packages that may be there in two versions, and why.
const TWICE: &[(&str, &str)] = &[
    ("hashbrown", "petgraph 0.8 and indexmap 2 (of serde_json) each have theirs; neither is in a hot path"),
    ("foldhash", "as hashbrown, whose hasher it is"),
    ("syn", "serde_derive and clap_derive at build time only"),
];

/// Checks all rules.
pub(crate) fn check(root: &Path) -> Result<(), String> {
    let packages = lock(root)?;
    duplicates(&packages)?;
    sources(&packages)?;
    reasons(root)?;
    let checked = licences(root)?;
    println!("   {checked} packages from outside, {} in Cargo.lock", packages.len());
    Ok(())
}

/// One package of Cargo.lock.
struct Package {
    name: String,
    version: String,
    source: Option<String>,
}

fn lock(root: &Path) -> Result<Vec<Package>, String> {
    let text = fs::read_to_string(root.join("Cargo.lock")).map_err(|error| format!("Cargo.lock: {error}"))?;
    let value = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""))?;
        Some(line.trim_end_matches('"').to_owned())
    };
    let packages = text.split("[[package]]").skip(1).filter_map(|block| {
        Some(Package {
            name: value(block, "name")?,
            version: value(block, "version")?,
            source: value(block, "source"),
        })
    });
    Ok(packages.collect())
}

fn duplicates(packages: &[Package]) -> Result<(), String> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        if !TWICE.iter().any(|(allowed, _)| allowed == name) {
            return Err(format!(
                "{name} is there in versions {}; see `cargo tree --duplicates`",
                versions.join(", ")
            ));
        }
    }
    for (name, _) in TWICE {
        if versions.get(name).is_none_or(|versions| versions.len() < 2) {
            return Err(format!("{name} is no longer there twice: take it out of TWICE"));
        }
    }
    Ok(())
}

fn sources(packages: &[Package]) -> Result<(), String> {
    for package in packages {
        match package.source.as_deref() {
            None | Some("registry+https://github.com/rust-lang/crates.io-index") => {}
            Some(other) => return Err(format!("{} comes from {other}, not from crates.io", package.name)),
        }
    }
    Ok(())
}

/// Every outside dependency that the workspace names has to be in ARCHITECTURE.md's table.
fn reasons(root: &Path) -> Result<(), String> {
    let manifest =
        fs::read_to_string(root.join("Cargo.toml")).map_err(|error| format!("Cargo.toml: {error}"))?;
    let architecture = fs::read_to_string(root.join("ARCHITECTURE.md"))
        .map_err(|error| format!("ARCHITECTURE.md: {error}"))?;
    let manifests = crate_manifests(root)?;
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let names = section.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.trim());
    for name in names.filter(|name| !name.starts_with('#') && !name.starts_with("anachron-")) {
        if !architecture.lines().any(|line| line.starts_with(&format!("| `{name}` |"))) {
            return Err(format!(
                "ARCHITECTURE.md has no line `| `{name}` | …` that says why {name} is needed"
            ));
        }
        let uses =
            |text: &String| text.lines().any(|line| line.trim_start().starts_with(&format!("{name}.")));
        if !manifests.iter().any(uses) {
            return Err(format!("no crate uses {name}: take it out of Cargo.toml and ARCHITECTURE.md"));
        }
    }
    Ok(())
}

fn crate_manifests(root: &Path) -> Result<Vec<String>, String> {
    let folders = fs::read_dir(root.join("crates")).map_err(|error| format!("crates: {error}"))?;
    folders
        .map(|folder| {
            let path = folder.map_err(|error| format!("crates: {error}"))?.path().join("Cargo.toml");
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        })
        .collect()
}

/// Checks the licences of what this platform's build takes in.
fn licences(root: &Path) -> Result<usize, String> {
    let output = cargo(root)
        .args(["tree", "--workspace", "--locked", "--edges", "normal,build,dev", "--prefix", "none"])
        .args(["--format", "{p}|{l}"])
        .output()
        .map_err(|error| format!("cargo tree does not start: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let listing = String::from_utf8_lossy(&output.stdout);
    // Packages of the workspace are shown with their path.
    let outside: BTreeSet<&str> = listing
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty() && !line.contains(" (/") && !line.contains(":\\"))
        .collect();
    for line in &outside {
        let (package, licence) = line.split_once('|').unwrap_or((line, ""));
        if !allowed(licence) {
            return Err(format!("{package} has the licence `{licence}`, which is not on the list"));
        }
    }
    Ok(outside.len())
}

/// True if an SPDX expression can be met with licences of the list. `/` is the old way to write OR.
fn allowed(expression: &str) -> bool {
    let plain = expression.replace('/', " OR ");
    let words = plain.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = words.split_whitespace().collect();
    let mut rest = words.as_slice();
    either(&mut rest) == Some(true) && rest.is_empty()
}

/// Each of these reads one level of an expression; `None` if it is not an expression.
fn either(rest: &mut &[&str]) -> Option<bool> {
    let mut met = both(rest)?;
    while let ["OR", more @ ..] = *rest {
        *rest = more;
        met |= both(rest)?;
    }
    Some(met)
}

fn both(rest: &mut &[&str]) -> Option<bool> {
    let mut met = one(rest)?;
    while let ["AND", more @ ..] = *rest {
        *rest = more;
        met &= one(rest)?;
    }
    Some(met)
}

fn one(rest: &mut &[&str]) -> Option<bool> {
    match *rest {
        ["(", more @ ..] => {
            *rest = more;
            let met = either(rest)?;
            let [")", more @ ..] = *rest else { return None };
            *rest = more;
            Some(met)
        }
        [licence, "WITH", exception, more @ ..] => {
            *rest = more;
            Some(LICENCES.contains(&format!("{licence} WITH {exception}").as_str()))
        }
        [licence, more @ ..] => {
            *rest = more;
            Some(LICENCES.contains(licence))
        }
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_expressions_are_read_as_spdx_means_them() {
        for yes in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(allowed(yes), "{yes}");
        }
        for no in
            ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT OR", "(MIT", "(GPL-2.0 OR MIT) AND GPL-3.0", "MIT MIT"]
        {
            assert!(!allowed(no), "{no}");
        }
    }

    #[test]
    fn two_versions_need_a_reason() {
        let package = |name: &str, version: &str| Package {
            name: name.to_owned(),
            version: version.to_owned(),
            source: None,
        };
        let mut packages: Vec<Package> =
            TWICE.iter().flat_map(|(name, _)| [package(name, "1.0.0"), package(name, "2.0.0")]).collect();
        assert_eq!(duplicates(&packages), Ok(()));
        packages.extend([package("new", "1.0.0"), package("new", "2.0.0")]);
        assert!(duplicates(&packages).is_err());
        assert!(duplicates(&[]).is_err(), "an exception that is not needed any more has to go");
    }
}
