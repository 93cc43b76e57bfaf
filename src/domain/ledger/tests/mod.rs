//! The contract's section on Dunlin's own CSV, sentence by sentence, against a ledger that is kept in memory.

mod keeping;
mod reading;

use chrono::{DateTime, NaiveDate};
use uuid::Uuid;

use super::*;
use crate::domain::customer::Customer;
use crate::domain::invoice::{Invoice, InvoiceState};

/// A ledger kept in memory, into which files are brought as the store does.
#[derive(Default)]
struct Kept {
    customers: Vec<Customer>,
    invoices: Vec<StoredInvoice>,
    next: u128,
}

impl Kept {
    fn plan(&self, csv: &[u8], reopen: bool) -> Plan {
        let terms = Terms { today: day("2025-12-01"), payment_terms_days: 30, reopen };
        let matched = Ledger::read(csv).matched(self.customers.clone());
        let keys: Vec<_> = matched.keys().map(|(id, number)| (id, number.clone())).collect();
        let known = |stored: &&StoredInvoice| {
            keys.contains(&(stored.invoice.customer_id, stored.invoice.number.clone()))
        };
        let stored = self.invoices.iter().filter(known).cloned().collect();
        matched.plan(stored, terms)
    }

    fn bring(&mut self, csv: &str) -> Plan {
        self.bring_with(csv, false)
    }

    fn bring_with(&mut self, csv: &str, reopen: bool) -> Plan {
        let plan = self.plan(csv.as_bytes(), reopen);
        if !plan.is_clean() {
            return plan;
        }
        let mut ids = Vec::new();
        for planned in &plan.customers {
            let id = match &planned.stored {
                Some(stored) => stored.id,
                None => Uuid::from_u128(self.mint()).into(),
            };
            ids.push(id);
            self.customers.retain(|customer| customer.id != id);
            self.customers.push(Customer {
                id,
                organisation_id: Uuid::nil().into(),
                external_id: planned.external_id.clone(),
                name: planned.name.clone(),
                email: planned.email.clone(),
                created_at: DateTime::UNIX_EPOCH,
            });
        }
        for planned in &plan.invoices {
            let id = match &planned.stored {
                Some(stored) => stored.invoice.id,
                None => Uuid::from_u128(self.mint()).into(),
            };
            let values = &planned.values;
            self.invoices.retain(|stored| stored.invoice.id != id);
            self.invoices.push(StoredInvoice {
                invoice: Invoice {
                    id,
                    organisation_id: Uuid::nil().into(),
                    customer_id: ids[planned.customer],
                    number: planned.number.clone(),
                    state: values.state,
                    total: values.total,
                    balance: values.balance,
                    issued_on: values.issued_on,
                    due_on: values.due_on,
                    archived_at: values.is_archived.then_some(DateTime::UNIX_EPOCH),
                    pay_url: values.pay_url.clone(),
                },
                settled_here: values.settled_here,
                archived_here: values.archived_here,
            });
        }
        plan
    }

    fn mint(&mut self) -> u128 {
        self.next += 1;
        self.next
    }

    fn only(&mut self) -> &mut StoredInvoice {
        assert_eq!(self.invoices.len(), 1);
        &mut self.invoices[0]
    }

    /// State, total and balance of the only invoice.
    fn settled(&mut self) -> String {
        let invoice = &self.only().invoice;
        format!("{} {} {}", invoice.state, invoice.total.to_decimal(), invoice.balance.to_decimal())
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn file(rows: &[&str]) -> String {
    format!("customer_name,invoice_number,currency,total,balance,status,archived\n{}\n", rows.join("\n"))
}

fn told(plan: &Plan) -> Vec<String> {
    plan.findings.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn refused(csv: &str, row: u64, column: &str) {
    let plan = Kept::default().plan(csv.as_bytes(), false);
    let places: Vec<_> = plan.findings.iter().map(|f| (f.row, f.column.as_deref(), f.is_error())).collect();
    assert!(places.contains(&(row, Some(column), true)), "{csv:?}: {:?}", told(&plan));
    assert!(!plan.is_clean());
}
