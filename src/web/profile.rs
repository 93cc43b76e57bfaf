//! Settings > Profile: what people change of their own account, and where they are signed in.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::WebError;
use super::done::{Done, Said};
use super::frame::{Frame, page, page_with};
use super::problems::Problems;
use super::session::{Posted, SignedIn};
use super::settings::SettingsPage;
use super::sign_in::refused;
use crate::actions::ActionError;
use crate::store::Sessions;

struct SessionRow {
    handle: String,
    device: String,
    began: String,
    seen: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "settings/profile.html")]
struct ProfilePage {
    frame: Frame,
    typed_name: String,
    has_second_factor: bool,
    sessions: Vec<SessionRow>,
    problems: Problems,
}

impl ProfilePage {
    async fn of(by: &SignedIn, typed_name: String, problems: Problems) -> Result<Self, WebError> {
        let title = if problems.is_empty() { "Profile" } else { "Error: Profile" };
        let local = |at| by.organisation.local(at);
        let sessions = by.state.actions.sessions_of(&by.user).await?.into_iter();
        let sessions = sessions.map(|session| SessionRow {
            is_current: session.handle == by.session,
            handle: session.handle,
            device: session.device,
            began: local(session.created_at),
            seen: local(session.seen_at),
        });
        Ok(Self {
            frame: by.settings_frame(SettingsPage::Profile, title),
            typed_name,
            has_second_factor: by.second_factor.is_on,
            sessions: sessions.collect(),
            problems,
        })
    }
}

/// `GET /settings/profile`
pub(super) async fn show(by: SignedIn, said: web::Query<Said>) -> Result<HttpResponse, WebError> {
    let name = by.user.name.to_string();
    let mut view = ProfilePage::of(&by, name, Problems::default()).await?;
    view.frame.toast = said.toast();
    page(&view)
}

/// How the person is called.
#[derive(Deserialize)]
pub(super) struct NameForm {
    #[serde(default)]
    name: String,
}

/// `POST /settings/profile/name`
pub(super) async fn rename(posted: Posted<NameForm>) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    match form.name.parse() {
        Ok(name) => {
            by.state.actions.rename_user(&by.user, name).await?;
            Ok(Done::Saved.on(SettingsPage::Profile))
        }
        Err(error) => {
            let mut problems = Problems::default();
            problems.tell_of("name", "Name", error);
            let view = ProfilePage::of(&by, form.name, problems).await?;
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &view)
        }
    }
}

/// The password that is, and the one that is to be.
#[derive(Deserialize)]
pub(super) struct PasswordForm {
    #[serde(default)]
    current: String,
    #[serde(default)]
    password: String,
}

/// `POST /settings/profile/password`
pub(super) async fn change_password(posted: Posted<PasswordForm>) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let mut problems = Problems::default();
    let changed = match form.password.parse() {
        Ok(_) if form.password == form.current => {
            problems.tell("password", "This is the password that you have. Choose another.");
            Err(ActionError::Refused(String::new()))
        }
        Ok(new) => by.state.actions.change_password(&by.user, form.current, new, &by.session).await,
        Err(error) => {
            problems.tell_of("password", "New password", error);
            Err(ActionError::Refused(String::new()))
        }
    };
    match changed {
        Ok(()) => Ok(Done::PasswordChanged.on(SettingsPage::Profile)),
        Err(error @ (ActionError::Refused(_) | ActionError::Throttled(_))) => {
            if problems.is_empty() {
                problems.tell("current", &error);
            }
            refused(&error, &ProfilePage::of(&by, by.user.name.to_string(), problems).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Which sessions are to end.
#[derive(Deserialize)]
pub(super) struct SessionsForm {
    /// One of them; without it all others.
    session: Option<String>,
}

/// `POST /settings/profile/ended-sessions`
pub(super) async fn end_sessions(posted: Posted<SessionsForm>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let which = match posted.form.session {
        Some(handle) => Sessions::One(handle),
        None => Sessions::AllBut(by.session.clone()),
    };
    by.state.actions.end_sessions(&by.user, which).await?;
    Ok(Done::SessionsEnded.on(SettingsPage::Profile))
}
