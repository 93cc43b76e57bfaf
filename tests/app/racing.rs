//! Many at once, and in each other's way: the cases of the reliability table in which the order is left to chance.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use futures_util::future::join_all;

use crate::support::program::Machine;
use crate::support::{
    PASSWORD, PATIENCE, Page, Person, Sink, TestApp, Whim, on_both_databases, reminders_of,
};

/// So many invoices for each due day in December 2025, in order of number.
async fn furnish(app: &TestApp, days: &[(u32, usize)]) {
    let mut csv = "customer_name,customer_email,invoice_number,currency,total,due_date\n".to_owned();
    let mut number = 0;
    for (day, invoices) in days {
        for _ in 0..*invoices {
            let customer = number % 97;
            csv.push_str(&format!(
                "Customer {customer},c{customer}@customer.example,INV-{number:05},EUR,10.00,2025-12-{day:02}\n"
            ));
            number += 1;
        }
    }
    app.import(&csv).await;
}

async fn matching(person: &Person, number: usize, list: &str) -> Page {
    person.post("/reminder-proposals", &[("matching", &number.to_string()), ("list", list)]).await
}

/// The reminders that arrived, each once.
fn reminders(sink: &Sink) -> HashSet<String> {
    let mails = sink.deliveries();
    let ids: HashSet<String> = mails.iter().map(|mail| header(&mail.text, "X-Dunlin-Reminder: ")).collect();
    assert_eq!(ids.len(), mails.len(), "no mail came twice");
    ids
}

fn header(text: &str, name: &str) -> String {
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned()
}

on_both_databases! {
    async fn c01_two_hundred_confirmations_of_one_invoice_at_once_are_one_reminder(app: TestApp) {
        furnish(&app, &[(2, 1)]).await;
        let clerk = app.clerk().await;
        let mut shown = Vec::new();
        for _ in 0..200 {
            shown.push(matching(&clerk, 1, "/invoices").await);
        }
        let token = clerk.get("/invoices").await.value("csrf");
        let answers = join_all(shown.iter().map(async |shown| {
            let fields = [&[("csrf", token.as_str())], shown.yes().as_slice()].concat();
            clerk.post_as_it_is("/reminder-batches", &fields).await
        }))
        .await;
        assert!(answers.iter().all(|answer| answer.status == 200), "each is a batch, all but one with nobody to mail");
        app.send_until_idle().await;
        assert_eq!(reminders(&app.sink).len(), 1);
    }

    async fn c01_two_hundred_posts_for_each_of_twenty_invoices_at_once_are_one_reminder_each(app: TestApp) {
        furnish(&app, &[(2, 20)]).await;
        let storm = async {
            for number in 0..20 {
                let program = app.program().await;
                let id = program.invoice(&format!("INV-{number:05}")).await;
                let answers = join_all((0..200).map(|_| program.remind(&id))).await;
                let ids: HashSet<&str> = answers.iter().map(|answer| answer.is(200, "Sent").text("id")).collect();
                assert_eq!(ids.len(), 1, "INV-{number:05}");
                let recorded = program.get(&reminders_of(&id)).await.body;
                assert_eq!(recorded.as_array().unwrap().len(), 1);
            }
        };
        app.while_sending(storm).await;
        assert_eq!(reminders(&app.sink).len(), 20);
    }

    async fn programs_and_a_clerk_who_want_the_same_invoices_at_once_send_one_mail_each(app: TestApp) {
        furnish(&app, &[(2, 100)]).await;
        let (program, clerk) = (app.program().await, app.clerk().await);
        let mut ids = Vec::new();
        for number in 0..100 {
            ids.push(program.invoice(&format!("INV-{number:05}")).await);
        }
        let shown = matching(&clerk, 100, "/invoices").await;
        let race = async {
            let asked = join_all(ids.iter().map(|id| program.remind(id)));
            let (answers, batch) = tokio::join!(asked, clerk.confirm(&shown));
            assert!(answers.iter().all(|answer| answer.status == 200));
            assert_eq!(batch.status, 200);
        };
        app.while_sending(race).await;
        app.send_until_idle().await;
        assert_eq!(reminders(&app.sink).len(), 100);
    }

    async fn c05_two_clerks_whose_selections_share_invoices_send_each_mail_once(app: TestApp) {
        furnish(&app, &[(2, 2_000), (3, 1_000), (4, 2_000)]).await;
        let (one, two) = (app.clerk().await, app.clerk().await);
        let first = matching(&one, 3_000, "/invoices?due_to=2025-12-03").await;
        let second = matching(&two, 3_000, "/invoices?due_from=2025-12-03").await;
        let (a, b) = tokio::join!(one.confirm(&first), two.confirm(&second));
        app.send_until_idle().await;
        assert_eq!(reminders(&app.sink).len(), 5_000);
        let (a, b) = (one.get(&a.url).await, two.get(&b.url).await);
        let left_out = [&a, &b].map(|page| page.has("1,000 left out"));
        assert!(left_out == [true, false] || left_out == [false, true], "{} {}", a.words(), b.words());
    }

    async fn c14_no_mail_begins_after_its_invoices_payment_was_confirmed(app: TestApp) {
        furnish(&app, &[(2, 1_000)]).await;
        let clerk = app.clerk().await;
        let shown = matching(&clerk, 1_000, "/invoices").await;
        let mut ids = HashMap::new();
        for page in 0..10 {
            let (from, to) = (page * 100, page * 100 + 99);
            for number in from..=to {
                ids.insert(format!("INV-{number:05}"), String::new());
            }
        }
        let mut list = clerk.get("/invoices?per=100&sort=number").await;
        loop {
            for piece in list.text.split("href=\"/invoices/").skip(1) {
                let (id, rest) = piece.split_once('"').unwrap();
                let number = rest.split_once('>').and_then(|(_, rest)| rest.split_once('<')).map_or("", |(text, _)| text);
                if let Some(known) = ids.get_mut(number) {
                    id.clone_into(known);
                }
            }
            let Some(next) = next_page(&list) else { break };
            list = clerk.get(&next).await;
        }
        assert!(ids.values().all(|id| !id.is_empty()));
        clerk.confirm(&shown).await;
        app.sink.misbehave("", Whim::Wait("dot", Duration::from_millis(15)));
        let token = clerk.get("/invoices").await.value("csrf");
        // From the last to the first, so that payments and mails meet.
        let mut numbers: Vec<&String> = ids.keys().collect();
        numbers.sort_by(|a, b| b.cmp(a));
        let paying = async {
            let mut paid = HashMap::new();
            for some in numbers.chunks(8) {
                let answers = join_all(some.iter().map(async |number| {
                    let path = format!("/invoices/{}/full-payment", ids[*number]);
                    let answer = clerk.post_as_it_is(&path, &[("csrf", &token)]).await;
                    assert_eq!(answer.status, 200, "{}", answer.words());
                    ((*number).clone(), (Instant::now(), answer))
                }));
                paid.extend(answers.await);
            }
            paid
        };
        let ((), paid) = tokio::join!(app.send_until_idle(), paying);
        let sent = reminders(&app.sink).len();
        assert!((1..1_000).contains(&sent), "payments and mails have met: {sent} were sent");
        for mail in app.sink.deliveries() {
            let number = mail.text.lines().find_map(|line| line.strip_prefix("Invoice: ")).unwrap();
            let (confirmed_at, answer) = &paid[number];
            // Handed over is what has passed the point of no return: its body may begin a moment after that.
            if mail.ended_at > *confirmed_at {
                answer.says("Reminder already handed over, cannot be called back");
            }
        }
    }
}

fn next_page(page: &Page) -> Option<String> {
    let (before, _) = page.text.split_once(">Next<")?;
    let (_, query) = before.rsplit_once("href=\"/invoices?")?;
    let query = query.split_once('"')?.0.replace("&#38;", "&").replace("&amp;", "&");
    Some(format!("/invoices?{query}"))
}

#[actix_web::test]
async fn d01_a_database_that_is_locked_for_ten_seconds_makes_everyone_wait_and_nothing_fail() {
    let app = TestApp::start(crate::support::Database::Sqlite).await.unwrap();
    furnish(&app, &[(2, 200)]).await;
    let clerk = app.clerk().await;
    let shown = matching(&clerk, 200, "/invoices").await;
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let file = app.file().unwrap();
    let locking = tokio::task::spawn_blocking(move || {
        let mut other = SqliteConnection::establish(&file.to_string_lossy()).unwrap();
        other.batch_execute("BEGIN IMMEDIATE").unwrap();
        // The case itself: ten seconds.
        locked.send(()).unwrap();
        std::thread::sleep(Duration::from_secs(10));
        other.batch_execute("COMMIT").unwrap();
    });
    is_locked.await.unwrap();
    let batch = clerk.confirm(&shown).await;
    locking.await.unwrap();
    app.send_until_idle().await;
    assert_eq!(reminders(&app.sink).len(), 200);
    clerk.get(&batch.url).await.says("Finished. 200 of 200");
}

#[actix_web::test]
async fn d10_of_two_servers_on_one_sqlite_file_one_sends_and_the_other_follows_when_it_is_killed() {
    let sink = Sink::start().await;
    let machine = Machine::new().with("DUNLIN_MAIL_URL", &sink.url).with("DUNLIN_UNDO_SECONDS", "0");
    machine.run(&["organisation", "add", "--name", "Acme", "--from", "ar@acme.example"]);
    machine.add_user("ada@acme.example", PASSWORD);
    let ledger = machine.folder.path().join("ledger.csv");
    let rows: String =
        (0..40).map(|i| format!("C{i},c{i}@customer.example,INV-{i:02},EUR,10.00\n")).collect();
    let head = "customer_name,customer_email,invoice_number,currency,total\n";
    std::fs::write(&ledger, format!("{head}{rows}")).unwrap();
    assert_eq!(machine.run(&["import", &ledger.display().to_string()]).code, Some(0));
    let (mut first, _) = machine.serve();
    let (_second, url) = machine.serve();
    let ada = Person::new(&url);
    ada.sign_in("ada@acme.example", PASSWORD).await;
    sink.misbehave("", Whim::Wait("MAIL", Duration::from_millis(50)));
    let batch = ada.confirm(&matching(&ada, 40, "/invoices?tab=all").await).await;
    let started = Instant::now();
    let waits = || assert!(started.elapsed() < PATIENCE, "{} arrived", sink.deliveries().len());
    while sink.deliveries().len() < 8 {
        waits();
        tokio::task::yield_now().await;
    }
    first.kill();
    while !ada.get(&batch.url).await.has("Finished.") {
        waits();
    }
    assert!(reminders(&sink).len() >= 36, "at most one for each connection is not known");
}
