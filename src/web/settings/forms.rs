//! What the forms of the organisation's settings have in common: they carry what was shown, so that nobody overwrites what
//! they have not seen, and they say at each field what is wrong or was changed meanwhile.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::actions::ChangeRefused;
use crate::domain::organisation::Organisation;
use crate::domain::person::Actor;
use crate::web::WebError;
use crate::web::frame::{Frame, page_with};
use crate::web::problems::Problems;
use crate::web::session::SignedIn;

/// Some fields of an organisation, as a person writes them.
pub trait OrganisationFields: Clone + Default + Serialize + DeserializeOwned + Send + 'static {
    /// As they are now.
    fn of(organisation: &Organisation) -> Self;

    /// What puts them over an organisation.
    fn read(&self) -> Result<impl FnOnce(Organisation) -> Organisation + Send + 'static, Problems>;

    /// Each with its name, its label and its text.
    fn each(&mut self) -> Vec<(&'static str, &'static str, &mut String)>;

    /// What somebody else changed since `seen` was shown. Who has not touched a field keeps what is there now.
    fn compared(&mut self, mut seen: Self, mut now: Self) -> Problems {
        let mut problems = Problems::default();
        let fields = self.each().into_iter().zip(seen.each()).zip(now.each());
        for (((field, label, typed), (.., seen)), (.., now)) in fields {
            // A browser sends line breaks as CR LF.
            let sent = typed.replace("\r\n", "\n");
            if seen == now || sent == *now {
                continue;
            }
            let is = match now.as_str() {
                "" => "emptied".to_owned(),
                now => format!("changed to \u{201c}{now}\u{201d}"),
            };
            let what_to_do = if sent == *seen { "keep that" } else { "put yours in its place" };
            if sent == *seen {
                typed.clone_from(now);
            }
            problems.tell_of(field, label, format!("it was {is} meanwhile. Save again to {what_to_do}"));
        }
        problems
    }
}

/// A form that was sent: what was typed, and what had been shown.
#[derive(Deserialize)]
pub struct Edited<F> {
    #[serde(default)]
    seen: String,
    #[serde(flatten)]
    typed: F,
}

/// A form as a page shows it.
pub(super) struct Shown<F> {
    /// What is there now, as the form carries it.
    pub(super) seen: String,
    /// What stands in the fields.
    pub(super) typed: F,
    /// What is wrong.
    pub(super) problems: Problems,
}

impl<F: OrganisationFields> Shown<F> {
    /// As it is before anybody types.
    pub(super) fn of(organisation: &Organisation) -> Self {
        Self::new(&F::of(organisation), F::of(organisation), Problems::default())
    }

    fn new(seen: &F, typed: F, problems: Problems) -> Self {
        Self { seen: serde_html_form::to_string(seen).unwrap_or_default(), typed, problems }
    }
}

impl<F: OrganisationFields> Edited<F> {
    /// Saves what was typed; or the form with what is in the way.
    pub(super) async fn save(mut self, by: &SignedIn) -> Result<Option<Shown<F>>, WebError> {
        let seen: F = serde_html_form::from_str(&self.seen).unwrap_or_default();
        let edit = match self.typed.read() {
            Ok(edit) => edit,
            Err(problems) => return Ok(Some(Shown::new(&seen, self.typed, problems))),
        };
        let (mut typed, shown) = (self.typed.clone(), seen.clone());
        let change = move |was: Organisation| match typed.compared(shown, F::of(&was)).is_empty() {
            true => Ok(edit(was)),
            false => Err(ChangeRefused::Meanwhile(Box::new(was))),
        };
        let actor = Actor::User(by.user.id);
        match by.state.actions.change_organisation(actor, by.organisation.id, change).await {
            Ok(()) => Ok(None),
            Err(ChangeRefused::Meanwhile(now)) => {
                let problems = self.typed.compared(seen, F::of(&now));
                Ok(Some(Shown::new(&F::of(&now), self.typed, problems)))
            }
            Err(ChangeRefused::Other(error)) => Err(error.into()),
        }
    }
}

/// A page with a form; with problems it is an answer to what was sent.
pub(super) fn form_page<T: Template>(
    mut frame: Frame,
    has_problems: bool,
    page: impl FnOnce(Frame) -> T,
) -> Result<HttpResponse, WebError> {
    if !has_problems {
        return page_with(StatusCode::OK, &page(frame));
    }
    frame.title.insert_str(0, "Error: ");
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &page(frame))
}
