//! What the audit log's events are about.

use super::named::named;

named! {
    /// A kind of event, by which the audit log is filtered.
    AuditTopic {
        /// Invoices and payments.
        Invoices = "invoices",
        /// Reminders and batches.
        Reminders = "reminders",
        /// Customers, their holds, suppressed addresses.
        Customers = "customers",
        /// The texts of e-mails.
        Texts = "texts",
        /// People and programs.
        Access = "access",
        /// The organisation and the sending as a whole.
        Settings = "settings",
    }
}

impl AuditTopic {
    /// Its name on the page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Invoices => "Invoices and payments",
            Self::Reminders => "Reminders",
            Self::Customers => "Customers and suppressions",
            Self::Texts => "E-mail notifications",
            Self::Access => "Users and API keys",
            Self::Settings => "Settings and sending",
        }
    }

    /// The nouns of its events.
    pub fn nouns(self) -> &'static [&'static str] {
        match self {
            Self::Invoices => &["invoice", "payment"],
            Self::Reminders => &["reminder", "batch"],
            Self::Customers => &["customer", "suppression"],
            Self::Texts => &["template"],
            Self::Access => &["user", "session", "api_key"],
            Self::Settings => &["organisation", "sending", "test_mail", "data"],
        }
    }

    /// Whether its events concern single invoices and mails, of which there are many.
    pub fn is_of_invoices(self) -> bool {
        matches!(self, Self::Invoices | Self::Reminders)
    }
}
