//! The commands, as a script calls them: exit codes, what is printed, what is told when something is wrong.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use dunlin::config::VARIABLES;

use crate::support::program::{Machine, Told, told};
use crate::support::{PASSWORD, Person};

/// Every command, with arguments that are asked for rightly.
const COMMANDS: &[&[&str]] = &[
    &["serve"],
    &["work"],
    &["demo"],
    &["migrate"],
    &["organisation", "add", "--name", "Acme"],
    &["user", "add", "--email", "a@acme.example", "--name", "Ada", "--role", "clerk", "--password-stdin"],
    &["user", "remove-second-factor", "a@acme.example"],
    &["api-key", "add", "--name", "ERP"],
    &["import", "ledger.csv"],
    &["backup", "backup.db"],
    &["pause"],
    &["resume"],
    &["check"],
];

impl Told {
    /// Exit code, and words of standard error.
    fn is(&self, code: i32, words: &str) -> &Self {
        assert!(self.code == Some(code) && self.err.contains(words), "{code} and {words:?}, not {self:?}");
        self
    }
}

#[test]
fn every_command_has_help_and_refuses_a_flag_it_does_not_have() {
    let machine = Machine::new();
    let help = machine.run(&["--help"]);
    let listed = help.is(0, "").out.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let listed = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let listed: BTreeSet<&str> = listed.map(|line| line.split_whitespace().next().unwrap()).collect();
    let known = COMMANDS.iter().map(|command| command[0]).chain(["help"]).collect();
    assert_eq!(listed, known, "the commands of --help and those of this test");
    for command in COMMANDS {
        let words = command.iter().take_while(|word| !word.starts_with('-') && !word.contains('.'));
        let words: Vec<&str> = words.copied().collect();
        assert!(
            machine.run(&[&words, ["--help"].as_slice()].concat()).is(0, "").out.contains("Usage: dunlin")
        );
        machine.run(&[*command, &["--wrong"]].concat()).is(2, "--wrong");
    }
    machine.run(&["remind"]).is(2, "remind");
    assert!(!machine.folder.path().join("data").exists(), "nothing of this makes an installation");
}

#[test]
fn every_command_names_all_that_is_wrong_with_the_configuration_and_makes_nothing() {
    let wrong = [
        ("DUNLIN_MAILURL", "smtp://relay"),
        ("DUNLIN_BIND", "nowhere"),
        ("DUNLIN_MAIL_CONNECTIONS", "0"),
        ("DUNLIN_UNDO_SECONDS", "soon"),
        ("DUNLIN_DATABASE_URL", "postgres:dunlin"),
        ("DUNLIN_CLOCK", "noon"),
        ("DUNLIN_BASE_URL", "dunlin.example"),
    ];
    let machine = wrong.iter().fold(Machine::new(), |machine, (name, value)| machine.with(name, value));
    for command in COMMANDS.iter().filter(|command| command[0] != "import" && command[0] != "demo") {
        let told = machine.run_with(command, PASSWORD);
        for (name, _) in wrong {
            told.is(2, &format!("{name}: "));
        }
        assert_eq!((told.out.as_str(), told.err.lines().count()), ("", wrong.len()), "{command:?}");
    }
    assert!(!machine.folder.path().join("data").exists());
}

#[test]
fn a_setting_that_does_not_exist_is_an_error_for_the_demo_too_and_one_of_the_tests_is_not() {
    let machine = Machine::new().with("DUNLIN_MAILURL", "smtp://relay");
    machine.run(&["demo", "--bind", "127.0.0.1:0"]).is(2, "DUNLIN_MAILURL: there is no such setting");
    Machine::new().with("DUNLIN_TEST_POSTGRES_URL", "x").run(&["migrate"]).is(0, "");
}

#[test]
fn an_environment_that_is_not_utf8_matters_only_in_a_setting() {
    let machine = Machine::new();
    let mut command = machine.command(&["migrate"]);
    command.env("NOTE", OsStr::from_bytes(b"caf\xe9"));
    told(command, "").is(0, "");
    let mut command = machine.command(&["migrate"]);
    command.env("DUNLIN_DATA_DIR", OsStr::from_bytes(b"caf\xe9"));
    told(command, "").is(2, "DUNLIN_DATA_DIR: write it in UTF-8");
}

#[test]
fn a_command_that_cannot_do_its_work_ends_with_1() {
    let machine = Machine::new();
    machine.run(&["organisation", "add", "--name", "Acme"]).is(0, "");
    machine.add_user("ada@acme.example", PASSWORD).is(0, "");
    machine.add_user("ada@acme.example", PASSWORD).is(1, "There is a user with the address ada@acme.example");
    machine.run(&["import", "/nowhere/ledger.csv"]).is(1, "/nowhere/ledger.csv: ");
    let data = machine.folder.path().join("data");
    fs::write(data.join("secret.key"), "short").unwrap();
    machine.run(&["migrate"]).is(1, "secret.key is damaged");
    fs::remove_dir_all(&data).unwrap();
    fs::write(&data, "a file").unwrap();
    for command in COMMANDS.iter().filter(|command| !["import", "demo"].contains(&command[0])) {
        machine.run_with(command, PASSWORD).is(1, &data.display().to_string());
    }
}

#[test]
fn an_account_is_added_to_another_organisation_and_keeps_its_password() {
    let machine = Machine::new();
    let organisation = |name| machine.run(&["organisation", "add", "--name", name]).out.trim().to_owned();
    let [first, second] = ["Acme", "Birch"].map(organisation);
    let add = |organisation: &str, password| {
        let who = ["user", "add", "--email", "ada@acme.example", "--name", "Ada", "--role", "clerk"];
        machine.run_with(
            &[who.as_slice(), &["--organisation", organisation, "--password-stdin"]].concat(),
            password,
        )
    };
    assert_eq!(add(&first, PASSWORD).is(0, "").out, "");
    let told = add(&second, "another password").is(0, "").out.clone();
    assert_eq!(told, "ada@acme.example has an account already, and keeps its name and password.\n");
    add(&second, PASSWORD).is(1, "There is a user with the address ada@acme.example already.");
}

#[test]
fn a_command_that_is_asked_wrongly_ends_with_2_and_says_what_to_do() {
    let machine = Machine::new();
    let key = ["api-key", "add", "--name", "ERP"];
    machine.run(&["work"]).is(2, "`dunlin work` needs PostgreSQL; with SQLite `dunlin serve` sends");
    machine.run(&key).is(2, "add one with `dunlin organisation add`");
    machine.run(&["organisation", "add"]).is(2, "--name");
    machine.run(&["organisation", "add", "--name", "Acme", "--currency", "EUX"]).is(2, "--currency");
    machine.run(&["organisation", "add", "--name", "Acme", "--time-zone", "Mars"]).is(2, "--time-zone");
    machine.run(&["organisation", "add", "--name", "Acme", "--from", "Acme"]).is(2, "--from");
    machine.run(&["organisation", "add", "--name", "Acme"]).is(0, "");
    machine.add_user("ada@acme.example", "short").is(2, "a password has 12 to 128 characters");
    machine
        .run(&["user", "add", "--email", "a@b.example", "--name", "A", "--role", "clerk"])
        .is(2, "--password-stdin");
    let boss = ["user", "add", "--email", "a@b.example", "--name", "A", "--role", "boss", "--password-stdin"];
    machine.run_with(&boss, PASSWORD).is(2, "\u{201c}boss\u{201d} is none of admin, clerk, support, viewer");
    machine
        .run(&[&key, ["--organisation", "Acme"].as_slice()].concat())
        .is(2, "not an organisation\u{2019}s id");
    let unknown = "00000000-0000-7000-8000-000000000000";
    machine.run(&[&key, ["--organisation", unknown].as_slice()].concat()).is(2, unknown);
    machine.run(&["organisation", "add", "--name", "Beta"]).is(0, "");
    machine.run(&key).is(2, "name one with --organisation");
}

#[actix_web::test]
async fn what_the_commands_add_opens_both_doors() {
    for machine in Machine::on_both() {
        let acme = machine.run(&["organisation", "add", "--name", "Acme", "--currency", "CHF"]);
        assert_eq!((acme.is(0, "").out.len(), acme.out.lines().count()), (37, 1), "an id alone: {acme:?}");
        let beta = machine.run(&["organisation", "add", "--name", "Beta"]);
        let of = ["--organisation", beta.out.trim()];
        let added = machine.run(&[&["api-key", "add", "--name", "ERP"], of.as_slice()].concat());
        let key = added.is(0, "").out.strip_suffix('\n').unwrap();
        assert!(key.starts_with("dunlin_") && !key.contains(char::is_whitespace), "{added:?}");
        let who = [
            "user",
            "add",
            "--email",
            "ada@beta.example",
            "--name",
            "Ada",
            "--role",
            "viewer",
            "--password-stdin",
        ];
        let user = machine.run_with(&[&who, of.as_slice()].concat(), &format!("{PASSWORD}\n"));
        assert_eq!(user.is(0, "").out, "");
        let ledger = machine.folder.path().join("ledger.csv");
        fs::write(&ledger, "customer_name,invoice_number,currency,total\nMoss,INV-1,EUR,10\n").unwrap();
        machine.run(&[&["import", &ledger.display().to_string()], of.as_slice()].concat()).is(0, "");

        let (_running, url) = machine.serve();
        let list = reqwest::Client::new().get(format!("{url}/api/v1/invoices")).header("x-api-key", key);
        let list: serde_json::Value = list.send().await.unwrap().json().await.unwrap();
        assert_eq!(list["data"][0]["number"], "INV-1");
        let ada = Person::new(&url);
        let page = ada.sign_in("ada@beta.example", PASSWORD).await;
        page.says("Beta").says("INV-1").says_not("Send reminder");
    }
}

#[test]
fn what_would_steer_mails_or_log_nothing_is_a_wrong_configuration() {
    for (name, value, words) in [
        ("DUNLIN_MAIL_DEDUP_HEADER", "Subject", "Subject is a header that mails have"),
        ("DUNLIN_BASE_URL", "https://u:p@x.example", "without a user"),
        ("DUNLIN_LOG", "???", "write error, warn, info"),
    ] {
        let told = Machine::new().with(name, value).run(&["check"]);
        told.is(2, &format!("{name}: ")).is(2, words);
    }
}

#[test]
fn check_says_what_is_unsafe_once_others_can_reach_it() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new().with("DUNLIN_BASE_URL", "http://dunlin.company.example");
    let open = machine.run(&["check"]);
    open.is(1, "Unsafe: others can reach Dunlin without https");
    let machine = machine.with("DUNLIN_BASE_URL", "https://dunlin.company.example");
    machine.run(&["check"]).is(0, "");
    let data = machine.folder.path().join("data");
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    machine.run(&["check"]).is(1, &format!("chmod 700 {}", data.display()));
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(data.join("secret.key"), [7; 32]).unwrap();
    machine.run(&["check"]).is(1, "Unsafe: the secret key is no chance");
}

#[test]
fn a_file_that_is_no_database_is_told_with_its_name_and_what_it_must_be() {
    let machine = Machine::new();
    let data = machine.folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(
        data.join("dunlin.db"),
        "no database at all, but long enough to be looked at as if it were one",
    )
    .unwrap();
    let told = machine.run(&["check"]);
    told.is(1, &format!("the database cannot be reached: {}: ", data.join("dunlin.db").display()));
    told.is(1, "Dunlin must be able to read and write this file and its folder.");
    let nowhere = Machine::new().with("DUNLIN_DATABASE_URL", "sqlite:///nowhere/dunlin.db");
    nowhere.run(&["check"]).is(1, "the database cannot be reached: /nowhere/dunlin.db: ");
}

#[test]
fn an_address_that_another_program_listens_at_is_told_with_what_to_do() {
    let (_running, url) = Machine::new().serve();
    let address = url.trim_start_matches("http://");
    for command in ["serve", "demo"] {
        let told = Machine::new().run(&[command, "--bind", address]);
        told.is(1, &format!("{address} is in use: stop what listens there, or listen elsewhere with --bind"));
    }
}

#[test]
fn the_help_of_serve_says_of_every_setting_what_it_means_and_its_default() {
    let help = Machine::new().run(&["serve", "--help"]).out;
    for (name, default, meaning) in VARIABLES {
        let told = if default.is_empty() {
            format!("{meaning} [{name}]")
        } else {
            format!("{meaning} [{name}={default}]")
        };
        assert!(help.contains(&told), "{told}");
    }
}

#[test]
fn check_says_in_a_sentence_alone_that_the_database_cannot_be_reached() {
    let machine = Machine::new().with("DUNLIN_DATABASE_URL", "postgres://nobody@127.0.0.1:9/nothing");
    let told = machine.run(&["check"]);
    told.is(1, "");
    assert!(told.err.starts_with("the database cannot be reached: "), "{told:?}");
}

#[test]
fn check_says_what_is_wrong_with_the_mail_server_and_the_senders() {
    for machine in Machine::on_both() {
        machine.run(&["organisation", "add", "--name", "Acme"]).is(0, "");
        machine.run(&["organisation", "add", "--name", "Beta", "--from", "ar@beta.example"]).is(0, "");
        let well = machine.run(&["check"]);
        let kept =
            format!("Database: ready\nMail: kept in {}\n", machine.folder.path().join("data/mail").display());
        assert_eq!((well.is(0, "").out.as_str(), well.err.as_str()), (kept.as_str(), ""));

        let machine = machine.with("DUNLIN_MAIL_URL", "smtp://127.0.0.1:9");
        let down = machine.run(&["check"]);
        down.is(1, "Mail server: ");
        assert!(!down.out.contains("Mail: ready") && !down.err.contains("Acme: "), "{down:?}");

        let machine = machine
            .with("DUNLIN_MAIL_URL", "smtp://relay.invalid:25")
            .with("DUNLIN_MAIL_TIMEOUT_SECONDS", "2");
        let both = machine.run(&["check"]);
        both.is(1, "Mail server: ").is(1, "Acme: The organisation has no sender address.");
        assert!(!both.err.contains("Beta: "), "{both:?}");

        let one = machine.run(&["organisation", "add", "--name", "Gamma"]).out;
        machine
            .run(&["organisation", "set", "--organisation", one.trim(), "--from", "ar@gamma.example"])
            .is(0, "");
        let named = machine.run(&["check"]);
        assert!(
            named.err.contains("dunlin organisation set --from") && !named.err.contains("Gamma: "),
            "{named:?}"
        );
        machine.run(&["organisation", "set", "--organisation", one.trim()]).is(2, "--from");
    }
}
