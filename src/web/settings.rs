//! The pages under Settings: their order, their names, and who may see which.

use super::frame::{Frame, NavLink, Section};
use super::session::SignedIn;
use crate::domain::person::{Permission, User};

/// One page under Settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsPage {
    /// Programs' keys.
    ApiKeys,
    /// The switch that stops all mails.
    Sending,
    /// Who may do what.
    Users,
    /// One's own account.
    Profile,
}

impl SettingsPage {
    /// In the order of their links.
    const ALL: [Self; 4] = [Self::Users, Self::ApiKeys, Self::Sending, Self::Profile];

    fn label(self) -> &'static str {
        match self {
            Self::ApiKeys => "API keys",
            Self::Sending => "Sending",
            Self::Users => "Users",
            Self::Profile => "Profile",
        }
    }

    /// Where it is.
    pub fn href(self) -> &'static str {
        match self {
            Self::ApiKeys => "/settings/api-keys",
            Self::Sending => "/settings/sending",
            Self::Users => "/settings/users",
            Self::Profile => "/settings/profile",
        }
    }

    fn permission(self) -> Permission {
        match self {
            Self::ApiKeys => Permission::ManageApiKeys,
            Self::Sending => Permission::PauseSending,
            Self::Users => Permission::ManageUsers,
            Self::Profile => Permission::Read,
        }
    }

    /// The pages that a person may see.
    pub fn seen_by(user: &User) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|page| user.may(page.permission()))
    }
}

impl SignedIn {
    /// The frame of a page under Settings.
    pub fn settings_frame(&self, page: SettingsPage, title: impl Into<String>) -> Frame {
        let link = |other: SettingsPage| NavLink {
            group: None,
            href: other.href(),
            label: other.label(),
            is_current: other == page,
        };
        let pages = SettingsPage::seen_by(&self.user).map(link).collect();
        Frame { pages, ..self.frame(Section::Settings, title) }
    }
}
