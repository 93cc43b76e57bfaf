//! The merge fields: one table from which the parser, the palette and the rendering read.

use chrono::NaiveDate;

use crate::domain::invoice::{DisplayStatus, Invoice, InvoiceState};
use crate::domain::language::Language;
use crate::domain::letterhead::{Letterhead, language_of};
use crate::domain::named::nearest;
use crate::domain::organisation::{Organisation, Sender};
use crate::domain::text::Line;

/// What a mail speaks of.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The invoice.
    pub invoice: &'a Invoice,
    /// Who owes.
    pub customer_name: &'a Line,
    /// Who reminds.
    pub organisation: &'a Organisation,
    /// Who the mail comes from.
    pub sender: &'a Sender,
    /// How the mail looks around its text.
    pub letterhead: Option<&'a Letterhead>,
    /// The day in the organisation's time zone.
    pub today: NaiveDate,
}

impl Facts<'_> {
    /// The language of the mail.
    pub(super) fn language(&self) -> Language {
        language_of(self.letterhead)
    }
}

macro_rules! merge_fields {
    ($($variant:ident, $name:literal, $meaning:literal, $sample:literal;)+) => {
        /// A field that a text may name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the table says what each means")]
        pub enum MergeField { $($variant),+ }

        impl MergeField {
            /// Every field, in the order of the palette.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// What a text calls it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it stands for.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),+ }
            }

            /// What it may look like.
            pub fn sample(self) -> &'static str {
                match self { $(Self::$variant => $sample),+ }
            }
        }
    };
}

merge_fields! {
    CustomerName, "customer.name", "The customer\u{2019}s name", "Northwind Traders";
    InvoiceNumber, "invoice.number", "The invoice number", "INV-00042";
    InvoiceBalance, "invoice.balance", "What is still owed, with the currency", "1,240.00 EUR";
    InvoiceTotal, "invoice.total", "What was invoiced, with the currency", "2,000.00 EUR";
    InvoiceIssuedOn, "invoice.issued_on", "The day of issue", "1 Nov 2025";
    InvoiceDueOn, "invoice.due_on", "The due day", "1 Dec 2025";
    InvoiceDaysOverdue, "invoice.days_overdue", "Days since the due day; empty unless overdue", "12";
    InvoiceDaysUntilDue, "invoice.days_until_due", "Days until the due day; empty once it has come", "3";
    InvoiceIsOverdue, "invoice.is_overdue", "For conditions: the due day is past", "yes";
    InvoiceIsPartPaid, "invoice.is_part_paid", "For conditions: a part was paid", "yes";
    InvoicePayUrl, "invoice.pay_url", "Where it can be viewed and paid; may be empty", "https://pay.example/INV-00042";
    OrganisationName, "organisation.name", "Your organisation\u{2019}s name", "Acme Receivables";
    SenderReplyTo, "sender.reply_to", "Where answers go", "ar@acme.example";
}

impl MergeField {
    /// The field of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }

    /// The field whose name is nearest to a wrong one, if any is near.
    pub fn nearest(name: &str) -> Option<Self> {
        nearest(&name.to_lowercase(), Self::ALL.iter().map(|field| field.name())).and_then(Self::named)
    }

    /// Whether it stands for nothing in some mails.
    pub(super) fn may_be_empty(self) -> bool {
        match self {
            Self::InvoiceDaysOverdue
            | Self::InvoiceDaysUntilDue
            | Self::InvoiceIsOverdue
            | Self::InvoiceIsPartPaid
            | Self::InvoicePayUrl => true,
            Self::CustomerName
            | Self::InvoiceNumber
            | Self::InvoiceBalance
            | Self::InvoiceTotal
            | Self::InvoiceIssuedOn
            | Self::InvoiceDueOn
            | Self::OrganisationName
            | Self::SenderReplyTo => false,
        }
    }

    /// What it stands for; a condition on it holds when this is not empty.
    pub fn value(self, facts: &Facts<'_>) -> String {
        let invoice = facts.invoice;
        let days_overdue = (facts.today - invoice.due_on).num_days();
        let positive = |days: i64| if days > 0 { days.to_string() } else { String::new() };
        let yes = |holds: bool| if holds { "yes".to_owned() } else { String::new() };
        match self {
            Self::CustomerName => facts.customer_name.to_string(),
            Self::InvoiceNumber => invoice.number.to_string(),
            Self::InvoiceBalance => facts.language().amount(invoice.balance),
            Self::InvoiceTotal => facts.language().amount(invoice.total),
            Self::InvoiceIssuedOn => facts.language().day(invoice.issued_on),
            Self::InvoiceDueOn => facts.language().day(invoice.due_on),
            Self::InvoiceDaysOverdue => positive(days_overdue),
            Self::InvoiceDaysUntilDue => positive(-days_overdue),
            Self::InvoiceIsOverdue => yes(invoice.status(facts.today) == DisplayStatus::Overdue),
            Self::InvoiceIsPartPaid => yes(invoice.state == InvoiceState::PartiallyPaid),
            Self::InvoicePayUrl => {
                invoice.pay_url.as_ref().map_or_else(String::new, |url| url.as_str().to_owned())
            }
            Self::OrganisationName => facts.organisation.name.to_string(),
            Self::SenderReplyTo => facts.sender.reply_to.as_ref().unwrap_or(&facts.sender.from).to_string(),
        }
    }
}
