//! The Invoices page.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;

use super::WebError;
use super::frame::{Frame, Section, page, page_with};
use super::invoice_row::RowView;
use super::session::{SignedIn, is_htmx};
use crate::domain::invoice_list::{
    InvoiceFilter, InvoiceList, InvoiceQuery, PAGE_SIZES, Place, Sort, SortKey, Tab,
};
use crate::domain::money::{Currency, Totals, grouped_count};
use crate::domain::organisation::day_in_words;
use crate::domain::person::Permission;
use crate::domain::proposal::{LeftOut, ineligible_sentence};
use crate::domain::search::Search;
use crate::store::{Figures, InvoicePage};

/// A tab with its count and address.
struct TabView {
    label: &'static str,
    count: String,
    href: String,
    is_current: bool,
}

/// A column head that sorts.
struct SortView {
    href: String,
    direction: Option<&'static str>,
}

/// Why the list is empty, and what to do.
enum Emptiness {
    NoLedger,
    NoResult,
    AllClear(Option<String>),
    Nothing(&'static str),
}

/// What is selected when the page is drawn, without JavaScript.
pub(super) enum Ticked {
    /// These invoices.
    Ids(Vec<String>),
    /// Every one on the page.
    Page,
    /// All that match, also on other pages.
    Matching,
}

/// What keeps the button away after the server has seen a selection, without JavaScript.
pub(super) struct Objection {
    pub(super) sentence: String,
    pub(super) remindable: Vec<String>,
}

#[derive(Template)]
#[template(path = "invoices/index.html", blocks = ["list"])]
pub(super) struct InvoicesPage {
    frame: Frame,
    query: InvoiceQuery,
    list_query: String,
    tabs: Vec<TabView>,
    sorts: [SortView; 4],
    rows: Vec<RowView>,
    currencies: Vec<Currency>,
    is_filtered: bool,
    /// The customer whose invoices alone are shown, and the list without that.
    only_customer: Option<(String, String)>,
    /// The list of one customer, but for the customer's id.
    of_customer: String,
    filters_open: bool,
    position: String,
    matching: usize,
    matching_text: String,
    totals: String,
    matching_ineligible: usize,
    matching_why: String,
    remindable_totals: String,
    /// All that match are selected: how many "Send reminder" speaks of.
    all_selected: Option<usize>,
    selected: usize,
    previous: Option<String>,
    next: Option<String>,
    emptiness: Option<Emptiness>,
    may_send: bool,
    may_change: bool,
    may_edit_customer: bool,
    may_hold: bool,
    may_import: bool,
    problem: Option<String>,
    objection: Option<Objection>,
}

/// `GET /invoices`
pub async fn index(
    signed_in: SignedIn,
    request: HttpRequest,
    query: web::Query<InvoiceQuery>,
) -> Result<HttpResponse, WebError> {
    let query = query.into_inner();
    match InvoiceList::try_from(&query) {
        Ok(list) => {
            let view = InvoicesPage::read(&signed_in, query, list, Ticked::Ids(Vec::new())).await?;
            if is_htmx(&request) { page(&view.as_list()) } else { page(&view) }
        }
        Err(problem) => {
            // The tab, or the open one when not even that can be read.
            let tab = query.tab.parse().unwrap_or(Tab::Open);
            let kept = InvoiceQuery { tab: tab.to_string(), ..InvoiceQuery::default() };
            let (filter, sort) = (InvoiceFilter::tab(tab), Sort::default());
            let list = InvoiceList { filter, sort, per: PAGE_SIZES[1], place: Place::Start };
            let view = InvoicesPage::read(&signed_in, kept, list, Ticked::Ids(Vec::new())).await?;
            let view = view.with_problem(problem.to_string()).with_typed(query);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            if is_htmx(&request) { page_with(status, &view.as_list()) } else { page_with(status, &view) }
        }
    }
}

impl InvoicesPage {
    pub(super) async fn read(
        signed_in: &SignedIn,
        query: InvoiceQuery,
        list: InvoiceList,
        ticked: Ticked,
    ) -> Result<Self, WebError> {
        let (organisation, today) = (signed_in.organisation.id, signed_in.today());
        let wanted = list.clone();
        let (found, figures, next_due, customer) = signed_in
            .state
            .reader
            .read::<_, WebError>(move |snapshot| {
                let found = snapshot.invoice_page(organisation, &wanted, today)?;
                let next_due =
                    if found.rows.is_empty() { snapshot.next_due_day(organisation, today)? } else { None };
                let customer = match wanted.filter.customer {
                    Some(id) => snapshot.customer(organisation, id)?,
                    None => None,
                };
                Ok((found, snapshot.ledger_figures(organisation, today)?, next_due, customer))
            })
            .await?;
        let user = &signed_in.user;
        let of_customer = |customer: String| {
            address(&InvoiceQuery { customer, after: String::new(), before: String::new(), ..query.clone() })
        };
        let ineligible: usize = found.matching.ineligible.iter().map(|(_, count)| count).sum();
        let checked = match &ticked {
            Ticked::Ids(ids) => ids.clone(),
            Ticked::Page | Ticked::Matching => {
                found.rows.iter().map(|row| row.invoice.id.to_string()).collect()
            }
        };
        let all_selected = matches!(ticked, Ticked::Matching).then_some(found.matching.count);
        Ok(Self {
            frame: signed_in.frame(Section::Invoices, "Invoices"),
            all_selected,
            selected: all_selected.unwrap_or(checked.len()),
            list_query: address(&query),
            tabs: tabs(&query, list.filter.tab, &figures),
            sorts: [SortKey::Number, SortKey::Customer, SortKey::Due, SortKey::Balance]
                .map(|key| sort_view(&query, list.sort, key)),
            rows: found
                .rows
                .iter()
                .map(|row| RowView::new(row, found.slots.get(&row.invoice.id), signed_in, &checked))
                .collect(),
            currencies: figures.currencies().into_iter().collect(),
            is_filtered: list.filter.is_narrowed(),
            only_customer: customer.map(|customer| (customer.name.to_string(), of_customer(String::new()))),
            of_customer: one_more(&of_customer(String::new()), "customer="),
            filters_open: InvoiceFilter { search: None, customer: None, ..list.filter.clone() }.is_narrowed(),
            position: position(&found),
            matching: found.matching.count,
            matching_text: grouped_count(found.matching.count),
            totals: in_words(&found.matching.totals),
            remindable_totals: in_words(&found.matching.remindable),
            matching_ineligible: ineligible,
            matching_why: if ineligible > 0 {
                ineligible_sentence(&found.matching.ineligible, found.matching.count)
            } else {
                String::new()
            },
            previous: found.previous.as_ref().map(|cursor| {
                address(&InvoiceQuery { after: String::new(), before: cursor.to_string(), ..query.clone() })
            }),
            next: found.next.as_ref().map(|cursor| {
                address(&InvoiceQuery { after: cursor.to_string(), before: String::new(), ..query.clone() })
            }),
            emptiness: found
                .rows
                .is_empty()
                .then(|| emptiness(&list.filter, figures.count(Tab::All), next_due)),
            may_send: user.may(Permission::SendReminder),
            may_change: user.may(Permission::ChangeInvoice),
            may_edit_customer: user.may(Permission::EditCustomer),
            may_hold: user.may(Permission::Hold),
            may_import: user.may(Permission::Import),
            query,
            problem: None,
            objection: None,
        })
    }

    /// The invoices on the page.
    pub(super) fn ids(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.id.clone()).collect()
    }

    /// How many match.
    pub(super) fn matching(&self) -> usize {
        self.matching
    }

    pub(super) fn with_objection(mut self, objection: Objection) -> Self {
        self.frame.title = format!("Error: {}", self.frame.title);
        self.all_selected = self.all_selected.map(|_| objection.remindable.len());
        self.objection = Some(objection);
        self
    }

    /// With what a person typed where they typed it.
    fn with_typed(mut self, typed: InvoiceQuery) -> Self {
        let InvoiceQuery { q, due_from, due_to, least, most, .. } = typed;
        self.filters_open = [&due_from, &due_to, &least, &most].iter().any(|text| !text.is_empty());
        self.query = InvoiceQuery { q, due_from, due_to, least, most, ..self.query };
        self
    }

    pub(super) fn with_problem(mut self, problem: String) -> Self {
        self.frame.title = format!("Error: {}", self.frame.title);
        self.problem = Some(problem);
        self
    }
}

fn in_words(totals: &Totals) -> String {
    if totals.is_empty() { String::new() } else { totals.to_string() }
}

/// The page's address with a query.
pub(super) fn address(query: &InvoiceQuery) -> String {
    match serde_html_form::to_string(query) {
        Ok(text) if text.is_empty() => "/invoices".to_owned(),
        Ok(text) => format!("/invoices?{text}"),
        Err(_) => "/invoices".to_owned(),
    }
}

/// An address with one more thing in its query.
fn one_more(address: &str, field: &str) -> String {
    format!("{address}{}{field}", if address.contains('?') { '&' } else { '?' })
}

fn tabs(query: &InvoiceQuery, current: Tab, figures: &Figures) -> Vec<TabView> {
    let view = |&tab: &Tab| TabView {
        label: tab.label(),
        count: grouped_count(figures.count(tab)),
        href: address(&InvoiceQuery {
            tab: tab.to_string(),
            after: String::new(),
            before: String::new(),
            ..query.clone()
        }),
        is_current: tab == current,
    };
    Tab::ALL.iter().map(view).collect()
}

fn sort_view(query: &InvoiceQuery, current: Sort, key: SortKey) -> SortView {
    let is_current = current.key == key;
    let next = Sort { key, is_descending: is_current && !current.is_descending };
    SortView {
        href: address(&InvoiceQuery {
            sort: next.to_string(),
            after: String::new(),
            before: String::new(),
            ..query.clone()
        }),
        direction: is_current.then_some(if current.is_descending { "descending" } else { "ascending" }),
    }
}

fn position(found: &InvoicePage) -> String {
    match found.rows.len() {
        0 => String::new(),
        rows => format!(
            "{}\u{2013}{} of {}",
            grouped_count(found.first),
            grouped_count(found.first + rows - 1),
            grouped_count(found.matching.count)
        ),
    }
}

fn emptiness(filter: &InvoiceFilter, all: usize, next_due: Option<NaiveDate>) -> Emptiness {
    if all == 0 {
        return Emptiness::NoLedger;
    }
    if filter.is_narrowed() {
        return Emptiness::NoResult;
    }
    match filter.tab {
        Tab::Open | Tab::Overdue => Emptiness::AllClear(next_due.map(day_in_words)),
        Tab::Upcoming => Emptiness::Nothing("Nothing is due today or later."),
        Tab::Paid => Emptiness::Nothing("No invoice is paid yet."),
        Tab::Draft => Emptiness::Nothing("There are no drafts."),
        Tab::Archived => Emptiness::Nothing("Nothing is archived."),
        Tab::All => Emptiness::NoLedger,
    }
}
