//! Mails about accounts: those that hold a link which opens something once, and those that only say what was done.
//! Colleagues read them, so that they are English as the pages are.

use super::form_letter::{FIRST_PLACE, FormLetter};
use super::layout::{self, Framed, escaped, filled};
use crate::domain::ids::FormLetterId;
use crate::domain::language::Language;
use crate::domain::letterhead::Letterhead;

const HTML: &str = include_str!("../../../templates/messages/account.html");
const LINK: &str = include_str!("../../../templates/messages/link.html");

/// Whose mail it is that is no organisation's: a person may belong to several.
const DUNLIN: &str = "Dunlin";

/// A mail with a link: an invitation, a new password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkLetter {
    /// One line.
    pub subject: String,
    /// What the link is for.
    pub message: String,
    /// What the link is called.
    pub button: &'static str,
    /// The link up to its secret, from the base address of the installation.
    pub address: String,
    /// How long it works, and what to do who did not expect it.
    pub end: String,
}

impl LinkLetter {
    /// The letter, with a place for the link's secret; of an organisation with its name and letterhead, else of nobody.
    pub fn form(
        &self,
        id: FormLetterId,
        organisation: Option<&str>,
        letterhead: Option<&Letterhead>,
    ) -> FormLetter {
        let name = organisation.unwrap_or(DUNLIN);
        let address = format!("{}{FIRST_PLACE}", self.address);
        let text = format!("{}\n\n{}: {address}\n\n{}\n", self.message, self.button, self.end)
            + &layout::text_below(name, letterhead);
        let address = escaped(&address);
        let button = layout::button(self.button, &address, letterhead);
        let link = filled(LINK, &[("button", &button), ("address", &address)]);
        let html = html(name, letterhead, &self.message, &link, &self.end);
        FormLetter::kept(
            id,
            &text,
            &html,
            letterhead.and_then(|letterhead| letterhead.logo.clone()),
            Language::English,
        )
    }
}

/// A mail that says what was done to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// One line.
    pub subject: String,
    /// What was done, and what it means.
    pub message: String,
    /// What to do who did not expect it.
    pub end: String,
}

impl Notice {
    /// The letter.
    pub fn form(&self, id: FormLetterId) -> FormLetter {
        let text = format!("{}\n\n{}\n", self.message, self.end) + &layout::text_below(DUNLIN, None);
        FormLetter::kept(
            id,
            &text,
            &html(DUNLIN, None, &self.message, "", &self.end),
            None,
            Language::English,
        )
    }
}

fn html(name: &str, letterhead: Option<&Letterhead>, message: &str, link: &str, end: &str) -> String {
    let [name, message, end] = [name, message, end].map(escaped);
    let message = &format!("<p>{message}</p>");
    let details = &filled(HTML, &[("link", link), ("end", &end)]);
    let framed = Framed { language: Language::English, name: &name, message, details, answers: "" };
    layout::framed(&framed, letterhead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_letter_holds_a_link_only_together_with_its_secret() {
        let letter = LinkLetter {
            subject: "Join <Acme>".to_owned(),
            message: "Ada & Co invite you.".to_owned(),
            button: "Join",
            address: "https://dunlin.example/invitations/".to_owned(),
            end: "It works for 7 days.".to_owned(),
        }
        .form(uuid::Uuid::nil().into(), Some("Acme & Sons"), None);
        let link = "https://dunlin.example/invitations/s3cret";
        assert!(letter.text("s3cret").contains(&format!("Join: {link}\n")));
        let html = letter.html("s3cret");
        assert!(html.contains(&format!("href=\"{link}\"")) && html.contains("Ada &amp; Co"), "{html}");
        assert!(html.contains("Sent by Acme &amp; Sons.</p>"), "{html}");
        let (text, html) = letter.written();
        assert!(!text.contains("s3cret") && !html.contains("s3cret"));
    }
}
