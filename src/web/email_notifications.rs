//! Automations > Email notifications: the list of texts; the editor, its preview and its history are in files beside.

pub(super) mod editor;
pub(super) mod history;
mod page;
pub(super) mod preview;

use actix_web::HttpResponse;
use askama::Template;

use super::WebError;
use super::frame::{self, Frame, Section};
use super::session::SignedIn;
use crate::domain::email::{BuiltIn, TemplateText};
use crate::domain::organisation::Organisation;
use crate::domain::person::Permission;
use crate::store::{EmailTemplate, InvoiceRow, SavedText, StoreError};

/// The list.
#[derive(Template)]
#[template(path = "email_notifications/index.html")]
struct ListPage {
    frame: Frame,
    may_edit: bool,
    rows: Vec<ListRow>,
}

struct ListRow {
    built_in: BuiltIn,
    state: &'static str,
    draft: Option<String>,
    edited: String,
}

/// `GET /automations/email-notifications`
pub(super) async fn index(by: SignedIn) -> Result<HttpResponse, WebError> {
    let organisation = by.organisation.id;
    let templates =
        by.state.reader.read::<_, StoreError>(move |snapshot| snapshot.email_templates(organisation)).await?;
    let row = |built_in: BuiltIn| {
        let template = templates.iter().find(|template| template.slug == built_in.slug)?;
        Some(ListRow {
            built_in,
            state: state_of(template, built_in, &by.organisation),
            draft: template.draft.as_ref().map(|draft| saved_line(&draft.by, draft.at, &by.organisation)),
            edited: saved_by(&template.current, &by.organisation),
        })
    };
    frame::page(&ListPage {
        frame: by.frame(Section::EmailNotifications, "Email notifications"),
        may_edit: by.user.may(Permission::EditTemplates),
        rows: BuiltIn::ALL.into_iter().filter_map(row).collect(),
    })
}

fn state_of(template: &EmailTemplate, built_in: BuiltIn, of: &Organisation) -> &'static str {
    if template.current.version.text() == built_in.text(of.language) { "Default" } else { "Customised" }
}

fn saved_by(saved: &SavedText, organisation: &Organisation) -> String {
    saved_line(&saved.by, saved.version.created_at, organisation)
}

fn saved_line(by: &str, at: chrono::DateTime<chrono::Utc>, organisation: &Organisation) -> String {
    format!("{by}, {}", organisation.local(at))
}

/// What a page about one text stands on.
struct Desk {
    by: SignedIn,
    built_in: BuiltIn,
    template: EmailTemplate,
    /// What the preview can be shown with.
    invoices: Vec<InvoiceRow>,
}

/// How many invoices the preview offers.
const INVOICES_OFFERED: u32 = 20;

impl Desk {
    async fn open(by: SignedIn, slug: &str) -> Result<Self, WebError> {
        let built_in = BuiltIn::of_slug(slug).ok_or(WebError::NotFound)?;
        let organisation = by.organisation.id;
        let (template, invoices) = by
            .state
            .reader
            .read::<_, WebError>(move |snapshot| {
                let template = snapshot.email_template(organisation, built_in.slug)?;
                let template = template.ok_or(WebError::NotFound)?;
                Ok((template, snapshot.preview_invoices(organisation, INVOICES_OFFERED)?))
            })
            .await?;
        Ok(Self { by, built_in, template, invoices })
    }

    /// The text that an editor goes on with: the draft, else what is sent.
    fn text(&self) -> TemplateText {
        match &self.template.draft {
            Some(draft) => draft.text.clone(),
            None => self.template.current.version.text(),
        }
    }

    fn href(&self, rest: &str) -> String {
        format!("/automations/email-notifications/{}{rest}", self.built_in.slug)
    }

    fn frame(&self, title: &str) -> Frame {
        self.by.frame(Section::EmailNotifications, title)
    }
}
