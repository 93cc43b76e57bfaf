//! People and programs: roles, what each may do, and who did something.

use std::fmt;
use std::str::FromStr;

use super::email_address::EmailAddress;
use super::ids::{ApiKeyId, OrganisationId, UserId};
use super::named::named;
use super::text::{Line, is_blank};

named! {
    /// What a person is in an organisation.
    Role {
        /// Everything.
        Admin = "admin",
        /// The daily work: sending, payments, imports.
        Clerk = "clerk",
        /// Looks things up; resends, undoes and cancels.
        Support = "support",
        /// Reads.
        Viewer = "viewer",
    }
}

named! {
    /// One thing that a role may or may not do (the table of the contract, "Who may do what").
    Permission {
        /// See everything but settings.
        Read = "read",
        /// Resend a reminder, retry failed ones.
        ResendReminder = "resend reminders",
        /// Undo a batch, cancel what has not left.
        CancelReminder = "cancel reminders",
        /// Say what became of a mail that may have been delivered.
        SettleUnconfirmed = "settle what may have been delivered",
        /// "Send reminder", for one or many.
        SendReminder = "send reminders",
        /// Record payments, archive and bring back, make void.
        ChangeInvoice = "change invoices",
        /// Change a customer's name and address.
        EditCustomer = "edit customers",
        /// Set and lift holds, suppress addresses and lift that.
        Hold = "hold reminders and suppress addresses",
        /// Bring in a ledger.
        Import = "import a ledger",
        /// Stop and restart the organisation's sending.
        PauseSending = "pause and resume sending",
        /// Make and revoke programs' keys.
        ManageApiKeys = "manage API keys",
        /// Edit the e-mail texts.
        EditTemplates = "edit e-mail notifications",
        /// Invite people, change their roles, disable them.
        ManageUsers = "manage users",
        /// Change the organisation and its sender, try the mail server, read the audit log, take data out.
        ChangeSettings = "change settings",
    }
}

impl Role {
    /// Whether the role has a permission; each role has all of the one below it.
    pub fn may(self, permission: Permission) -> bool {
        let least = match permission {
            Permission::Read => Self::Viewer,
            Permission::ResendReminder | Permission::CancelReminder | Permission::SettleUnconfirmed => {
                Self::Support
            }
            Permission::SendReminder
            | Permission::ChangeInvoice
            | Permission::EditCustomer
            | Permission::Hold
            | Permission::Import => Self::Clerk,
            Permission::ManageApiKeys
            | Permission::EditTemplates
            | Permission::PauseSending
            | Permission::ManageUsers
            | Permission::ChangeSettings => Self::Admin,
        };
        self <= least
    }
}

/// Who did something; on every audit row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person.
    User(UserId),
    /// A program.
    ApiKey(ApiKeyId),
    /// Dunlin itself: the worker, a command on the machine.
    System,
}

/// As it is stored: `user:<id>`, `api_key:<id>`, `system`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::ApiKey(id) => write!(f, "api_key:{id}"),
            Self::System => f.write_str("system"),
        }
    }
}

/// A stored actor that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("\u{201c}{0}\u{201d} is not an actor")]
pub struct InvalidActor(String);

impl FromStr for Actor {
    type Err = InvalidActor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidActor(text.to_owned());
        match text.split_once(':') {
            None if text == "system" => Ok(Self::System),
            Some(("user", id)) => id.parse().map(Self::User).map_err(|_| invalid()),
            Some(("api_key", id)) => id.parse().map(Self::ApiKey).map_err(|_| invalid()),
            _ => Err(invalid()),
        }
    }
}

named! {
    /// Which colours a person's pages have.
    Theme {
        /// As the browser says.
        Auto = "auto",
        /// Dark on light.
        Light = "light",
        /// Light on dark.
        Dark = "dark",
    }
}

/// A person with a role in the organisation that the session is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The organisation of this role.
    pub organisation_id: OrganisationId,
    /// Their name.
    pub name: Line,
    /// What they sign in with, and where test mails go.
    pub email: EmailAddress,
    /// What they may do.
    pub role: Role,
    /// Their colours.
    pub theme: Theme,
    /// Whether single letters are commands on the pages that have them.
    pub has_single_keys: bool,
}

/// Who asks for something: a person, or a program with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Who, for the audit.
    pub actor: Actor,
    /// The organisation whose things they may change.
    pub organisation_id: OrganisationId,
    /// What others read of them: the person's name, the key's.
    pub name: Line,
}

impl User {
    /// This person as somebody who asks for something.
    pub fn principal(&self) -> Principal {
        Principal {
            actor: Actor::User(self.id),
            organisation_id: self.organisation_id,
            name: self.name.clone(),
        }
    }

    /// Whether they may do something.
    pub fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
    }
}

/// A new password, 12 to 128 characters of which one can be seen. Never printed.
pub struct NewPassword(String);

/// Why a password is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a password has 12 to 128 characters, and not blanks alone")]
pub struct WeakPassword;

impl NewPassword {
    /// The characters, for hashing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for NewPassword {
    type Err = WeakPassword;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.chars().count() {
            12..=128 if !is_blank(text) => Ok(Self(text.to_owned())),
            _ => Err(WeakPassword),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_contract_says() {
        let may = |role: Role| Permission::ALL.iter().filter(|p| role.may(**p)).count();
        assert_eq!([Role::Viewer, Role::Support, Role::Clerk, Role::Admin].map(may), [1, 4, 9, 14]);
        assert!(!Role::Support.may(Permission::SendReminder));
        assert!(Role::Support.may(Permission::ResendReminder));
        assert!(!Role::Clerk.may(Permission::EditTemplates));
    }

    #[test]
    fn a_password_is_of_any_characters_but_not_of_blanks_alone() {
        for text in ["correct horse", " leading and trailing ", "\u{5bc6}\u{7801}".repeat(6).as_str()] {
            assert!(text.parse::<NewPassword>().is_ok(), "{text:?}");
        }
        for text in ["too short", &" ".repeat(12), "\t\u{a0}\u{200b}".repeat(5).as_str(), &"x".repeat(129)] {
            assert!(text.parse::<NewPassword>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_actor_is_read_as_it_is_written() {
        for actor in
            [Actor::System, Actor::User(uuid::Uuid::nil().into()), Actor::ApiKey(uuid::Uuid::nil().into())]
        {
            assert_eq!(actor.to_string().parse::<Actor>().unwrap(), actor);
        }
    }
}
