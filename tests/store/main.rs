//! What the store promises, on SQLite and PostgreSQL alike, asked of its public methods alone.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "../crash/chance.rs"]
mod chance;
mod claims;
#[path = "../app/support/database.rs"]
mod database;
mod filters;
mod generated;
mod ledger;
mod letters;
mod paging;
mod reminders;
mod schema;
mod sql;
mod stored_words;
mod test_store;
mod texts;
mod transactions;
mod unreadable;
mod values;
mod waiting;

/// Writes each test for both databases. Without `DUNLIN_TEST_POSTGRES_URL` the second one says that it is skipped.
macro_rules! on_both_databases {
    ($(async fn $name:ident($store:ident: TestStore) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run($store: crate::test_store::TestStore) $body

            #[tokio::test]
            async fn on_sqlite() {
                let store = crate::test_store::TestStore::start(crate::database::Database::Sqlite).await;
                run(store.expect("SQLite is always there")).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                match crate::test_store::TestStore::start(crate::database::Database::Postgres).await {
                    Some(store) => run(store).await,
                    None => println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set"),
                }
            }
        }
    )+};
}
pub(crate) use on_both_databases;
