//! Settings > Sender: who the organisation's mails come from, and where answers go.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::SettingsPage;
use super::forms::{Edited, OrganisationFields, Shown, form_page};
use crate::domain::organisation::{Organisation, Sender};
use crate::web::WebError;
use crate::web::done::{Done, Said};
use crate::web::frame::Frame;
use crate::web::problems::Problems;
use crate::web::session::{Posted, SignedIn};

/// A sender as a person writes it; what is empty has its default.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SenderForm {
    sender_name: String,
    from: String,
    reply_to: String,
    footer: String,
}

impl OrganisationFields for SenderForm {
    fn of(organisation: &Organisation) -> Self {
        fn text(value: Option<&impl ToString>) -> String {
            value.map_or_else(String::new, ToString::to_string)
        }
        Self {
            sender_name: text(organisation.sender_name.as_ref()),
            from: text(organisation.from.as_ref()),
            reply_to: text(organisation.reply_to.as_ref()),
            footer: text(organisation.footer.as_ref()),
        }
    }

    fn read(&self) -> Result<impl FnOnce(Organisation) -> Organisation + Send + 'static, Problems> {
        let mut problems = Problems::default();
        let name = problems.read_optional("sender_name", "Name", &self.sender_name);
        let from = problems.read_optional("from", "From", &self.from);
        let reply_to = problems.read_optional("reply_to", "Reply-To", &self.reply_to);
        let footer = problems.read_optional("footer", "Footer", &self.footer);
        let (Some(sender_name), Some(from), Some(reply_to), Some(footer)) = (name, from, reply_to, footer)
        else {
            return Err(problems);
        };
        Ok(move |was| Organisation { sender_name, from, reply_to, footer, ..was })
    }

    fn each(&mut self) -> Vec<(&'static str, &'static str, &mut String)> {
        vec![
            ("sender_name", "Name", &mut self.sender_name),
            ("from", "From", &mut self.from),
            ("reply_to", "Reply-To", &mut self.reply_to),
            ("footer", "Footer", &mut self.footer),
        ]
    }
}

#[derive(Template)]
#[template(path = "settings/sender.html")]
struct SenderPage {
    frame: Frame,
    seen: String,
    form: SenderForm,
    problems: Problems,
    /// Who mails come from as it is; or why nothing can be sent.
    now: Result<Sender, String>,
    name_hint: String,
    from_hint: String,
}

/// `GET /settings/sender`
pub async fn show(by: SignedIn, said: web::Query<Said>) -> Result<HttpResponse, WebError> {
    page(&by, Shown::of(&by.organisation), said.toast())
}

/// `POST /settings/sender`
pub async fn update(posted: Posted<Edited<SenderForm>>) -> Result<HttpResponse, WebError> {
    match posted.form.save(&posted.by).await? {
        None => Ok(Done::Saved.on(SettingsPage::Sender)),
        Some(refused) => page(&posted.by, refused, None),
    }
}

fn page(by: &SignedIn, shown: Shown<SenderForm>, toast: Option<String>) -> Result<HttpResponse, WebError> {
    let Shown { seen, typed: form, problems } = shown;
    let settings = by.state.actions.settings();
    let now = settings.sender_of(&by.organisation).map_err(|error| error.to_string());
    let from_hint = settings
        .default_from
        .as_ref()
        .map_or_else(|| "Without it no mail can be sent.".to_owned(), |address| format!("Empty: {address}."));
    let name_hint = format!("Empty: the organisation\u{2019}s name, {}.", by.organisation.name);
    let frame = Frame { toast, ..by.settings_frame(SettingsPage::Sender, "Sender") };
    form_page(frame, !problems.is_empty(), |frame| SenderPage {
        frame,
        seen,
        form,
        problems,
        now,
        name_hint,
        from_hint,
    })
}
