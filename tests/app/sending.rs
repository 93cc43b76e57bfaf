//! From "Yes" to the customer's inbox and the log.

use chrono::TimeDelta;

use crate::support::{Page, Whim, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Acme, ar@acme-customer.example, 50.50, 3, Sent",
    "INV-3, Beta, ar@beta.example, 20.00, -1, Sent",
    "INV-4, Gamma, , 30.00, -5, Sent",
];

on_both_databases! {
    async fn each_confirmed_invoice_gets_one_mail_with_its_own_figures(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let shown = clerk.propose(&["INV-1", "INV-2", "INV-3", "INV-4"]).await;
        let batch = clerk.confirm(&shown).await;
        batch.says("Sending reminders").says("Undo");
        assert!(app.sink.deliveries().is_empty(), "nothing leaves before the undo time is over");
        app.send_until_idle().await;
        let mails = app.sink.deliveries();
        assert_eq!(mails.len(), 3);
        for (number, customer, balance, due) in
            [("INV-1", "Acme", "100.00 EUR", "21 Nov 2025"), ("INV-2", "Acme", "50.50 EUR", "4 Dec 2025"), ("INV-3", "Beta", "20.00 EUR", "30 Nov 2025")]
        {
            let of_it: Vec<_> = mails.iter().filter(|mail| mail.text.contains(&format!("Invoice: {number}\n"))).collect();
            assert_eq!(of_it.len(), 1, "{number}");
            let (text, html) = of_it[0].text.split_once("Content-Type: text/html").unwrap();
            for fact in [number, customer, balance, due] {
                assert!(text.contains(fact) && html.contains(fact), "{number}: {fact}");
            }
            assert!(text.contains("Auto-Submitted: auto-generated") && text.contains("X-Dunlin-Reminder: "));
            assert!(text.contains("Reply-To: answers@acme.example"));
        }
        let page = clerk.get(&batch.url).await;
        page.says("Finished. 3 of 4 accepted by the mail server, 1 left out.").says("The customer has no e-mail address.");
        let log = clerk.get("/reminders?status=Sent").await;
        log.says("3 reminders").says("Accepted by mail server");
        clerk.get("/invoices").await.says("just now");
    }

    async fn c04_confirming_twice_is_one_batch_and_one_mail(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let shown = clerk.propose(&["INV-1"]).await;
        let (first, second) = tokio::join!(clerk.confirm(&shown), clerk.confirm(&shown));
        assert_eq!(first.url, second.url);
        app.send_until_idle().await;
        assert_eq!(clerk.confirm(&shown).await.url, first.url);
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn two_clerks_who_confirm_the_same_selection_send_one_mail(app: TestApp) {
        app.ledger(LEDGER).await;
        let (one, two) = (app.clerk().await, app.clerk().await);
        let (first, second) = (one.propose(&["INV-1", "INV-3"]).await, two.propose(&["INV-1", "INV-3"]).await);
        let (a, b) = tokio::join!(one.confirm(&first), two.confirm(&second));
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 2);
        let left_out = [&a.url, &b.url];
        let mut found = 0;
        for url in left_out {
            found += one.get(url).await.text.matches("A reminder is already on its way, or one was just sent.").count();
        }
        assert_eq!(found, 2, "the later batch lists both as left out");
    }

    async fn an_invoice_reminded_within_the_last_minute_is_left_out_and_then_not_any_more(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        clerk.propose(&["INV-1"]).await.says("No reminders can be sent").says("Reminded just now; possible again in 60 seconds.");
        app.clock.advance(TimeDelta::seconds(61));
        clerk.propose(&["INV-1"]).await.says("1 e-mail to 1 customer").says("1 was reminded in the last 24 hours.");
    }

    async fn c20_a_stale_confirmation_sends_nothing_and_says_which_invoice_changed(app: TestApp) {
        app.ledger(LEDGER).await;
        let (clerk, other) = (app.clerk().await, app.clerk().await);
        let shown = clerk.propose(&["INV-1", "INV-2"]).await;
        let paid = other.invoice_id("INV-1").await;
        other.post(&format!("/invoices/{paid}/full-payment"), &[]).await.says("Paid");
        let again = clerk.confirm(&shown).await;
        assert_eq!(again.status, 422);
        again.says("INV-1 is paid now. It was taken out.").says("1 e-mail to 1 customer, 50.50 EUR");
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
        clerk.confirm(&again).await;
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn a_changed_balance_address_or_text_is_told_before_anything_is_sent(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let shown = clerk.propose(&["INV-1", "INV-3"]).await;
        app.import("customer_name,customer_email,invoice_number,currency,total,balance\nAcme,,INV-1,EUR,100.00,40.00\n").await;
        app.import("customer_name,customer_email,invoice_number,currency,total\nBeta,new@beta.example,INV-3,EUR,20.00\n").await;
        let again = clerk.confirm(&shown).await;
        again.says("The balance of INV-1 is 40.00 EUR; it was 100.00 EUR.");
        again.says("The reminder of INV-3 goes to new@beta.example now.");
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
    }

    async fn a_forged_confirmation_is_refused(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let shown = clerk.propose(&["INV-1"]).await;
        let (one, three) = (clerk.invoice_id("INV-1").await, clerk.invoice_id("INV-3").await);
        let mut fields = shown.yes();
        let forged = fields[0].1.replace(&one, &three);
        fields[0].1 = &forged;
        let refused = clerk.post("/reminder-batches", &fields).await;
        assert_eq!(refused.status, 422);
        let theirs = app.clerk().await;
        assert_eq!(theirs.confirm(&shown).await.status, 422, "nobody confirms what another was shown");
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
    }

    async fn undo_calls_everything_back(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let batch = clerk.confirm(&clerk.propose(&["INV-1", "INV-2"]).await).await;
        let undone = clerk.post(&format!("{}/cancellation", batch.url), &[]).await;
        undone.says("Undone. Nothing was sent.").says("value=\"0\"").says_not("Finished.");
        let invoice = clerk.get(&format!("/invoices/{}", clerk.invoice_id("INV-1").await)).await;
        let words = invoice.words();
        assert!(words.contains("Reminder cancelled by The clerk 1 Dec"), "said once: {words}");
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
        clerk.propose(&["INV-1"]).await.says("1 e-mail to 1 customer");
    }

    async fn an_invoice_paid_while_its_reminder_waits_gets_no_mail(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let batch = clerk.confirm(&clerk.propose(&["INV-1", "INV-3"]).await).await;
        let paid = clerk.invoice_id("INV-1").await;
        clerk.post(&format!("/invoices/{paid}/full-payment"), &[]).await.says("Reminder cancelled").says("The invoice was paid.");
        let archived = clerk.invoice_id("INV-3").await;
        clerk.post(&format!("/invoices/{archived}/archive"), &[]).await.says("Archived");
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
        clerk.get(&batch.url).await.says("2 cancelled.");
    }

    async fn a_refused_address_fails_alone_and_support_resends_it_when_it_is_mended(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        app.sink.misbehave("beta", Whim::Reply("RCPT", "550 5.1.1 no such user"));
        let batch = clerk.confirm(&clerk.propose(&["INV-1", "INV-3"]).await).await;
        app.send_until_idle().await;
        clerk.get(&batch.url).await.says("The address does not exist").says("550 5.1.1 no such user").says("1 failed");
        app.sink.behave();
        app.import("customer_name,customer_email,invoice_number,currency,total\nBeta,right@beta.example,INV-3,EUR,20.00\n").await;
        let support = app.support().await;
        let log = support.get("/reminders?status=Failed").await;
        let failed = log.between("href=\"/reminders/", "\"", " aria-label=\"Reminder of INV-3");
        support.get(&format!("/reminders/{failed}")).await.says("Resend");
        support.post(&format!("/reminders/{failed}/resends"), &[]).await.says("an earlier reminder");
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 2);
        app.clock.advance(TimeDelta::minutes(5));
        support.get(&batch.url).await.says_not("Retry failed");
        assert_eq!(support.post(&format!("{}/retries", batch.url), &[]).await.status, 422);
        let twice = support.post(&format!("/reminders/{failed}/resends"), &[]).await;
        twice.says("A later reminder of this invoice was sent or is on its way.").says_not(">Resend<");
    }

    async fn what_a_retry_of_a_retry_has_sent_is_neither_retried_nor_resent_once_more(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        app.sink.misbehave("beta", Whim::Reply("dot", "554 5.3.0 no"));
        let batch = clerk.confirm(&clerk.propose(&["INV-1", "INV-3"]).await).await;
        app.send_until_idle().await;
        let failed = clerk.get("/reminders?status=Failed").await.between("href=\"/reminders/", "\"", " aria-label=\"Reminder of INV-3");
        let retries = format!("{}/retries", batch.url);
        let retry = clerk.post(&retries, &clerk.post(&retries, &[]).await.yes()).await;
        app.send_until_idle().await;
        clerk.get(&retry.url).await.says("1 failed");
        app.sink.behave();
        let again = format!("{}/retries", retry.url);
        clerk.post(&again, &clerk.post(&again, &[]).await.yes()).await;
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 2);
        app.clock.advance(TimeDelta::minutes(5));
        clerk.get(&batch.url).await.says_not("Retry failed");
        let stale = clerk.post(&retries, &[]).await;
        assert_eq!(stale.status, 422);
        stale.says("Nothing of this batch is left to retry").says_not("No invoice is selected");
        clerk.get(&format!("/reminders/{failed}")).await.says_not(">Resend<");
        clerk.post(&format!("/reminders/{failed}/resends"), &[]).await.says("A later reminder of this invoice was sent or is on its way.");
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 2, "nobody is reminded twice");
    }

    async fn retry_failed_sends_the_failed_ones_again_as_a_batch_of_its_own(app: TestApp) {
        app.ledger(LEDGER).await;
        let support = app.support().await;
        let clerk = app.clerk().await;
        app.sink.misbehave("beta", Whim::Reply("dot", "554 5.3.0 no"));
        let batch = clerk.confirm(&clerk.propose(&["INV-1", "INV-3"]).await).await;
        app.send_until_idle().await;
        app.sink.behave();
        let retries = format!("{}/retries", batch.url);
        let shown = support.post(&retries, &[]).await;
        shown.says("1 e-mail to 1 customer, 20.00 EUR");
        let retry = support.post(&retries, &shown.yes()).await;
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 2);
        support.get(&retry.url).await.says("Finished. 1 of 1 accepted");
        support.get(&batch.url).await.says("See the retry");
    }

    async fn a_watched_batch_tells_its_sentence_at_most_every_five_seconds_and_its_end_at_once(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let batch = clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        let watch = async |page: &Page| {
            let path = page.text.split_once("hx-get=\"").and_then(|(_, rest)| rest.split_once('"')).unwrap().0.to_owned();
            clerk.send("GET", &path, &[], &[("HX-Request", "true")]).await
        };
        batch.says("hx-trigger=\"every 1s\"").says_not("hx-preserve");
        let first = watch(&batch).await;
        first.says("hx-preserve").says("hx-swap-oob");
        app.clock.advance(TimeDelta::seconds(2));
        let soon = watch(&first).await;
        soon.says("hx-preserve").says_not("hx-swap-oob").says_not("<html");
        app.clock.advance(TimeDelta::seconds(4));
        let later = watch(&soon).await;
        later.says("hx-preserve").says("hx-swap-oob=\"innerHTML\">0 of 1 accepted by the mail server.");
        app.send_until_idle().await;
        let path = format!("{}?told={}", batch.url, app.clock.now().timestamp());
        let done = clerk.send("GET", &path, &[], &[("HX-Request", "true")]).await;
        done.says("hx-swap-oob=\"innerHTML\">Finished. 1 of 1").says_not("hx-trigger").says_not("hx-get");
        clerk.get(&path).await.says("<html").says_not("hx-preserve").says("Finished. 1 of 1 accepted");
    }

    async fn a_confirmation_serves_only_what_it_was_shown_for(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        app.sink.misbehave("beta", Whim::Reply("dot", "554 5.3.0 no"));
        let batch = clerk.confirm(&clerk.propose(&["INV-3"]).await).await;
        app.send_until_idle().await;
        let retries = format!("{}/retries", batch.url);
        let (again, other) = (clerk.post(&retries, &[]).await, clerk.propose(&["INV-1"]).await);
        for (path, shown) in [(retries.as_str(), &other), ("/reminder-batches", &again)] {
            let refused = clerk.post(path, &shown.yes()).await;
            assert_eq!(refused.status, 422, "{path}");
            refused.says("The confirmation is not valid any more.");
        }
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
    }

    async fn a_retry_whose_figures_have_changed_is_shown_once_more(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        app.sink.misbehave("beta", Whim::Reply("dot", "554 5.3.0 no"));
        let batch = clerk.confirm(&clerk.propose(&["INV-3"]).await).await;
        app.send_until_idle().await;
        app.sink.behave();
        let retries = format!("{}/retries", batch.url);
        let shown = clerk.post(&retries, &[]).await;
        app.import("customer_name,customer_email,invoice_number,currency,total,balance\nBeta,,INV-3,EUR,20.00,5.00\n").await;
        let again = clerk.post(&retries, &shown.yes()).await;
        assert_eq!(again.status, 422);
        again.says("The balance of INV-3 is 5.00 EUR; it was 20.00 EUR.");
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
        clerk.post(&retries, &again.yes()).await.says("repeats the failed ones of");
    }

    async fn above_two_hundred_mails_the_extra_box_counts_and_not_those_left_out(app: TestApp) {
        let line = |i: usize, email: &str| format!("INV-{i:03}, Customer {i}, {email}, 10.00, -1, Sent");
        let some: Vec<String> = (0..210).map(|i| line(i, if i < 200 { "ar@customer.example" } else { "" })).collect();
        app.ledger(&some.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let clerk = app.clerk().await;
        let all = [("matching", "210"), ("list", "/invoices")];
        let shown = clerk.post("/reminder-proposals", &all).await;
        shown.says("200 e-mails to 200 customers").says("10 will be left out").says_not("id=\"sure\"");
        let batch = clerk.confirm_unsure(&shown).await;
        batch.says("Sending reminders");
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 200);
    }

    async fn without_the_extra_box_what_has_changed_is_told_first_and_then_the_box(app: TestApp) {
        let some: Vec<String> = (0..203).map(|i| format!("INV-{i:03}, Customer {i}, ar@customer.example, 10.00, -1, Sent")).collect();
        app.ledger(&some.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let clerk = app.clerk().await;
        let ids: Vec<String> = clerk.get("/invoices?per=100&sort=number").await.values("invoice");
        let shown = clerk.post("/reminder-proposals", &[("matching", "203"), ("list", "/invoices")]).await;
        shown.says("id=\"sure\"").says("Yes, e-mail 203 invoices");
        clerk.post(&format!("/invoices/{}/full-payment", ids[0]), &[]).await.says("Paid");
        let again = clerk.confirm_unsure(&shown).await;
        assert_eq!(again.status, 422);
        again.says("INV-000 is paid now. It was taken out.").says_not("Tick the box");
        let asked = clerk.confirm_unsure(&again).await;
        assert_eq!(asked.status, 422);
        asked.says("Tick the box to send this many.").says("202 e-mails");
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
        clerk.confirm(&asked).await.says("Sending reminders");
    }

    async fn a_mail_server_that_is_down_makes_the_batch_wait_and_counts_no_try(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        app.sink.misbehave("", Whim::Reply("banner", "421 4.3.2 not now"));
        let batch = clerk.confirm(&clerk.propose(&["INV-1", "INV-3"]).await).await;
        app.send_until_idle().await;
        assert!(app.sink.deliveries().is_empty());
        let waiting = clerk.get(&batch.url).await;
        waiting.says("0 of 2 accepted").says("The batch waits and goes on by itself.").says("The mail server is busy (reply 421 4.3.2).");
        clerk.get("/invoices").await.says("Mail server not reachable since 1 Dec 2025, 09:00; 2 waiting.");
        app.sink.behave();
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 2);
        clerk.get(&batch.url).await.says("Finished. 2 of 2 accepted");
        clerk.get("/invoices").await.says_not("Mail server not reachable");
    }

    async fn the_log_is_exported_as_csv_without_formulas(app: TestApp) {
        app.ledger(&["=1+1, Acme, ar@acme-customer.example, 100.00, -10, Sent"]).await;
        let clerk = app.clerk().await;
        let id = clerk.get("/invoices").await.value("invoice");
        clerk.confirm(&clerk.post("/reminder-proposals", &[("invoice", &id)]).await).await;
        app.send_until_idle().await;
        let file = clerk.get("/reminders.csv?status=Sent").await;
        let lines: Vec<&str> = file.text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("time,invoice,customer,recipient,channel,actor,status,reason"), "{}", lines[0]);
        assert!(lines[1].contains("\"'=1+1\",\"Acme\",\"ar@acme-customer.example\",\"bulk\""), "{}", lines[1]);
    }

    async fn a_greylisted_mail_is_tried_again_later(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        app.sink.misbehave("beta", Whim::Reply("RCPT", "450 4.2.0 greylisted"));
        let batch = clerk.confirm(&clerk.propose(&["INV-3"]).await).await;
        app.send_until_idle().await;
        app.sink.behave();
        app.send_now().await;
        assert!(app.sink.deliveries().is_empty(), "not before its time");
        clerk.get(&batch.url).await.says("greylisted");
        app.clock.advance(TimeDelta::seconds(361));
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn a_mail_without_an_answer_to_its_last_dot_is_not_sent_again_by_itself(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        app.sink.misbehave("beta", Whim::Drop("dot"));
        let batch = clerk.confirm(&clerk.propose(&["INV-3"]).await).await;
        app.send_until_idle().await;
        app.sink.behave();
        app.clock.advance(TimeDelta::minutes(20));
        app.send_now().await;
        assert_eq!(app.sink.deliveries().len(), 1);
        clerk.get(&batch.url).await.says("May have been delivered");
    }

    async fn l01_five_thousand_that_match_are_all_sent_and_one_too_many_is_refused(app: TestApp) {
        let mut csv = "customer_name,customer_email,invoice_number,currency,total,due_date\n".to_owned();
        for i in 0..10_001 {
            let day = if i < 5_000 { "2025-11-01" } else { "2025-12-20" };
            csv.push_str(&format!("Customer {0},c{0}@customer.example,INV-{i:05},EUR,10.00,{day}\n", i % 700));
        }
        app.import(&csv).await;
        let clerk = app.clerk().await;
        let refused = clerk.post("/reminder-proposals", &[("matching", "10001"), ("list", "/invoices")]).await;
        assert_eq!(refused.status, 422);
        refused.says("10,001 invoices are selected; one batch holds at most 10,000.");
        let shown = clerk.post("/reminder-proposals", &[("matching", "5000"), ("list", "/invoices?tab=overdue")]).await;
        shown.says("5,000 e-mails to 700 customers, 50,000.00 EUR in total.");
        let batch = clerk.confirm(&shown).await;
        app.send_until_idle().await;
        clerk.get(&batch.url).await.says("Finished. 5,000 of 5,000 accepted by the mail server.");
        let mut reminded: Vec<String> = app.sink.deliveries().into_iter().map(|mail| mail.text.lines().find(|line| line.starts_with("X-Dunlin")).unwrap().to_owned()).collect();
        reminded.sort();
        reminded.dedup();
        assert_eq!((reminded.len(), app.sink.deliveries().len()), (5_000, 5_000));
    }
}
