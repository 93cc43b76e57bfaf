//! SQL asked past the store: for what it has no method for, and should not have.

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection};
use dunlin::store::DatabaseAddress;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Runs statements.
pub fn execute(address: &DatabaseAddress, statements: &str) -> QueryResult<()> {
    match address {
        DatabaseAddress::Sqlite(_) => sqlite(address).batch_execute(statements),
        DatabaseAddress::Postgres(url) => PgConnection::establish(url).unwrap().batch_execute(statements),
    }
}

/// The column `line` of a query's rows, in order of its text.
pub fn lines(address: &DatabaseAddress, query: &str) -> Vec<String> {
    let query = diesel::sql_query(query);
    let rows: Vec<Row> = match address {
        DatabaseAddress::Sqlite(_) => query.load(&mut sqlite(address)).unwrap(),
        DatabaseAddress::Postgres(url) => query.load(&mut PgConnection::establish(url).unwrap()).unwrap(),
    };
    let mut lines: Vec<String> = rows.into_iter().map(|row| row.line).collect();
    lines.sort();
    lines
}

/// A connection of its own to an SQLite file.
pub fn sqlite(address: &DatabaseAddress) -> SqliteConnection {
    let DatabaseAddress::Sqlite(path) = address else { panic!("{address:?} is not SQLite") };
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    connection.batch_execute("PRAGMA busy_timeout = 15000; PRAGMA foreign_keys = ON").unwrap();
    connection
}
