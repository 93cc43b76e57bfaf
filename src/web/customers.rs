//! Customers: the list, and one with their invoices and reminders.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::WebError;
use super::frame::{Frame, Section, page};
use super::handed_over::{Aftermath, HandedOver};
use super::invoice_row::RowView;
use super::reminder_proposals::counted;
use super::reminders::LogRow;
use super::session::SignedIn;
use crate::domain::ids::{CustomerId, InvoiceId};
use crate::domain::invoice_list::{InvoiceFilter, InvoiceList, Place, Sort, Tab};
use crate::domain::person::Permission;
use crate::domain::proposal::{LeftOut, mailable};
use crate::domain::search::Search;
use crate::store::{CustomerRow, ReminderFilter};

/// Rows a page.
const PER_PAGE: usize = 50;

/// The list's address.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomerQuery {
    #[serde(skip_serializing_if = "String::is_empty")]
    q: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    after: String,
}

struct CustomerView {
    id: String,
    name: String,
    email: Option<String>,
    is_suppressed: bool,
    open: usize,
}

#[derive(Template)]
#[template(path = "customers/index.html")]
struct CustomersPage {
    frame: Frame,
    query: CustomerQuery,
    rows: Vec<CustomerView>,
    next: Option<String>,
    may_import: bool,
    may_edit: bool,
}

/// `GET /customers`
pub async fn index(by: SignedIn, query: web::Query<CustomerQuery>) -> Result<HttpResponse, WebError> {
    let query = query.into_inner();
    let organisation = by.organisation.id;
    let (search, after) = (Search::read(&query.q)?, query.after.clone());
    let mut rows = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            Ok(snapshot.customers(organisation, search.as_ref(), &after, PER_PAGE + 1)?)
        })
        .await?;
    let has_more = rows.len() > PER_PAGE;
    rows.truncate(PER_PAGE);
    let next = rows.last().filter(|_| has_more).and_then(|row| {
        let query = CustomerQuery { after: row.cursor(), ..query.clone() };
        serde_html_form::to_string(&query).ok().map(|query| format!("/customers?{query}"))
    });
    let rows = rows
        .into_iter()
        .map(|row| CustomerView {
            id: row.customer.id.to_string(),
            name: row.customer.name.to_string(),
            email: row.customer.email.map(|email| email.to_string()),
            is_suppressed: row.is_suppressed,
            open: row.open_invoices,
        })
        .collect();
    page(&CustomersPage {
        frame: by.frame(Section::Customers, "Customers"),
        query,
        rows,
        next,
        may_import: by.user.may(Permission::Import),
        may_edit: by.user.may(Permission::EditCustomer),
    })
}

/// Reminders that did not go out for want of an address, now that there is one.
struct Offer {
    invoices: String,
    reminders: String,
}

impl Offer {
    fn of(invoices: &[InvoiceId]) -> Option<Self> {
        let ids: Vec<String> = invoices.iter().map(ToString::to_string).collect();
        (!ids.is_empty()).then(|| Self { invoices: ids.join(","), reminders: counted(ids.len(), "reminder") })
    }
}

#[derive(Template)]
#[template(path = "customers/show.html")]
struct CustomerPage {
    frame: Frame,
    id: String,
    external_id: Option<String>,
    email: Option<String>,
    is_suppressed: bool,
    totals: String,
    hold: Option<String>,
    may_hold: bool,
    may_edit: bool,
    handed_over: Vec<HandedOver>,
    offer: Option<Offer>,
    rows: Vec<RowView>,
    more: usize,
    reminders: Vec<LogRow>,
}

/// `GET /customers/{id}`
pub async fn show(
    by: SignedIn,
    path: web::Path<String>,
    aftermath: web::Query<Aftermath>,
) -> Result<HttpResponse, WebError> {
    let id: CustomerId = path.parse().map_err(|_| WebError::NotFound)?;
    let (organisation, today) = (by.organisation.id, by.today());
    let (window, now) = (by.state.actions.settings().window, by.state.actions.clock().now());
    let (customer, invoices, open, reminders, hold, unmailed, mut handed_over) = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            let customer = snapshot.customer_row(organisation, id)?.ok_or(WebError::NotFound)?;
            let filter = |tab| InvoiceFilter { customer: Some(id), ..InvoiceFilter::tab(tab) };
            let list = InvoiceList {
                filter: filter(Tab::All),
                sort: Sort { is_descending: true, ..Sort::default() },
                per: 100,
                place: Place::Start,
            };
            let invoices = snapshot.invoice_page(organisation, &list, today)?;
            let open = snapshot.matching(organisation, &filter(Tab::Open), today)?;
            let hold = snapshot.customer_hold(organisation, id)?.filter(|hold| hold.is_active(today));
            let log = ReminderFilter { customer: Some(id), ..ReminderFilter::default() };
            let reminders = snapshot.reminders(organisation, &log, None, 20)?;
            let unmailed = snapshot.invoices_without_mail(organisation, id)?;
            let unmailed = mailable(snapshot.candidates(organisation, &unmailed)?, window, now, today);
            let handed_over = aftermath.reminders(snapshot, organisation)?;
            Ok((customer, invoices, open, reminders, hold, unmailed, handed_over))
        })
        .await?;
    handed_over.retain(|named| named.reminder.customer_id == id);
    let CustomerRow { customer, is_suppressed, .. } = customer;
    page(&CustomerPage {
        frame: by.frame(Section::Customers, customer.name.to_string()),
        id: customer.id.to_string(),
        external_id: customer.external_id.map(|id| id.to_string()),
        email: customer.email.map(|email| email.to_string()),
        is_suppressed,
        totals: if open.totals.is_empty() { "nothing".to_owned() } else { open.totals.to_string() },
        hold: hold.map(|hold| format!("Reminders are on hold {hold}")),
        may_hold: by.user.may(Permission::Hold),
        may_edit: by.user.may(Permission::EditCustomer),
        handed_over: handed_over.into_iter().map(HandedOver::from).collect(),
        offer: Offer::of(&unmailed).filter(|_| by.user.may(Permission::SendReminder)),
        more: invoices.matching.count - invoices.rows.len(),
        rows: invoices
            .rows
            .iter()
            .map(|row| RowView::new(row, invoices.slots.get(&row.invoice.id), &by, &[]))
            .collect(),
        reminders: reminders.into_iter().map(|row| LogRow::new(row, &by)).collect(),
    })
}
