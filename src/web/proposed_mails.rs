//! The mails of a confirmation beyond those that it shows at once: read from what it carries, so exactly as shown.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use super::WebError;
use super::frame::{Frame, Section, page};
use super::reminder_proposals::{ProposedRow, counted};
use super::session::{Posted, SignedIn, is_htmx};
use crate::actions::ActionError;
use crate::domain::money::grouped_count;
use crate::domain::proposal::Seen;

/// Rows that one press adds.
const STEP: usize = 1_000;

/// What a confirmation carries, and which of its mails are asked for.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct MailsForm {
    confirmation: String,
    signature: String,
    /// How many of its invoices are mailed: they come first.
    mails: Option<usize>,
    /// How many are shown already.
    from: usize,
}

/// "Show 1,000 more of 9,800".
pub(super) struct More {
    pub(super) from: usize,
    pub(super) words: String,
}

impl More {
    /// What comes after so many of all; `None` at the end.
    pub(super) fn after(from: usize, all: usize) -> Option<Self> {
        let left = all.checked_sub(from).filter(|left| *left > 0)?;
        let next = grouped_count(left.min(STEP));
        let words = if left > STEP {
            format!("Show {next} more of {}", grouped_count(left))
        } else {
            format!("Show {next} more")
        };
        Some(Self { from, words })
    }
}

#[derive(Template)]
#[template(path = "reminder_proposals/rows.html")]
struct MoreRows {
    rows: Vec<ProposedRow>,
    more: Option<More>,
}

#[derive(Template)]
#[template(path = "reminder_proposals/list.html")]
struct ListPage {
    frame: Frame,
    sentence: String,
    rows: Vec<ProposedRow>,
    more: Option<More>,
}

/// `POST /proposed-mails`: the next rows for the dialog; without JavaScript all of them as a page.
pub async fn create(request: HttpRequest, posted: Posted<MailsForm>) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let shown = by.state.actions.settings().verified(&form.confirmation, &form.signature)?;
    if shown.organisation_id != by.organisation.id {
        return Err(ActionError::NotConfirmed.into());
    }
    let mut mails = shown.seen;
    mails.truncate(form.mails.unwrap_or(mails.len()));
    let all = mails.len();
    if is_htmx(&request) {
        let next: Vec<Seen> = mails.into_iter().skip(form.from).take(STEP).collect();
        let more = More::after(form.from + next.len(), all);
        return page(&MoreRows { rows: rows(&by, next).await?, more });
    }
    page(&ListPage {
        frame: by.frame(Section::Invoices, "E-mails that go out"),
        sentence: format!("{} go out when you say yes on the page before.", counted(all, "e-mail")),
        rows: rows(&by, mails).await?,
        more: None,
    })
}

async fn rows(by: &SignedIn, mails: Vec<Seen>) -> Result<Vec<ProposedRow>, WebError> {
    let (organisation, ids) =
        (by.organisation.id, mails.iter().map(|seen| seen.invoice_id).collect::<Vec<_>>());
    let found = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| Ok(snapshot.candidates(organisation, &ids)?))
        .await?;
    let mut names: HashMap<_, _> = found
        .into_iter()
        .map(|found| (found.invoice.id, (found.invoice.number.to_string(), found.customer_name.to_string())))
        .collect();
    let row = |seen: Seen| {
        let (number, customer) = names.remove(&seen.invoice_id)?;
        Some(ProposedRow {
            id: seen.invoice_id.to_string(),
            number,
            customer,
            recipient: seen.recipient.map(|recipient| recipient.to_string()).unwrap_or_default(),
            amount: seen.balance.to_string(),
            why: String::new(),
            reminder: None,
            mend: None,
        })
    };
    Ok(mails.into_iter().filter_map(row).collect())
}
