//! `docs/roles.md` is the table of the program.

use std::fmt::Write;

use dunlin::config::environment;
use dunlin::domain::person::{Permission, Role};

use super::routes::{Who, routes};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/roles.md");

const BEGINNING: &str = "# Who may do what

Each role may do what the one left of it may, and more. The role is read from the database on every request; what a role may
not do is absent from its pages and, asked for nevertheless, answered 403. An API key has a Clerk's rights.

This file is written from the routes of the program and a test compares it: `src/domain/person.rs` says which role has
which right, `src/web/routes.rs`, `src/api/mod.rs` and `src/server.rs` which right an address asks for.
";

fn expected() -> String {
    let mut text = BEGINNING.to_owned();
    text.push_str(
        "\n## Rights\n\n| may | Viewer | Support | Clerk | Admin |\n| --- | :-: | :-: | :-: | :-: |\n",
    );
    for permission in Permission::ALL {
        write!(text, "| {permission} |").unwrap();
        for role in [Role::Viewer, Role::Support, Role::Clerk, Role::Admin] {
            write!(text, " {} |", if role.may(*permission) { "yes" } else { "" }).unwrap();
        }
        text.push('\n');
    }
    text.push_str("\n## Addresses\n\n| address | method | for |\n| --- | --- | --- |\n");
    let mut routes = routes();
    routes.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
    for route in routes {
        let who = match route.who {
            Who::Anyone => "anyone".to_owned(),
            Who::Program => "a program with a key".to_owned(),
            Who::Least(role) => format!("{role}"),
        };
        writeln!(text, "| `{}` | {} | {who} |", route.path, route.method).unwrap();
    }
    text
}

#[test]
fn the_table_in_the_docs_is_that_of_the_program() {
    let expected = expected();
    if environment().contains_key("DUNLIN_TEST_WRITE_DOCS") {
        std::fs::write(FILE, &expected).unwrap();
    }
    let written = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        written == expected,
        "docs/roles.md is not the program's table. Write it anew, and look at what changed, with\n    \
         DUNLIN_TEST_WRITE_DOCS=1 cargo test --test app -- roles::documented"
    );
}
