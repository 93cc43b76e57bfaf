//! What the README and the page on security promise is what the program does.

#![expect(clippy::expect_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use dunlin::config::VARIABLES;

#[test]
fn the_readme_names_every_variable_and_no_other() {
    let readme = include_str!("../README.md");
    let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
    let named: Vec<&str> = readme.split(|c| !is_name(c)).filter(|word| word.starts_with("DUNLIN_")).collect();
    for (name, ..) in VARIABLES {
        assert!(named.contains(&name), "README.md does not name {name}");
    }
    for name in named {
        assert!(
            VARIABLES.iter().any(|(known, ..)| *known == name),
            "README.md names {name}, which there is not"
        );
    }
}

/// The names between backquotes that are tests: sentences in snake case, or for a browser with blanks.
fn named_tests(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|name| name.matches('_').count() > 2 || name.matches(' ').count() > 4).collect()
}

fn sources(folder: &Path, found: &mut String) {
    for entry in
        fs::read_dir(folder).expect("a folder of sources").map(|entry| entry.expect("an entry").path())
    {
        if entry.is_dir() && !entry.ends_with("node_modules") {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|kind| kind == "rs" || kind == "mjs") {
            found.push_str(&fs::read_to_string(&entry).expect("a source"));
        }
    }
}

#[test]
fn every_test_that_the_page_on_security_names_is_there() {
    let mut all = String::new();
    ["src", "tests"].iter().for_each(|folder| sources(Path::new(folder), &mut all));
    let named = named_tests(include_str!("../docs/security.md"));
    assert!(named.len() > 50, "{named:?}");
    let is_there =
        |name: &str| all.contains(&format!("fn {name}(")) || all.contains(&format!("test(\"{name}\""));
    let missing: Vec<_> = named.into_iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "docs/security.md names tests that are not there: {missing:#?}");
}
