//! Settings > Mail server: where mails go, and a test mail to oneself with what became of it in plain words.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::SettingsPage;
use super::test_mail::Told;
use crate::actions::ActionError;
use crate::domain::ids::ReminderId;
use crate::domain::mail_target::{MailTarget, Security};
use crate::web::WebError;
use crate::web::frame::{self, Frame, see_other};
use crate::web::session::{Posted, SignedIn, is_htmx};
use crate::web::sign_in::Nothing;

#[derive(Template)]
#[template(path = "settings/mail_server.html", blocks = ["outcome"])]
struct MailServerPage {
    frame: Frame,
    facts: Vec<(&'static str, String)>,
    warning: Option<&'static str>,
    down: Option<Told>,
    address: String,
    test: Option<Told>,
    problem: Option<String>,
}

/// The test mail that is looked at.
#[derive(Default, Deserialize)]
pub struct Query {
    test: Option<ReminderId>,
}

/// `GET /settings/mail-server`
pub async fn show(
    by: SignedIn,
    request: HttpRequest,
    query: web::Query<Query>,
) -> Result<HttpResponse, WebError> {
    let page = page(&by, query.test, None).await?;
    if is_htmx(&request) { frame::page(&page.as_outcome()) } else { frame::page(&page) }
}

/// `POST /settings/mail-server/test-mails`
pub async fn send_test(posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    match by.state.actions.try_mail_server(&by.user).await {
        Ok(id) => Ok(see_other(format!("{}?test={id}", SettingsPage::MailServer.href()))),
        Err(ActionError::Refused(why)) => {
            frame::page_with(StatusCode::UNPROCESSABLE_ENTITY, &page(&by, None, Some(why)).await?)
        }
        Err(error) => Err(error.into()),
    }
}

async fn page(
    by: &SignedIn,
    test: Option<ReminderId>,
    problem: Option<String>,
) -> Result<MailServerPage, WebError> {
    let test = match test {
        Some(id) => Some(Told::of_mail(by, id).await?),
        None => None,
    };
    let title = if problem.is_some() { "Error: Mail server" } else { "Mail server" };
    Ok(MailServerPage {
        frame: by.settings_frame(SettingsPage::MailServer, title),
        facts: facts(by),
        warning: warning(&by.state.mail),
        down: Told::of_mail_server(by).filter(|_| test.is_none()),
        address: by.user.email.to_string(),
        test,
        problem,
    })
}

/// What is configured. The password is not shown to anybody.
fn facts(by: &SignedIn) -> Vec<(&'static str, String)> {
    let server = match (&by.state.mail, &by.state.mail_folder) {
        (MailTarget::Smtp(server), _) => server,
        (MailTarget::Capture, folder) => {
            let folder = folder.as_ref().map_or_else(String::new, |folder| folder.display().to_string());
            return vec![("Where to", "Into files, to nobody".to_owned()), ("Folder", folder)];
        }
    };
    let security = match server.security {
        Security::Tls => "TLS from the first byte",
        Security::StartTls => "STARTTLS; without it nothing is sent",
        Security::Plain if server.is_loopback() => "None: it is on this machine",
        Security::Plain => "None",
    };
    let user = match &server.credentials {
        Some((user, _)) => format!("{user}, with a password"),
        None => "Nobody: without a password".to_owned(),
    };
    vec![
        ("Where to", format!("{}, port {}", server.host, server.port)),
        ("Encryption", security.to_owned()),
        ("Signs in as", user),
    ]
}

fn warning(target: &MailTarget) -> Option<&'static str> {
    target.is_readable_on_the_way().then_some(
        "Mails travel unencrypted, where others can read them, and so does a password. Take ?tls=none out of \
         DUNLIN_MAIL_URL.",
    )
}
