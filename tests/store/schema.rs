//! The tables: the same on both databases, made once, and undone step by step.

use std::path::Path;
use std::sync::Barrier;
use std::thread;

use diesel::{Connection, PgConnection};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use dunlin::store::{DatabaseAddress, Store};

use crate::database::{Database, empty_database, fresh_store};
use crate::on_both_databases;
use crate::sql::{execute, lines, sqlite};

/// Tables and columns with their types and nullability, in SQLite's words.
fn columns(address: &DatabaseAddress) -> Vec<String> {
    let query = match address {
        DatabaseAddress::Sqlite(_) => {
            "SELECT m.name || '.' || c.name || ' ' || c.type || CASE c.\"notnull\" WHEN 0 THEN ' NULL' ELSE '' END \
             AS line FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
        }
        DatabaseAddress::Postgres(_) => {
            "SELECT table_name || '.' || column_name || ' ' || CASE data_type \
             WHEN 'timestamp without time zone' THEN 'TIMESTAMP' WHEN 'bytea' THEN 'BLOB' \
             WHEN 'character varying' THEN 'VARCHAR(' || character_maximum_length || ')' ELSE UPPER(data_type) END \
             || CASE is_nullable WHEN 'YES' THEN ' NULL' ELSE '' END AS line \
             FROM information_schema.columns WHERE table_schema = 'public'"
        }
    };
    lines(address, query)
}

/// Everything a database says of its tables: columns, checks, keys and indexes.
fn definitions(address: &DatabaseAddress) -> Vec<String> {
    match address {
        DatabaseAddress::Sqlite(_) => {
            let written = "SELECT REPLACE(sql, '\"', '') AS line FROM sqlite_master WHERE sql IS NOT NULL";
            lines(address, written).iter().map(|definition| in_order(definition)).collect()
        }
        DatabaseAddress::Postgres(_) => {
            let keys_and_checks = "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) \
                                   AS line FROM pg_constraint WHERE connamespace = 'public'::regnamespace";
            let indexes = "SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public'";
            [columns(address), lines(address, keys_and_checks), lines(address, indexes)].concat()
        }
    }
}

/// A definition whose columns are in order: one that was dropped and comes back is the last.
fn in_order(definition: &str) -> String {
    let mut parts: Vec<&str> =
        definition.split(',').map(|part| part.trim_end_matches([')', '\n']).trim()).collect();
    parts.sort_unstable();
    parts.join(", ")
}

/// One migration made or undone.
enum Step {
    Up,
    Down,
}

/// Takes a step; `None` when there is none left that way.
fn take(address: &DatabaseAddress, step: &Step) -> Option<()> {
    let folder = |name| {
        FileBasedMigrations::from_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name))
            .unwrap()
    };
    macro_rules! take {
        ($connection:expr, $folder:expr) => {
            match step {
                Step::Up if !$connection.has_pending_migration($folder).unwrap() => return None,
                Step::Up => $connection.run_next_migration($folder).map(drop),
                Step::Down if $connection.applied_migrations().unwrap().is_empty() => return None,
                Step::Down => $connection.revert_last_migration($folder).map(drop),
            }
        };
    }
    match address {
        DatabaseAddress::Sqlite(_) => take!(sqlite(address), folder("sqlite")),
        DatabaseAddress::Postgres(url) => {
            take!(PgConnection::establish(url).unwrap(), folder("postgres"))
        }
    }
    .unwrap();
    Some(())
}

/// The definitions after each step that is left.
fn steps(address: &DatabaseAddress, step: &Step) -> Vec<Vec<String>> {
    std::iter::from_fn(|| take(address, step).map(|()| definitions(address))).collect()
}

#[test]
fn both_databases_have_the_same_tables_columns_types_and_nullability() {
    let folder = tempfile::tempdir().unwrap();
    let embedded = fresh_store(Database::Sqlite, &folder).unwrap();
    let Some(server) = fresh_store(Database::Postgres, &folder) else {
        println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set");
        return;
    };
    assert_eq!(columns(embedded.address()), columns(server.address()));
}

on_both_databases! {
    async fn migrating_again_changes_nothing(store: TestStore) {
        let before = definitions(store.address());
        store.store.migrate().unwrap();
        assert_eq!(definitions(store.address()), before);
        let organisations = store.read(|snapshot| snapshot.organisations()).await.unwrap();
        assert_eq!(organisations.len(), 1);
    }

    async fn a_database_that_a_newer_program_has_used_is_left_alone(store: TestStore) {
        let before = definitions(store.address());
        store.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('00000000009999')").unwrap();
        let refused = store.store.migrate().unwrap_err().to_string();
        assert!(refused.contains("a newer Dunlin has used it"), "{refused}");
        assert_eq!(definitions(store.address()), before);
    }
}

fn every_step_is_undone(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let Some(address) = empty_database(database, &folder) else {
        println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set");
        return;
    };
    let up = steps(&address, &Step::Up);
    assert!(up.len() > 1);
    let mut down = steps(&address, &Step::Down);
    down.pop();
    down.reverse();
    for (made, undone) in up.iter().zip(&down) {
        let lost: Vec<_> = made.iter().filter(|line| !undone.contains(line)).collect();
        let left: Vec<_> = undone.iter().filter(|line| !made.contains(line)).collect();
        assert!(lost.is_empty() && left.is_empty(), "undone, {lost:#?} became {left:#?}");
    }
    assert_eq!(steps(&address, &Step::Up), up);
}

#[test]
fn every_migration_is_undone_by_its_down_on_sqlite() {
    every_step_is_undone(Database::Sqlite);
}

#[test]
fn every_migration_is_undone_by_its_down_on_postgres() {
    every_step_is_undone(Database::Postgres);
}

fn four_processes_may_start_at_once(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let Some(address) = empty_database(database, &folder) else {
        println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set");
        return;
    };
    let together = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = Store::open(address.clone()).unwrap();
                together.wait();
                store.migrate().unwrap();
            });
        }
    });
}

#[test]
fn processes_that_start_at_once_make_the_tables_together_on_sqlite() {
    four_processes_may_start_at_once(Database::Sqlite);
}

#[test]
fn processes_that_start_at_once_make_the_tables_together_on_postgres() {
    four_processes_may_start_at_once(Database::Postgres);
}

/// Takes steps up to and with a version.
fn take_up_to(address: &DatabaseAddress, version: &str) {
    let newest = "SELECT MAX(version) AS line FROM __diesel_schema_migrations";
    while take(address, &Step::Up).is_some() {
        if lines(address, newest) == [version] {
            return;
        }
    }
    panic!("there is no {version}");
}

/// Ada of Acme has paused the whole installation, to which Birch belongs too, as an Admin could.
const PAUSED_IN_THE_SETTINGS: &str = "
    INSERT INTO organisation (id, name, time_zone, currency, payment_terms_days, created_at) VALUES
        ('acme', 'Acme', 'UTC', 'EUR', 30, '2025-12-01 09:00:00'), ('birch', 'Birch', 'UTC', 'EUR', 30, '2025-12-01 09:00:00');
    INSERT INTO person (id, email, email_folded, name, password_hash, created_at)
        VALUES ('ada', 'ada@acme.example', 'ada@acme.example', 'Ada', '', '2025-12-01 09:00:00');
    INSERT INTO membership (person_id, organisation_id, role) VALUES ('ada', 'acme', 'admin');
    INSERT INTO audit (id, organisation_id, at, actor, event, detail) VALUES
        ('1', 'acme', '2025-12-01 09:00:00', 'user:ada', 'sending.paused', 'Ada stopped it.'),
        ('2', 'birch', '2025-12-01 09:00:00', 'user:ada', 'sending.paused', 'Ada stopped it.');
    UPDATE installation SET paused_at = '2025-12-01 09:00:00', pause_reason = 'Ada stopped it.'";

fn a_pause_in_the_settings_stays_and_names_nobody_to_others(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let Some(address) = empty_database(database, &folder) else {
        println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set");
        return;
    };
    take_up_to(&address, "00000000000027");
    execute(&address, PAUSED_IN_THE_SETTINGS).unwrap();
    take_up_to(&address, "00000000000028");
    let paused = "SELECT pause_reason AS line FROM installation WHERE paused_at IS NOT NULL";
    assert_eq!(
        lines(&address, paused),
        ["stopped in the settings; \u{201c}dunlin resume\u{201d} lets it go on."]
    );
    let audit = "SELECT organisation_id || ' ' || actor || ' ' || detail AS line FROM audit";
    assert_eq!(lines(&address, audit), ["acme user:ada Ada stopped it.", "birch system "]);

    let own = "UPDATE installation SET paused_at = NULL, pause_reason = NULL;
        UPDATE organisation SET paused_at = '2025-12-02 09:00:00', pause_reason = 'Stocktaking' WHERE id = 'acme'";
    execute(&address, own).unwrap();
    take(&address, &Step::Down);
    let paused = "SELECT CAST(paused_at AS TEXT) || ' ' || pause_reason AS line FROM installation";
    let back = "2025-12-02 09:00:00 stopped by an organisation; \u{201c}dunlin resume\u{201d} lets it go on.";
    assert_eq!(lines(&address, paused), [back]);
}

#[test]
fn a_pause_of_before_organisations_had_their_own_stays_on_sqlite() {
    a_pause_in_the_settings_stays_and_names_nobody_to_others(Database::Sqlite);
}

#[test]
fn a_pause_of_before_organisations_had_their_own_stays_on_postgres() {
    a_pause_in_the_settings_stays_and_names_nobody_to_others(Database::Postgres);
}
