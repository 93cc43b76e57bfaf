//! Who must not be mailed: suppressed addresses, and holds on customers and invoices.

use chrono::TimeDelta;

use crate::support::{Person, Whim, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Acme, ar@acme-customer.example, 50.00, -3, Sent",
    "INV-3, Beta, AR@beta.example, 20.00, -1, Sent",
];

async fn customer_of(person: &Person, number: &str) -> String {
    let id = person.invoice_id(number).await;
    person.get(&format!("/invoices/{id}")).await.between("href=\"/customers/", "\"", ">")
}

on_both_databases! {
    async fn s17_an_address_that_does_not_exist_is_suppressed_and_nobody_writes_to_it_again(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        app.sink.misbehave("acme", Whim::Reply("RCPT", "550 5.1.1 no such user"));
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        app.send_until_idle().await;
        app.sink.behave();
        clerk.get("/suppressions").await.says("ar@acme-customer.example").says("550 5.1.1 no such user");
        clerk.get("/invoices").await.says(">Suppressed<");
        let shown = clerk.propose(&["INV-2", "INV-3"]).await;
        let mended = "<a href=\"/suppressions\" aria-label=\"See the suppression of ";
        shown.says("1 e-mail to 1 customer").says("The address is suppressed.").says(mended);
        let batch = clerk.confirm(&shown).await;
        app.send_until_idle().await;
        clerk.get(&batch.url).await.says("1 left out").says("The address is suppressed.").says(mended);
        assert_eq!(app.sink.deliveries().len(), 1);
    }

    async fn suppressing_an_address_calls_back_what_waits_and_lifting_it_needs_a_reason(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let batch = clerk.confirm(&clerk.propose(&["INV-1", "INV-2", "INV-3"]).await).await;
        clerk.post("/suppressions", &[("address", "Ar@Beta.example"), ("note", "asked us to stop")]).await.says("asked us to stop");
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 2);
        clerk.get(&batch.url).await.says("1 cancelled").says("The address is suppressed.");
        assert_eq!(clerk.post("/suppressions", &[("address", "ar@beta.example")]).await.status, 422);
        assert_eq!(clerk.post("/suppressions", &[("address", "a@b.example, c@d.example")]).await.status, 422);
        let page = clerk.get("/suppressions").await;
        let lifting = format!("/suppressions/{}/lifting", page.between("action=\"/suppressions/", "/lifting", ""));
        assert_eq!(clerk.post(&lifting, &[]).await.status, 422);
        clerk.post(&lifting, &[("reason", "they want them again")]).await.says("they want them again");
        app.clock.advance(TimeDelta::minutes(5));
        clerk.propose(&["INV-3"]).await.says("1 e-mail to 1 customer");
    }

    async fn a_hold_on_a_customer_stops_what_waits_until_its_last_day_is_over(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let batch = clerk.confirm(&clerk.propose(&["INV-1", "INV-3"]).await).await;
        let customer = customer_of(&clerk, "INV-1").await;
        let hold = format!("/customers/{customer}/hold");
        assert_eq!(clerk.post(&hold, &[("reason", "")]).await.status, 422);
        assert_eq!(clerk.post(&hold, &[("reason", "dispute"), ("until", "2025-11-30")]).await.status, 422);
        clerk.post(&hold, &[("reason", "dispute"), ("until", "2025-12-02")]).await.says("Reminders are on hold until 2 Dec 2025: dispute");
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
        clerk.get(&batch.url).await.says("Reminders are on hold: dispute.");
        clerk.get("/invoices").await.says(">On hold<");
        clerk.propose(&["INV-2"]).await.says("No reminders can be sent").says("Reminders are on hold.");
        app.clock.advance(TimeDelta::days(2));
        let clerk = app.clerk().await;
        clerk.propose(&["INV-2"]).await.says("1 e-mail to 1 customer");
    }

    async fn a_hold_on_an_invoice_is_lifted_by_hand_and_stands_in_its_timeline(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let id = clerk.invoice_id("INV-1").await;
        clerk.get(&format!("/invoices/{id}/hold/edit")).await.says("Hold reminders?").says("INV-1");
        clerk.post(&format!("/invoices/{id}/hold"), &[("reason", "a dispute")]).await.says("Reminders put on hold");
        clerk.propose(&["INV-1", "INV-2"]).await.says("1 e-mail to 1 customer");
        clerk.get(&format!("/invoices/{id}/hold/edit")).await.says("Lift the hold?");
        clerk.post(&format!("/invoices/{id}/hold/lifting"), &[]).await.says("Hold lifted").says_not("on hold until");
        clerk.propose(&["INV-1", "INV-2"]).await.says("2 e-mails to 1 customer");
    }
}
