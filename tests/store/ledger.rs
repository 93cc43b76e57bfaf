//! Customers and invoices, and what becomes of them.

use chrono::{DateTime, TimeDelta, Utc};
use dunlin::clock::Ids;
use dunlin::domain::delivery::RenderedFrom;
use dunlin::domain::ids::{BatchId, CustomerId, InvoiceId, ReminderId, WorkerId};
use dunlin::domain::invoice::InvoiceState;
use dunlin::domain::ledger::InvoiceValues;
use dunlin::domain::money::Money;
use dunlin::domain::person::Actor;
use dunlin::domain::reminder::ReminderState;
use dunlin::store::{
    Accepted, AuditEntry, ClaimedMail, Lane, Leaving, NewReminder, ReminderRow, StoreError, WrittenCustomer,
    WrittenInvoice,
};

use crate::test_store::{TestStore, at, today};

pub fn customer(name: &str) -> WrittenCustomer {
    WrittenCustomer {
        id: Ids.next(),
        external_id: None,
        name: name.parse().unwrap(),
        email: "pay@customer.example".parse().ok(),
    }
}

/// An invoice over 100.00 EUR that was due yesterday.
pub fn invoice(customer: CustomerId, number: &str) -> WrittenInvoice {
    let total = Money::from_minor(10_000, "EUR".parse().unwrap());
    WrittenInvoice {
        id: Ids.next(),
        customer_id: customer,
        number: number.parse().unwrap(),
        values: InvoiceValues {
            state: InvoiceState::Sent,
            total,
            balance: total,
            issued_on: today() - TimeDelta::days(31),
            due_on: today() - TimeDelta::days(1),
            is_archived: false,
            pay_url: None,
            settled_here: false,
            archived_here: false,
        },
        archived_at: None,
    }
}

/// A claimed reminder at its point of no return.
pub fn leaving(mail: &ClaimedMail) -> Leaving {
    Leaving {
        id: mail.id,
        token: mail.token,
        from: mail.invoice_id.map(|invoice_id| RenderedFrom {
            invoice_id,
            balance: Money::from_minor(10_000, "EUR".parse().unwrap()),
            due_on: today() - TimeDelta::days(1),
            recipient: "pay@customer.example".parse().unwrap(),
        }),
        kept: None,
        dated_at: at(0),
        recipient_name: "Acme".parse().unwrap(),
        today: today(),
    }
}

impl TestStore {
    pub async fn keep(
        &self,
        customers: &[WrittenCustomer],
        invoices: &[WrittenInvoice],
    ) -> Result<(), StoreError> {
        let (organisation, customers, invoices) = (self.organisation, customers.to_vec(), invoices.to_vec());
        self.write(move |tx| {
            tx.write_customers(organisation, &customers, at(0))?;
            tx.write_invoices(organisation, &invoices, at(0))
        })
        .await
    }

    /// So many invoices of one customer.
    pub async fn invoices(&self, number: usize) -> Vec<WrittenInvoice> {
        let acme = customer("Acme");
        let invoices: Vec<_> = (0..number).map(|i| invoice(acme.id, &format!("INV-{i:03}"))).collect();
        self.keep(&[acme], &invoices).await.unwrap();
        invoices
    }

    /// Queues a reminder of each invoice, one after the other in order of age.
    pub async fn enqueue(
        &self,
        invoices: &[WrittenInvoice],
        batch: Option<BatchId>,
        now: DateTime<Utc>,
    ) -> Result<Vec<ReminderId>, StoreError> {
        let posting = self.reminder_posting(now, batch);
        let reminders: Vec<_> = invoices
            .iter()
            .map(|invoice| NewReminder {
                id: Ids.next(),
                invoice_id: invoice.id,
                customer_id: invoice.customer_id,
                resend_of: None,
            })
            .collect();
        let ids = reminders.iter().map(|reminder| reminder.id).collect();
        self.write(move |tx| tx.enqueue_reminders(&posting, &reminders)).await?;
        Ok(ids)
    }

    pub async fn claim(&self, worker: WorkerId, limit: usize, now: DateTime<Utc>) -> Vec<ClaimedMail> {
        self.write(move |tx| tx.claim_mails(Lane::Others, worker, Ids.next(), limit, now)).await.unwrap()
    }

    /// Takes mails past the point of no return; says which of them.
    pub async fn commit(&self, mails: &[ClaimedMail], now: DateTime<Utc>) -> Vec<ReminderId> {
        let leaving: Vec<_> = mails.iter().map(leaving).collect();
        let passed =
            self.write(move |tx| tx.commit_mails(&leaving.iter().collect::<Vec<_>>(), now)).await.unwrap();
        sorted(passed)
    }

    /// Records mails as accepted; says which of them.
    pub async fn accept(&self, mails: &[ClaimedMail], now: DateTime<Utc>) -> Vec<ReminderId> {
        let mails = mails.to_vec();
        let settled = self
            .write(move |tx| {
                let entries: Vec<_> = mails.iter().map(|mail| entry_of(mail, now)).collect();
                let accepted: Vec<_> = mails
                    .iter()
                    .zip(&entries)
                    .map(|(mail, entry)| Accepted { mail, reply: "250 OK", kept_here: false, entry })
                    .collect();
                tx.settle_sent(&accepted, now)
            })
            .await
            .unwrap();
        sorted(settled)
    }

    /// Reminds of invoices: from the queue to the mail server's 250, all at one instant.
    pub async fn remind(&self, invoices: &[WrittenInvoice], now: DateTime<Utc>) {
        self.enqueue(invoices, None, now).await.unwrap();
        let mails = self.claim(Ids.next(), invoices.len(), now).await;
        assert_eq!(self.commit(&mails, now).await.len(), invoices.len());
        assert_eq!(self.accept(&mails, now).await.len(), invoices.len());
    }

    pub async fn reminders_of(&self, invoice: InvoiceId) -> Vec<ReminderRow> {
        let organisation = self.organisation;
        self.read(move |snapshot| snapshot.reminders_of_invoice(organisation, invoice)).await.unwrap()
    }

    pub async fn state_of(&self, id: ReminderId) -> ReminderState {
        let organisation = self.organisation;
        let found = self.read(move |snapshot| snapshot.reminder(organisation, id)).await.unwrap();
        found.unwrap().reminder.state
    }
}

/// What the audit says of a mail.
pub fn entry_of(mail: &ClaimedMail, at: DateTime<Utc>) -> AuditEntry {
    AuditEntry {
        id: Ids.next(),
        organisation_id: mail.organisation_id,
        at,
        actor: Actor::System,
        event: "reminder.sent",
        invoice_id: mail.invoice_id,
        mail_id: Some(mail.id),
        batch_id: None,
        detail: "250 OK".to_owned(),
    }
}

pub fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items
}
