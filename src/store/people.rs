//! People, their roles, their sessions, and failed tries to sign in.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Integer, Text, Timestamp};

use super::columns::{count, parsed};
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{OrganisationId, UserId};
use crate::domain::person::{Role, Theme, User};
use crate::domain::text::Line;

/// A person as they are added.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// Their id.
    pub id: UserId,
    /// What they sign in with.
    pub email: EmailAddress,
    /// Their name.
    pub name: Line,
    /// The password's hash, in PHC form.
    pub password_hash: String,
    /// Where.
    pub organisation_id: OrganisationId,
    /// What they may do there.
    pub role: Role,
}

/// What a sign-in is checked against.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Who.
    pub id: UserId,
    /// The password's hash, in PHC form.
    pub password_hash: String,
    /// The organisation to enter.
    pub organisation_id: OrganisationId,
}

/// A session as it is kept.
#[derive(Clone, Debug)]
pub struct StoredSession {
    /// What it holds, as JSON.
    pub state: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub seen_at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct UserRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    organisation_id: String,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    theme: String,
    #[diesel(sql_type = Bool)]
    has_single_keys: bool,
    #[diesel(sql_type = Text)]
    role: String,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed("person.id", &row.id)?,
            organisation_id: parsed("membership.organisation_id", &row.organisation_id)?,
            name: parsed("person.name", &row.name)?,
            email: parsed("person.email", &row.email)?,
            role: parsed("membership.role", &row.role)?,
            theme: parsed("person.theme", &row.theme)?,
            has_single_keys: row.has_single_keys,
        })
    }
}

#[derive(QueryableByName)]
struct CredentialsRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    password_hash: String,
    #[diesel(sql_type = Text)]
    organisation_id: String,
}

#[derive(QueryableByName)]
struct SessionRow {
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Timestamp)]
    created_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    seen_at: NaiveDateTime,
}

#[derive(QueryableByName)]
struct FailureRow {
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = Timestamp)]
    last_at: NaiveDateTime,
}

impl Snapshot<'_> {
    /// A person in an organisation, with the role they have now; `None` when they have none, or are disabled.
    pub fn user(&mut self, organisation: OrganisationId, id: UserId) -> Result<Option<User>, StoreError> {
        Sql::new(
            "SELECT p.id, m.organisation_id, p.email, p.name, p.theme, p.has_single_keys, m.role FROM person p \
             JOIN membership m ON m.person_id = p.id \
             WHERE p.id = $1 AND m.organisation_id = $2 AND p.disabled_at IS NULL",
        )
        .bind(id.to_string())
        .bind(organisation.to_string())
        .first::<UserRow>(self.connection())?
        .map(User::try_from)
        .transpose()
    }

    /// What a sign-in with an address is checked against.
    pub fn credentials(&mut self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        Sql::new(
            "SELECT p.id, p.password_hash, m.organisation_id FROM person p JOIN membership m ON m.person_id = p.id \
             WHERE p.email_folded = $1 AND p.disabled_at IS NULL ORDER BY m.organisation_id LIMIT 1",
        )
        .bind(email.folded())
        .first::<CredentialsRow>(self.connection())?
        .map(|row| {
            Ok(Credentials {
                id: parsed("person.id", &row.id)?,
                password_hash: row.password_hash,
                organisation_id: parsed("membership.organisation_id", &row.organisation_id)?,
            })
        })
        .transpose()
    }

    /// How many people there are.
    pub fn count_people(&mut self) -> Result<usize, StoreError> {
        #[derive(QueryableByName)]
        struct CountRow {
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        let row = Sql::new("SELECT COUNT(*) AS number FROM person")
            .first::<CountRow>(self.connection())?
            .ok_or(StoreError::Missing("count"))?;
        count("person", row.number)
    }

    /// A session, by the hash of its id.
    pub fn session(&mut self, id_hash: &str) -> Result<Option<StoredSession>, StoreError> {
        let row = Sql::new("SELECT state, created_at, seen_at FROM session WHERE id_hash = $1")
            .bind(id_hash)
            .first::<SessionRow>(self.connection())?;
        Ok(row.map(|row| StoredSession {
            state: row.state,
            created_at: row.created_at.and_utc(),
            seen_at: row.seen_at.and_utc(),
        }))
    }

    /// Failed tries of an account or from an address: how many in a row, and the last one's time.
    pub fn sign_in_failures(&mut self, subject: &str) -> Result<Option<(u32, DateTime<Utc>)>, StoreError> {
        let row = Sql::new("SELECT failures, last_at FROM sign_in_failure WHERE subject = $1")
            .bind(subject)
            .first::<FailureRow>(self.connection())?;
        Ok(row.map(|row| (row.failures.unsigned_abs(), row.last_at.and_utc())))
    }
}

impl Tx<'_> {
    /// Adds a person with a role; `false` when there is one with this address already.
    pub fn add_person(&mut self, person: &NewPerson, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let added = Sql::new(
            "INSERT INTO person (id, email, email_folded, name, password_hash, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (email_folded) DO NOTHING",
        )
        .bind(person.id.to_string())
        .bind(person.email.as_str())
        .bind(person.email.folded())
        .bind(person.name.as_str())
        .bind(person.password_hash.as_str())
        .bind(now)
        .execute(self.connection())?;
        if added == 0 {
            return Ok(false);
        }
        Sql::new("INSERT INTO membership (person_id, organisation_id, role) VALUES ($1, $2, $3)")
            .bind(person.id.to_string())
            .bind(person.organisation_id.to_string())
            .bind(person.role.as_str())
            .execute(self.connection())?;
        Ok(true)
    }

    /// Says whether single letters are commands on a person's pages.
    pub fn set_single_keys(&mut self, id: UserId, on: bool) -> Result<(), StoreError> {
        Sql::new("UPDATE person SET has_single_keys = $1 WHERE id = $2")
            .bind(on)
            .bind(id.to_string())
            .execute(self.connection())?;
        Ok(())
    }

    /// Sets a person's colours.
    pub fn set_theme(&mut self, id: UserId, theme: Theme) -> Result<(), StoreError> {
        Sql::new("UPDATE person SET theme = $1 WHERE id = $2")
            .bind(theme.as_str())
            .bind(id.to_string())
            .execute(self.connection())?;
        Ok(())
    }

    /// Keeps a session; an existing one keeps its beginning.
    pub fn keep_session(&mut self, id_hash: &str, state: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        Sql::new(
            "INSERT INTO session (id_hash, state, created_at, seen_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (id_hash) DO UPDATE SET state = excluded.state, seen_at = excluded.seen_at",
        )
        .bind(id_hash)
        .bind(state)
        .bind(now)
        .bind(now)
        .execute(self.connection())?;
        Ok(())
    }

    /// Notes that a session was used.
    pub fn touch_session(&mut self, id_hash: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        Sql::new("UPDATE session SET seen_at = $1 WHERE id_hash = $2")
            .bind(now)
            .bind(id_hash)
            .execute(self.connection())?;
        Ok(())
    }

    /// Ends a session, and forgets those not used since a time.
    pub fn end_session(&mut self, id_hash: &str, idle_since: DateTime<Utc>) -> Result<(), StoreError> {
        Sql::new("DELETE FROM session WHERE id_hash = $1 OR seen_at < $2")
            .bind(id_hash)
            .bind(idle_since)
            .execute(self.connection())?;
        Ok(())
    }

    /// Counts a failed try to sign in.
    pub fn note_sign_in_failure(&mut self, subject: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        Sql::new(
            "INSERT INTO sign_in_failure (subject, failures, last_at) VALUES ($1, 1, $2) \
             ON CONFLICT (subject) DO UPDATE SET failures = sign_in_failure.failures + 1, last_at = excluded.last_at",
        )
        .bind(subject)
        .bind(now)
        .execute(self.connection())?;
        Ok(())
    }

    /// Forgets the failed tries of an account or from an address.
    pub fn clear_sign_in_failures(&mut self, subject: &str) -> Result<(), StoreError> {
        Sql::new("DELETE FROM sign_in_failure WHERE subject = $1")
            .bind(subject)
            .execute(self.connection())?;
        Ok(())
    }
}
