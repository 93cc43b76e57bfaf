//! "Send reminders?": what would go out, shown before it does. Stores nothing.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::WebError;
use super::addresses::{Link, mend};
use super::frame::{Frame, Section, page_with};
use super::invoices::{Ticked, address};
use super::objections;
use super::proposed_mails::More;
use super::session::{Posted, SignedIn, is_htmx};
use crate::actions::{ActionError, Origin, Proposed};
use crate::domain::ids::InvoiceId;
use crate::domain::invoice_list::{InvoiceList, InvoiceQuery};
use crate::domain::money::grouped_count;
use crate::domain::person::Permission;
use crate::domain::proposal::{LeftOut, Proposal};

/// Rows shown of each list.
const SHOWN: usize = 200;

/// A selection, as the Invoices page posts it.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct SelectionForm {
    invoice: Vec<String>,
    /// One invoice's own button, or those that "Deselect them" leaves.
    only: String,
    /// How many matched when the page was drawn; empty when invoices were ticked.
    matching: String,
    /// Of all that match only those that may be reminded: what "Deselect them" leaves.
    remindable: String,
    /// The page's query.
    list: String,
    /// Without JavaScript: `page` or `matching` is to be selected.
    pub(super) select: String,
}

impl SelectionForm {
    pub(super) fn ids(&self) -> Vec<String> {
        match self.only.as_str() {
            "" => self.invoice.clone(),
            only => only.split(',').map(str::to_owned).collect(),
        }
    }

    /// Whether all that match are selected.
    pub(super) fn is_matching(&self) -> bool {
        self.only.is_empty() && !self.matching.is_empty()
    }

    /// The same selection on the page that it was made on.
    pub(super) fn ticked(&self) -> Ticked {
        if self.is_matching() { Ticked::Matching } else { Ticked::Ids(self.ids()) }
    }

    /// With exactly these selected.
    pub(super) fn with_ids(self, invoice: Vec<String>) -> Self {
        Self { invoice, only: String::new(), matching: String::new(), ..self }
    }

    /// With all that match selected.
    pub(super) fn with_matching(self, count: usize) -> Self {
        Self { only: String::new(), matching: count.to_string(), ..self }
    }

    /// The query that all that match are found by.
    fn matching_query(&self) -> InvoiceQuery {
        let query = self.query();
        if self.remindable.is_empty() {
            query
        } else {
            InvoiceQuery { remindable: "yes".to_owned(), ..query }
        }
    }

    pub(super) fn query(&self) -> InvoiceQuery {
        let text = self.list.strip_prefix("/invoices").unwrap_or(&self.list).trim_start_matches('?');
        serde_html_form::from_str(text).unwrap_or_default()
    }

    pub(super) fn origin(&self) -> Result<Origin, WebError> {
        if self.is_matching() {
            let list = InvoiceList::try_from(&self.matching_query())
                .map_err(|problem| WebError::BadRequest(problem.to_string()))?;
            let seen = self.matching.parse().map_err(|_| unreadable())?;
            return Ok(Origin::Matching { filter: list.filter, seen });
        }
        let ids = self
            .ids()
            .iter()
            .map(|id| id.parse::<InvoiceId>().map_err(|_| unreadable()))
            .collect::<Result<_, _>>();
        ids.map(Origin::Chosen)
    }
}

fn unreadable() -> WebError {
    WebError::BadRequest(
        "The selection cannot be read. Go back to the invoices and select them again.".to_owned(),
    )
}

/// A row of the confirmation.
pub(super) struct ProposedRow {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) customer: String,
    pub(super) recipient: String,
    pub(super) amount: String,
    pub(super) why: String,
    pub(super) reminder: Option<String>,
    /// Where what is wrong with the address can be mended.
    pub(super) mend: Option<Link>,
}

/// Everything the confirmation says.
pub(super) struct ProposalView {
    pub(super) title: &'static str,
    sentence: String,
    template: String,
    sender: String,
    left_out_sentence: String,
    recent: String,
    several: Vec<String>,
    several_more: usize,
    rows: Vec<ProposedRow>,
    more: Option<More>,
    left_out: Vec<ProposedRow>,
    left_out_more: usize,
    changes: Vec<String>,
    changes_more: usize,
    mails: usize,
    mails_text: String,
    needs_tick: bool,
    tick_missing: bool,
    confirmation: String,
    signature: String,
    matching: String,
    list: String,
    action: String,
    back: String,
}

#[derive(Template)]
#[template(path = "reminder_proposals/page.html")]
struct ProposalPage {
    frame: Frame,
    csrf: String,
    view: ProposalView,
}

#[derive(Template)]
#[template(path = "reminder_proposals/dialog.html")]
struct ProposalDialog {
    csrf: String,
    view: ProposalView,
}

/// `POST /reminder-proposals`
pub async fn create(request: HttpRequest, posted: Posted<SelectionForm>) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let origin = form.origin()?;
    let selected = match &origin {
        Origin::Chosen(ids) => ids.len(),
        Origin::Matching { seen, .. } => *seen,
        Origin::Failed(_) => 0,
    };
    let is_htmx = is_htmx(&request);
    match by.state.actions.propose_reminders(&by.user, origin.clone()).await {
        Ok(proposed) => {
            let carried = Carried::new(&form, &origin);
            show(&by, is_htmx, StatusCode::OK, ProposalView::new(proposed, carried, &by, selected))
        }
        Err(ActionError::NotRemindable(refused)) => {
            objections::not_remindable(&by, is_htmx, &form, &refused).await
        }
        Err(error @ (ActionError::NothingSelected | ActionError::TooMany(_) | ActionError::Refused(_))) => {
            objections::refused(&by, is_htmx, &form, error.to_string()).await
        }
        Err(error) => Err(error.into()),
    }
}

/// What a confirmation carries along for the next step.
pub(super) struct Carried {
    pub(super) matching: String,
    pub(super) list: String,
    pub(super) action: String,
    pub(super) back: String,
}

impl Carried {
    fn new(form: &SelectionForm, origin: &Origin) -> Self {
        let matching = match origin {
            Origin::Matching { seen, .. } => seen.to_string(),
            Origin::Chosen(_) | Origin::Failed(_) => String::new(),
        };
        let (list, back) = (address(&form.matching_query()), address(&form.query()));
        Self { matching, back, list, action: "/reminder-batches".to_owned() }
    }
}

impl ProposalView {
    pub(super) fn new(proposed: Proposed, carried: Carried, by: &SignedIn, seen: usize) -> Self {
        let Proposed { proposal, template, sender, confirmation, signature, changes } = proposed;
        let (mails, is_large) = (proposal.drafts.len(), proposal.is_large());
        let recent = proposal.reminded_within_a_day(by.state.actions.clock().now());
        let several = proposal.several_mails();
        let mut changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        let now_matching = proposal.drafts.len() + proposal.left_out.len();
        if changes.is_empty() && !carried.matching.is_empty() && now_matching != seen {
            changes.push(format!(
                "{} matched when you looked; {} match now.",
                grouped_count(seen),
                grouped_count(now_matching)
            ));
        }
        let list = |rows: Vec<ProposedRow>| {
            let more = rows.len().saturating_sub(SHOWN);
            (rows.into_iter().take(SHOWN).collect::<Vec<_>>(), more)
        };
        let (rows, _) = list(mailed(&proposal));
        let (left_out, left_out_more) = list(left(&proposal, by.user.may(Permission::EditCustomer)));
        Self {
            title: if mails == 0 { "No reminders can be sent" } else { "Send reminders?" },
            sentence: format!(
                "{} to {}, {} in total.",
                counted(mails, "e-mail"),
                counted(proposal.customers(), "customer"),
                proposal.totals()
            ),
            template: format!("Invoice reminder (default), version {}", template.number),
            sender: format!(
                "{} <{}>, answers go to {}",
                sender.name,
                sender.from,
                sender.reply_to.as_ref().unwrap_or(&sender.from)
            ),
            left_out_sentence: left_out_sentence(&proposal),
            recent: if recent > 0 {
                format!(
                    "{} reminded in the last 24 hours.",
                    if recent == 1 { "1 was".to_owned() } else { format!("{} were", grouped_count(recent)) }
                )
            } else {
                String::new()
            },
            several_more: several.len().saturating_sub(5),
            several: several
                .iter()
                .take(5)
                .map(|(name, mails)| format!("{name} gets {mails} mails"))
                .collect(),
            more: More::after(rows.len(), mails),
            rows,
            left_out,
            left_out_more,
            changes_more: changes.len().saturating_sub(20),
            changes: changes.into_iter().take(20).collect(),
            mails,
            mails_text: grouped_count(mails),
            needs_tick: is_large,
            tick_missing: false,
            confirmation: confirmation.to_string(),
            signature,
            matching: carried.matching,
            list: carried.list,
            action: carried.action,
            back: carried.back,
        }
    }

    pub(super) fn with_changes(mut self, changes: Vec<String>) -> Self {
        self.changes_more = changes.len().saturating_sub(20);
        self.changes = changes.into_iter().take(20).collect();
        self
    }

    pub(super) fn with_tick_missing(mut self) -> Self {
        self.tick_missing = true;
        self
    }
}

/// "1 e-mail", "42 e-mails".
pub(super) fn counted(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", grouped_count(count), if count == 1 { "" } else { "s" })
}

fn mailed(proposal: &Proposal) -> Vec<ProposedRow> {
    proposal
        .drafts
        .iter()
        .map(|draft| ProposedRow {
            id: draft.candidate.invoice.id.to_string(),
            number: draft.candidate.invoice.number.to_string(),
            customer: draft.candidate.customer_name.to_string(),
            recipient: draft.recipient.to_string(),
            amount: draft.candidate.invoice.balance.to_string(),
            why: String::new(),
            reminder: None,
            mend: None,
        })
        .collect()
}

fn left(proposal: &Proposal, may_edit: bool) -> Vec<ProposedRow> {
    proposal
        .left_out
        .iter()
        .map(|(candidate, why)| ProposedRow {
            id: candidate.invoice.id.to_string(),
            number: candidate.invoice.number.to_string(),
            customer: candidate.customer_name.to_string(),
            recipient: String::new(),
            amount: candidate.invoice.balance.to_string(),
            why: why.to_string(),
            reminder: why.reminder().map(|id| id.to_string()),
            mend: mend(why.code(), candidate.invoice.customer_id, may_edit),
        })
        .collect()
}

fn left_out_sentence(proposal: &Proposal) -> String {
    if proposal.left_out.is_empty() {
        return String::new();
    }
    let count = |code: &str| proposal.left_out.iter().filter(|(_, why)| why.code() == code).count();
    let mut codes: Vec<&str> = proposal.left_out.iter().map(|(_, why)| why.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    let part = |code: &str| {
        LeftOut::sentence(code)
            .map(|why| format!("{} ({})", why.trim_end_matches('.'), grouped_count(count(code))))
    };
    let parts: Vec<String> = codes.into_iter().filter_map(part).collect();
    format!("{} will be left out: {}.", grouped_count(proposal.left_out.len()), parts.join("; "))
}

pub(super) fn show(
    by: &SignedIn,
    is_htmx: bool,
    status: StatusCode,
    view: ProposalView,
) -> Result<HttpResponse, WebError> {
    let csrf = by.csrf.clone();
    if is_htmx {
        return page_with(status, &ProposalDialog { csrf, view });
    }
    let prefix = if status.is_success() { "" } else { "Error: " };
    let frame = by.frame(Section::Invoices, format!("{prefix}{}", view.title));
    page_with(status, &ProposalPage { frame, csrf, view })
}
