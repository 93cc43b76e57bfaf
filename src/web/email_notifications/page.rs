//! The editor's page: its form, and what it shows beside it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::preview::{Preview, shown_with};
use super::{Desk, saved_by, saved_line, state_of};
use crate::actions::ShownWith;
use crate::domain::email::{
    Basis, BuiltIn, Compared, MergeField, Part, TemplateProblem, TemplateText, compare,
};
use crate::domain::organisation::day_in_words;
use crate::domain::person::Permission;
use crate::store::EmailTemplate;
use crate::web::WebError;
use crate::web::frame::{Frame, page_with};

/// The editor's form.
#[derive(Deserialize)]
pub struct EditForm {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    pub(super) basis: String,
    /// An invoice's id, or empty for the sample.
    #[serde(default)]
    with: String,
    /// The last text without a problem that the preview showed.
    #[serde(default)]
    pub(super) good: String,
}

impl EditForm {
    /// What was typed; browsers send line breaks as CR LF.
    pub(super) fn text(&self) -> TemplateText {
        TemplateText {
            subject: self.subject.trim().to_owned(),
            message: self.message.replace("\r\n", "\n").replace('\r', "\n"),
        }
    }

    /// The invoice to show it with, if it can be one.
    pub(super) fn with(&self) -> &str {
        match shown_with(&self.with) {
            ShownWith::Invoice(_) => &self.with,
            ShownWith::Sample => "",
        }
    }

    pub(super) fn basis(&self) -> Result<Basis, WebError> {
        self.basis.parse().map_err(|_| {
            WebError::BadRequest(
                "The form does not say which text it was made from. Open the text anew.".to_owned(),
            )
        })
    }
}

/// A problem with the link that leads to its place.
pub(super) struct ProblemLine {
    field: &'static str,
    line: usize,
    column: usize,
    sentence: String,
}

impl From<&TemplateProblem> for ProblemLine {
    fn from(problem: &TemplateProblem) -> Self {
        let field = match problem.part {
            Part::Subject => "subject",
            Part::Message => "message",
        };
        Self { field, line: problem.line, column: problem.column, sentence: problem.to_string() }
    }
}

/// What somebody else saved while this text was edited.
pub(super) struct Theirs {
    saved: String,
    is_draft: bool,
    text: TemplateText,
}

impl Theirs {
    pub(super) fn of(template: &EmailTemplate, desk: &Desk) -> Self {
        let organisation = &desk.by.organisation;
        match &template.draft {
            Some(draft) => Self {
                saved: saved_line(&draft.by, draft.at, organisation),
                is_draft: true,
                text: draft.text.clone(),
            },
            None => Self {
                saved: saved_by(&template.current, organisation),
                is_draft: false,
                text: template.current.version.text(),
            },
        }
    }

    /// From their message to the one that was typed here.
    fn compared<'a>(&'a self, typed: &'a str) -> Vec<Compared<'a>> {
        compare(&self.text.message, typed)
    }
}

struct InvoiceOption {
    id: String,
    label: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "email_notifications/editor.html", blocks = ["preview"])]
pub(super) struct EditorPage {
    pub(super) frame: Frame,
    built_in: BuiltIn,
    href: String,
    state: &'static str,
    sent: String,
    number: u32,
    draft: Option<String>,
    may_edit: bool,
    pub(super) basis: String,
    text: TemplateText,
    pub(super) problems: Vec<ProblemLine>,
    pub(super) refusal: Option<String>,
    pub(super) theirs: Option<Theirs>,
    pub(super) preview: Preview,
    options: Vec<InvoiceOption>,
    fields: &'static [MergeField],
}

impl EditorPage {
    pub(super) fn new(desk: &Desk, text: TemplateText, preview: Preview, with: &str) -> Self {
        let organisation = &desk.by.organisation;
        let options = desk.invoices.iter().map(|row| {
            let (id, invoice) = (row.invoice.id.to_string(), &row.invoice);
            let is_chosen = id == with;
            let due = day_in_words(invoice.due_on);
            InvoiceOption {
                id,
                label: format!("{}, {}, due {due}", invoice.number, row.customer_name),
                is_chosen,
            }
        });
        Self {
            frame: desk.frame(desk.built_in.name),
            built_in: desk.built_in,
            href: desk.href(""),
            state: state_of(&desk.template, desk.built_in, &desk.by.organisation),
            sent: saved_by(&desk.template.current, organisation),
            number: desk.template.current.version.number,
            draft: desk.template.draft.as_ref().map(|draft| saved_line(&draft.by, draft.at, organisation)),
            may_edit: desk.by.user.may(Permission::EditTemplates),
            basis: desk.template.basis().to_string(),
            text,
            problems: Vec::new(),
            refusal: None,
            theirs: None,
            preview,
            options: options.collect(),
            fields: MergeField::ALL,
        }
    }

    fn is_error(&self) -> bool {
        !self.problems.is_empty() || self.refusal.is_some() || self.theirs.is_some()
    }

    fn problem_of(&self, field: &str) -> Option<&ProblemLine> {
        self.problems.iter().find(|problem| problem.field == field)
    }

    pub(super) fn render_as_page(mut self) -> Result<HttpResponse, WebError> {
        let status = match (self.is_error(), self.theirs.is_some()) {
            (false, _) => StatusCode::OK,
            (true, true) => StatusCode::CONFLICT,
            (true, false) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        if self.is_error() {
            self.frame.title = format!("Error: {}", self.frame.title);
        }
        page_with(status, &self)
    }
}
