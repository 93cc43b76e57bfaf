//! A made-up invoice for a text's preview: one of those that get this text.

use chrono::{NaiveDate, TimeDelta};

use super::fields::{Facts, MergeField};
use crate::domain::ids::{CustomerId, InvoiceId};
use crate::domain::invoice::{Invoice, InvoiceState};
use crate::domain::letterhead::Letterhead;
use crate::domain::money::Money;
use crate::domain::organisation::{Organisation, Sender};
use crate::domain::stage::Stage;
use crate::domain::text::Line;

/// An invoice that is in no ledger, and who would owe it.
#[derive(Clone, Debug)]
pub struct Sample {
    invoice: Invoice,
    customer_name: Line,
    today: NaiveDate,
}

impl Sample {
    /// An invoice in a text's stage; the default text's is overdue.
    pub fn of(stage: Option<Stage>, organisation: &Organisation, today: NaiveDate) -> Self {
        let due_on = today - TimeDelta::days(days_overdue(stage));
        let balance =
            Money::parse("1240", organisation.currency).unwrap_or(Money::zero(organisation.currency));
        Self {
            invoice: Invoice {
                id: InvoiceId::from(uuid::Uuid::nil()),
                organisation_id: organisation.id,
                customer_id: CustomerId::from(uuid::Uuid::nil()),
                number: line(MergeField::InvoiceNumber),
                state: InvoiceState::Sent,
                total: balance,
                balance,
                issued_on: due_on - TimeDelta::days(i64::from(organisation.payment_terms_days)),
                due_on,
                archived_at: None,
                pay_url: MergeField::InvoicePayUrl.sample().parse().ok(),
            },
            customer_name: line(MergeField::CustomerName),
            today,
        }
    }

    /// What a mail about it would speak of.
    pub fn facts<'a>(
        &'a self,
        organisation: &'a Organisation,
        sender: &'a Sender,
        letterhead: Option<&'a Letterhead>,
    ) -> Facts<'a> {
        Facts {
            invoice: &self.invoice,
            customer_name: &self.customer_name,
            organisation,
            sender,
            letterhead,
            today: self.today,
        }
    }
}

fn days_overdue(stage: Option<Stage>) -> i64 {
    match stage {
        None => 12,
        Some(Stage::OneWeekBefore) => -7,
        Some(Stage::TwoDaysBefore) => -2,
        Some(Stage::OnDueDate) => 0,
        Some(Stage::TwoDaysAfter) => 2,
        Some(Stage::OneWeekAfter) => 7,
    }
}

#[expect(clippy::expect_used, reason = "the table's samples are lines; a test reads each")]
fn line(field: MergeField) -> Line {
    field.sample().parse().expect("a field's sample is a line")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_in_the_stage_of_its_text() {
        let today = NaiveDate::from_ymd_opt(2025, 12, 1).unwrap();
        let name = "Acme Receivables".parse().unwrap();
        let (id, currency) = (uuid::Uuid::nil().into(), "JPY".parse().unwrap());
        let organisation = Organisation::new(id, name, chrono_tz::UTC, currency);
        for stage in Stage::ALL {
            let sample = Sample::of(Some(*stage), &organisation, today);
            assert_eq!(Stage::of(sample.invoice.due_on, today), *stage);
            assert_eq!(sample.invoice.balance.to_string(), "1,240 JPY");
            assert_eq!(sample.invoice.ineligible(), None);
        }
    }
}
