//! What was just done under Settings, said once on the page that follows.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::frame::see_other;
use super::settings::SettingsPage;
use crate::domain::named::named;

named! {
    /// Something that was done.
    Done {
        /// What stands in the fields.
        Saved = "saved",
        /// A password.
        PasswordChanged = "password-changed",
        /// One session or more.
        SessionsEnded = "sessions-ended",
        /// The second factor.
        FactorOff = "two-factor-off",
        /// Somebody else's second factor.
        FactorRemoved = "two-factor-removed",
        /// An invitation.
        Invited = "invited",
        /// Another link of an invitation.
        InvitedAgain = "invited-again",
        /// The end of an invitation.
        Withdrawn = "withdrawn",
        /// Somebody who may not come in any more.
        Disabled = "disabled",
        /// Somebody who may come in again.
        Enabled = "enabled",
    }
}

impl Done {
    fn sentence(self) -> &'static str {
        match self {
            Self::Saved => "Saved.",
            Self::PasswordChanged => "Your password is changed. You are signed out everywhere else.",
            Self::SessionsEnded => "Ended.",
            Self::FactorOff => "Two-factor sign-in is off.",
            Self::FactorRemoved => "The second factor is removed.",
            Self::Invited => "Invited.",
            Self::InvitedAgain => "Invited with a new link; the one before does not work any more.",
            Self::Withdrawn => "The invitation is withdrawn.",
            Self::Disabled => "Disabled, and signed out.",
            Self::Enabled => "Enabled.",
        }
    }

    /// On to the page that says so.
    pub(super) fn on(self, page: SettingsPage) -> HttpResponse {
        see_other(format!("{}?done={self}", page.href()))
    }
}

/// The part of a page's address that says what was done.
#[derive(Default, Deserialize)]
pub struct Said {
    #[serde(default)]
    done: String,
}

impl Said {
    /// In words.
    pub(super) fn toast(&self) -> Option<String> {
        self.done.parse::<Done>().ok().map(|done| done.sentence().to_owned())
    }
}
