//! Why a selection is not sent: a dialog over the list, or, without JavaScript, a sentence in it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::WebError;
use super::frame::page_with;
use super::invoices::{InvoicesPage, Objection, Ticked, address};
use super::reminder_proposals::SelectionForm;
use super::session::SignedIn;
use crate::domain::invoice_list::InvoiceList;
use crate::domain::proposal::{NotRemindable, ineligible_sentence};

#[derive(Template)]
#[template(path = "reminder_proposals/objection.html")]
struct ObjectionDialog {
    csrf: String,
    title: &'static str,
    sentence: String,
    remindable: Vec<String>,
    /// Whether all that match were selected.
    is_matching: bool,
    list: String,
    /// Whether the list under the dialog shows what is not so any more.
    is_outdated: bool,
}

/// What was confirmed cannot be sent any more, and nothing of it is left to be asked again.
pub(super) fn outdated(
    by: &SignedIn,
    is_htmx: bool,
    list: String,
    sentence: String,
) -> Result<HttpResponse, WebError> {
    if !is_htmx {
        return Err(WebError::Refused(sentence));
    }
    let dialog = ObjectionDialog {
        csrf: by.csrf.clone(),
        title: "Nothing was sent",
        sentence,
        remindable: Vec::new(),
        is_matching: false,
        list,
        is_outdated: true,
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &dialog)
}

/// Some selected invoices are not remindable: the ticks stay, and a sentence stands in the button's place.
pub(super) async fn not_remindable(
    by: &SignedIn,
    is_htmx: bool,
    form: &SelectionForm,
    refused: &NotRemindable,
) -> Result<HttpResponse, WebError> {
    let mut counts = std::collections::BTreeMap::new();
    refused.ineligible.iter().for_each(|(_, why)| *counts.entry(*why).or_insert(0) += 1);
    let counts: Vec<_> = counts.into_iter().collect();
    let sentence = ineligible_sentence(&counts, refused.ineligible.len() + refused.remindable.len());
    let remindable: Vec<String> = refused.remindable.iter().map(ToString::to_string).collect();
    if is_htmx {
        let dialog = ObjectionDialog {
            csrf: by.csrf.clone(),
            title: "Some invoices cannot be reminded",
            sentence,
            remindable,
            is_matching: form.is_matching(),
            list: address(&form.query()),
            is_outdated: false,
        };
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &dialog);
    }
    let view = list_again(by, form, form.ticked()).await?.with_objection(Objection { sentence, remindable });
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
}

/// Nothing of the selection can be sent.
pub(super) async fn refused(
    by: &SignedIn,
    is_htmx: bool,
    form: &SelectionForm,
    problem: String,
) -> Result<HttpResponse, WebError> {
    if is_htmx {
        let dialog = ObjectionDialog {
            csrf: by.csrf.clone(),
            title: "No reminders can be sent",
            sentence: problem,
            remindable: Vec::new(),
            is_matching: false,
            list: address(&form.query()),
            is_outdated: false,
        };
        return page_with(StatusCode::UNPROCESSABLE_ENTITY, &dialog);
    }
    let view = list_again(by, form, form.ticked()).await?.with_problem(problem);
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
}

/// The page that a selection was made on, with what is selected.
pub(super) async fn list_again(
    by: &SignedIn,
    form: &SelectionForm,
    ticked: Ticked,
) -> Result<InvoicesPage, WebError> {
    let query = form.query();
    let list = InvoiceList::try_from(&query).map_err(|problem| WebError::BadRequest(problem.to_string()))?;
    InvoicesPage::read(by, query, list, ticked).await
}
