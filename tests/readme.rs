//! What the README promises is what the program does.

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
