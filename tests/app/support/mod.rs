//! The real program on a free port, with its own database, a settable clock and a mail server that can be told to
//! misbehave. Callers are types; the worker is pulled by hand, so no test sleeps.

mod caller;
mod database;
mod lossy;
mod page;
pub mod program;
mod sink;

use std::future::Future;
use std::io::Cursor;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, RunQueryDsl, SqliteConnection};
use dunlin::actions::{ActionError, Actions, Newcomer, Settings};
use dunlin::clock::{Clock, Ids};
use dunlin::domain::delivery::{OnUnconfirmed, RetryPolicy};
use dunlin::domain::ids::OrganisationId;
use dunlin::domain::mail_target::MailTarget;
use dunlin::domain::organisation::Organisation;
use dunlin::domain::person::{Actor, Role};
use dunlin::mail::{MailTimeouts, Relay};
use dunlin::server::{Serving, start};
use dunlin::store::{DatabaseAddress, Store};
use dunlin::web::{Rates, WebState, assets};
use dunlin::worker::Worker;
use reqwest::ClientBuilder;
use tempfile::TempDir;
use tokio::sync::watch;

pub use caller::{Caller, Reply, reminders_of, reply};
pub use database::{Database, empty_database, fresh_store};
pub use lossy::Lossy;
pub use page::{Answer, Page, Person};
pub use sink::{Sink, Whim};

pub const PASSWORD: &str = "correct horse battery";

/// The longest wait for what must come, also where the cores are slow and shared.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The longest wait for a mail server's answer: for those that hang.
pub const STEP: Duration = Duration::from_secs(15);

/// A client that asks for nothing on a connection which the server may be about to close because it was idle.
fn client() -> ClientBuilder {
    ClientBuilder::new().pool_idle_timeout(Duration::from_secs(2))
}

/// Writes a test for both databases. Without `DUNLIN_TEST_POSTGRES_URL` the second one says that it is skipped.
macro_rules! on_both_databases {
    ($($(#[$about:meta])* async fn $name:ident($app:ident: TestApp) $body:block)+) => {$(
        $(#[$about])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn run($app: crate::support::TestApp) $body

            #[actix_web::test]
            async fn on_sqlite() {
                let app = crate::support::TestApp::start(crate::support::Database::Sqlite).await;
                run(app.expect("SQLite is always there")).await;
            }

            #[actix_web::test]
            async fn on_postgres() {
                match crate::support::TestApp::start(crate::support::Database::Postgres).await {
                    Some(app) => run(app).await,
                    None => println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set"),
                }
            }
        }
    )+};
}
pub(crate) use on_both_databases;

pub struct TestApp {
    pub url: String,
    pub actions: Actions,
    pub clock: Clock,
    pub sink: Sink,
    pub organisation: OrganisationId,
    worker: Worker,
    pub store: Store,
    /// The database and the static files live as long as the test.
    _folder: TempDir,
}

/// The day every test begins on.
pub fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2025, 12, 1).unwrap()
}

fn morning() -> DateTime<Utc> {
    today().and_hms_opt(9, 0, 0).unwrap().and_utc()
}

fn organisation(name: &str) -> Organisation {
    let new = Organisation::new(Ids.next(), name.parse().unwrap(), chrono_tz::UTC, "EUR".parse().unwrap());
    Organisation {
        from: "ar@acme.example".parse().ok(),
        reply_to: "answers@acme.example".parse().ok(),
        ..new
    }
}

impl TestApp {
    pub async fn start(database: Database) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let store = fresh_store(database, &folder)?;
        Some(Self::on(store, folder).await)
    }

    /// On a PostgreSQL server whose answers get lost; `None` when there is no server.
    pub async fn on_lossy_postgres() -> Option<(Self, Lossy)> {
        let folder = tempfile::tempdir().unwrap();
        let DatabaseAddress::Postgres(url) = empty_database(Database::Postgres, &folder)? else {
            return None;
        };
        let lossy = Lossy::way_to(&url);
        let store = Store::open(lossy.address.parse().unwrap()).unwrap();
        store.migrate().unwrap();
        Some((Self::on(store, folder).await, lossy))
    }

    async fn on(store: Store, folder: TempDir) -> Self {
        let (clock, sink, secret) = (Clock::standing_at(morning()), Sink::start().await, [7; 32]);
        let settings = Settings {
            undo: TimeDelta::seconds(10),
            window: TimeDelta::seconds(60),
            retry: RetryPolicy { base: TimeDelta::seconds(300), on_unconfirmed: OnUnconfirmed::Hold },
            retry_deadline: TimeDelta::hours(48),
            api_wait: PATIENCE,
            default_from: "reminders@dunlin.example".parse().ok(),
            secret,
        };
        let actions = Actions::new(store.clone(), clock.clone(), settings);
        let organisation = organisation("Acme Receivables");
        let id = organisation.id;
        actions.add_organisation(organisation).await.unwrap();
        let target: MailTarget = sink.url.parse().unwrap();
        let timeouts = MailTimeouts { step: STEP, dot: STEP };
        let relay =
            Relay::new(&target, folder.path().join("mail"), "localhost".into(), timeouts, None).unwrap();
        let worker = Worker::new(
            dunlin::clock::Ids.next(),
            actions.clone(),
            Arc::new(relay),
            4,
            Duration::from_secs(300),
        );
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = start(Serving {
            listener,
            state: WebState {
                actions: actions.clone(),
                reader: store.reader(),
                ids: Ids,
                mail: target.clone(),
                mail_folder: None,
                write_mail: dunlin::mail::writer(None),
                base_url: "https://dunlin.example".to_owned(),
                is_demo: false,
                setup_token: None,
                rates: Rates::default(),
            },
            static_folder: assets::unpack(folder.path()).unwrap(),
            secret,
            is_https: false,
            shutdown: Duration::from_secs(1),
            api_rate_per_minute: 1,
            patience: dunlin::server::PATIENCE,
            trusted_proxies: dunlin::domain::visitor::Proxies::default(),
            threads: 1,
        })
        .unwrap();
        actix_web::rt::spawn(server);
        Self { url, actions, clock, sink, organisation: id, worker, store, _folder: folder }
    }

    /// Someone who is not signed in.
    pub fn visitor(&self) -> Person {
        Person::new(&self.url)
    }

    pub async fn admin(&self) -> Person {
        self.person(Role::Admin).await
    }

    pub async fn clerk(&self) -> Person {
        self.person(Role::Clerk).await
    }

    pub async fn support(&self) -> Person {
        self.person(Role::Support).await
    }

    pub async fn viewer(&self) -> Person {
        self.person(Role::Viewer).await
    }

    pub async fn person(&self, role: Role) -> Person {
        let email = format!("{role}-{}@acme.example", Ids.next::<uuid::Uuid>().simple());
        self.add_person(self.organisation, &email, role).await;
        self.signed_in(&email).await
    }

    /// Adds a person with an address that the test knows.
    pub async fn add_person(&self, organisation: OrganisationId, email: &str, role: Role) {
        let newcomer = Newcomer {
            email: email.parse().unwrap(),
            name: format!("The {role}").parse().unwrap(),
            role,
            password: PASSWORD.parse().unwrap(),
        };
        self.actions.add_user(organisation, newcomer).await.unwrap();
    }

    /// The person with an address, signed in from a browser of their own.
    pub async fn signed_in(&self, email: &str) -> Person {
        let person = self.visitor();
        person.sign_in(email, PASSWORD).await;
        person
    }

    /// A program with a key of its own.
    pub async fn program(&self) -> Caller {
        self.program_of(self.organisation).await
    }

    /// A program with a key to an organisation's ledger.
    pub async fn program_of(&self, organisation: OrganisationId) -> Caller {
        let key = self.actions.add_api_key(organisation, "ERP".parse().unwrap()).await.unwrap();
        Caller::new(&self.url, key)
    }

    /// Sends what may leave, and reads the path of the link in the last mail to an address.
    pub async fn link_to(&self, recipient: &str) -> String {
        self.send_now().await;
        let deliveries = self.sink.deliveries();
        let mail = deliveries.iter().rev().find(|mail| mail.recipient == recipient);
        let mail = mail.unwrap_or_else(|| panic!("no mail to {recipient}"));
        let parsed = mail_parser::MessageParser::default().parse(mail.text.as_bytes()).unwrap();
        let text = parsed.body_text(0).unwrap().into_owned();
        let link = text.split_once("https://dunlin.example").expect("a link from the base address").1;
        link.split_whitespace().next().unwrap().to_owned()
    }

    /// One more organisation beside the test's own.
    pub async fn another_organisation(&self, name: &str) -> OrganisationId {
        let organisation = organisation(name);
        let id = organisation.id;
        self.actions.add_organisation(organisation).await.unwrap();
        id
    }

    /// The file of an embedded database.
    pub fn file(&self) -> Option<PathBuf> {
        match self.store.address() {
            DatabaseAddress::Sqlite(file) => Some(file.clone()),
            DatabaseAddress::Postgres(_) => None,
        }
    }

    /// Changes what no door changes yet.
    pub fn sql(&self, statement: &str) {
        match self.store.address() {
            DatabaseAddress::Sqlite(file) => {
                let mut connection = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
                connection.batch_execute(&format!("PRAGMA busy_timeout = 15000; {statement}")).unwrap();
            }
            DatabaseAddress::Postgres(url) => {
                PgConnection::establish(url).unwrap().batch_execute(statement).unwrap();
            }
        }
    }

    /// Every text in every table, as whoever gets hold of the database reads it.
    pub fn everything_stored(&self) -> String {
        match self.store.address() {
            DatabaseAddress::Sqlite(file) => {
                let folder = file.parent().unwrap();
                let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
                let files = files.filter(|path| path.file_name().unwrap().to_string_lossy().contains(".db"));
                files.map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()).collect()
            }
            DatabaseAddress::Postgres(_) => self
                .texts(
                    "SELECT query_to_xml('SELECT * FROM ' || quote_ident(table_name), TRUE, TRUE, '')::TEXT AS text \
                     FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'",
                )
                .concat(),
        }
    }

    /// How many mails there are of which a link could still be made.
    pub fn seeds(&self) -> usize {
        self.texts(
            "SELECT m.filled AS text FROM mail_content m JOIN outbox o ON o.id = m.mail_id \
             WHERE o.kind IN ('invitation', 'password_reset') AND m.filled <> ''",
        )
        .len()
    }

    /// What a query finds in its column `text`.
    pub fn texts(&self, query: &str) -> Vec<String> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            text: String,
        }
        let rows: Vec<Row> = match self.store.address() {
            DatabaseAddress::Sqlite(file) => {
                let mut connection = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
                connection.batch_execute("PRAGMA busy_timeout = 15000").unwrap();
                diesel::sql_query(query).load(&mut connection).unwrap()
            }
            DatabaseAddress::Postgres(url) => {
                diesel::sql_query(query).load(&mut PgConnection::establish(url).unwrap()).unwrap()
            }
        };
        rows.into_iter().map(|row| row.text).collect()
    }

    /// Brings in a ledger: lines of `number,customer,e-mail,total,days from today to the due day,status`.
    pub async fn ledger(&self, lines: &[&str]) {
        let mut csv =
            "customer_name,customer_email,invoice_number,currency,total,due_date,status\n".to_owned();
        for line in lines {
            let cells: Vec<&str> = line.split(',').map(str::trim).collect();
            let [number, customer, email, total, days, status] = cells[..] else { panic!("{line}") };
            let due = today() + TimeDelta::days(days.parse().unwrap());
            csv.push_str(&format!("{customer},{email},{number},EUR,{total},{due},{status}\n"));
        }
        self.import(&csv).await;
    }

    pub async fn import(&self, csv: &str) {
        let written = self
            .actions
            .import_ledger(Actor::System, self.organisation, Cursor::new(csv.to_owned()), false)
            .await
            .unwrap();
        assert!(written.is_written, "the test's ledger has errors: {:?}", written.findings);
    }

    /// Lets the undo time pass and sends everything that may leave.
    pub async fn send_until_idle(&self) {
        self.clock.advance(TimeDelta::seconds(11));
        self.worker.send_until_idle().await.unwrap();
    }

    /// Lets the worker run by itself for as long as something takes that waits for it.
    pub async fn while_sending<T>(&self, waiting: impl Future<Output = T>) -> T {
        let (stop, stopped) = watch::channel(false);
        let working = self.worker.clone().run(self.store.clone(), STEP, stopped);
        let waiting = async {
            let answer = waiting.await;
            stop.send_replace(true);
            answer
        };
        tokio::join!(waiting, working).0
    }

    /// Sends what may leave now.
    pub async fn send_now(&self) {
        self.try_to_send().await.unwrap();
    }

    /// Sends what may leave now, as far as that can be done.
    pub async fn try_to_send(&self) -> Result<(), ActionError> {
        self.worker.send_until_idle().await
    }
}
