//! The editor of one text: what is typed stays typed whatever happens, and what somebody else saved is never lost.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::Desk;
use super::page::{EditForm, EditorPage, ProblemLine, Theirs};
use super::preview::{Preview, shown_with};
use crate::actions::{ActionError, EditRefused, Saved};
use crate::web::WebError;
use crate::web::frame::{self, see_other};
use crate::web::session::{Posted, SignedIn, is_htmx};

/// What was just done, in the address that a form leads back to.
#[derive(Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

impl Done {
    fn sentence(&self, by: &SignedIn) -> Option<String> {
        let sentence = match self.done.as_str() {
            "published" => "Saved. The next mails go out with this text.",
            "unchanged" => "Nothing to save: this text is the one that is sent already.",
            "drafted" => "Draft saved. What is sent has not changed.",
            "discarded" => "The draft is gone. What is sent has not changed.",
            "reset" => "Reset to default. The former text is in the history.",
            "restored" => "Restored. The next mails go out with this text.",
            "tested" => {
                return Some(match &by.state.mail_folder {
                    Some(folder) => format!("The test is kept in {}, not delivered.", folder.display()),
                    None => format!("A test is on its way to {}.", by.user.email),
                });
            }
            _ => return None,
        };
        Some(sentence.to_owned())
    }
}

/// `GET /automations/email-notifications/{slug}`
pub async fn show(
    by: SignedIn,
    slug: web::Path<String>,
    done: web::Query<Done>,
) -> Result<HttpResponse, WebError> {
    let desk = Desk::open(by, &slug).await?;
    let text = desk.text();
    let preview = Preview::of(&desk, &text, "").await?;
    let mut page = EditorPage::new(&desk, text, preview, "");
    page.frame.toast = done.sentence(&desk.by);
    page.render_as_page()
}

/// `POST .../versions`: "Save".
pub async fn publish(slug: web::Path<String>, posted: Posted<EditForm>) -> Result<HttpResponse, WebError> {
    let (desk, form) = editing(posted, &slug).await?;
    let actions = desk.by.state.actions.clone();
    match actions.publish_template(&desk.by.user, desk.built_in, form.basis()?, form.text()).await {
        Ok(Saved::Version(_)) => Ok(done(&desk, "published")),
        Ok(Saved::Unchanged) => Ok(done(&desk, "unchanged")),
        Err(refused) => refuse(desk, form, refused).await,
    }
}

/// `POST .../drafts`: "Save draft".
pub async fn save_draft(slug: web::Path<String>, posted: Posted<EditForm>) -> Result<HttpResponse, WebError> {
    let (desk, form) = editing(posted, &slug).await?;
    let actions = desk.by.state.actions.clone();
    match actions.save_template_draft(&desk.by.user, desk.built_in, form.basis()?, form.text()).await {
        Ok(()) => Ok(done(&desk, "drafted")),
        Err(refused) => refuse(desk, form, refused).await,
    }
}

/// `POST .../discarded-drafts`: "Discard draft".
pub async fn discard_draft(
    slug: web::Path<String>,
    posted: Posted<EditForm>,
) -> Result<HttpResponse, WebError> {
    let (desk, form) = editing(posted, &slug).await?;
    let actions = desk.by.state.actions.clone();
    match actions.discard_template_draft(&desk.by.user, desk.built_in, form.basis()?).await {
        Ok(()) => Ok(done(&desk, "discarded")),
        Err(refused) => refuse(desk, form, refused).await,
    }
}

/// `POST .../resets`: "Reset to default".
pub async fn reset(slug: web::Path<String>, posted: Posted<EditForm>) -> Result<HttpResponse, WebError> {
    let (desk, form) = editing(posted, &slug).await?;
    let actions = desk.by.state.actions.clone();
    match actions.reset_template(&desk.by.user, desk.built_in, form.basis()?).await {
        Ok(Saved::Version(_)) => Ok(done(&desk, "reset")),
        Ok(Saved::Unchanged) => Ok(done(&desk, "unchanged")),
        Err(refused) => refuse(desk, form, refused).await,
    }
}

/// `POST .../test-mails`: "Send test email".
pub async fn send_test(slug: web::Path<String>, posted: Posted<EditForm>) -> Result<HttpResponse, WebError> {
    let (desk, form) = editing(posted, &slug).await?;
    let actions = desk.by.state.actions.clone();
    let with = shown_with(form.with());
    match actions.send_test_mail(&desk.by.user, desk.built_in, form.text(), with).await {
        Ok(_) => {
            let text = form.text();
            let preview = Preview::of(&desk, &text, form.with()).await?;
            let mut page = EditorPage::new(&desk, text, preview, form.with());
            page.basis = form.basis;
            page.frame.toast = Done { done: "tested".to_owned() }.sentence(&desk.by);
            page.render_as_page()
        }
        Err(refused) => refuse(desk, form, refused).await,
    }
}

/// `POST .../previews`: the mail that the typed text makes; htmx gets the preview alone.
pub async fn preview(
    request: HttpRequest,
    slug: web::Path<String>,
    posted: Posted<EditForm>,
) -> Result<HttpResponse, WebError> {
    let desk = Desk::open(posted.by, &slug).await?;
    let form = posted.form;
    let preview = Preview::live(&desk, &form.text(), &form.good, form.with()).await?;
    let mut page = EditorPage::new(&desk, form.text(), preview, form.with());
    page.basis = form.basis;
    if is_htmx(&request) {
        return frame::page(&page.as_preview());
    }
    page.problems = page.preview.problems.iter().map(ProblemLine::from).collect();
    page.render_as_page()
}

async fn editing(posted: Posted<EditForm>, slug: &str) -> Result<(Desk, EditForm), WebError> {
    Ok((Desk::open(posted.by, slug).await?, posted.form))
}

fn done(desk: &Desk, what: &str) -> HttpResponse {
    see_other(format!("{}?done={what}", desk.href("")))
}

/// The editor again, with what was typed and why it was not taken.
async fn refuse(desk: Desk, form: EditForm, refused: EditRefused) -> Result<HttpResponse, WebError> {
    let text = form.text();
    let preview = Preview::live(&desk, &text, &form.good, form.with()).await?;
    let mut page = EditorPage::new(&desk, text, preview, form.with());
    page.basis.clone_from(&form.basis);
    match refused {
        EditRefused::Problems(problems) => page.problems = problems.iter().map(ProblemLine::from).collect(),
        EditRefused::Meanwhile(template) => {
            page.basis = template.basis().to_string();
            page.theirs = Some(Theirs::of(&template, &desk));
        }
        EditRefused::Other(ActionError::Refused(why)) => page.refusal = Some(why),
        EditRefused::Other(error) => return Err(error.into()),
    }
    page.render_as_page()
}
