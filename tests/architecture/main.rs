//! The house rules that a compiler does not check: which layer may name what, how long a file may be,
//! and that both databases have the same migrations.

#![expect(clippy::expect_used, reason = "a test may panic")]

mod names;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use names::{Name, names_in};

/// What a layer may name beside itself, `clock`, `config` and the standard library.
struct Layer {
    name: &'static str,
    ours: &'static [&'static str],
    others: &'static [&'static str],
}

/// The arrows of the house: a layer names only what its row lists.
const LAYERS: [Layer; 11] = [
    Layer { name: "clock", ours: &[], others: &["chrono", "getrandom", "uuid"] },
    Layer {
        name: "config",
        ours: &["domain"],
        others: &["chrono", "thiserror", "tracing_subscriber", "url"],
    },
    Layer {
        name: "domain",
        ours: &[],
        others: &[
            "chrono",
            "chrono_tz",
            "iso_currency",
            "pulldown_cmark",
            "secrecy",
            "serde",
            "thiserror",
            "url",
            "uuid",
        ],
    },
    Layer {
        name: "store",
        ours: &["domain"],
        others: &["chrono", "diesel", "diesel_migrations", "thiserror", "tokio"],
    },
    Layer { name: "mail", ours: &["domain"], others: &["lettre", "secrecy", "tokio"] },
    Layer {
        name: "actions",
        ours: &["domain", "store"],
        others: &[
            "aes_gcm",
            "argon2",
            "base64",
            "chrono",
            "chrono_tz",
            "hmac",
            "sha1",
            "sha2",
            "subtle",
            "thiserror",
            "tokio",
            "tracing",
        ],
    },
    Layer {
        name: "worker",
        ours: &["domain", "store", "mail", "actions"],
        others: &["chrono", "tokio", "tracing"],
    },
    Layer { name: "routes", ours: &["domain"], others: &["actix_web", "governor"] },
    Layer {
        name: "web",
        ours: &["domain", "store", "actions", "routes"],
        others: &[
            "actix_multipart",
            "actix_session",
            "actix_web",
            "anyhow",
            "askama",
            "askama_web",
            "base64",
            "chrono",
            "chrono_tz",
            "flate2",
            "futures_util",
            "qrcode",
            "rust_embed",
            "serde",
            "serde_html_form",
            "serde_json",
            "sha2",
            "subtle",
            "thiserror",
            "tracing",
        ],
    },
    Layer {
        name: "api",
        ours: &["domain", "store", "actions", "routes"],
        others: &[
            "actix_web",
            "chrono",
            "futures_util",
            "serde",
            "serde_json",
            "tokio",
            "tracing",
            "tracing_actix_web",
            "uuid",
        ],
    },
    // The session's cookie is laid over the pages where both doors meet.
    Layer {
        name: "server",
        ours: &["web", "api", "actions", "store", "routes", "domain"],
        others: &[
            "actix_files",
            "actix_session",
            "actix_web",
            "futures_util",
            "rustix",
            "sha2",
            "tracing",
            "tracing_actix_web",
        ],
    },
];

/// They start and join the layers, so they may name all of them.
const COMPOSITION: [&str; 5] = ["lib", "main", "cli", "commands", "process"];

/// Crates with one home: not even the composition names them.
const AT_HOME_ONLY: [&str; 4] = ["diesel", "lettre", "askama", "actix_session"];

const LONGEST_FILE: usize = 400;

#[test]
fn layers_name_only_what_their_row_lists() {
    let ours = modules();
    let crates = dependencies();
    assert_none(
        sources("src", &["rs"]).iter().flat_map(|path| naming_faults(path, &read(path), &ours, &crates)),
    );
}

#[test]
fn files_are_short() {
    let code = ["rs", "html", "css", "js", "mjs"];
    let files = ["src", "tests", "templates", "static"].iter().flat_map(|folder| sources(folder, &code));
    assert_none(files.filter_map(|path| length_fault(&path, &read(&path))));
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_none(migration_faults(&folders("migrations/sqlite"), &folders("migrations/postgres")).into_iter());
}

/// A route that is made elsewhere asks nobody anything. The server itself adds the files of pages, and the two doors.
#[test]
fn routes_are_made_where_each_says_what_it_asks_for() {
    let ways = [
        "web::resource(",
        "web::redirect(",
        "web::method(",
        "web::get()",
        "web::post()",
        "Resource::new(",
        "#[actix_web::get(",
        "#[actix_web::post(",
        "#[actix_web::route(",
        ".route(",
        "#[route(",
        "#[get(",
        "#[post(",
        ".service(",
    ];
    let elsewhere = sources("src", &["rs"]).into_iter().filter(|path| *path != Path::new("src/routes.rs"));
    assert_none(elsewhere.flat_map(|path| {
        let source = read(&path);
        let known = |way: &str| if way == ".service(" && path == Path::new("src/server.rs") { 3 } else { 0 };
        let found = ways.iter().filter(|way| source.matches(**way).count() > known(way));
        found
            .map(|way| format!("{}: {way} makes a route past src/routes.rs", path.display()))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn a_name_that_is_not_in_the_layers_row_is_told_with_its_line() {
    let faults = |path: &str, source: &str| naming_faults(path, source, &modules(), &dependencies());
    for (path, source, expected) in [
        ("src/web/invoices.rs", "use crate::api::Key;", "src/web/invoices.rs:1: web may not name crate::api"),
        (
            "src/domain/a.rs",
            "\n\nfn f() { crate::store::open() }",
            "src/domain/a.rs:3: domain may not name crate::store",
        ),
        (
            "src/api/a.rs",
            "use crate::{\n    domain::ids::Id,\n    worker::run,\n};",
            "src/api/a.rs:3: api may not name crate::worker",
        ),
        ("src/web/a.rs", "use super::super::mail::send;", "src/web/a.rs:1: web may not name crate::mail"),
        (
            "src/worker/mod.rs",
            "mod tests {\n  use super::super::web;\n}",
            "src/worker/mod.rs:2: worker may not name crate::web",
        ),
        ("src/actions/a.rs", "use diesel::prelude::*;", "src/actions/a.rs:1: actions may not name diesel"),
        (
            "src/domain/a.rs",
            "fn f(at: ::tokio::time::Instant) {}",
            "src/domain/a.rs:1: domain may not name tokio",
        ),
        ("src/web/a.rs", "#[lettre::wire]\nstruct A;", "src/web/a.rs:1: web may not name lettre"),
        ("src/commands/a.rs", "use askama::Template;", "src/commands/a.rs:1: commands may not name askama"),
        ("src/newcomer/a.rs", "", "src/newcomer/a.rs: newcomer is in no layer"),
    ] {
        assert_eq!(faults(path, source), [expected], "{source}");
    }
}

#[test]
fn names_of_the_layers_row_comments_and_texts_are_no_faults() {
    for (path, source) in [
        ("src/web/invoices.rs", "use crate::{domain::ids::Id, store::Reader, web::frame, clock::Ids};"),
        ("src/web/a/b.rs", "use super::super::frame; use super::c;"),
        ("src/store/a.rs", "use diesel::prelude::*; use crate::domain::mail_message::Mail;"),
        (
            "src/domain/a.rs",
            "// crate::store\n/* diesel::x */ const A: &str = \"crate::web\"; const B: char = '\"';",
        ),
        ("src/domain/a.rs", "const A: &str = r#\"say \"lettre::x\"\"#; fn f<'a>(a: &'a str) {}"),
        ("src/domain/a.rs", "pub(crate) fn f() { self::diesel::y(); email::lettre::z() }"),
        ("src/commands/a.rs", "use crate::{web, worker}; use tokio::net::TcpListener;"),
    ] {
        assert_eq!(naming_faults(path, source, &modules(), &dependencies()), [""; 0], "{source}");
    }
}

#[test]
fn a_file_is_measured_up_to_its_tests() {
    let long = "x\n".repeat(LONGEST_FILE + 1);
    let tested = format!("{}#[cfg(test)]\n{long}", "x\n".repeat(LONGEST_FILE));
    assert_eq!(
        length_fault(Path::new("src/a.rs"), &long),
        Some("src/a.rs: 401 lines, of which no file has more than 400".to_owned())
    );
    assert_eq!(length_fault(Path::new("src/a.rs"), &tested), None);
    assert!(length_fault(Path::new("tests/app/a.rs"), &tested).is_some());
}

#[test]
fn a_migration_of_one_database_alone_is_told() {
    let (both, one) = (BTreeSet::from(["1".into()]), BTreeSet::from(["1".into(), "2".into()]));
    assert_eq!(migration_faults(&one, &both), ["migrations/postgres has no 2"]);
    assert_eq!(migration_faults(&both, &one), ["migrations/sqlite has no 2"]);
    assert!(migration_faults(&one, &one).is_empty());
}

/// What a source file names and may not.
fn naming_faults(
    path: impl AsRef<Path>,
    source: &str,
    ours: &BTreeSet<String>,
    crates: &BTreeSet<String>,
) -> Vec<String> {
    let path = path.as_ref();
    let module = module_path(path);
    let own = module.first().map_or("lib", String::as_str);
    let layer = LAYERS.iter().find(|layer| layer.name == own);
    if layer.is_none() && !COMPOSITION.contains(&own) {
        return vec![format!("{}: {own} is in no layer", path.display())];
    }
    let may_name = |name: &Name| match (name, layer) {
        (Name::Ours(other), Some(layer)) => {
            other == own
                || ["clock", "config"].contains(&other.as_str())
                || layer.ours.contains(&other.as_str())
                || !ours.contains(other)
        }
        (Name::Ours(_), None) => true,
        (Name::Crate(other), Some(layer)) => {
            layer.others.contains(&other.as_str()) || !crates.contains(other)
        }
        (Name::Crate(other), None) => !AT_HOME_ONLY.contains(&other.as_str()),
    };
    names_in(source, module.len())
        .into_iter()
        .filter(|(_, name)| !may_name(name))
        .map(|(line, name)| format!("{}:{line}: {own} may not name {name}", path.display()))
        .collect()
}

/// `src/web/invoices.rs` is `web::invoices`; `src/web/mod.rs` is `web`; `src/lib.rs` is nothing.
fn module_path(path: &Path) -> Vec<String> {
    let inside = path.strip_prefix("src").unwrap_or(path).with_extension("");
    let mut parts: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") || parts == ["lib"] || parts == ["main"] {
        parts.pop();
    }
    parts
}

fn length_fault(path: &Path, source: &str) -> Option<String> {
    let counts_tests = !path.starts_with("src");
    let lines = source.lines().take_while(|line| counts_tests || !line.starts_with("#[cfg(test)]")).count();
    (lines > LONGEST_FILE)
        .then(|| format!("{}: {lines} lines, of which no file has more than {LONGEST_FILE}", path.display()))
}

fn migration_faults(sqlite: &BTreeSet<String>, postgres: &BTreeSet<String>) -> Vec<String> {
    let missing = |of: &BTreeSet<String>, other: &BTreeSet<String>, folder: &str| {
        other.difference(of).map(|name| format!("migrations/{folder} has no {name}")).collect::<Vec<_>>()
    };
    [missing(sqlite, postgres, "sqlite"), missing(postgres, sqlite, "postgres")].concat()
}

/// The modules at the top of `src`.
fn modules() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("src")).expect("src can be read");
    entries
        .map(|entry| entry.expect("an entry of src").path().with_extension(""))
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect()
}

/// The crates that the program is built with, as Rust writes their names.
fn dependencies() -> BTreeSet<String> {
    read(Path::new("Cargo.toml"))
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| Some(line.split_once('=')?.0.trim().replace('-', "_")))
        .collect()
}

/// Source files of a folder, as paths from the top; what is installed or comes from elsewhere is not ours.
fn sources(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut to_read = vec![PathBuf::from(folder)];
    while let Some(folder) = to_read.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("the folder can be read") {
            let entry = entry.expect("an entry of the folder");
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                if !["node_modules", "vendor"].iter().any(|name| path.ends_with(name)) {
                    to_read.push(path);
                }
            } else if path.extension().is_some_and(|own| extensions.iter().any(|extension| own == *extension))
            {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no source files");
    found
}

fn folders(path: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(path)).expect("the folder can be read");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).expect("the file is text")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn assert_none(faults: impl Iterator<Item = String>) {
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
