//! Links that are sent by mail and work once: invitations and password resets. Only the hash of a link's secret is kept.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Nullable, Text, Timestamp};

use super::columns::{parsed, parsed_option};
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{InvitationId, OrganisationId, PasswordResetId, ReminderId, UserId};
use crate::domain::person::{Actor, Role};
use crate::domain::reminder::ReminderState;

/// An invitation as it is made.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Its id.
    pub id: InvitationId,
    /// Where to.
    pub organisation_id: OrganisationId,
    /// Who.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
    /// By whom.
    pub created_by: Actor,
    /// Its link.
    pub link: LinkMail,
    /// Now.
    pub created_at: DateTime<Utc>,
}

/// The link of a mail.
#[derive(Clone, Debug)]
pub struct LinkMail {
    /// SHA-256 of its secret.
    pub token_hash: String,
    /// The mail it is in.
    pub mail_id: ReminderId,
    /// Until when it works.
    pub expires_at: DateTime<Utc>,
}

/// An invitation that was neither accepted nor withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Which one.
    pub id: InvitationId,
    /// Where to.
    pub organisation_id: OrganisationId,
    /// Who.
    pub email: EmailAddress,
    /// As what.
    pub role: Role,
    /// When the mail was asked for.
    pub created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// The mail.
    pub mail_id: ReminderId,
    /// What became of the mail.
    pub mail_state: ReminderState,
    /// Why it was not sent.
    pub mail_reason: Option<String>,
    /// Whether the mail was kept here instead of being handed to a mail server.
    pub kept_here: bool,
}

#[derive(QueryableByName)]
struct InvitationRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    organisation_id: String,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Timestamp)]
    created_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    expires_at: NaiveDateTime,
    #[diesel(sql_type = Text)]
    mail_id: String,
    #[diesel(sql_type = Text)]
    mail_state: String,
    #[diesel(sql_type = Nullable<Text>)]
    mail_reason: Option<String>,
    #[diesel(sql_type = Bool)]
    kept_here: bool,
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = StoreError;

    fn try_from(row: InvitationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed("invitation.id", &row.id)?,
            organisation_id: parsed("invitation.organisation_id", &row.organisation_id)?,
            email: parsed("invitation.email", &row.email)?,
            role: parsed("invitation.role", &row.role)?,
            created_at: row.created_at.and_utc(),
            expires_at: row.expires_at.and_utc(),
            mail_id: parsed("invitation.mail_id", &row.mail_id)?,
            mail_state: parsed("outbox.state", &row.mail_state)?,
            mail_reason: row.mail_reason,
            kept_here: row.kept_here,
        })
    }
}

const OPEN_INVITATIONS: &str = "SELECT i.id, i.organisation_id, i.email, i.role, i.created_at, i.expires_at, i.mail_id, \
     o.state AS mail_state, o.reason AS mail_reason, o.kept_here FROM invitation i JOIN outbox o ON o.id = i.mail_id \
     WHERE i.accepted_at IS NULL AND i.withdrawn_at IS NULL";

impl Snapshot<'_> {
    /// An organisation's open invitations, also those that have expired, by address.
    pub fn invitations(&mut self, organisation: OrganisationId) -> Result<Vec<Invitation>, StoreError> {
        Sql::new(&format!("{OPEN_INVITATIONS} AND i.organisation_id = $1 ORDER BY i.email_folded"))
            .bind(organisation.to_string())
            .load::<InvitationRow>(self.connection())?
            .into_iter()
            .map(Invitation::try_from)
            .collect()
    }

    /// The invitation that a link's secret opens now.
    pub fn invitation_of(
        &mut self,
        token_hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Invitation>, StoreError> {
        Sql::new(&format!("{OPEN_INVITATIONS} AND i.token_hash = $1 AND i.expires_at > $2"))
            .bind(token_hash)
            .bind(now)
            .first::<InvitationRow>(self.connection())?
            .map(Invitation::try_from)
            .transpose()
    }

    /// Whose password a link's secret resets now: nobody's who may not come in anywhere.
    pub fn password_reset_of(
        &mut self,
        token_hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<UserId>, StoreError> {
        #[derive(QueryableByName)]
        struct ResetRow {
            #[diesel(sql_type = Text)]
            person_id: String,
        }
        let row = Sql::new(
            "SELECT r.person_id FROM password_reset r WHERE r.token_hash = $1 AND r.used_at IS NULL AND r.expires_at > $2 \
             AND EXISTS (SELECT 1 FROM membership m WHERE m.person_id = r.person_id AND m.disabled_at IS NULL)",
        )
        .bind(token_hash)
        .bind(now)
        .first::<ResetRow>(self.connection())?;
        parsed_option("password_reset.person_id", row.as_ref().map(|row| row.person_id.as_str()))
    }
}

impl Tx<'_> {
    /// Adds an invitation; `false` when the address has an open one.
    pub fn add_invitation(&mut self, new: &NewInvitation) -> Result<bool, StoreError> {
        let added = Sql::new(
            "INSERT INTO invitation (id, organisation_id, email, email_folded, role, token_hash, mail_id, created_by, \
             created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        )
        .bind(new.id.to_string())
        .bind(new.organisation_id.to_string())
        .bind(new.email.as_str())
        .bind(new.email.folded())
        .bind(new.role.as_str())
        .bind(new.link.token_hash.as_str())
        .bind(new.link.mail_id.to_string())
        .bind(new.created_by.to_string())
        .bind(new.created_at)
        .bind(new.link.expires_at)
        .execute(self.connection())?;
        Ok(added == 1)
    }

    /// Gives an open invitation another link: the one before it is worth nothing any more.
    pub fn renew_invitation(
        &mut self,
        id: InvitationId,
        link: &LinkMail,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new(
            "UPDATE invitation SET token_hash = $1, mail_id = $2, expires_at = $3, created_at = $4 \
             WHERE id = $5 AND accepted_at IS NULL AND withdrawn_at IS NULL",
        )
        .bind(link.token_hash.as_str())
        .bind(link.mail_id.to_string())
        .bind(link.expires_at)
        .bind(now)
        .bind(id.to_string())
        .execute(self.connection())?;
        Ok(())
    }

    /// Closes an open invitation, accepted or withdrawn; `false` when it was closed already.
    pub fn close_invitation(
        &mut self,
        id: InvitationId,
        is_accepted: bool,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let column = if is_accepted { "accepted_at" } else { "withdrawn_at" };
        let closed = Sql::new(&format!(
            "UPDATE invitation SET {column} = $1 WHERE id = $2 AND accepted_at IS NULL AND withdrawn_at IS NULL"
        ))
        .bind(now)
        .bind(id.to_string())
        .execute(self.connection())?;
        Ok(closed == 1)
    }

    /// Adds a password reset.
    pub fn add_password_reset(
        &mut self,
        id: PasswordResetId,
        person: UserId,
        link: &LinkMail,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new(
            "INSERT INTO password_reset (id, person_id, token_hash, mail_id, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id.to_string())
        .bind(person.to_string())
        .bind(link.token_hash.as_str())
        .bind(link.mail_id.to_string())
        .bind(now)
        .bind(link.expires_at)
        .execute(self.connection())?;
        Ok(())
    }

    /// Uses a password reset up; `false` when it was used already.
    pub fn use_password_reset(&mut self, token_hash: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let used = Sql::new(
            "UPDATE password_reset SET used_at = $1 WHERE token_hash = $2 AND used_at IS NULL AND expires_at > $3",
        )
        .bind(now)
        .bind(token_hash)
        .bind(now)
        .execute(self.connection())?;
        Ok(used == 1)
    }

    /// Makes all password resets of a person worthless.
    pub fn end_password_resets_of(&mut self, person: UserId, now: DateTime<Utc>) -> Result<(), StoreError> {
        Sql::new("UPDATE password_reset SET used_at = $1 WHERE person_id = $2 AND used_at IS NULL")
            .bind(now)
            .bind(person.to_string())
            .execute(self.connection())?;
        Ok(())
    }

    /// Calls a mail with a link back, if it is before the point of no return.
    pub fn cancel_link_mail(
        &mut self,
        id: ReminderId,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let cancelled = Sql::new(
            "UPDATE outbox SET state = 'Cancelled', phase = 'Cancelled', claim_token = NULL, cancelled_at = $1, updated_at = $2, reason = $3 \
             WHERE id = $4 AND kind IN ('invitation', 'password_reset') AND state IN ('Pending', 'Claimed')",
        )
        .bind(now)
        .bind(now)
        .bind(reason)
        .bind(id.to_string())
        .execute(self.connection())?;
        if cancelled == 1 { self.forget_link(id) } else { Ok(()) }
    }

    /// Forgets what the link in a mail was made from: the mail is out of our hands.
    pub(super) fn forget_link(&mut self, mail: ReminderId) -> Result<(), StoreError> {
        Sql::new("UPDATE mail_content SET filled = '' WHERE mail_id = $1")
            .bind(mail.to_string())
            .execute(self.connection())?;
        Ok(())
    }
}
