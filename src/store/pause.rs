//! Sending stopped: for the whole installation, for an organisation, or for one batch. Deadlines stand still meanwhile.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Nullable, Text, Timestamp};

use super::columns::parsed;
use super::row_change::RowChange;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::ids::{BatchId, OrganisationId};
use crate::domain::mail_message::MailKind;
use crate::domain::text::Line;

/// Mails about a person's account ([`MailKind::is_about_account`]), in words that the index of what goes first is found by.
pub(super) const OF_ACCOUNTS: &str = "kind IN ('invitation', 'password_reset', 'account_notice')";

/// Mails of the outbox that nothing has stopped. `OF_ACCOUNTS` stands in it.
pub(super) const NOT_STOPPED: &str = "NOT EXISTS (SELECT 1 FROM installation WHERE paused_at IS NOT NULL) \
     AND (organisation_id NOT IN (SELECT id FROM organisation WHERE paused_at IS NOT NULL) \
     OR kind IN ('invitation', 'password_reset', 'account_notice')) \
     AND (batch_id IS NULL OR batch_id NOT IN (SELECT id FROM reminder_batch WHERE paused_at IS NOT NULL))";

/// Sending is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// All that stops the sending of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pauses {
    /// All sending of the installation is stopped: it looks like a copy, whoever runs it has stopped it, or both.
    pub installation: Option<Pause>,
    /// The organisation has stopped its own. Mails about accounts go out all the same.
    pub own: Option<Pause>,
    /// Whether the installation looks like a copy, which an Admin may confirm.
    pub is_copy: bool,
    /// Whether there is no other organisation: then its Admins decide for the installation too.
    pub is_alone: bool,
}

impl Pauses {
    /// Whether reminders and test mails stand still.
    pub fn any(&self) -> bool {
        self.installation.is_some() || self.own.is_some()
    }

    /// Whether an Admin of the organisation may let the whole installation go on, or a copy take its place.
    pub fn may_resume_installation(&self) -> bool {
        self.installation.is_some() && (self.is_copy || self.is_alone)
    }
}

/// What of all sending is stopped, batches apart.
#[derive(Clone, Debug)]
pub struct Stopped {
    everything: bool,
    organisations: HashSet<OrganisationId>,
}

impl Stopped {
    /// Whether a mail of this kind may not leave an organisation.
    pub fn holds(&self, kind: MailKind, organisation: OrganisationId) -> bool {
        self.everything || (!kind.is_about_account() && self.organisations.contains(&organisation))
    }
}

#[derive(QueryableByName)]
struct PauseRow {
    #[diesel(sql_type = Nullable<Timestamp>)]
    paused_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    pause_reason: Option<String>,
}

#[derive(QueryableByName)]
struct InstallationRow {
    #[diesel(embed)]
    paused: PauseRow,
    #[diesel(sql_type = Nullable<Text>)]
    copy_reason: Option<String>,
}

#[derive(QueryableByName)]
struct OrganisationRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(embed)]
    paused: PauseRow,
}

#[derive(QueryableByName)]
struct OwnRow {
    #[diesel(embed)]
    paused: PauseRow,
    #[diesel(sql_type = Bool)]
    is_alone: bool,
}

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = Text)]
    id: String,
}

#[derive(QueryableByName)]
struct IsPausedRow {
    #[diesel(sql_type = Bool)]
    is_paused: bool,
}

/// A mail that waits, and since when what stops it.
#[derive(QueryableByName)]
struct HeldRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Timestamp)]
    expires_at: NaiveDateTime,
    #[diesel(sql_type = Nullable<Timestamp>)]
    installation_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    organisation_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    batch_at: Option<NaiveDateTime>,
}

impl PauseRow {
    fn into_pause(self) -> Option<Pause> {
        let since = self.paused_at?.and_utc();
        Some(Pause { since, reason: self.pause_reason.unwrap_or_default() })
    }
}

impl InstallationRow {
    fn into_pause(self) -> Option<Pause> {
        let pause = self.paused.into_pause()?;
        let reason = match (self.copy_reason, pause.reason) {
            (None, own) => own,
            (Some(copy), own) if own.is_empty() => copy,
            (Some(copy), own) => format!("{copy} It was paused before that: {own}"),
        };
        Some(Pause { reason, ..pause })
    }
}

impl Snapshot<'_> {
    fn installation_pause(&mut self) -> Result<InstallationRow, StoreError> {
        Sql::new("SELECT paused_at, pause_reason, copy_reason FROM installation")
            .first(self.connection())?
            .ok_or(StoreError::Missing("installation"))
    }

    /// Whether all sending is stopped, and why: that this looks like a copy, the reason of who runs it, or both.
    pub fn pause(&mut self) -> Result<Option<Pause>, StoreError> {
        Ok(self.installation_pause()?.into_pause())
    }

    /// All that stops an organisation's sending.
    pub fn pauses(&mut self, organisation: OrganisationId) -> Result<Pauses, StoreError> {
        let installation = self.installation_pause()?;
        let own = Sql::new(
            "SELECT paused_at, pause_reason, NOT EXISTS (SELECT 1 FROM organisation o WHERE o.id <> organisation.id) \
             AS is_alone FROM organisation WHERE id = $1",
        )
        .bind(organisation.to_string())
        .first::<OwnRow>(self.connection())?
        .ok_or(StoreError::Missing("organisation"))?;
        Ok(Pauses {
            is_copy: installation.copy_reason.is_some(),
            is_alone: own.is_alone,
            installation: installation.into_pause(),
            own: own.paused.into_pause(),
        })
    }

    /// The organisations that have stopped their own sending, by name.
    pub fn paused_organisations(&mut self) -> Result<Vec<(Line, Pause)>, StoreError> {
        Sql::new(
            "SELECT name, paused_at, pause_reason FROM organisation WHERE paused_at IS NOT NULL \
             ORDER BY LOWER(name), id",
        )
        .load::<OrganisationRow>(self.connection())?
        .into_iter()
        .filter_map(|row| Some((row.name, row.paused.into_pause()?)))
        .map(|(name, pause)| Ok((parsed("organisation.name", &name)?, pause)))
        .collect()
    }

    /// Whether a batch is stopped.
    pub fn batch_pause(
        &mut self,
        organisation: OrganisationId,
        id: BatchId,
    ) -> Result<Option<Pause>, StoreError> {
        let row = Sql::new(
            "SELECT paused_at, pause_reason FROM reminder_batch WHERE organisation_id = $1 AND id = $2",
        )
        .bind(organisation.to_string())
        .bind(id.to_string())
        .first::<PauseRow>(self.connection())?;
        Ok(row.and_then(PauseRow::into_pause))
    }
}

impl Tx<'_> {
    /// What is stopped. It stays so until this transaction ends: who stops more waits for that.
    pub fn stopped(&mut self) -> Result<Stopped, StoreError> {
        let locked = self.connection().shared("installation");
        let everything = Sql::new(&format!(
            "SELECT paused_at IS NOT NULL AS is_paused FROM installation WHERE id = 1{locked}"
        ))
        .kept_for(1)
        .first::<IsPausedRow>(self.connection())?
        .is_some_and(|row| row.is_paused);
        // In a statement of its own: on PostgreSQL it sees what was committed while the first one waited for its lock.
        let organisations = Sql::new("SELECT id FROM organisation WHERE paused_at IS NOT NULL")
            .kept_for(1)
            .load::<IdRow>(self.connection())?
            .iter()
            .map(|row| parsed("organisation.id", &row.id))
            .collect::<Result<_, _>>()?;
        Ok(Stopped { everything, organisations })
    }

    /// Stops all sending; `false` when it is stopped already. It waits for mails that pass the point of no return now.
    pub fn pause(&mut self, reason: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = Sql::new(
            "UPDATE installation SET paused_at = COALESCE(paused_at, $1), pause_reason = $2 \
             WHERE id = 1 AND pause_reason IS NULL",
        )
        .bind(now)
        .bind(reason)
        .execute(self.connection())?;
        Ok(changed == 1)
    }

    /// Stops all sending because this looks like a copy; `false` when that is known already. A pause that a person has
    /// set stays, with its time and reason.
    pub fn pause_copy(&mut self, reason: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = Sql::new(
            "UPDATE installation SET paused_at = COALESCE(paused_at, $1), copy_reason = $2 \
             WHERE id = 1 AND (copy_reason IS NULL OR copy_reason <> $2)",
        )
        .bind(now)
        .bind(reason)
        .execute(self.connection())?;
        Ok(changed == 1)
    }

    /// Stops an organisation's reminders and test mails; `false` when they are stopped already. It waits for mails that
    /// pass the point of no return now.
    pub fn pause_organisation(
        &mut self,
        id: OrganisationId,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = Sql::new(
            "UPDATE organisation SET paused_at = $1, pause_reason = $2 WHERE id = $3 AND paused_at IS NULL",
        )
        .bind(now)
        .bind(reason)
        .bind(id.to_string())
        .execute(self.connection())?;
        // Those mails share this lock ([`Tx::stopped`]); confirmations lock the organisation for as long as they take.
        self.lock_installation()?;
        Ok(changed == 1)
    }

    /// Lets the installation go on; `false` when it was not stopped.
    pub fn resume(&mut self, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let Some(pause) = Snapshot::pause(self)? else { return Ok(false) };
        let lifted = Sql::new(
            "UPDATE installation SET paused_at = NULL, pause_reason = NULL, copy_reason = NULL \
             WHERE id = 1 AND paused_at IS NOT NULL",
        )
        .execute(self.connection())?;
        if lifted == 0 {
            return Ok(false);
        }
        self.put_off("TRUE", pause.since, now)?;
        Ok(true)
    }

    /// Lets a copy send in the place of the original; `false` when it is none. What else stops it stays.
    pub fn resume_copy(&mut self, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let installation = self.installation_pause()?;
        match (installation.copy_reason, installation.paused.pause_reason) {
            (None, _) => return Ok(false),
            (Some(_), None) => return self.resume(now),
            (Some(_), Some(_)) => {}
        }
        Sql::new("UPDATE installation SET copy_reason = NULL WHERE id = 1").execute(self.connection())?;
        Ok(true)
    }

    /// Lets an organisation go on; `false` when it had not stopped its sending.
    pub fn resume_organisation(
        &mut self,
        id: OrganisationId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let Some(pause) = self.pauses(id)?.own else { return Ok(false) };
        let lifted = Sql::new(
            "UPDATE organisation SET paused_at = NULL, pause_reason = NULL WHERE id = $1 AND paused_at IS NOT NULL",
        )
        .bind(id.to_string())
        .execute(self.connection())?;
        if lifted == 0 {
            return Ok(false);
        }
        self.put_off(&format!("o.organisation_id = '{id}' AND NOT {OF_ACCOUNTS}"), pause.since, now)?;
        Ok(true)
    }

    /// Lets a batch go on; `false` when it was not stopped.
    pub fn resume_batch(
        &mut self,
        organisation: OrganisationId,
        id: BatchId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let Some(pause) = self.batch_pause(organisation, id)? else { return Ok(false) };
        let lifted = Sql::new(
            "UPDATE reminder_batch SET paused_at = NULL, pause_reason = NULL WHERE id = $1 AND paused_at IS NOT NULL",
        )
        .bind(id.to_string())
        .execute(self.connection())?;
        if lifted == 0 {
            return Ok(false);
        }
        self.put_off(&format!("o.batch_id = '{id}'"), pause.since, now)?;
        Ok(true)
    }

    /// Moves the deadlines of the mails that a pause has held. What else holds one of them moves it by its own time when
    /// it ends, so this one counts up to there.
    fn put_off(
        &mut self,
        condition: &str,
        since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        const AT_ONCE: usize = 500;
        let locked = self.connection().locked("o");
        let held = Sql::new(&format!(
            "SELECT o.id, o.expires_at, n.paused_at AS installation_at, b.paused_at AS batch_at, \
             CASE WHEN {OF_ACCOUNTS} THEN NULL ELSE g.paused_at END AS organisation_at \
             FROM outbox o JOIN installation n ON n.id = 1 JOIN organisation g ON g.id = o.organisation_id \
             LEFT JOIN reminder_batch b ON b.id = o.batch_id WHERE o.phase = 'Pending' AND {condition} \
             ORDER BY o.id{locked}"
        ))
        .load::<HeldRow>(self.connection())?;
        for some in held.chunks(AT_ONCE) {
            let mut change = RowChange::new("outbox SET expires_at = @2", "outbox.id = @1");
            for mail in some {
                let others = [mail.installation_at, mail.organisation_at, mail.batch_at];
                let until = others.into_iter().flatten().map(|at| at.and_utc()).min().unwrap_or(now);
                let by = (until - since).max(chrono::TimeDelta::zero());
                change.row().value(mail.id.clone()).value(mail.expires_at.and_utc() + by);
            }
            change.run(self.connection())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_knows_the_mails_about_accounts_that_the_domain_knows() {
        let is_listed = |kind: &MailKind| OF_ACCOUNTS.contains(&format!("'{kind}'"));
        assert!(MailKind::ALL.iter().all(|kind| is_listed(kind) == kind.is_about_account()));
        assert!(NOT_STOPPED.contains(OF_ACCOUNTS));
    }
}
