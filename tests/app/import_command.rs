//! `dunlin import`, as a script calls it.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A data folder with one organisation.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        assert!(machine.run(&["organisation", "add", "--name", "Acme"]).status.success());
        machine
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_dunlin"))
            .args(arguments)
            .env_remove("DUNLIN_TEST_POSTGRES_URL")
            .env("DUNLIN_DATA_DIR", self.folder.path())
            .env("DUNLIN_CLOCK", "2025-12-01T09:00:00Z")
            .env("DUNLIN_LOG", "error")
            .output()
            .unwrap()
    }

    fn file(&self, rows: &str) -> String {
        let path = self.folder.path().join("ledger.csv");
        std::fs::write(&path, format!("customer_name,invoice_number,currency,total\n{rows}")).unwrap();
        path.display().to_string()
    }

    fn import(&self, rows: &str, flags: &[&str]) -> (i32, String, String) {
        told(&self.run(&[&["import", &self.file(rows)], flags].concat()))
    }
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_summary_is_on_standard_output_and_the_same_file_again_changes_nothing() {
    let machine = Machine::new();
    let rows = "Acme,INV-1,EUR,100\nBeta,INV-1,EUR,200\n";
    let dry = machine.import(rows, &["--dry-run"]);
    assert_eq!(dry, (0, "2 new, 0 updated, 0 unchanged, 0 errors\n".to_owned(), String::new()));
    assert_eq!(machine.import(rows, &[]), dry, "the dry run wrote nothing");
    assert_eq!(machine.import(rows, &[]).1, "0 new, 0 updated, 2 unchanged, 0 errors\n");
    assert_eq!(machine.import("Acme,INV-1,EUR,150\n", &[]).1, "0 new, 1 updated, 0 unchanged, 0 errors\n");
}

#[test]
fn with_an_error_the_findings_are_on_standard_error_and_nothing_is_written() {
    let machine = Machine::new();
    let (code, summary, findings) = machine.import("Acme,INV-1,EUR,100\nAcme,INV-2,EUR,ten\n", &[]);
    assert_eq!((code, summary.as_str()), (1, "1 new, 0 updated, 0 unchanged, 1 error\n"));
    assert!(findings.contains("error: Row 3, total: "), "{findings}");
    assert!(findings.contains("Nothing was written"), "{findings}");
    assert_eq!(machine.import("Acme,INV-1,EUR,100\n", &[]).1, "1 new, 0 updated, 0 unchanged, 0 errors\n");
}

#[test]
fn the_findings_can_be_read_by_a_program() {
    let machine = Machine::new();
    let (code, json, _) = machine.import("Acme,INV-1,EUR,ten\n", &["--json"]);
    let told: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(code, 1);
    assert_eq!((&told["errors"], &told["written"]), (&1.into(), &false.into()));
    assert_eq!((&told["findings"][0]["row"], &told["findings"][0]["column"]), (&2.into(), &"total".into()));
}

#[test]
fn a_file_that_is_not_there_is_a_failure_and_makes_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let output = Command::new(env!("CARGO_BIN_EXE_dunlin"))
        .args(["import", "/nowhere/ledger.csv"])
        .env_remove("DUNLIN_TEST_POSTGRES_URL")
        .env("DUNLIN_DATA_DIR", &data)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere/ledger.csv"));
    assert!(!data.exists());
}

/// Brings in the receivables that may be kept beside a clone; without them it says so.
#[test]
fn four_hundred_and_five_receivables_come_in_whole() {
    let place = std::env::vars().find(|(name, _)| name == "DUNLIN_TEST_DATA");
    let folder = place.map_or_else(|| "../shared/data".to_owned(), |(_, folder)| folder);
    let file = Path::new(&folder).join("chinook/receivables.csv");
    if !file.exists() {
        println!("skipped: {} is not there", file.display());
        return;
    }
    let machine = Machine::new();
    let path = file.display().to_string();
    assert_eq!(told(&machine.run(&["import", &path])).1, "405 new, 0 updated, 0 unchanged, 0 errors\n");
    assert_eq!(told(&machine.run(&["import", &path])).1, "0 new, 0 updated, 405 unchanged, 0 errors\n");
}
