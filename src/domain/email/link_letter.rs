//! Mails about accounts: those that hold a link which opens something once, and those that only say what was done.
//! Colleagues read them, so that they are English as the pages are.

use super::form_letter::{FIRST_PLACE, FormLetter};
use super::layout::{escaped, filled};
use crate::domain::ids::FormLetterId;
use crate::domain::language::Language;

const HTML: &str = include_str!("../../../templates/messages/notice.html");
const LINK: &str = include_str!("../../../templates/messages/link.html");

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
    /// The letter, with a place for the link's secret.
    pub fn form(&self, id: FormLetterId) -> FormLetter {
        let address = format!("{}{FIRST_PLACE}", self.address);
        let text = format!("{}\n\n{}: {address}\n\n{}\n", self.message, self.button, self.end);
        let link = filled(LINK, &[("address", &escaped(&address)), ("button", self.button)]);
        let html = html(&self.subject, &self.message, &link, &self.end);
        FormLetter::kept(id, &text, &html, None, Language::English)
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
        let text = format!("{}\n\n{}\n", self.message, self.end);
        let html = html(&self.subject, &self.message, "", &self.end);
        FormLetter::kept(id, &text, &html, None, Language::English)
    }
}

fn html(subject: &str, message: &str, link: &str, end: &str) -> String {
    let [subject, message, end] = [subject, message, end].map(escaped);
    filled(HTML, &[("subject", &subject), ("message", &message), ("link", link), ("end", &end)])
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
        .form(uuid::Uuid::nil().into());
        let link = "https://dunlin.example/invitations/s3cret";
        assert!(letter.text("s3cret").contains(&format!("Join: {link}\n")));
        let html = letter.html("s3cret");
        assert!(html.contains(&format!("href=\"{link}\"")) && html.contains("Ada &amp; Co"), "{html}");
        let (text, html) = letter.written();
        assert!(!text.contains("s3cret") && !html.contains("s3cret"));
    }
}
