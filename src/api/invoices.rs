//! `GET /api/v1/invoices`.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::reminders::instant;
use super::{Problem, Program};
use crate::domain::ids::InvoiceId;
use crate::domain::invoice_list::{InvoiceList, InvoiceQuery};
use crate::domain::money::Money;
use crate::store::InvoiceRow;

#[derive(Deserialize)]
#[serde(default)]
pub(super) struct Query {
    q: String,
    tab: String,
    limit: String,
    cursor: String,
}

impl Default for Query {
    fn default() -> Self {
        Self { q: String::new(), tab: String::new(), limit: "50".to_owned(), cursor: String::new() }
    }
}

#[derive(Serialize)]
struct MoneyBody {
    amount: String,
    currency: &'static str,
}

impl From<Money> for MoneyBody {
    fn from(money: Money) -> Self {
        Self { amount: money.to_decimal(), currency: money.currency().code() }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvoiceBody {
    id: String,
    number: String,
    customer_id: String,
    state: &'static str,
    status: &'static str,
    archived_at: Option<String>,
    total: MoneyBody,
    balance: MoneyBody,
    issued_on: String,
    due_on: String,
    pay_url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    data: Vec<InvoiceBody>,
    next_cursor: Option<String>,
    has_more: bool,
}

/// The invoices, in order of id.
pub(super) async fn index(program: Program, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let limit = query.limit.parse().ok().filter(|limit| (1..=100).contains(limit));
    let limit: usize = limit.ok_or_else(|| Problem::malformed("limit is a number from 1 to 100."))?;
    let after: Option<InvoiceId> = match query.cursor.as_str() {
        "" => None,
        cursor => {
            Some(cursor.parse().map_err(|_| Problem::malformed("cursor is not one of this API\u{2019}s."))?)
        }
    };
    let tab = if query.tab.is_empty() { "all".to_owned() } else { query.tab.clone() };
    let list = InvoiceQuery { tab, q: query.q.clone(), ..InvoiceQuery::default() };
    let list = InvoiceList::try_from(&list).map_err(|problem| Problem::malformed(problem.to_string()))?;
    let (organisation_id, now) = (program.organisation(), program.actions().clock().now());
    let (today, mut rows) = program
        .read(move |snapshot| {
            let today = snapshot.organisation(organisation_id)?.day_of(now);
            let rows = snapshot.invoices_by_id(organisation_id, &list.filter, after, limit + 1, today)?;
            Ok((today, rows))
        })
        .await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| has_more).map(|row| row.invoice.id.to_string());
    let data = rows.into_iter().map(|row| body(row, today)).collect();
    Ok(HttpResponse::Ok().json(Page { data, next_cursor, has_more }))
}

fn body(row: InvoiceRow, today: chrono::NaiveDate) -> InvoiceBody {
    let invoice = row.invoice;
    InvoiceBody {
        id: invoice.id.to_string(),
        customer_id: invoice.customer_id.to_string(),
        state: invoice.state.as_str(),
        status: invoice.status(today).as_str(),
        archived_at: invoice.archived_at.map(instant),
        total: invoice.total.into(),
        balance: invoice.balance.into(),
        issued_on: invoice.issued_on.to_string(),
        due_on: invoice.due_on.to_string(),
        pay_url: invoice.pay_url.as_ref().map(|url| url.as_str().to_owned()),
        number: invoice.number.to_string(),
    }
}
