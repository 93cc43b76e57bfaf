//! Customers changed by hand: name and address, where reminders go from then on, and what is offered once there is an
//! address.

use chrono::TimeDelta;
use reqwest::StatusCode;

use crate::support::{Person, Whim, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Beta, , 50.00, -3, Sent",
    "INV-3, Beta, , 20.00, -1, Sent",
    "INV-4, Beta, , 30.00, -1, Sent",
];

async fn customer_of(person: &Person, number: &str) -> String {
    let id = person.invoice_id(number).await;
    let page = person.get(&format!("/invoices/{id}")).await;
    format!("/customers/{}", page.between("<dd><a href=\"/customers/", "\"", ">"))
}

on_both_databases! {
    async fn a_clerk_changes_name_and_address_and_an_empty_address_is_none(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let customer = customer_of(&clerk, "INV-1").await;
        clerk.get(&customer).await.says(&format!("href=\"{customer}/edit\""));
        let form = clerk.get(&format!("{customer}/edit")).await;
        form.says("an import knows it by this name alone").says("value=\"ar@acme-customer.example\"");
        let saved = clerk.post(&customer, &[("name", " Acme & Sons "), ("email", " New@Acme.Example ")]).await;
        saved.says("<h1>Acme &#38; Sons</h1>").says("New@acme.example");
        clerk.get("/invoices?q=new@acme").await.says("INV-1").says("Acme &#38; Sons");
        clerk.post(&customer, &[("name", "Acme"), ("email", " ")]).await.says("No e-mail").says("Reminders cannot be sent.");
    }

    async fn what_is_wrong_is_told_at_its_field_and_the_input_is_kept(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let customer = customer_of(&clerk, "INV-1").await;
        let long = "x".repeat(201);
        for (name, email, field, sentence) in [
            (" ", "a@b.example", "name", "Name: it is empty."),
            (long.as_str(), "a@b.example", "name", "Name: it is longer than 200 characters."),
            ("Acme\u{202e}", "a@b.example", "name", "Name: it contains a line break, control or"),
            ("Acme", "a@b.example, c@d.example", "email", "is not one e-mail address"),
            ("Acme", "a@b.example\r\nBcc: c@d.example", "email", "is not one e-mail address"),
            ("Acme", "acme", "email", "is not one e-mail address"),
        ] {
            let page = clerk.post(&customer, &[("name", name), ("email", email)]).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{name} {email}");
            page.says("<title>Error: Edit Acme").says(&format!("href=\"#{field}\"")).says(sentence);
            assert!(email != "acme" || page.has("value=\"acme\""), "{}", page.text);
        }
        clerk.get(&customer).await.says("<h1>Acme</h1>").says("ar@acme-customer.example");
    }

    async fn support_and_viewers_do_not_change_customers(app: TestApp) {
        app.ledger(LEDGER).await;
        let customer = customer_of(&app.clerk().await, "INV-2").await;
        for person in [app.support().await, app.viewer().await] {
            person.get(&customer).await.says("No e-mail").says_not("/edit\"");
            person.get("/invoices").await.says("No e-mail").says_not("/edit\"");
            assert_eq!(person.get(&format!("{customer}/edit")).await.status, StatusCode::FORBIDDEN);
            assert_eq!(person.post(&customer, &[("name", "Mine")]).await.status, StatusCode::FORBIDDEN);
        }
    }

    async fn reminders_that_have_not_left_go_to_the_new_address(app: TestApp) {
        app.ledger(&["INV-1, Acme, old@acme.example, 100.00, -10, Sent", "INV-2, Beta, old@beta.example, 50.00, -3, Sent"]).await;
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["INV-1", "INV-2"]).await).await;
        let (waiting, rendered) = (customer_of(&clerk, "INV-1").await, customer_of(&clerk, "INV-2").await);
        clerk.post(&waiting, &[("name", "Acme"), ("email", "new@acme.example")]).await;
        app.sink.misbehave("old@beta", Whim::Withhold("DATA"));
        let act = async {
            app.sink.is_withholding().await;
            let page = clerk.post(&rendered, &[("name", "Beta"), ("email", "new@beta.example")]).await;
            page.says_not("cannot be called back");
            app.sink.behave();
        };
        tokio::join!(app.send_until_idle(), act);
        app.send_now().await;
        let mut recipients: Vec<String> = app.sink.deliveries().into_iter().map(|mail| mail.recipient).collect();
        recipients.sort();
        assert_eq!(recipients, ["new@acme.example", "new@beta.example"]);
    }

    async fn a_reminder_handed_over_for_the_old_address_is_named(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        let customer = customer_of(&clerk, "INV-1").await;
        app.sink.misbehave("", Whim::Withhold("dot"));
        let act = async {
            app.sink.is_withholding().await;
            let page = clerk.post(&customer, &[("name", "Acme"), ("email", "new@acme.example")]).await;
            app.sink.behave();
            page
        };
        let page = tokio::join!(app.send_until_idle(), act).1;
        page.says("A reminder of INV-1 to ar@acme-customer.example was already on its way and cannot be called back");
        let id = clerk.invoice_id("INV-1").await;
        clerk.get(&format!("/invoices/{id}")).await.says("The customer\u{2019}s address was changed.");
    }

    async fn a_refusal_concerns_the_address_it_was_about_and_not_the_one_that_is_kept_since(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        let customer = customer_of(&clerk, "INV-1").await;
        app.sink.misbehave("", Whim::Withhold("MAIL"));
        let act = async {
            app.sink.is_withholding().await;
            clerk.post(&customer, &[("name", "Acme"), ("email", "right@acme.example")]).await;
            app.sink.behave();
            app.sink.misbehave("ar@acme-customer", Whim::Reply("RCPT", "550 5.1.1 no such user"));
        };
        tokio::join!(app.send_until_idle(), act);
        clerk.get("/suppressions").await.says("ar@acme-customer.example").says_not("right@acme.example");
        clerk.get("/reminders?status=Failed").await.says("ar@acme-customer.example").says_not("right@acme.example");
        clerk.get(&customer).await.says("Send 1 reminder<");
    }

    async fn once_there_is_an_address_what_failed_or_was_left_out_for_it_is_offered(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let customer = customer_of(&clerk, "INV-2").await;
        // One was left out, one failed without an address, one with an address that does not exist.
        clerk.confirm(&clerk.propose(&["INV-1", "INV-2"]).await).await;
        clerk.post(&customer, &[("name", "Beta"), ("email", "wrong@beta.example")]).await.says("Send 1 reminder<");
        clerk.confirm(&clerk.propose(&["INV-3"]).await).await;
        app.sink.misbehave("wrong", Whim::Reply("RCPT", "550 5.1.1 no such user"));
        app.send_until_idle().await;
        clerk.get(&customer).await.says_not("Send 1 reminder<");
        clerk.post(&customer, &[("name", "Beta"), ("email", "other@beta.example")]).await.says("Send 2 reminders<");
        let batch = clerk.confirm(&clerk.propose(&["INV-4"]).await).await;
        clerk.post(&customer, &[("name", "Beta"), ("email", "")]).await.says_not("for want of the right address");
        app.send_until_idle().await;
        clerk.get(&batch.url).await.says("The customer has no e-mail address").says(&format!("href=\"{customer}/edit\""));
        let page = clerk.post(&customer, &[("name", "Beta"), ("email", "right@beta.example")]).await;
        page.says("3 reminders did not reach this customer").says("Send 3 reminders<");
        app.support().await.get(&customer).await.says_not("did not reach this customer");
        let paid = clerk.invoice_id("INV-4").await;
        clerk.post(&format!("/invoices/{paid}/full-payment"), &[]).await;
        let page = clerk.get(&customer).await;
        let only = page.value("only");
        let shown = clerk.post("/reminder-proposals", &[("only", &only)]).await;
        shown.says("2 e-mails to 1 customer, 70.00 EUR in total.");
        clerk.confirm(&shown).await;
        clerk.get(&customer).await.says_not("did not reach this customer");
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().iter().filter(|mail| mail.recipient == "right@beta.example").count(), 2);
        app.clock.advance(TimeDelta::days(1));
        app.clerk().await.get(&customer).await.says_not("did not reach this customer");
    }

    async fn a_customers_page_and_the_list_say_that_the_address_is_suppressed(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let customer = customer_of(&clerk, "INV-1").await;
        clerk.get(&customer).await.says_not(">Suppressed</a>");
        clerk.get("/customers").await.says_not(">Suppressed</a>");
        app.sink.misbehave("", Whim::Reply("RCPT", "550 5.1.1 nobody of that name"));
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        clerk.get(&customer).await.says(">Suppressed</a> <span class=\"muted\">Reminders cannot be sent.</span>");
        clerk.get("/customers").await.says(">Suppressed</a>");
    }

    async fn every_mark_of_a_missing_address_leads_to_where_it_can_be_added(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let customer = customer_of(&clerk, "INV-2").await;
        let mark = format!("<a class=\"mark-missing\" href=\"{customer}/edit\" title=\"The customer has no e-mail address.\">No e-mail</a>");
        let invoice = format!("/invoices/{}", clerk.invoice_id("INV-2").await);
        for path in ["/invoices", "/customers", &customer, &invoice] {
            clerk.get(path).await.says(&mark);
        }
        let shown = clerk.propose(&["INV-1", "INV-2"]).await;
        shown.says(&format!("<a href=\"{customer}/edit\" aria-label=\"Add the address of Beta\">"));
        let batch = clerk.confirm(&shown).await;
        batch.says(&format!("<a href=\"{customer}/edit\" aria-label=\"Add the address of Beta\">"));
        app.viewer().await.get(&batch.url).await.says_not("/edit\"");
    }
}
