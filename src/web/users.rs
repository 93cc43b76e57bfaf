//! Settings > Users: who may do what in the organisation, and who is invited.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::WebError;
use super::frame::{Frame, page_with, see_other};
use super::session::{Posted, SignedIn};
use super::settings::SettingsPage;
use super::sign_in::Nothing;
use crate::actions::ActionError;
use crate::domain::ids::{InvitationId, UserId};
use crate::domain::person::Role;
use crate::domain::reminder::ReminderState;
use crate::store::{Invitation, Member};

pub(super) const HERE: &str = "/settings/users";

struct MemberRow {
    id: UserId,
    name: String,
    email: String,
    role: Role,
    signed_in: String,
    disabled: Option<String>,
    has_second_factor: bool,
    is_self: bool,
}

struct InvitationRow {
    id: InvitationId,
    email: String,
    role: Role,
    state: String,
}

#[derive(Template)]
#[template(path = "settings/users.html")]
struct UsersPage {
    frame: Frame,
    members: Vec<MemberRow>,
    invitations: Vec<InvitationRow>,
    email: String,
    role: Role,
    requires_two_factor: bool,
    problem: Option<String>,
}

/// `GET /settings/users`
pub(super) async fn index(by: SignedIn) -> Result<HttpResponse, WebError> {
    shown(&by, InviteForm::default(), None).await
}

async fn shown(by: &SignedIn, form: InviteForm, problem: Option<String>) -> Result<HttpResponse, WebError> {
    let organisation = by.organisation.id;
    let (members, invitations) = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            Ok((snapshot.members(organisation)?, snapshot.invitations(organisation)?))
        })
        .await?;
    let (status, title) = match &problem {
        Some(_) => (StatusCode::UNPROCESSABLE_ENTITY, "Error: Users"),
        None => (StatusCode::OK, "Users"),
    };
    let view = UsersPage {
        frame: by.settings_frame(SettingsPage::Users, title),
        members: members.into_iter().map(|member| member_row(member, by)).collect(),
        invitations: invitations.into_iter().map(|invitation| invitation_row(invitation, by)).collect(),
        role: form.role.parse().unwrap_or(Role::Clerk),
        email: form.email,
        requires_two_factor: by.second_factor.is_required,
        problem,
    };
    page_with(status, &view)
}

fn member_row(member: Member, by: &SignedIn) -> MemberRow {
    let local = |at| by.organisation.local(at);
    MemberRow {
        is_self: member.id == by.user.id,
        id: member.id,
        name: member.name.to_string(),
        email: member.email.to_string(),
        role: member.role,
        signed_in: member.entered_at.map_or_else(|| "Never".to_owned(), local),
        disabled: member.disabled_at.map(local),
        has_second_factor: member.has_second_factor,
    }
}

fn invitation_row(invitation: Invitation, by: &SignedIn) -> InvitationRow {
    let until = by.organisation.local(invitation.expires_at);
    let is_over = invitation.expires_at <= by.state.actions.clock().now();
    let state = match (is_over, invitation.mail_state) {
        (true, _) => format!("Expired {until}"),
        (false, ReminderState::Failed | ReminderState::Unconfirmed) => {
            format!("The mail may not have arrived: {}", invitation.mail_reason.unwrap_or_default())
        }
        (false, ReminderState::Sent) => format!("Sent; can be accepted until {until}"),
        (false, _) => "The mail is on its way".to_owned(),
    };
    InvitationRow { id: invitation.id, email: invitation.email.to_string(), role: invitation.role, state }
}

/// Back to the page, with why nothing was done if nothing was.
async fn done(
    by: &SignedIn,
    form: InviteForm,
    done: Result<(), ActionError>,
) -> Result<HttpResponse, WebError> {
    match done {
        Ok(()) => Ok(see_other(HERE)),
        Err(ActionError::Refused(why)) => shown(by, form, Some(why)).await,
        Err(error) => Err(error.into()),
    }
}

/// Who is invited.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct InviteForm {
    email: String,
    role: String,
}

/// `POST /settings/invitations`
pub(super) async fn invite(posted: Posted<InviteForm>) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let email = match form.email.parse() {
        Ok(email) => email,
        Err(error) => {
            let problem = format!("Email: {error}.");
            return shown(&by, form, Some(problem)).await;
        }
    };
    let invited = by.state.actions.invite(&by.user, email, role(&form.role)?, &by.state.base_url).await;
    done(&by, form, invited).await
}

/// `POST /settings/invitations/{id}/resending`
pub(super) async fn resend(
    id: web::Path<InvitationId>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let sent = by.state.actions.resend_invitation(&by.user, *id, &by.state.base_url).await;
    done(&by, InviteForm::default(), sent).await
}

/// `POST /settings/invitations/{id}/withdrawal`
pub(super) async fn withdraw(
    id: web::Path<InvitationId>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let withdrawn = by.state.actions.withdraw_invitation(&by.user, *id).await;
    done(&by, InviteForm::default(), withdrawn).await
}

/// Whether everybody needs a second factor.
#[derive(Deserialize)]
pub(super) struct TwoFactorForm {
    required: bool,
}

/// `POST /settings/two-factor`
pub(super) async fn require_two_factor(posted: Posted<TwoFactorForm>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    by.state.actions.require_two_factor(&by.user, posted.form.required).await?;
    Ok(see_other(HERE))
}

/// What somebody is to be.
#[derive(Deserialize)]
pub(super) struct RoleForm {
    role: String,
}

/// `POST /settings/users/{id}/role`
pub(super) async fn change_role(
    id: web::Path<UserId>,
    posted: Posted<RoleForm>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let changed = by.state.actions.change_role(&by.user, *id, role(&posted.form.role)?).await;
    done(&by, InviteForm::default(), changed).await
}

/// `POST /settings/users/{id}/disabling`
pub(super) async fn disable(
    id: web::Path<UserId>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let disabled = by.state.actions.disable_user(&by.user, *id).await;
    done(&by, InviteForm::default(), disabled).await
}

/// `POST /settings/users/{id}/enabling`
pub(super) async fn enable(id: web::Path<UserId>, posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let enabled = by.state.actions.enable_user(&by.user, *id).await;
    done(&by, InviteForm::default(), enabled).await
}

fn role(word: &str) -> Result<Role, WebError> {
    word.parse()
        .map_err(|_| WebError::BadRequest("There is no such role. Go back and choose one.".to_owned()))
}
