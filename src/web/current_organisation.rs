//! The switch in the person's menu, for whoever belongs to several organisations.

use actix_session::SessionExt;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::WebError;
use super::frame::see_other;
use super::session::{Posted, enter};

/// Where to go on.
#[derive(Deserialize)]
pub struct ChoiceForm {
    #[serde(default)]
    organisation: String,
}

/// `POST /current-organisation`
pub async fn update(request: HttpRequest, posted: Posted<ChoiceForm>) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let into = form.organisation.parse().map_err(|_| WebError::NotFound)?;
    let is_other = into != by.organisation.id;
    if is_other && by.state.actions.enter_organisation(&by.user, into, &by.session).await? {
        enter(&request.get_session(), &by.state.actions, into)?;
    }
    Ok(see_other("/invoices"))
}
