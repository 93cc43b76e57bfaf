//! Reminders that programs ask for: what is sent, and what each case answers (product item I3).

use crate::support::{on_both_databases, reminders_of};

const LEDGER: &[&str] = &[
    "INV-1, Acme, ar@acme-customer.example, 100.00, -10, Sent",
    "INV-2, Acme, ar@acme-customer.example, 50.50, 3, Sent",
    "INV-3, Beta, ar@beta.example, 20.00, -1, Paid",
    "INV-4, Gamma, , 30.00, -1, Sent",
];

on_both_databases! {
    async fn a_program_sends_a_reminder_and_hears_that_it_was_sent(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        let id = program.invoice("INV-1").await;
        let sent = app.while_sending(program.remind(&id)).await;
        sent.is(200, "Sent");
        assert_eq!((sent.text("invoiceId"), sent.body["offset"].is_null()), (id.as_str(), true));
        assert_eq!(sent.text("subject"), "Please pay invoice INV-1, 10 days overdue");
        assert!(sent.text("body").contains("has been due since") && sent.body["failureReason"].is_null());
        let mails = app.sink.deliveries();
        assert_eq!(mails.len(), 1);
        assert!(mails[0].text.contains(&format!("X-Dunlin-Reminder: {}", sent.text("id"))));
        assert_eq!(program.get(&reminders_of(&id)).await.body, serde_json::json!([sent.body]));
    }

    async fn what_cannot_be_reminded_is_refused_with_the_contracts_codes(app: TestApp) {
        app.ledger(LEDGER).await;
        let program = app.program().await;
        for (number, status, code) in [
            ("INV-3", 409, "InvoiceReminder.InvoiceNotRemindable"),
            ("INV-4", 400, "Invoice.CustomerMissingEmail"),
        ] {
            program.remind(&program.invoice(number).await).await.is(status, code);
        }
        program.remind("00000000-0000-7000-8000-000000000000").await.is(404, "Invoice.NotFound");
    }
}
