//! A text's history: every version, what differs from the one that is sent, and bringing one back.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{Desk, saved_by};
use crate::actions::EditRefused;
use crate::domain::email::{BuiltIn, Compared, TemplateText, VersionOrigin, compare};
use crate::domain::person::Permission;
use crate::store::{SavedText, StoreError};
use crate::web::WebError;
use crate::web::frame::{Frame, page, see_other};
use crate::web::session::{Posted, SignedIn};

struct VersionLine {
    number: u32,
    origin: &'static str,
    saved: String,
    subject: String,
    is_current: bool,
}

struct Comparison {
    number: u32,
    former: TemplateText,
    current: TemplateText,
}

impl Comparison {
    fn subject(&self) -> Vec<Compared<'_>> {
        compare(&self.former.subject, &self.current.subject)
    }

    fn message(&self) -> Vec<Compared<'_>> {
        compare(&self.former.message, &self.current.message)
    }
}

#[derive(Template)]
#[template(path = "email_notifications/history.html")]
struct HistoryPage {
    frame: Frame,
    built_in: BuiltIn,
    href: String,
    may_edit: bool,
    basis: String,
    number: u32,
    versions: Vec<VersionLine>,
    comparison: Option<Comparison>,
}

/// Which version to compare.
#[derive(Deserialize)]
pub struct Choice {
    compare: Option<u32>,
}

fn origin(origin: VersionOrigin) -> &'static str {
    match origin {
        VersionOrigin::BuiltIn => "Came with Dunlin",
        VersionOrigin::Edited => "Edited",
        VersionOrigin::Reset => "Reset to default",
        VersionOrigin::Restored => "Restored",
    }
}

/// `GET .../history`
pub async fn show(
    by: SignedIn,
    slug: web::Path<String>,
    choice: web::Query<Choice>,
) -> Result<HttpResponse, WebError> {
    let desk = Desk::open(by, &slug).await?;
    let id = desk.template.id;
    let history =
        desk.by.state.reader.read::<_, StoreError>(move |snapshot| snapshot.template_history(id)).await?;
    let current = &desk.template.current.version;
    let line = |saved: &SavedText| VersionLine {
        number: saved.version.number,
        origin: origin(saved.version.origin),
        saved: saved_by(saved, &desk.by.organisation),
        subject: saved.version.subject.clone(),
        is_current: saved.version.id == current.id,
    };
    let compared = history.iter().find(|saved| Some(saved.version.number) == choice.compare);
    page(&HistoryPage {
        frame: desk.frame(&format!("History of {}", desk.built_in.name)),
        built_in: desk.built_in,
        href: desk.href(""),
        may_edit: desk.by.user.may(Permission::EditTemplates),
        basis: desk.template.basis().to_string(),
        number: current.number,
        versions: history.iter().map(line).collect(),
        comparison: compared.map(|saved| Comparison {
            number: saved.version.number,
            former: saved.version.text(),
            current: current.text(),
        }),
    })
}

/// Which version to bring back.
#[derive(Deserialize)]
pub struct Restoration {
    version: u32,
    basis: String,
}

/// `POST .../restorations`: "Restore version 2".
pub async fn restore(slug: web::Path<String>, posted: Posted<Restoration>) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let built_in = BuiltIn::of_slug(&slug).ok_or(WebError::NotFound)?;
    let seen = form.basis.parse().map_err(|_| WebError::NotFound)?;
    match by.state.actions.restore_template(&by.user, built_in, seen, form.version).await {
        Ok(_) => Ok(see_other(format!("/automations/email-notifications/{}?done=restored", built_in.slug))),
        Err(meanwhile @ EditRefused::Meanwhile(_)) => {
            Err(WebError::Refused(format!("{meanwhile} Open the history anew to see it.")))
        }
        Err(EditRefused::Other(error)) => Err(error.into()),
        Err(problems @ EditRefused::Problems(_)) => Err(WebError::Refused(problems.to_string())),
    }
}
