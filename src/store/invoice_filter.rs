//! What a filter of the Invoices page is in SQL.

use chrono::{NaiveDate, NaiveDateTime};

use super::balances::comparable_column;
use super::sql::{Sql, containing};
use crate::domain::ids::OrganisationId;
use crate::domain::invoice_list::{InvoiceFilter, NotReminded, Tab};

/// The condition of a filter. States are literals, so that each tab finds its partial index.
pub(super) fn push_filter(
    sql: &mut Sql,
    organisation: OrganisationId,
    filter: &InvoiceFilter,
    today: NaiveDate,
) {
    const OPEN: &str = " AND i.state IN ('Sent', 'PartiallyPaid') AND i.archived_at IS NULL";
    push_kinds(sql, organisation, filter);
    match filter.tab {
        Tab::Open => sql.push(OPEN),
        Tab::Overdue => sql.push(OPEN).push(" AND i.due_on < ").value(today),
        Tab::Upcoming => sql.push(OPEN).push(" AND i.due_on >= ").value(today),
        Tab::Paid => sql.push(" AND i.state = 'Paid' AND i.archived_at IS NULL"),
        Tab::Draft => sql.push(" AND i.state = 'Draft' AND i.archived_at IS NULL"),
        Tab::Archived => sql.push(" AND i.archived_at IS NOT NULL"),
        Tab::All => sql,
    };
    if let Some(search) = &filter.search {
        let pattern = containing(search);
        // Each half is found by itself; with an OR every invoice would be looked at. SQLite keeps to a CROSS JOIN's order:
        // the few customers that match come before their invoices.
        sql.push(" AND i.id IN (SELECT id FROM invoice WHERE organisation_id = ")
            .value(organisation.to_string());
        sql.push(" AND number_folded LIKE ").value(pattern.as_str()).push(" ESCAPE '\\'");
        sql.push(
            " UNION SELECT f.id FROM customer d CROSS JOIN invoice f WHERE f.organisation_id = d.organisation_id",
        );
        sql.push(" AND f.customer_id = d.id AND d.organisation_id = ").value(organisation.to_string());
        sql.push(" AND d.search LIKE ").value(pattern).push(" ESCAPE '\\')");
    }
    if let Some(customer) = filter.customer {
        sql.push(" AND i.customer_id = ").value(customer.to_string());
    }
    push_amounts(sql, filter.least, filter.most);
    if filter.is_remindable {
        sql.push(OPEN).push(" AND i.balance > 0");
    }
    match filter.not_reminded {
        None => {}
        Some(NotReminded::Never) => {
            sql.push(" AND i.last_reminded_at IS NULL");
        }
        Some(NotReminded::ForDays(days)) => {
            let since: NaiveDateTime =
                (today - chrono::Duration::days(i64::from(days))).and_time(chrono::NaiveTime::MIN);
            sql.push(" AND (i.last_reminded_at IS NULL OR i.last_reminded_at < ")
                .value(since.and_utc())
                .push(")");
        }
    }
}

/// What of a filter the tally of invoices can tell as well: all but its tab and what concerns single invoices.
pub(super) fn push_kinds(sql: &mut Sql, organisation: OrganisationId, filter: &InvoiceFilter) {
    sql.push("i.organisation_id = ").value(organisation.to_string());
    if let Some(currency) = filter.currency {
        sql.push(" AND i.currency = ").value(currency.code());
    }
    if let Some(day) = filter.due_from {
        sql.push(" AND i.due_on >= ").value(day);
    }
    if let Some(day) = filter.due_to {
        sql.push(" AND i.due_on <= ").value(day);
    }
}

/// The balances between two figures in thousandths of the major unit: one figure filters every currency.
fn push_amounts(sql: &mut Sql, least: Option<i64>, most: Option<i64>) {
    if let Some(least) = least {
        sql.push(&format!(" AND {} >= ", comparable_column())).value(least * 10);
    }
    if let Some(most) = most {
        sql.push(&format!(" AND {} <= ", comparable_column())).value(most * 10);
    }
}
