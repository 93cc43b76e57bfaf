//! What programs ask for twice is done once.

use dunlin::clock::Ids;
use dunlin::domain::customer::NewCustomer;
use dunlin::domain::ids::{BatchId, CustomerId, InvoiceId, SuppressionId};
use dunlin::domain::ledger::{NewInvoice, Told};
use dunlin::domain::money::Money;
use dunlin::domain::person::{Actor, Principal};
use dunlin::domain::suppression::{NewSuppression, SuppressionReason};
use serde_json::json;

use crate::support::{Caller, on_both_databases};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Acme, ar@acme-customer.example, 50.50, 3, Sent",
];

/// How many items a list has.
async fn count(program: &Caller, list: &str) -> usize {
    program.get(&format!("/api/v1/{list}")).await.body["data"].as_array().unwrap().len()
}

on_both_databases! {
    async fn with_the_id_that_it_had_before_a_crash_each_thing_is_made_once(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let by = Principal { actor: Actor::System, organisation_id: app.organisation, name: "ERP".parse().unwrap() };
        let (customer, invoice): (CustomerId, InvoiceId) = (Ids.next(), Ids.next());
        let (suppression, batch): (SuppressionId, BatchId) = (Ids.next(), Ids.next());
        let chosen = dunlin::actions::Origin::Chosen(vec![program.invoice("INV-1").await.parse().unwrap()]);
        let told = Told {
            total: Money::from_minor(1_000, "EUR".parse().unwrap()),
            balance: None,
            state: None,
            issued_on: None,
            due_on: None,
            archived: None,
            pay_url: None,
        };
        for _ in 0..2 {
            let new = NewCustomer { external_id: "C-1".parse().ok(), name: "Beta".parse().unwrap(), email: None };
            app.actions.add_customer(&by, customer, new).await.unwrap();
            let new = NewInvoice { customer_id: customer, number: "NEW-1".parse().unwrap(), told: told.clone() };
            app.actions.add_invoice(&by, invoice, new).await.unwrap();
            let new = NewSuppression {
                address: "a@b.example".parse().unwrap(),
                reason: SuppressionReason::Manual,
                evidence: None,
            };
            app.actions.suppress(&by, suppression, new).await.unwrap();
            app.actions.start_batch(&by, batch, chosen.clone()).await.unwrap();
        }
        assert_eq!([count(&program, "customers").await, count(&program, "invoices").await], [2, 3]);
        assert_eq!(count(&program, "suppressions").await, 1);
        app.send_until_idle().await;
        assert_eq!(app.sink.deliveries().len(), 1);
        let figures = program.get(&format!("/api/v1/reminder-batches/{batch}")).await.body;
        assert_eq!((&figures["selected"], &figures["sent"]), (&json!(1), &json!(1)));
    }
}
