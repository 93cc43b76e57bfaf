//! Amounts, instants, days and holds come back as they were written.

use chrono::{NaiveDate, TimeDelta};
use dunlin::clock::Ids;
use dunlin::domain::hold::Hold;
use dunlin::domain::money::{Currency, Money};
use dunlin::domain::person::Actor;
use dunlin::domain::suppression::SuppressionReason;
use dunlin::store::{Suppress, WrittenCustomer, WrittenInvoice};

use crate::ledger::{customer, invoice};
use crate::on_both_databases;
use crate::test_store::{at, today};

on_both_databases! {
    async fn money_of_every_currency_comes_back_to_the_minor_unit(store: TestStore) {
        let acme = customer("Acme");
        let mut written = Vec::new();
        for currency in (0..=4).flat_map(Currency::with_decimals) {
            for minor in [1, 99, 123_456, Money::MAX_MINOR] {
                let mut kept = invoice(acme.id, &format!("{currency}-{minor}"));
                kept.values.total = Money::from_minor(Money::MAX_MINOR, currency);
                kept.values.balance = Money::from_minor(minor, currency);
                written.push(kept);
            }
        }
        assert!(["JPY", "EUR", "BHD", "CLF"].iter().all(|code| {
            written.iter().any(|invoice| invoice.values.total.currency().code() == *code)
        }));
        store.keep(&[acme], &written).await.unwrap();
        for WrittenInvoice { id, values, .. } in written {
            let organisation = store.organisation;
            let found = store.read(move |snapshot| snapshot.invoice(organisation, id)).await.unwrap().unwrap();
            assert_eq!((found.invoice.total, found.invoice.balance), (values.total, values.balance));
        }
    }

    async fn days_and_instants_come_back_to_the_microsecond(store: TestStore) {
        let acme = customer("Acme");
        let days = ["0001-01-01", "1999-12-31", "2024-02-29", "9999-12-31"];
        let invoices: Vec<WrittenInvoice> = days
            .iter()
            .enumerate()
            .map(|(place, day)| {
                let mut kept = invoice(acme.id, day);
                kept.values.due_on = day.parse().unwrap();
                kept.values.issued_on = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
                kept.archived_at = Some(at(0) + TimeDelta::microseconds([0, 1, 500_000, 999_999][place]));
                kept
            })
            .collect();
        store.keep(&[acme], &invoices).await.unwrap();
        for written in invoices {
            let (organisation, id) = (store.organisation, written.id);
            let found = store.read(move |snapshot| snapshot.invoice(organisation, id)).await.unwrap().unwrap();
            assert_eq!(found.invoice.archived_at, written.archived_at);
            assert_eq!(found.invoice.due_on, written.values.due_on);
            assert_eq!(found.invoice.issued_on, written.values.issued_on);
        }
    }

    async fn a_hold_and_a_suppression_in_another_case_are_seen_beside_the_invoice(store: TestStore) {
        let acme = WrittenCustomer { email: "Pay.Here+EU@Customer.example".parse().ok(), ..customer("Acme") };
        let kept = invoice(acme.id, "INV-1");
        let (organisation, id, customer) = (store.organisation, kept.id, acme.id);
        store.keep(&[acme], &[kept]).await.unwrap();
        let hold = Hold { reason: "חברת אלון בע״מ".parse().unwrap(), until: Some(today()) };
        let written = hold.clone();
        store
            .write(move |tx| {
                tx.hold_invoice(id, Some(&written), at(0))?;
                tx.hold_customer(customer, Some(&Hold { until: None, ..written }), at(0))?;
                let suppressed = Suppress {
                    id: Ids.next(),
                    organisation_id: organisation,
                    address: &"pAY.hERE+eu@CUSTOMER.example".parse().unwrap(),
                    reason: SuppressionReason::Manual,
                    evidence: "",
                    actor: Actor::System,
                };
                tx.suppress(&suppressed, at(0)).map(drop)
            })
            .await
            .unwrap();
        let found = store.read(move |snapshot| snapshot.invoice(organisation, id)).await.unwrap().unwrap();
        assert!(found.is_suppressed);
        assert_eq!(found.holds.invoice, Some(hold.clone()));
        assert_eq!(found.holds.customer, Some(Hold { until: None, ..hold }));
    }
}
