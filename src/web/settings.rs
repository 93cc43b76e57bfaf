//! The pages under Settings: their order, their names, and who may see which.

pub(super) mod audit_log;
pub(super) mod data;
mod forms;
pub(super) mod logo;
pub(super) mod mail_server;
pub(super) mod organisation;
pub(super) mod sender;
mod test_mail;

use super::frame::{Frame, NavLink, Section};
use super::session::SignedIn;
use crate::domain::person::{Permission, User};

/// One page under Settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsPage {
    /// Programs' keys.
    ApiKeys,
    /// Name, calendar, currency, payment terms.
    Organisation,
    /// Who mails come from.
    Sender,
    /// Where they go.
    MailServer,
    /// The switch that stops all mails.
    Sending,
    /// Who may do what.
    Users,
    /// One's own account.
    Profile,
    /// Who changed what.
    AuditLog,
    /// Backup and exports.
    Data,
}

impl SettingsPage {
    /// In the order of their links.
    const ALL: [Self; 9] = [
        Self::Organisation,
        Self::Sender,
        Self::MailServer,
        Self::Users,
        Self::ApiKeys,
        Self::Sending,
        Self::AuditLog,
        Self::Data,
        Self::Profile,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Organisation => "Organisation",
            Self::Sender => "Sender",
            Self::MailServer => "Mail server",
            Self::ApiKeys => "API keys",
            Self::Sending => "Sending",
            Self::Users => "Users",
            Self::Profile => "Profile",
            Self::AuditLog => "Audit log",
            Self::Data => "Data",
        }
    }

    /// Where it is.
    pub fn href(self) -> &'static str {
        match self {
            Self::ApiKeys => "/settings/api-keys",
            Self::Organisation => "/settings/organisation",
            Self::Sender => "/settings/sender",
            Self::MailServer => "/settings/mail-server",
            Self::Sending => "/settings/sending",
            Self::Users => "/settings/users",
            Self::Profile => "/settings/profile",
            Self::AuditLog => "/settings/audit-log",
            Self::Data => "/settings/data",
        }
    }

    fn permission(self) -> Permission {
        match self {
            Self::ApiKeys => Permission::ManageApiKeys,
            Self::Organisation | Self::Sender | Self::MailServer | Self::AuditLog | Self::Data => {
                Permission::ChangeSettings
            }
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
