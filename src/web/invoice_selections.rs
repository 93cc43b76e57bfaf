//! "Select all" without JavaScript: the list again, with what is selected ticked.

use actix_web::HttpResponse;

use super::WebError;
use super::frame::page;
use super::invoices::Ticked;
use super::objections;
use super::reminder_proposals::SelectionForm;
use super::session::Posted;
use crate::actions::ActionError;

/// `POST /invoice-selections`
pub async fn create(posted: Posted<SelectionForm>) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let list = objections::list_again(&by, &form, Ticked::Page).await?;
    let form = match form.select.as_str() {
        "matching" => form.with_matching(list.matching()),
        _ => form.with_ids(list.ids()),
    };
    match by.state.actions.propose_reminders(&by.user, form.origin()?).await {
        Err(ActionError::NotRemindable(refused)) => {
            objections::not_remindable(&by, false, &form, &refused).await
        }
        Err(error @ (ActionError::NothingSelected | ActionError::TooMany(_))) => {
            objections::refused(&by, false, &form, error.to_string()).await
        }
        Ok(_) | Err(ActionError::Refused(_)) => {
            page(&objections::list_again(&by, &form, form.ticked()).await?)
        }
        Err(error) => Err(error.into()),
    }
}
