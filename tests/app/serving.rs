//! The commands that go on: what they print, how they end, and two of them at once.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl};
use reqwest::{Client, StatusCode};

use crate::support::program::{Machine, Running};
use crate::support::{PASSWORD, PATIENCE, Page, Person, Sink, Whim};

/// Under the grace time, and the longest wait for a connection to the database: nothing was waited for.
const AT_ONCE: Duration = Duration::from_secs(25);

#[actix_web::test]
async fn standard_output_has_the_way_to_set_up_and_the_address_and_nothing_else() {
    for machine in Machine::on_both() {
        let machine = machine.with("DUNLIN_LOG", "debug");
        let mut running = machine.start(&["serve", "--bind", "127.0.0.1:0"]);
        let (set_up, listening) = (running.line(), running.line());
        let url = listening.strip_prefix("Listening on ").unwrap();
        let link = set_up.strip_prefix("Set up Dunlin: ").unwrap();
        assert!(link.starts_with(&format!("{url}/setup?token=")), "{set_up}");
        let page = Client::new().get(link).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let wrong = Client::new().get(format!("{url}/setup?token=wrong")).send().await.unwrap();
        assert_eq!(wrong.status(), StatusCode::NOT_FOUND);
        assert_eq!(running.terminate(), Some(0));
        let (out, log) = running.rest();
        assert_eq!(out, [""; 0]);
        assert!(log.iter().any(|line| line.contains("stopping")), "{log:?}");

        machine.run(&["organisation", "add", "--name", "Acme"]);
        machine.add_user("ada@acme.example", PASSWORD);
        // The word may be left out, and so may the base address.
        let mut running = machine.start(&["--bind", "127.0.0.1:0", "--base-url", "https://dunlin.example"]);
        assert!(running.line().starts_with("Listening on http://127.0.0.1:"));
        assert_eq!((running.terminate(), running.rest().0), (Some(0), Vec::new()));
    }
}

#[test]
fn a_flag_of_serve_wins_over_its_variable() {
    let machine = Machine::new().with("DUNLIN_LOG", "info").with("DUNLIN_BIND", "nowhere");
    let mut running = machine.start(&["serve", "--bind", "127.0.0.1:0", "--log", "off"]);
    running.address();
    assert_eq!(running.terminate(), Some(0));
    assert_eq!(running.rest().1, [""; 0], "nothing is logged");
    let refused = machine.run(&["serve", "--bind", "127.0.0.1:0", "--undo-seconds", "soon"]);
    assert_eq!((refused.code, refused.err.split(':').next()), (Some(2), Some("DUNLIN_UNDO_SECONDS")));
}

#[actix_web::test]
async fn it_ends_with_0_as_soon_as_it_has_said_that_it_listens_and_does_not_wait_for_an_idle_browser() {
    let machine = Machine::new();
    for _ in 0..5 {
        let (mut running, _) = machine.serve();
        assert_eq!(running.terminate(), Some(0));
    }
    let (mut running, url) = machine.serve();
    let browser = Client::new();
    assert_eq!(browser.get(format!("{url}/healthz")).send().await.unwrap().text().await.unwrap(), "ok");
    let asked = Instant::now();
    assert_eq!(running.terminate(), Some(0));
    assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
    assert!(browser.get(format!("{url}/healthz")).send().await.is_err());
}

#[actix_web::test]
async fn a_second_server_of_an_installation_answers_and_on_sqlite_leaves_the_sending_to_the_first() {
    for machine in Machine::on_both() {
        machine.run(&["organisation", "add", "--name", "Acme"]);
        machine.add_user("ada@acme.example", PASSWORD);
        let (mut first, one) = machine.serve();
        let (mut second, other) = machine.serve();
        if machine.database().starts_with("sqlite://") {
            second.log_says("another process sends for this installation; this one waits for its turn");
        }
        let ada = Person::new(&one);
        assert_eq!(ada.sign_in("ada@acme.example", PASSWORD).await.url, "/invoices");
        let also = Person::new(&other);
        assert_eq!(also.sign_in("ada@acme.example", PASSWORD).await.url, "/invoices");
        assert_eq!(first.terminate(), Some(0));
        assert_eq!(also.get("/invoices").await.status, StatusCode::OK);
        let asked = Instant::now();
        assert_eq!(second.terminate(), Some(0));
        assert!(asked.elapsed() < AT_ONCE);
    }
}

#[actix_web::test]
async fn while_the_database_is_away_readiness_and_metrics_say_so_soon_and_health_stays() {
    let Some(machine) = Machine::on_postgres() else {
        return println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set");
    };
    let (_running, url) = machine.serve();
    let ask = async |path: &str| {
        let answer = Client::new().get(format!("{url}{path}")).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    let database = machine.database();
    let (server, name) = database.rsplit_once('/').unwrap();
    let mut postgres = PgConnection::establish(&format!("{server}/postgres")).unwrap();
    assert_eq!(ask("/readyz").await, (StatusCode::OK, "ok".to_owned()));
    go_away(&mut postgres, name);
    for path in ["/readyz", "/metrics"] {
        let asked = Instant::now();
        let missing = "the database cannot be reached".to_owned();
        assert_eq!(ask(path).await, (StatusCode::SERVICE_UNAVAILABLE, missing), "{path}");
        assert!(asked.elapsed() < AT_ONCE, "{path}: {:?}", asked.elapsed());
    }
    assert_eq!(ask("/healthz").await.0, StatusCode::OK);
    come_back(&mut postgres, name);
    let started = Instant::now();
    while ask("/readyz").await.0 != StatusCode::OK {
        assert!(started.elapsed() < PATIENCE, "it is ready again");
    }
}

#[test]
fn a_second_server_on_the_same_address_fails_and_names_it() {
    let machine = Machine::new();
    let (_first, url) = machine.serve();
    let address = url.strip_prefix("http://").unwrap();
    let second = machine.run(&["serve", "--bind", address]);
    assert_eq!((second.code, second.out.as_str()), (Some(1), ""));
    assert!(second.err.contains(address), "{second:?}");
}

#[actix_web::test]
async fn a_worker_alone_sends_what_a_server_without_one_accepted() {
    let Some(machine) = Machine::on_postgres() else {
        return println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set");
    };
    let machine = machine.with("DUNLIN_UNDO_SECONDS", "0");
    let (_server, ada, batch) = batch_for_workers(&machine).await;
    let mut worker = machine.start(&["work"]);
    finished(&ada, &batch).await.says("Finished. 1 of 1");
    assert_eq!((worker.terminate(), worker.rest().0), (Some(0), Vec::new()));
}

/// An installation on PostgreSQL whose server does not send, and a batch of one mail; the batch page is somebody's.
async fn batch_for_workers(machine: &Machine) -> (Running, Person, Page) {
    machine.run(&["organisation", "add", "--name", "Acme", "--from", "ar@acme.example"]);
    machine.add_user("ada@acme.example", PASSWORD);
    let server = machine.start(&["serve", "--no-worker", "--bind", "127.0.0.1:0"]);
    let ada = Person::new(&server.address());
    ada.sign_in("ada@acme.example", PASSWORD).await;
    let ledger =
        "customer_name,customer_email,invoice_number,currency,total\nBeta,ar@beta.example,INV-1,EUR,10.00\n";
    let checked = ada.upload("ledger.csv", ledger, false).await;
    ada.post(&format!("{}/write", checked.url), &[]).await;
    let batch = ada.confirm(&ada.propose(&["INV-1"]).await).await;
    batch.says("Sending reminders");
    (server, ada, batch)
}

/// Waits until a batch has ended; its page.
async fn finished(ada: &Person, batch: &Page) -> Page {
    let started = Instant::now();
    loop {
        let page = ada.get(&batch.url).await;
        if page.has("Finished.") {
            return page;
        }
        assert!(started.elapsed() < PATIENCE, "it ends: {}", page.words());
    }
}

#[actix_web::test]
async fn a_worker_that_is_slow_to_find_the_database_again_is_not_given_up() {
    let Some(machine) = Machine::on_postgres() else {
        return println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set");
    };
    let sink = Sink::start().await;
    let machine = machine.with("DUNLIN_MAIL_URL", &sink.url).with("DUNLIN_UNDO_SECONDS", "0");
    let (_server, ada, batch) = batch_for_workers(&machine).await;
    sink.misbehave("", Whim::Withhold("dot"));
    let slow = machine.start(&["work"]);
    sink.is_withholding().await;
    let quick = machine.start(&["work"]);
    let mut database = PgConnection::establish(&machine.database()).unwrap();
    let looked = looks_of_the_second(&mut database, 4);
    let address = machine.database();
    let (server, name) = address.rsplit_once('/').unwrap();
    let mut postgres = PgConnection::establish(&format!("{server}/postgres")).unwrap();
    drop(database);
    go_away(&mut postgres, name);
    slow.signal("STOP");
    come_back(&mut postgres, name);
    let mut database = PgConnection::establish(&address).unwrap();
    looks_of_the_second(&mut database, looked + 4);
    slow.signal("CONT");
    sink.behave();
    finished(&ada, &batch).await.says("1 of 1 accepted");
    let invoice = ada.invoice_id("INV-1").await;
    ada.get(&format!("/invoices/{invoice}")).await.says_not("may have been delivered");
    drop((slow, quick));
}

/// Waits until the worker that came second has looked around so often since it began; how often it has.
fn looks_of_the_second(database: &mut PgConnection, at_least: i64) -> i64 {
    #[derive(QueryableByName)]
    struct Worker {
        #[diesel(sql_type = BigInt)]
        beat: i64,
    }
    let started = Instant::now();
    loop {
        let workers: Vec<Worker> =
            diesel::sql_query("SELECT beat FROM worker ORDER BY id").load(database).unwrap();
        match workers[..] {
            [_, Worker { beat }] if beat >= at_least => return beat,
            _ => assert!(started.elapsed() < PATIENCE, "it looks around"),
        }
    }
}

/// Takes a database away, and ends what was connected to it.
fn go_away(postgres: &mut PgConnection, name: &str) {
    // Two statements: sent as one, the first would hold only when those connections have been ended, and each could be
    // opened anew until then. The second waits until they are gone.
    postgres.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).unwrap();
    let end =
        format!("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = '{name}'");
    postgres.batch_execute(&end).unwrap();
}

fn come_back(postgres: &mut PgConnection, name: &str) {
    postgres.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).unwrap();
}

#[actix_web::test]
async fn what_a_worker_that_nobody_knows_any_more_had_in_hand_is_resolved_by_another() {
    let Some(machine) = Machine::on_postgres() else {
        return println!("skipped: DUNLIN_TEST_POSTGRES_URL is not set");
    };
    let sink = Sink::start().await;
    let machine = machine.with("DUNLIN_MAIL_URL", &sink.url).with("DUNLIN_UNDO_SECONDS", "0");
    let (_server, ada, batch) = batch_for_workers(&machine).await;
    sink.misbehave("", Whim::Withhold("dot"));
    let mut gone = machine.start(&["work"]);
    sink.is_withholding().await;
    // Stopped past its lease and forgotten, it went on, took a mail, and was killed before its next beat.
    gone.kill();
    let mut postgres = PgConnection::establish(&machine.database()).unwrap();
    postgres.batch_execute("DELETE FROM worker").unwrap();
    let _other = machine.start(&["work"]);
    finished(&ada, &batch).await.says("May have been delivered");
}

#[actix_web::test]
async fn the_demo_prints_who_may_sign_in_and_leaves_nothing_behind() {
    let machine = Machine::new();
    let mut demo = machine.start(&["demo", "--bind", "127.0.0.1:0"]);
    let first = demo.line();
    let password =
        first.strip_prefix("Sign in with the password ").and_then(|rest| rest.strip_suffix(" as one of"));
    let password = password.unwrap_or_else(|| panic!("{first}")).to_owned();
    let people: Vec<String> = (0..4).map(|_| demo.line().trim().to_owned()).collect();
    let url = demo.address();
    let expected = ["admin", "clerk", "support", "viewer"].map(|role| format!("{role}@acme.example"));
    assert_eq!(people, expected);
    for email in &people {
        let person = Person::new(&url);
        assert_eq!(person.sign_in(email, &password).await.url, "/invoices", "{email}");
        let page = person.get("/invoices?tab=all").await;
        page.says("of 300").says("Demo: the customers and invoices are made up.");
        page.says("Mail is kept here, not delivered");
    }
    assert_eq!(machine.folder.path().read_dir().unwrap().count(), 1, "its folder, while it runs");
    assert_eq!(demo.terminate(), Some(0));
    assert_eq!(machine.folder.path().read_dir().unwrap().count(), 0);

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = machine.run(&["demo", "--bind", &address]);
    assert!(failed.code == Some(1) && failed.err.contains(&address), "{failed:?}");
    assert_eq!(machine.folder.path().read_dir().unwrap().count(), 0, "nor when it fails");
}

#[actix_web::test]
async fn a_demo_with_a_folder_of_its_own_goes_on_where_it_was() {
    let machine = Machine::new();
    let folder = machine.folder.path().join("kept").display().to_string();
    let flags = ["demo", "--bind", "127.0.0.1:0", "--data-dir", &folder];
    let mut demo = machine.start(&flags);
    let password = demo.line().split_whitespace().nth(5).unwrap().to_owned();
    demo.address();
    assert_eq!(demo.terminate(), Some(0));
    let again = machine.start(&flags);
    let clerk = Person::new(&again.address());
    clerk
        .sign_in("clerk@acme.example", &password)
        .await
        .says("Demo: the customers and invoices are made up.");
}

#[actix_web::test]
async fn where_the_address_is_https_cookies_travel_encrypted_alone_and_browsers_are_told_to_stay() {
    for base in [None, Some("https://dunlin.company.example")] {
        let machine = Machine::new();
        machine.run(&["organisation", "add", "--name", "Acme"]);
        machine.add_user("ada@acme.example", PASSWORD);
        let machine = base.into_iter().fold(machine, |machine, base| machine.with("DUNLIN_BASE_URL", base));
        let (_running, url) = machine.serve();
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let form = [("email", "ada@acme.example"), ("password", PASSWORD)];
        let answer = client.post(format!("{url}/sign-in")).form(&form).send().await.unwrap();
        let cookies: Vec<&str> =
            answer.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
        let [cookie] = cookies[..] else { panic!("{cookies:?}") };
        let (name, attributes) = cookie.split_once('=').unwrap();
        let has = |attribute: &str| attributes.split("; ").any(|each| each == attribute);
        assert!(
            has("HttpOnly") && has("SameSite=Lax") && has("Path=/") && !attributes.contains("Domain"),
            "{cookie}"
        );
        let stays = answer.headers().get("strict-transport-security").map(|value| value.to_str().unwrap());
        match base {
            None => assert!(name == "dunlin" && !has("Secure") && stays.is_none(), "{cookie} {stays:?}"),
            Some(_) => {
                assert!(name == "__Host-dunlin" && has("Secure"), "{cookie}");
                assert_eq!(stays, Some("max-age=31536000; includeSubDomains"));
            }
        }
    }
}
