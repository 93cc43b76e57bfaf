//! Which invoices: the filters of the Invoices page, by the names they have in its address.

use serde::Deserialize;

use super::Problem;
use crate::domain::invoice_list::{InvoiceFilter, InvoiceList, InvoiceQuery, Tab};

/// The filters; what is left out does not narrow. Without a tab it is every invoice, archived ones too.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct FilterBody {
    /// A part of number, customer name or e-mail.
    pub(super) q: String,
    /// `open`, `overdue`, `upcoming`, `paid`, `draft`, `archived` or `all`.
    pub(super) tab: String,
    /// A customer's id.
    pub(super) customer: String,
    /// A currency's code.
    pub(super) currency: String,
    /// A day: due then or later.
    pub(super) due_from: String,
    /// A day: due then or earlier.
    pub(super) due_to: String,
    /// An amount: owed so much or more, in any currency.
    pub(super) least: String,
    /// An amount: owed so much or less.
    pub(super) most: String,
    /// `never`, or a number of days.
    pub(super) not_reminded: String,
    /// `yes`: only those that may be reminded.
    pub(super) remindable: String,
}

impl FilterBody {
    /// The filter.
    pub(super) fn read(self) -> Result<InvoiceFilter, Problem> {
        let query = InvoiceQuery {
            tab: if self.tab.is_empty() { Tab::All.to_string() } else { self.tab },
            q: self.q,
            customer: self.customer,
            currency: self.currency,
            due_from: self.due_from,
            due_to: self.due_to,
            least: self.least,
            most: self.most,
            not_reminded: self.not_reminded,
            remindable: self.remindable,
            ..InvoiceQuery::default()
        };
        let list =
            InvoiceList::try_from(&query).map_err(|problem| Problem::malformed(problem.to_string()))?;
        Ok(list.filter)
    }
}
