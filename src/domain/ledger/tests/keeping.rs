//! What a file makes of a ledger that is kept.

use proptest::prelude::*;

use super::*;
use crate::domain::money::Money;

#[test]
fn the_same_file_twice_changes_nothing() {
    let mut kept = Kept::default();
    let sample = sample_ledger(day("2025-12-01"));
    assert_eq!(kept.bring(&sample).summary.to_string(), "300 new, 0 updated, 0 unchanged, 0 errors");
    let again = kept.bring(&sample);
    assert_eq!(again.summary.to_string(), "0 new, 0 updated, 300 unchanged, 0 errors");
    assert!(again.customers.iter().all(|customer| !customer.is_changed()));
}

#[test]
fn an_update_leaves_what_the_file_does_not_say() {
    for (first, second, expected) in [
        ("100,40,", "100,,", "PartiallyPaid 100.00 40.00"),
        ("100,40,", "120,,", "PartiallyPaid 120.00 40.00"),
        ("100,100,", "120,,", "Sent 120.00 120.00"),
        ("100,,Draft", "120,,", "Draft 120.00 120.00"),
        ("100,,Draft", "100,,Sent", "Sent 100.00 100.00"),
        ("100,,Void", "120,,", "Void 120.00 0.00"),
        ("100,40,", "100,,Paid", "Paid 100.00 0.00"),
        ("100,,", "100,,Void", "Void 100.00 0.00"),
        ("100,,", "100,,Credited", "Credited 100.00 0.00"),
        ("100,40,", "100,,PartiallyPaid", "PartiallyPaid 100.00 40.00"),
        ("100,40,", "100,0,", "Paid 100.00 0.00"),
        ("100,0,", "100,40,Sent", "PartiallyPaid 100.00 40.00"),
        ("100,,Paid", "120,,", "Paid 120.00 0.00"),
    ] {
        let mut kept = Kept::default();
        assert!(kept.bring(&file(&[&format!("Acme,INV-1,EUR,{first},")])).is_clean());
        let plan = kept.bring(&file(&[&format!("Acme,INV-1,EUR,{second},")]));
        assert!(plan.is_clean(), "{first} {second}: {:?}", told(&plan));
        assert_eq!(kept.settled(), expected, "{first} then {second}");
    }
}

#[test]
fn an_update_that_contradicts_what_is_kept_is_an_error() {
    for (first, second) in [("100,,Void", "100,40,"), ("100,40,", "30,,"), ("100,,Paid", "100,40,")] {
        let mut kept = Kept::default();
        kept.bring(&file(&[&format!("Acme,INV-1,EUR,{first},")]));
        assert!(!kept.bring(&file(&[&format!("Acme,INV-1,EUR,{second},")])).is_clean(), "{first} {second}");
    }
}

#[test]
fn the_same_key_twice_in_a_file_is_an_error() {
    refused(&file(&["Acme,INV-1,EUR,1,,,", "Acme,INV-1,EUR,1,,,"]), 3, "invoice_number");
    let two_customers =
        Kept::default().plan(file(&["A,INV-1,EUR,1,,,", "B,INV-1,EUR,1,,,"]).as_bytes(), false);
    assert_eq!(two_customers.summary.new, 2);
}

#[test]
fn a_recorded_payment_is_left_with_a_warning_unless_reopened() {
    for (balance, state) in [("0", InvoiceState::Paid), ("40", InvoiceState::PartiallyPaid)] {
        let csv = file(&["Acme,INV-1,EUR,100,100,Sent,"]);
        let mut kept = Kept::default();
        kept.bring(&csv);
        let stored = kept.only();
        stored.invoice.balance = Money::parse(balance, stored.invoice.total.currency()).unwrap();
        stored.invoice.state = state;
        stored.settled_here = true;
        let plan = kept.bring(&csv);
        assert_eq!(plan.summary.to_string(), "0 new, 0 updated, 1 unchanged, 0 errors, 1 warning");
        assert_eq!((plan.findings[0].row, plan.findings[0].severity), (2, Severity::Warning));
        assert_eq!(kept.settled(), format!("{state} 100.00 {balance}.00"));
        let rest = kept.bring("customer_name,invoice_number,currency,total,balance,due_date\nAcme,INV-1,EUR,100,100,2026-01-15\n");
        assert_eq!((rest.summary.updated, rest.summary.warnings), (1, 1), "{:?}", told(&rest));
        assert_eq!(kept.only().invoice.due_on, day("2026-01-15"));
        let without_cells = kept.bring("customer_name,invoice_number,currency,total\nAcme,INV-1,EUR,100\n");
        assert_eq!((without_cells.summary.unchanged, without_cells.summary.warnings), (1, 0));
        let reopened = kept.bring_with(&csv, true);
        let planned = &reopened.invoices[0];
        let change = Change::between(planned.stored.as_ref(), &planned.values);
        assert!(matches!(change, Change::Reopened(_)));
        assert_eq!(kept.settled(), "Sent 100.00 100.00");
        assert!(!kept.only().settled_here);
    }
}

#[test]
fn reopening_works_in_a_file_without_a_status_column() {
    let csv = "customer_name,invoice_number,currency,total,balance\nAcme,INV-1,EUR,100,100\n";
    let mut kept = Kept::default();
    kept.bring(csv);
    let stored = kept.only();
    stored.invoice.balance = Money::zero(stored.invoice.total.currency());
    stored.invoice.state = InvoiceState::Paid;
    stored.settled_here = true;
    assert_eq!(kept.bring(csv).summary.warnings, 1);
    assert!(kept.bring_with(csv, true).is_clean());
    assert_eq!(kept.settled(), "Sent 100.00 100.00");
}

#[test]
fn what_goes_further_than_a_recorded_payment_is_taken() {
    let mut kept = Kept::default();
    kept.bring(&file(&["Acme,INV-1,EUR,100,,,"]));
    let stored = kept.only();
    stored.invoice.balance = Money::from_minor(4_000, stored.invoice.total.currency());
    stored.invoice.state = InvoiceState::PartiallyPaid;
    stored.settled_here = true;
    assert_eq!(kept.bring(&file(&["Acme,INV-1,EUR,100,10,,"])).summary.warnings, 0);
    assert_eq!(kept.settled(), "PartiallyPaid 100.00 10.00");
    assert_eq!(kept.bring(&file(&["Acme,INV-1,EUR,100,,Paid,"])).summary.warnings, 0);
    assert_eq!(kept.settled(), "Paid 100.00 0.00");
}

#[test]
fn an_invoice_archived_here_stays_archived_unless_reopened() {
    let csv = file(&["Acme,INV-1,EUR,100,,,false"]);
    let mut kept = Kept::default();
    kept.bring(&csv);
    kept.only().invoice.archived_at = Some(DateTime::UNIX_EPOCH);
    kept.only().archived_here = true;
    assert_eq!(kept.bring(&csv).summary.to_string(), "0 new, 0 updated, 1 unchanged, 0 errors, 1 warning");
    kept.bring_with(&csv, true);
    assert_eq!(kept.only().invoice.archived_at, None);
    kept.bring(&file(&["Acme,INV-1,EUR,100,,,TRUE"]));
    assert!(kept.only().invoice.archived_at.is_some());
    kept.bring(&csv);
    assert_eq!(kept.only().invoice.archived_at, None);
}

fn with_ids(rows: &[&str]) -> String {
    format!("customer_id,customer_name,customer_email,invoice_number,currency,total\n{}\n", rows.join("\n"))
}

#[test]
fn a_row_without_an_id_belongs_to_the_only_customer_of_that_name() {
    let mut kept = Kept::default();
    kept.bring(&with_ids(&["7,Acme,,INV-1,EUR,1"]));
    kept.bring(&with_ids(&[",Acme,,INV-2,EUR,1", ",acme,,INV-3,EUR,1"]));
    assert_eq!(kept.customers.len(), 2);
    kept.bring(&with_ids(&["8,Acme,,INV-4,EUR,1"]));
    assert_eq!(kept.customers.len(), 3);
    let plan = kept.bring(&with_ids(&[",Acme,,INV-5,EUR,1"]));
    assert_eq!(plan.findings[0].column.as_deref(), Some("customer_name"));
    assert!(!plan.is_clean());
}

#[test]
fn an_unknown_id_is_taken_on_by_the_only_customer_of_that_name_without_one() {
    let mut kept = Kept::default();
    kept.bring(&with_ids(&[",Acme,ar@acme.example,INV-1,EUR,1"]));
    let plan = kept.bring(&with_ids(&["7,Acme,,INV-1,EUR,1"]));
    assert_eq!(plan.summary.to_string(), "0 new, 1 updated, 0 unchanged, 0 errors");
    assert_eq!(kept.customers.len(), 1);
    assert_eq!(kept.customers[0].external_id.as_ref().unwrap().as_str(), "7");
    assert_eq!(kept.customers[0].email.as_ref().unwrap().as_str(), "ar@acme.example");
    for rows in [["7,Beta,,INV-1,EUR,1", ",Beta,,INV-2,EUR,1"], [",Beta,,INV-2,EUR,1", "7,Beta,,INV-1,EUR,1"]]
    {
        let mut kept = Kept::default();
        kept.bring(&with_ids(&rows));
        assert_eq!(kept.customers.len(), 1, "whatever the order of the rows");
    }
}

#[test]
fn a_known_id_brings_a_new_name_and_address() {
    let mut kept = Kept::default();
    kept.bring(&with_ids(&["7,Acme,old@acme.example,INV-1,EUR,1"]));
    kept.bring(&with_ids(&["7,Acme Ltd,new@acme.example,INV-1,EUR,1", "7,Acme Ltd,,INV-2,EUR,1"]));
    assert_eq!(kept.customers.len(), 1);
    assert_eq!(kept.customers[0].name.as_str(), "Acme Ltd");
    assert_eq!(kept.customers[0].email.as_ref().unwrap().as_str(), "new@acme.example");
}

#[test]
fn rows_of_one_customer_must_agree_on_name_and_address() {
    refused(&with_ids(&["7,Acme,,INV-1,EUR,1", "7,Acme Ltd,,INV-2,EUR,1"]), 3, "customer_name");
    refused(
        &with_ids(&["7,Acme,a@acme.example,INV-1,EUR,1", "7,Acme,b@acme.example,INV-2,EUR,1"]),
        3,
        "customer_email",
    );
    refused(
        &with_ids(&[",Acme,a@acme.example,INV-1,EUR,1", ",Acme,b@acme.example,INV-2,EUR,1"]),
        3,
        "customer_email",
    );
}

proptest! {
    #[test]
    fn any_update_of_any_invoice_keeps_the_balance_within_the_total(
        first in (1_i64..200, 0_i64..200, 0_usize..7), second in (1_i64..200, -1_i64..200, 0_usize..7), here: bool, reopen: bool,
    ) {
        let status = |index: usize| InvoiceState::ALL.get(index).map_or("", |state| state.as_str());
        let row = |(total, balance, state): (i64, i64, usize)| {
            let balance = if balance < 0 { String::new() } else { balance.to_string() };
            file(&[&format!("Acme,INV-1,JPY,{total},{balance},{},", status(state))])
        };
        let mut kept = Kept::default();
        kept.bring(&row(first));
        kept.invoices.iter_mut().for_each(|stored| stored.settled_here = here);
        kept.bring_with(&row(second), reopen);
        for stored in &kept.invoices {
            let invoice = &stored.invoice;
            prop_assert!((0..=invoice.total.minor()).contains(&invoice.balance.minor()));
            match invoice.state {
                InvoiceState::Sent => prop_assert_eq!(invoice.balance, invoice.total),
                InvoiceState::PartiallyPaid => prop_assert!(invoice.balance.is_positive()),
                InvoiceState::Paid | InvoiceState::Void | InvoiceState::Credited => prop_assert_eq!(invoice.balance.minor(), 0),
                InvoiceState::Draft => {}
            }
        }
    }
}
