//! Invoices that are withdrawn: nothing is owed on them, nobody is reminded of them, and no import brings them back.

use reqwest::StatusCode;

use crate::support::{Whim, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Beta, ar@beta.example, 50.00, -3, Sent",
    "INV-3, Beta, ar@beta.example, 20.00, -1, Paid",
    "INV-4, Beta, ar@beta.example, 20.00, -1, Credited",
    "INV-5, Beta, ar@beta.example, 20.00, -1, Draft",
];

on_both_databases! {
    async fn a_withdrawn_invoice_is_not_owed_and_what_waits_for_it_is_cancelled(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        let batch = clerk.confirm(&clerk.propose(&["INV-1", "INV-2"]).await).await;
        let id = clerk.invoice_id("INV-1").await;
        clerk.get("/invoices").await.says(&format!("href=\"/invoices/{id}/void/edit\""));
        clerk.get(&format!("/invoices/{id}/void/edit")).await.says("Make invoice INV-1 void?").says("100.00 EUR");
        for _ in 0..2 {
            let page = clerk.post(&format!("/invoices/{id}/void"), &[]).await;
            page.says("Cannot be reminded. It is void.").says("<dd>0.00 EUR</dd>").says_not("/void/edit");
            page.says("Made void").says("by The clerk").says("The invoice was made void.");
            assert_eq!(page.text.matches("Made void").count(), 1);
        }
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
        clerk.get(&batch.url).await.says("1 cancelled.").says("The invoice was made void.");
        clerk.get("/invoices").await.says_not("INV-1");
        assert_eq!(clerk.propose(&["INV-1"]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn what_is_settled_cannot_be_withdrawn_and_a_draft_can(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        for number in ["INV-3", "INV-4"] {
            let id = clerk.invoice_id(number).await;
            clerk.get(&format!("/invoices/{id}")).await.says_not("/void/edit");
            for page in [
                clerk.get(&format!("/invoices/{id}/void/edit")).await,
                clerk.post(&format!("/invoices/{id}/void"), &[]).await,
            ] {
                assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
                page.says("cannot be made void");
            }
        }
        let draft = clerk.invoice_id("INV-5").await;
        clerk.post(&format!("/invoices/{draft}/void"), &[]).await.says("Cannot be reminded. It is void.");
    }

    async fn a_reminder_handed_over_before_the_withdrawal_is_named(app: TestApp) {
        app.ledger(LEDGER).await;
        let clerk = app.clerk().await;
        clerk.confirm(&clerk.propose(&["INV-1"]).await).await;
        let id = clerk.invoice_id("INV-1").await;
        app.sink.misbehave("", Whim::Withhold("dot"));
        let act = async {
            app.sink.is_withholding().await;
            let page = clerk.post(&format!("/invoices/{id}/void"), &[]).await;
            app.sink.behave();
            page
        };
        let page = tokio::join!(app.send_until_idle(), act).1;
        page.says("A reminder of INV-1 to ar@acme-customer.example was already on its way and cannot be called back");
    }

    async fn an_import_does_not_undo_a_withdrawal_unless_reopen_is_ticked(app: TestApp) {
        let header = "customer_name,invoice_number,currency,total,balance,status";
        let csv = format!("{header}\nAcme,INV-1,EUR,100,100,Sent\n");
        app.import(&csv).await;
        let clerk = app.clerk().await;
        let id = clerk.invoice_id("INV-1").await;
        clerk.post(&format!("/invoices/{id}/void"), &[]).await;
        for row in ["100,100,Sent", "100,,Sent", "100,,", "120,60,PartiallyPaid", "100,0,Paid", "100,,Credited", "100,,Draft"] {
            app.import(&format!("{header}\nAcme,INV-1,EUR,{row}\n")).await;
            clerk.get(&format!("/invoices/{id}")).await.says("It is void.").says("<dd>0.00 EUR</dd>");
        }
        let checked = clerk.upload("ledger.csv", csv.as_str(), false).await;
        checked.says("Dunlin itself recorded that it is void").says("INV-1 stays Void");
        let reopened = clerk.upload("ledger.csv", csv.as_str(), true).await;
        clerk.post(&format!("{}/write", reopened.url), &[]).await;
        clerk.get(&format!("/invoices/{id}")).await.says("<dd>100.00 EUR</dd>").says_not("It is void.");
    }
}
