//! Settings > Users > Remove second factor: for somebody who has lost theirs, asked before it is done.

use actix_web::{HttpResponse, web};
use askama::Template;

use super::WebError;
use super::done::Done;
use super::frame::{Frame, page};
use super::session::{Posted, SignedIn};
use super::settings::SettingsPage;
use super::sign_in::refused;
use super::two_factor::ProofForm;
use crate::actions::ActionError;
use crate::domain::ids::UserId;
use crate::store::Member;

#[derive(Template)]
#[template(path = "settings/lost_factor.html")]
struct RemovalPage {
    frame: Frame,
    /// Whose it is, or why it cannot be removed here.
    member: Result<Member, String>,
    requires_two_factor: bool,
    /// What was wrong with the password.
    wrong: Option<String>,
}

/// `GET /settings/users/{id}/two-factor/removal/edit`
pub(super) async fn ask(by: SignedIn, id: web::Path<UserId>) -> Result<HttpResponse, WebError> {
    page(&removal(&by, *id, None).await?)
}

async fn removal(by: &SignedIn, id: UserId, wrong: Option<String>) -> Result<RemovalPage, WebError> {
    let member = match by.state.actions.who_lost_factor(&by.user, id).await {
        Ok(member) => Ok(member),
        Err(ActionError::Refused(why)) => Err(why),
        Err(error) => return Err(error.into()),
    };
    let frame = by.settings_frame(SettingsPage::Users, "Remove second factor");
    Ok(RemovalPage { frame, member, requires_two_factor: by.second_factor.is_required, wrong })
}

/// `POST /settings/users/{id}/two-factor/removal`
pub(super) async fn remove(
    id: web::Path<UserId>,
    posted: Posted<ProofForm>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    match by.state.actions.remove_factor_of(&by.user, *id, posted.form.current).await {
        Ok(()) => Ok(Done::FactorRemoved.on(SettingsPage::Users)),
        Err(error @ (ActionError::Refused(_) | ActionError::Throttled(_))) => {
            refused(&error, &removal(&by, *id, Some(error.to_string())).await?)
        }
        Err(error) => Err(error.into()),
    }
}
