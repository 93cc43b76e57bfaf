//! What the program is made of, held to `deny.toml`: licences, banned crates and sources always, advisories where a copy of
//! the RustSec database is (`DUNLIN_TEST_ADVISORY_DB`, or where cargo-deny or cargo-audit have put theirs).
//!
//! A test of our own instead of cargo-deny, which takes longer to build than all other checks to run; both read one file.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use semver::{Version, VersionReq};
use serde::Deserialize;

#[derive(Deserialize)]
struct Deny {
    graph: Graph,
    advisories: Advisories,
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct Advisories {
    ignore: Vec<Ignored>,
}

#[derive(Deserialize)]
struct Ignored {
    id: String,
    reason: String,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    wildcards: String,
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    unknown_registry: String,
    unknown_git: String,
    allow_registry: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: Version,
    license: Option<String>,
    source: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    req: String,
}

fn deny() -> Deny {
    toml::from_str(&fs::read_to_string("deny.toml").unwrap()).unwrap()
}

/// Everything that is built for one of our targets.
fn packages(deny: &Deny) -> Vec<Package> {
    let mut found = BTreeMap::new();
    for target in &deny.graph.targets {
        let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", target];
        let told = Command::new(env!("CARGO")).args(arguments).output().unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let metadata: Metadata = serde_json::from_slice(&told.stdout).unwrap();
        found.extend(metadata.packages.into_iter().map(|p| ((p.name.clone(), p.version.clone()), p)));
    }
    assert!(found.len() > 100, "cargo names the packages");
    found.into_values().collect()
}

#[test]
fn every_licence_is_one_that_is_allowed() {
    let deny = deny();
    let packages = packages(&deny);
    for exception in &deny.licenses.exceptions {
        assert!(packages.iter().any(|p| p.name == exception.name), "{} is not used any more", exception.name);
    }
    let faults: Vec<String> = packages
        .iter()
        .filter(|package| {
            let exception = deny.licenses.exceptions.iter().find(|exception| exception.name == package.name);
            let allowed = |licence: &str| {
                let also = exception.map_or(&[][..], |exception| &exception.allow);
                deny.licenses.allow.iter().chain(also).any(|known| known == licence)
            };
            !package.license.as_deref().is_some_and(|licence| is_satisfied(licence, &allowed))
        })
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.license))
        .collect();
    assert!(faults.is_empty(), "not allowed by deny.toml: {faults:#?}");
}

#[test]
fn no_banned_crate_is_used_and_no_dependency_takes_any_version() {
    let deny = deny();
    assert_eq!(deny.bans.wildcards, "deny");
    for package in packages(&deny) {
        let banned = deny.bans.deny.iter().find(|banned| banned.name == package.name);
        assert!(banned.is_none(), "{}: {}", package.name, banned.unwrap().reason);
        if package.source.is_none() {
            let wild = package.dependencies.iter().find(|dependency| dependency.req == "*");
            assert!(wild.is_none(), "{} takes any version of {}", package.name, wild.unwrap().name);
        }
    }
}

#[test]
fn everything_comes_from_the_registries_that_are_allowed() {
    let deny = deny();
    assert_eq!((deny.sources.unknown_registry.as_str(), deny.sources.unknown_git.as_str()), ("deny", "deny"));
    for package in packages(&deny) {
        let Some(source) = &package.source else {
            assert_eq!(package.name, env!("CARGO_PKG_NAME"), "a package of another folder");
            continue;
        };
        let registry = source.strip_prefix("registry+").or_else(|| source.strip_prefix("sparse+"));
        let is_allowed =
            registry.is_some_and(|from| deny.sources.allow_registry.iter().any(|known| known == from));
        assert!(is_allowed, "{} comes from {source}", package.name);
    }
}

#[test]
fn no_advisory_is_open() {
    let Some(database) = advisory_database() else {
        return println!("skipped: no copy of the RustSec advisory database is here");
    };
    let deny = deny();
    assert!(deny.advisories.ignore.iter().all(|ignored| !ignored.reason.is_empty()));
    let mut open = BTreeSet::new();
    for package in packages(&deny) {
        let Ok(folder) = fs::read_dir(database.join("crates").join(&package.name)) else { continue };
        for file in folder.map(|entry| entry.unwrap().path()) {
            let advisory = Advisory::read(&fs::read_to_string(&file).unwrap());
            let is_ignored = deny.advisories.ignore.iter().any(|ignored| ignored.id == advisory.advisory.id);
            if advisory.concerns(&package.version) && !is_ignored {
                open.insert(format!("{} {}: {}", package.name, package.version, advisory.advisory.id));
            }
        }
    }
    assert!(open.is_empty(), "{open:#?}");
}

fn advisory_database() -> Option<PathBuf> {
    let variables = dunlin::config::environment();
    if let Some(named) = variables.get("DUNLIN_TEST_ADVISORY_DB") {
        assert!(Path::new(named).join("crates").is_dir(), "DUNLIN_TEST_ADVISORY_DB has a folder `crates`");
        return Some(named.into());
    }
    let home = variables.get("CARGO_HOME").map(PathBuf::from);
    let cargo = home.or_else(|| variables.get("HOME").map(|home| Path::new(home).join(".cargo")))?;
    let of_deny = fs::read_dir(cargo.join("advisory-dbs")).into_iter().flatten().flatten();
    let mut places = of_deny.map(|entry| entry.path()).chain([cargo.join("advisory-db")]);
    places.find(|place| place.join("crates").is_dir())
}

#[derive(Deserialize)]
struct Advisory {
    advisory: About,
    #[serde(default)]
    versions: Versions,
}

#[derive(Deserialize)]
struct About {
    id: String,
    withdrawn: Option<toml::Value>,
    informational: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Versions {
    patched: Vec<String>,
    unaffected: Vec<String>,
}

impl Advisory {
    /// The block of TOML at the beginning of an advisory.
    fn read(text: &str) -> Self {
        let (_, rest) = text.split_once("```toml").unwrap();
        toml::from_str(rest.split_once("```").unwrap().0).unwrap()
    }

    fn concerns(&self, version: &Version) -> bool {
        let is_one_of =
            |ranges: &[String]| ranges.iter().any(|range| VersionReq::parse(range).unwrap().matches(version));
        let is_only_said = self.advisory.informational.as_deref().is_some_and(|kind| kind == "notice");
        self.advisory.withdrawn.is_none()
            && !is_only_said
            && !is_one_of(&self.versions.patched)
            && !is_one_of(&self.versions.unaffected)
    }
}

#[test]
fn an_advisory_concerns_the_versions_that_it_does_not_name_as_patched_or_unaffected() {
    let text = |more: &str| {
        format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-1\"\npackage = \"x\"\n{more}\n[versions]\npatched = [\">= 1.2.3\"]\nunaffected = [\"< 1.1\"]\n```\n# T"
        )
    };
    let concerns =
        |more: &str, version: &str| Advisory::read(&text(more)).concerns(&version.parse().unwrap());
    assert!(concerns("", "1.2.2") && concerns("", "1.1.0"));
    assert!(
        !concerns("", "1.2.3") && !concerns("", "1.0.9") && !concerns("withdrawn = \"2026-01-01\"", "1.2.2")
    );
    assert!(
        concerns("informational = \"unsound\"", "1.2.2") && !concerns("informational = \"notice\"", "1.2.2")
    );
}

/// Whether an SPDX expression (`/` is an old word for OR) can be satisfied with what is allowed.
fn is_satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    any_of(&words, allowed).is_some_and(|(holds, rest)| holds && rest.is_empty())
}

/// Whether it holds, and the words behind it; `None` where the words are no expression.
type Read<'a> = Option<(bool, &'a [&'a str])>;

fn any_of<'a>(words: &'a [&'a str], allowed: &dyn Fn(&str) -> bool) -> Read<'a> {
    let (mut holds, mut rest) = all_of(words, allowed)?;
    while let ["OR", more @ ..] = rest {
        let (other, after) = all_of(more, allowed)?;
        (holds, rest) = (holds || other, after);
    }
    Some((holds, rest))
}

fn all_of<'a>(words: &'a [&'a str], allowed: &dyn Fn(&str) -> bool) -> Read<'a> {
    let (mut holds, mut rest) = one(words, allowed)?;
    while let ["AND", more @ ..] = rest {
        let (other, after) = one(more, allowed)?;
        (holds, rest) = (holds && other, after);
    }
    Some((holds, rest))
}

/// A licence, with an exception (which only gives more rights) or without one, or an expression in brackets.
fn one<'a>(words: &'a [&'a str], allowed: &dyn Fn(&str) -> bool) -> Read<'a> {
    match words {
        ["(", inner @ ..] => match any_of(inner, allowed)? {
            (holds, [")", rest @ ..]) => Some((holds, rest)),
            _ => None,
        },
        [licence, "WITH", _, rest @ ..] | [licence, rest @ ..] => Some((allowed(licence), rest)),
        [] => None,
    }
}

#[test]
fn an_expression_of_licences_is_read_as_spdx_says() {
    let holds =
        |expression| is_satisfied(expression, &|licence| ["MIT", "ISC", "Apache-2.0"].contains(&licence));
    for good in [
        "MIT",
        "GPL-3.0 OR MIT",
        "MIT/GPL-3.0",
        "MIT AND ISC",
        "(GPL-3.0 OR MIT) AND ISC",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(holds(good), "{good}");
    }
    for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "MIT OR", "(MIT", "", "MIT ISC"] {
        assert!(!holds(bad), "{bad}");
    }
}
