//! Second factors: the sealed secret, the step that was last used, recovery codes, and who must have one.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use super::columns::count;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::ids::{OrganisationId, UserId};

/// A person's second factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// The secret, sealed.
    pub secret: String,
    /// The step of the code that was last used.
    pub used_step: Option<i64>,
}

/// What is asked of a person, and what they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondFactorState {
    /// Whether they have one.
    pub is_on: bool,
    /// Whether the organisation asks for one.
    pub is_required: bool,
}

impl Snapshot<'_> {
    /// A person's second factor, if they have one.
    pub fn second_factor(&mut self, person: UserId) -> Result<Option<SecondFactor>, StoreError> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            totp_secret: String,
            #[diesel(sql_type = Nullable<BigInt>)]
            totp_step: Option<i64>,
        }
        let row =
            Sql::new("SELECT totp_secret, totp_step FROM person WHERE id = $1 AND totp_secret IS NOT NULL")
                .bind(person.to_string())
                .first::<Row>(self.connection())?;
        Ok(row.map(|row| SecondFactor { secret: row.totp_secret, used_step: row.totp_step }))
    }

    /// Whether a person has a second factor and whether an organisation asks for one.
    pub fn second_factor_state(
        &mut self,
        organisation: OrganisationId,
        person: UserId,
    ) -> Result<SecondFactorState, StoreError> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Bool)]
            is_on: bool,
            #[diesel(sql_type = Bool)]
            is_required: bool,
        }
        let row = Sql::new(
            "SELECT p.totp_secret IS NOT NULL AS is_on, o.requires_two_factor AS is_required \
             FROM person p, organisation o WHERE p.id = $1 AND o.id = $2",
        )
        .bind(person.to_string())
        .bind(organisation.to_string())
        .first::<Row>(self.connection())?
        .ok_or(StoreError::Missing("person"))?;
        Ok(SecondFactorState { is_on: row.is_on, is_required: row.is_required })
    }

    /// How many recovery codes a person has left.
    pub fn recovery_codes_left(&mut self, person: UserId) -> Result<usize, StoreError> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        let row =
            Sql::new("SELECT COUNT(*) AS number FROM recovery_code WHERE person_id = $1 AND used_at IS NULL")
                .bind(person.to_string())
                .first::<Row>(self.connection())?
                .ok_or(StoreError::Missing("count"))?;
        count("recovery_code", row.number)
    }
}

impl Tx<'_> {
    /// Gives a person a second factor, of which a step was used already, or takes it away with its recovery codes.
    pub fn set_second_factor(
        &mut self,
        person: UserId,
        factor: Option<&SecondFactor>,
    ) -> Result<(), StoreError> {
        Sql::new("UPDATE person SET totp_secret = $1, totp_step = $2 WHERE id = $3")
            .bind(factor.map(|factor| factor.secret.clone()))
            .bind(factor.and_then(|factor| factor.used_step))
            .bind(person.to_string())
            .execute(self.connection())?;
        self.replace_recovery_codes(person, &[])
    }

    /// Uses a step up; `false` when it or a later one was used meanwhile.
    pub fn use_step(&mut self, person: UserId, step: i64) -> Result<bool, StoreError> {
        let used = Sql::new(
            "UPDATE person SET totp_step = $1 WHERE id = $2 AND totp_secret IS NOT NULL \
             AND (totp_step IS NULL OR totp_step < $3)",
        )
        .bind(step)
        .bind(person.to_string())
        .bind(step)
        .execute(self.connection())?;
        Ok(used == 1)
    }

    /// Gives a person other recovery codes, by their hashes.
    pub fn replace_recovery_codes(&mut self, person: UserId, hashes: &[String]) -> Result<(), StoreError> {
        Sql::new("DELETE FROM recovery_code WHERE person_id = $1")
            .bind(person.to_string())
            .execute(self.connection())?;
        for hash in hashes {
            Sql::new("INSERT INTO recovery_code (person_id, code_hash) VALUES ($1, $2)")
                .bind(person.to_string())
                .bind(hash.as_str())
                .execute(self.connection())?;
        }
        Ok(())
    }

    /// Uses a recovery code up; `false` when it is none of theirs or was used already.
    pub fn use_recovery_code(
        &mut self,
        person: UserId,
        hash: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let used = Sql::new(
            "UPDATE recovery_code SET used_at = $1 WHERE person_id = $2 AND code_hash = $3 AND used_at IS NULL",
        )
        .bind(now)
        .bind(person.to_string())
        .bind(hash)
        .execute(self.connection())?;
        Ok(used == 1)
    }

    /// Says whether an organisation asks everybody for a second factor; `false` when it is so already.
    pub fn require_two_factor(
        &mut self,
        organisation: OrganisationId,
        required: bool,
    ) -> Result<bool, StoreError> {
        let changed = Sql::new(
            "UPDATE organisation SET requires_two_factor = $1 WHERE id = $2 AND requires_two_factor <> $3",
        )
        .bind(required)
        .bind(organisation.to_string())
        .bind(required)
        .execute(self.connection())?;
        Ok(changed == 1)
    }
}
