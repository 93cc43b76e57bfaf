//! People as they sign in: who they are, and what a sign-in is checked against.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Text};

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
    /// Whether a code is asked for too.
    pub has_second_factor: bool,
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
    #[diesel(sql_type = Bool)]
    has_second_factor: bool,
}

impl Snapshot<'_> {
    /// A person in an organisation, with the role they have now; `None` when they have none, or are disabled.
    pub fn user(&mut self, organisation: OrganisationId, id: UserId) -> Result<Option<User>, StoreError> {
        Sql::new(
            "SELECT p.id, m.organisation_id, p.email, p.name, p.theme, p.has_single_keys, m.role FROM person p \
             JOIN membership m ON m.person_id = p.id \
             WHERE p.id = $1 AND m.organisation_id = $2 AND m.disabled_at IS NULL",
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
            "SELECT p.id, p.password_hash, m.organisation_id, p.totp_secret IS NOT NULL AS has_second_factor FROM person p JOIN membership m ON m.person_id = p.id \
             WHERE p.email_folded = $1 AND m.disabled_at IS NULL \
             ORDER BY m.entered_at IS NULL, m.entered_at DESC, m.organisation_id LIMIT 1",
        )
        .bind(email.folded())
        .first::<CredentialsRow>(self.connection())?
        .map(|row| {
            Ok(Credentials {
                id: parsed("person.id", &row.id)?,
                password_hash: row.password_hash,
                organisation_id: parsed("membership.organisation_id", &row.organisation_id)?,
                has_second_factor: row.has_second_factor,
            })
        })
        .transpose()
    }

    /// The hash of a person's password, in PHC form.
    pub fn password_hash(&mut self, id: UserId) -> Result<String, StoreError> {
        #[derive(QueryableByName)]
        struct HashRow {
            #[diesel(sql_type = Text)]
            password_hash: String,
        }
        let row = Sql::new("SELECT password_hash FROM person WHERE id = $1")
            .bind(id.to_string())
            .first::<HashRow>(self.connection())?
            .ok_or(StoreError::Missing("person"))?;
        Ok(row.password_hash)
    }

    /// Who signs in with an address, whatever they may do where.
    pub fn person_with(&mut self, email: &EmailAddress) -> Result<Option<UserId>, StoreError> {
        #[derive(QueryableByName)]
        struct IdRow {
            #[diesel(sql_type = Text)]
            id: String,
        }
        Sql::new("SELECT id FROM person WHERE email_folded = $1")
            .bind(email.folded())
            .first::<IdRow>(self.connection())?
            .map(|row| parsed("person.id", &row.id))
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
        self.add_member(person.organisation_id, person.id, person.role)?;
        Ok(true)
    }

    /// Gives a person a new name.
    pub fn rename_person(&mut self, id: UserId, name: &Line) -> Result<(), StoreError> {
        Sql::new("UPDATE person SET name = $1 WHERE id = $2")
            .bind(name.as_str())
            .bind(id.to_string())
            .execute(self.connection())?;
        Ok(())
    }

    /// Gives a person a new password.
    pub fn set_password(&mut self, id: UserId, hash: &str) -> Result<(), StoreError> {
        Sql::new("UPDATE person SET password_hash = $1 WHERE id = $2")
            .bind(hash)
            .bind(id.to_string())
            .execute(self.connection())?;
        Ok(())
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
}
