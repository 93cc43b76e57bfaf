//! Settings > Sending: whether mails go out, and the switch that stops those of the organisation.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::WebError;
use super::frame::{Frame, page, see_other};
use super::session::{Posted, SignedIn};
use super::settings::SettingsPage;
use super::sign_in::Nothing;
use crate::domain::ids::BatchId;
use crate::domain::money::grouped_count;
use crate::domain::text::{Line, is_unprintable};
use crate::store::Pause;

#[derive(Template)]
#[template(path = "settings/sending.html")]
struct SendingPage {
    frame: Frame,
    /// What stops mails, a sentence each.
    stopped: Vec<String>,
    may_resume: bool,
    may_pause: bool,
    /// Whether the installation stays stopped when the organisation goes on.
    is_held: bool,
    /// Whether other organisations go on with it.
    is_for_all: bool,
    waiting: String,
    relay: String,
}

/// `GET /settings/sending`
pub(super) async fn show(by: SignedIn) -> Result<HttpResponse, WebError> {
    let (organisation, pauses) = (by.organisation.id, &by.pauses);
    let told = |what: &str, pause: &Option<Pause>| {
        let pause = pause.as_ref()?;
        Some(format!("{what} since {}: {}", by.organisation.local(pause.since), pause.reason))
    };
    let may_resume_installation = pauses.may_resume_installation();
    let is_held = pauses.installation.is_some() && !may_resume_installation;
    let waiting = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| Ok(snapshot.waiting_mails_of(organisation)?))
        .await?;
    page(&SendingPage {
        frame: by.settings_frame(SettingsPage::Sending, "Sending"),
        stopped: [
            told("Paused", &pauses.own),
            told("All sending of this installation is paused", &pauses.installation),
        ]
        .into_iter()
        .flatten()
        .collect(),
        may_resume: pauses.own.is_some() || may_resume_installation,
        may_pause: pauses.own.is_none() && !(pauses.is_alone && pauses.installation.is_some()),
        is_held,
        is_for_all: may_resume_installation && !pauses.is_alone,
        waiting: grouped_count(waiting),
        relay: match &by.relay_down {
            _ if by.state.mail_folder.is_some() => "Mail is kept here, not delivered.".to_owned(),
            Some(down) => {
                format!("Not reachable since {}: {}", by.organisation.local(down.since), down.note)
            }
            None => "In order, as far as is known.".to_owned(),
        },
    })
}

/// Why sending is stopped.
#[derive(Deserialize)]
pub(super) struct PauseForm {
    #[serde(default)]
    reason: String,
}

/// `POST /settings/sending/pause`
pub(super) async fn pause(posted: Posted<PauseForm>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    // The command line shows it too.
    let printable = posted.form.reason.chars().filter(|character| !is_unprintable(*character));
    let given = printable.take(Line::MAX_CHARS).collect::<String>().trim().to_owned();
    let reason = if given.is_empty() { format!("{} stopped it.", by.user.name) } else { given };
    by.state.actions.pause_own(&by.user, reason).await?;
    Ok(see_other("/settings/sending"))
}

/// `POST /settings/sending/resumption`
pub(super) async fn resume(posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    by.state.actions.resume_own(&by.user).await?;
    Ok(see_other("/settings/sending"))
}

/// `POST /reminder-batches/{id}/resumption`
pub(super) async fn resume_batch(
    path: web::Path<BatchId>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    by.state.actions.resume_batch(&by.user, *path).await?;
    Ok(see_other(format!("/reminder-batches/{path}")))
}
