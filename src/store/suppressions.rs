//! Suppressed addresses.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text, Timestamp};

use super::audit::ACTOR_NAME;
use super::cancelling::CalledBack;
use super::columns::parsed;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{OrganisationId, SuppressionId};
use crate::domain::person::Actor;
use crate::domain::suppression::{Suppression, SuppressionReason};

/// An address to suppress.
#[derive(Clone, Debug)]
pub struct Suppress<'a> {
    /// The id of the new row.
    pub id: SuppressionId,
    /// Whose list.
    pub organisation_id: OrganisationId,
    /// The address.
    pub address: &'a EmailAddress,
    /// Why.
    pub reason: SuppressionReason,
    /// What it rests on.
    pub evidence: &'a str,
    /// Who says so.
    pub actor: Actor,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    address: String,
    #[diesel(sql_type = Text)]
    reason: String,
    #[diesel(sql_type = Text)]
    evidence: String,
    #[diesel(sql_type = Nullable<Text>)]
    actor_name: Option<String>,
    #[diesel(sql_type = Timestamp)]
    created_at: NaiveDateTime,
    #[diesel(sql_type = Nullable<Timestamp>)]
    lifted_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    lift_reason: Option<String>,
}

impl TryFrom<Row> for Suppression {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed("suppression.id", &row.id)?,
            address: parsed("suppression.address", &row.address)?,
            reason: parsed("suppression.reason", &row.reason)?,
            evidence: row.evidence,
            created_at: row.created_at.and_utc(),
            by: row.actor_name.unwrap_or_else(|| "Dunlin".to_owned()),
            lifted: row.lifted_at.map(|at| (at.and_utc(), row.lift_reason.unwrap_or_default())),
        })
    }
}

/// Reads the columns of [`Row`] from suppressions `a`.
fn select() -> String {
    format!(
        "SELECT a.id, a.address, a.reason, a.evidence, {ACTOR_NAME} AS actor_name, a.created_at, a.lifted_at, \
         a.lift_reason FROM suppression a"
    )
}

impl Snapshot<'_> {
    /// An organisation's suppressions, the latest first, active ones before lifted ones; at most `limit`.
    pub fn suppressions(
        &mut self,
        organisation: OrganisationId,
        limit: usize,
    ) -> Result<Vec<Suppression>, StoreError> {
        Sql::new(&format!(
            "{} WHERE a.organisation_id = $1 \
             ORDER BY CASE WHEN a.lifted_at IS NULL THEN 0 ELSE 1 END, a.id DESC LIMIT $2",
            select()
        ))
        .bind(organisation.to_string())
        .bind(limit as i64)
        .load::<Row>(self.connection())?
        .into_iter()
        .map(Suppression::try_from)
        .collect()
    }

    /// An organisation's active suppressions in order of id, after an id, at most `limit`; of one address when given.
    pub fn suppressions_by_id(
        &mut self,
        organisation: OrganisationId,
        address: Option<&EmailAddress>,
        after: Option<SuppressionId>,
        limit: usize,
    ) -> Result<Vec<Suppression>, StoreError> {
        let mut sql = Sql::new(&format!("{} WHERE a.lifted_at IS NULL AND a.organisation_id = ", select()));
        sql.value(organisation.to_string());
        if let Some(address) = address {
            sql.push(" AND a.address_folded = ").value(address.folded());
        }
        if let Some(after) = after {
            sql.push(" AND a.id > ").value(after.to_string());
        }
        sql.push(" ORDER BY a.id LIMIT ").value(limit as i64);
        sql.load::<Row>(self.connection())?.into_iter().map(Suppression::try_from).collect()
    }

    /// One suppression of an organisation, active or lifted.
    pub fn suppression(
        &mut self,
        organisation: OrganisationId,
        id: SuppressionId,
    ) -> Result<Option<Suppression>, StoreError> {
        Sql::new(&format!("{} WHERE a.organisation_id = $1 AND a.id = $2", select()))
            .bind(organisation.to_string())
            .bind(id.to_string())
            .first::<Row>(self.connection())?
            .map(Suppression::try_from)
            .transpose()
    }
}

impl Tx<'_> {
    /// Suppresses an address and calls back the reminders to it that are before the point of no return; says which.
    /// `None` when it is suppressed already.
    pub fn suppress(
        &mut self,
        new: &Suppress<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<CalledBack>>, StoreError> {
        let added = Sql::new(
            "INSERT INTO suppression (id, organisation_id, address, address_folded, reason, evidence, actor, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (organisation_id, address_folded) WHERE lifted_at IS NULL DO NOTHING",
        )
        .bind(new.id.to_string())
        .bind(new.organisation_id.to_string())
        .bind(new.address.as_str())
        .bind(new.address.folded())
        .bind(new.reason.as_str())
        .bind(new.evidence)
        .bind(new.actor.to_string())
        .bind(now)
        .execute(self.connection())?;
        if added == 0 {
            return Ok(None);
        }
        self.cancel_reminders_to(new.organisation_id, new.address, "The address is suppressed.", now)
            .map(Some)
    }

    /// Lifts an active suppression; `false` when there is none of this id.
    pub fn lift_suppression(
        &mut self,
        organisation: OrganisationId,
        id: SuppressionId,
        actor: Actor,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = Sql::new(
            "UPDATE suppression SET lifted_at = $1, lifted_by = $2, lift_reason = $3 \
             WHERE organisation_id = $4 AND id = $5 AND lifted_at IS NULL",
        )
        .bind(now)
        .bind(actor.to_string())
        .bind(reason)
        .bind(organisation.to_string())
        .bind(id.to_string())
        .execute(self.connection())?;
        Ok(changed == 1)
    }
}
