//! Settings > Organisation: the logo in its mails, put there, shown and taken away.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_SECURITY_POLICY;

use super::forms::Shown;
use super::{SettingsPage, organisation};
use crate::domain::logo::{Logo, LogoError, MAX_BYTES};
use crate::domain::organisation::Organisation;
use crate::domain::person::Actor;
use crate::web::WebError;
use crate::web::done::Done;
use crate::web::session::{Posted, SignedIn};
use crate::web::sign_in::Nothing;
use crate::web::upload::Upload;

/// `GET /settings/organisation/logo`: the picture, which is never taken for anything else.
pub async fn show(by: SignedIn) -> Result<HttpResponse, WebError> {
    let id = by.organisation.logo.ok_or(WebError::NotFound)?;
    let logo = by.state.reader.read::<_, WebError>(move |snapshot| Ok(snapshot.logo(id)?)).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("Content-Type", logo.picture.media_type()))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .body(logo.content))
}

/// `POST /settings/organisation/logo`
pub async fn update(upload: Upload<MAX_BYTES>) -> Result<HttpResponse, WebError> {
    let Upload { by, content, .. } = upload;
    let read = match content {
        None => Err(LogoError::TooLarge.to_string()),
        Some(empty) if empty.is_empty() => Err("No file was chosen. Choose a picture first.".to_owned()),
        Some(content) => Logo::read(by.state.ids.next(), &content).map_err(|error| error.to_string()),
    };
    match read {
        Ok(logo) => {
            by.state.actions.set_logo(&by.user.principal(), logo).await?;
            Ok(Done::Saved.on(SettingsPage::Organisation))
        }
        Err(sentence) => {
            let mut shown = Shown::of(&by.organisation);
            shown.problems.tell("file", sentence);
            organisation::page(&by, shown, None)
        }
    }
}

/// `POST /settings/organisation/logo/removal`
pub async fn remove(posted: Posted<Nothing>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    let change = |was| Ok(Organisation { logo: None, ..was });
    let (actor, organisation) = (Actor::User(by.user.id), by.organisation.id);
    by.state.actions.change_organisation(actor, organisation, change).await?;
    Ok(Done::Saved.on(SettingsPage::Organisation))
}
