//! What the pages say of invoices and reminders, and how every address answers.

use chrono::TimeDelta;

use crate::support::{PASSWORD, Page, Whim, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Beta, ar@beta.example, 20.00, -1, Sent",
];

/// The numbers of the invoices on a list, in its order.
fn numbers(list: &Page) -> Vec<String> {
    let named = list.text.split("aria-label=\"Select invoice ").skip(1);
    named.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

on_both_databases! {
    async fn a_reminder_shows_its_headers_source_attempts_and_the_version_of_its_text(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        app.sink.misbehave("acme", Whim::Reply("dot", "451 4.7.1 greylisted"));
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        app.sink.behave();
        app.clock.advance(TimeDelta::seconds(361));
        app.send_now().await;
        let log = clerk.get("/reminders").await;
        let id = log.between("href=\"/reminders/", "\"", " aria-label=\"Reminder of INV-1");
        let page = clerk.get(&format!("/reminders/{id}")).await;
        page.says("X-Dunlin-Reminder").says("Auto-Submitted").says("&#60;ar@acme.example&#62;");
        page.says("To be tried again").says("451 4.7.1 greylisted").says("Accepted by mail server");
        page.says("Invoice reminder (default), version 1");
        page.says("/automations/email-notifications/invoice-reminder/history?compare=1#version-1");
        clerk.get("/automations/email-notifications/invoice-reminder/history").await.says("id=\"version-1\"");
        let source = clerk.get(&format!("/reminders/{id}/source")).await;
        let sent = app.sink.deliveries().pop().unwrap().text;
        assert_eq!(source.text.lines().collect::<Vec<_>>(), sent.lines().collect::<Vec<_>>());
    }

    async fn a_reminder_that_has_not_left_has_no_source_yet(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        let log = clerk.get("/reminders").await;
        let id = log.between("href=\"/reminders/", "\"", " aria-label=\"Reminder of INV-1");
        clerk.get(&format!("/reminders/{id}")).await.says("version 1").says_not("Attempts").says_not("Headers");
        assert_eq!(clerk.get(&format!("/reminders/{id}/source")).await.status, 404);
        app.send_until_idle().await;
    }

    async fn a_row_says_that_a_reminder_is_on_its_way_as_long_as_a_batch_would_leave_it_out(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let sentence = "A reminder is already on its way.";
        clerk.get("/invoices").await.says_not(sentence);
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        let list = clerk.get("/invoices").await;
        assert_eq!(list.text.matches("On its way</a>").count(), 1);
        list.says(sentence);
        let id = clerk.invoice_id("INV-1").await;
        clerk.get(&format!("/invoices/{id}")).await.says(sentence);
        app.send_until_idle().await;
        app.clock.advance(TimeDelta::seconds(50));
        let sentence = "Reminded 50 seconds ago; possible again in 10 seconds.";
        clerk.get("/invoices").await.says(sentence);
        clerk.get(&format!("/invoices/{id}")).await.says(sentence);
        clerk.propose(&["INV-1"]).await.says("1 will be left out").says(sentence);
        app.clock.advance(TimeDelta::seconds(10));
        clerk.get("/invoices").await.says_not(sentence);
        clerk.propose(&["INV-1"]).await.says("Yes, send reminders");
    }

    async fn a_row_says_that_its_latest_reminder_failed_or_may_have_been_delivered_until_the_next_one(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        app.sink.misbehave("acme", Whim::Reply("RCPT", "554 5.0.0 not today"));
        app.sink.misbehave("beta", Whim::Drop("dot"));
        let batch = clerk.confirm(&clerk.propose(&["INV-1", "INV-2"]).await).await;
        app.send_until_idle().await;
        app.sink.behave();
        clerk.get(&batch.url).await.says("<h1>Some reminders failed</h1>").says("<title>Some reminders failed");
        let list = clerk.get("/invoices").await;
        let customer = list.between("href=\"/customers/", "\"", ">Acme");
        for (page, marks) in [(list, 2), (clerk.get(&format!("/customers/{customer}")).await, 1)] {
            page.says("aria-label=\"Failed: The latest reminder did not go out.\">Failed</a>");
            assert_eq!(page.text.matches("class=\"mark-missing\" href=\"/reminders/").count(), marks);
        }
        clerk.get("/invoices").await.says(">May have been delivered</a>");
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        clerk.get("/invoices").await.says_not(">Failed</a>").says(">Just reminded</a>");
    }

    async fn one_customers_invoices_say_whose_they_are_and_lead_back_to_all(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let list = clerk.get("/invoices?sort=-balance").await;
        let only = list.between("href=\"", "\"", " aria-label=\"Only this customer: Beta\"").replace("&#38;", "&");
        let list = clerk.get(&only).await;
        assert_eq!(numbers(&list), ["INV-2"]);
        list.says("Customer: <strong>Beta</strong>").says_not("Only this customer");
        let all = list.between("href=\"", "\"", ">All customers").replace("&#38;", "&");
        assert_eq!(numbers(&clerk.get(&all).await), ["INV-1", "INV-2"]);
    }

    async fn balances_of_several_currencies_are_in_one_order_page_after_page(app: TestApp) {
        let mut csv = "customer_name,invoice_number,currency,total\n".to_owned();
        for (number, amount) in [("JPY", "123456"), ("BHD", "1234.567"), ("EUR", "1234.56"), ("CLF", "1.0001")] {
            csv.push_str(&format!("Acme,{number}-1,{number},{amount}\n"));
        }
        (0..26).for_each(|i| csv.push_str(&format!("Acme,SMALL-{i},EUR,{}\n", 10 + i)));
        app.import(&csv).await;
        let clerk = app.clerk().await;
        let first = clerk.get("/invoices?sort=-balance&per=25").await;
        assert_eq!(numbers(&first)[..4], ["JPY-1", "BHD-1", "EUR-1", "SMALL-25"]);
        let next = first.between("rel=\"next\" href=\"", "\"", ">Next").replace("&#38;", "&");
        let rest = clerk.get(&next).await;
        assert_eq!(numbers(&rest), ["SMALL-3", "SMALL-2", "SMALL-1", "SMALL-0", "CLF-1"]);
        let filtered = clerk.get("/invoices?least=1234.56&most=1234.567&sort=balance").await;
        assert_eq!(numbers(&filtered), ["EUR-1", "BHD-1"]);
    }

    async fn single_keys_stay_off_for_who_has_switched_them_off(app: TestApp) {
        let (clerk, other) = (app.clerk().await, app.clerk().await);
        clerk.post("/single-keys", &[("on", "false"), ("back", "/customers")]).await.says("data-no-keys");
        clerk.get("/invoices").await.says("data-no-keys");
        other.get("/invoices").await.says_not("data-no-keys");
        clerk.post("/single-keys", &[("on", "true")]).await.says_not("data-no-keys");
    }

    async fn what_get_answers_head_answers_without_a_body(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        for path in ["/invoices", "/reminders", "/reminders.csv", "/customers", "/suppressions", "/healthz", "/nowhere"] {
            let (get, head) = (clerk.get(path).await, clerk.send("HEAD", path, &[], &[]).await);
            assert_eq!((get.status, ""), (head.status, head.text.as_str()), "{path}");
        }
    }

    async fn who_has_to_wait_before_signing_in_is_told_how_long(app: TestApp) {
        let form = [("email", "nobody@acme.example"), ("password", PASSWORD)];
        let mut answers = Vec::new();
        for _ in 0..5 {
            let post = reqwest::Client::new().post(format!("{}/sign-in", app.url)).form(&form);
            answers.push(post.send().await.unwrap());
        }
        let last = answers.pop().unwrap();
        assert_eq!((last.status().as_u16(), &last.headers()["Retry-After"]), (429, &"1".parse().unwrap()));
        assert!(last.text().await.unwrap().contains("Too many failed tries. Wait 1 second, then try again."));
        assert!(answers.iter().all(|answer| answer.status() == 422));
    }

    async fn the_rows_that_the_check_does_not_list_are_counted_once_each(app: TestApp) {
        let mut csv = "customer_name,invoice_number,currency,total\n".to_owned();
        (0..5000).for_each(|i| csv.push_str(&format!("\u{200b},A-{i},EUR,12.345\n")));
        let page = app.clerk().await.upload("ledger.csv", csv, false).await;
        page.says("5,000 errors").says("And 4,500 more rows").says("The cell has no visible character.");
    }

    async fn the_log_names_what_asked_for_a_reminder(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        let log = clerk.get("/reminders?channel=bulk").await;
        log.says("<option value=\"bulk\" selected>Bulk</option>").says("<option value=\"api\">API</option>");
        log.says("<small>Bulk</small>");
    }
}
