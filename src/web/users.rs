//! Settings > Users: who may do what in the organisation, and who is invited.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::WebError;
use super::done::{Done, Said};
use super::frame::{Frame, page, page_with};
use super::happenings::failure_in_words;
use super::session::{Posted, SignedIn};
use super::settings::SettingsPage;
use super::sign_in::Nothing;
use crate::actions::ActionError;
use crate::domain::ids::{InvitationId, UserId};
use crate::domain::person::Role;
use crate::domain::reminder::ReminderState;
use crate::store::{Invitation, Member};

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
pub(super) async fn index(by: SignedIn, said: web::Query<Said>) -> Result<HttpResponse, WebError> {
    let mut view = users_page(&by, InviteForm::default(), None).await?;
    view.frame.toast = said.toast();
    page(&view)
}

/// The page again, with why nothing was done.
async fn refused(by: &SignedIn, form: InviteForm, problem: String) -> Result<HttpResponse, WebError> {
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &users_page(by, form, Some(problem)).await?)
}

async fn users_page(by: &SignedIn, form: InviteForm, problem: Option<String>) -> Result<UsersPage, WebError> {
    let organisation = by.organisation.id;
    let (members, invitations) = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            Ok((snapshot.members(organisation)?, snapshot.invitations(organisation)?))
        })
        .await?;
    let title = if problem.is_some() { "Error: Users" } else { "Users" };
    Ok(UsersPage {
        frame: by.settings_frame(SettingsPage::Users, title),
        members: members.into_iter().map(|member| member_row(member, by)).collect(),
        invitations: invitations.into_iter().map(|invitation| invitation_row(invitation, by)).collect(),
        role: form.role.parse().unwrap_or(Role::Clerk),
        email: form.email,
        requires_two_factor: by.second_factor.is_required,
        problem,
    })
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
    let why = || failure_in_words(invitation.mail_reason.as_deref().unwrap_or_default());
    let is_over = invitation.expires_at <= by.state.actions.clock().now();
    let state = match (is_over, invitation.mail_state) {
        (true, _) => format!("Expired {until}"),
        (false, ReminderState::Failed) => format!("Not sent. {}", why()),
        (false, ReminderState::Unconfirmed) => why(),
        (false, ReminderState::Sent) if invitation.kept_here => {
            format!("Kept here, not delivered; can be accepted until {until}")
        }
        (false, ReminderState::Sent) => format!("Sent; can be accepted until {until}"),
        (false, _) => "The mail is on its way".to_owned(),
    };
    InvitationRow { id: invitation.id, email: invitation.email.to_string(), role: invitation.role, state }
}

/// Back to the page, which says what was done, or why nothing was.
async fn told(
    by: &SignedIn,
    form: InviteForm,
    what: Done,
    done: Result<(), ActionError>,
) -> Result<HttpResponse, WebError> {
    match done {
        Ok(()) => Ok(what.on(SettingsPage::Users)),
        Err(ActionError::Refused(why)) => refused(by, form, why).await,
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
            return refused(&by, form, problem).await;
        }
    };
    let invited = by.state.actions.invite(&by.user, email, role(&form.role)?, &by.state.base_url).await;
    told(&by, form, Done::Invited, invited).await
}

/// `POST /settings/invitations/{id}/resending`
pub(super) async fn resend(
    id: web::Path<InvitationId>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let sent = by.state.actions.resend_invitation(&by.user, *id, &by.state.base_url).await;
    told(&by, InviteForm::default(), Done::InvitedAgain, sent).await
}

/// `POST /settings/invitations/{id}/withdrawal`
pub(super) async fn withdraw(
    id: web::Path<InvitationId>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let withdrawn = by.state.actions.withdraw_invitation(&by.user, *id).await;
    told(&by, InviteForm::default(), Done::Withdrawn, withdrawn).await
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
    Ok(Done::Saved.on(SettingsPage::Users))
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
    of_member(&by, *id, Done::Saved, changed).await
}

/// `POST /settings/users/{id}/disabling`
pub(super) async fn disable(
    id: web::Path<UserId>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let disabled = by.state.actions.disable_user(&by.user, *id).await;
    of_member(&by, *id, Done::Disabled, disabled).await
}

/// `POST /settings/users/{id}/enabling`
pub(super) async fn enable(id: web::Path<UserId>, posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let enabled = by.state.actions.enable_user(&by.user, *id).await;
    of_member(&by, *id, Done::Enabled, enabled).await
}

/// As [`told`]; who changed what they are themselves may not see the page any more.
async fn of_member(
    by: &SignedIn,
    id: UserId,
    what: Done,
    done: Result<(), ActionError>,
) -> Result<HttpResponse, WebError> {
    if done.is_ok() && id == by.user.id {
        return Ok(what.on(SettingsPage::Profile));
    }
    told(by, InviteForm::default(), what, done).await
}

fn role(word: &str) -> Result<Role, WebError> {
    word.parse()
        .map_err(|_| WebError::BadRequest("There is no such role. Go back and choose one.".to_owned()))
}
