//! Databases of a test's own: a file, or a database of the PostgreSQL server that the environment names.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use dunlin::clock::Ids;
use dunlin::config::environment;
use dunlin::store::{DatabaseAddress, Store};
use tempfile::TempDir;

/// Which database a test runs on.
#[derive(Clone, Copy, Debug)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// A database without tables; `None` when there is no server to make it on.
pub fn empty_database(database: Database, folder: &TempDir) -> Option<DatabaseAddress> {
    let address = match database {
        Database::Sqlite => format!("sqlite://{}", folder.path().join("dunlin.db").display()),
        Database::Postgres => {
            let server = environment().remove("DUNLIN_TEST_POSTGRES_URL")?;
            let name = format!("test_{}", Ids.next::<uuid::Uuid>().simple());
            let mut connection = PgConnection::establish(&server).expect("the PostgreSQL of the tests");
            connection.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
            let (base, _) = server.rsplit_once('/').unwrap();
            format!("{base}/{name}")
        }
    };
    Some(address.parse().unwrap())
}

/// A database with its tables.
pub fn fresh_store(database: Database, folder: &TempDir) -> Option<Store> {
    let store = Store::open(empty_database(database, folder)?).unwrap();
    store.migrate().unwrap();
    Some(store)
}
