//! The people of an organisation: what each is there, and since when not any more.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp};

use super::columns::{count, parsed};
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::{OrganisationId, UserId};
use crate::domain::person::Role;
use crate::domain::text::Line;

/// A person of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: Line,
    /// What they sign in with.
    pub email: EmailAddress,
    /// What they may do.
    pub role: Role,
    /// Since when they may not any more.
    pub disabled_at: Option<DateTime<Utc>>,
    /// When they last came into this organisation: what they do in others is nobody's business here.
    pub entered_at: Option<DateTime<Utc>>,
    /// Whether they sign in with a second factor.
    pub has_second_factor: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Nullable<Timestamp>)]
    disabled_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    entered_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Bool)]
    has_second_factor: bool,
}

impl TryFrom<Row> for Member {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed("person.id", &row.id)?,
            name: parsed("person.name", &row.name)?,
            email: parsed("person.email", &row.email)?,
            role: parsed("membership.role", &row.role)?,
            disabled_at: row.disabled_at.map(|at| at.and_utc()),
            entered_at: row.entered_at.map(|at| at.and_utc()),
            has_second_factor: row.has_second_factor,
        })
    }
}

const COLUMNS: &str = "SELECT p.id, p.name, p.email, m.role, m.disabled_at, m.entered_at, \
     p.totp_secret IS NOT NULL AS has_second_factor \
     FROM membership m JOIN person p ON p.id = m.person_id WHERE m.organisation_id = $1";

impl Snapshot<'_> {
    /// Everybody of an organisation, by name.
    pub fn members(&mut self, organisation: OrganisationId) -> Result<Vec<Member>, StoreError> {
        Sql::new(&format!("{COLUMNS} ORDER BY LOWER(p.name), p.id"))
            .bind(organisation.to_string())
            .load::<Row>(self.connection())?
            .into_iter()
            .map(Member::try_from)
            .collect()
    }

    /// One person of an organisation.
    pub fn member(&mut self, organisation: OrganisationId, id: UserId) -> Result<Option<Member>, StoreError> {
        Sql::new(&format!("{COLUMNS} AND p.id = $2"))
            .bind(organisation.to_string())
            .bind(id.to_string())
            .first::<Row>(self.connection())?
            .map(Member::try_from)
            .transpose()
    }

    /// Where a person is a member and not disabled, with the address they sign in with.
    pub fn memberships(&mut self, id: UserId) -> Result<Vec<(OrganisationId, EmailAddress)>, StoreError> {
        #[derive(QueryableByName)]
        struct MembershipRow {
            #[diesel(sql_type = Text)]
            organisation_id: String,
            #[diesel(sql_type = Text)]
            email: String,
        }
        Sql::new(
            "SELECT m.organisation_id, p.email FROM membership m JOIN person p ON p.id = m.person_id \
             WHERE p.id = $1 AND m.disabled_at IS NULL ORDER BY m.organisation_id",
        )
        .bind(id.to_string())
        .load::<MembershipRow>(self.connection())?
        .iter()
        .map(|row| {
            Ok((
                parsed("membership.organisation_id", &row.organisation_id)?,
                parsed("person.email", &row.email)?,
            ))
        })
        .collect()
    }

    /// Every organisation that a person belongs to, also where they are disabled: the one they were in last comes first.
    pub fn belongs_to(&mut self, id: UserId) -> Result<Vec<OrganisationId>, StoreError> {
        #[derive(QueryableByName)]
        struct IdRow {
            #[diesel(sql_type = Text)]
            organisation_id: String,
        }
        Sql::new(
            "SELECT organisation_id FROM membership WHERE person_id = $1 \
             ORDER BY disabled_at IS NOT NULL, entered_at IS NULL, entered_at DESC, organisation_id",
        )
        .bind(id.to_string())
        .load::<IdRow>(self.connection())?
        .iter()
        .map(|row| parsed("membership.organisation_id", &row.organisation_id))
        .collect()
    }

    /// Where a person may work, by name.
    pub fn organisations_of(&mut self, id: UserId) -> Result<Vec<(OrganisationId, Line)>, StoreError> {
        #[derive(QueryableByName)]
        struct OrganisationRow {
            #[diesel(sql_type = Text)]
            id: String,
            #[diesel(sql_type = Text)]
            name: String,
        }
        Sql::new(
            "SELECT o.id, o.name FROM membership m JOIN organisation o ON o.id = m.organisation_id \
             WHERE m.person_id = $1 AND m.disabled_at IS NULL ORDER BY LOWER(o.name), o.id",
        )
        .bind(id.to_string())
        .load::<OrganisationRow>(self.connection())?
        .iter()
        .map(|row| Ok((parsed("organisation.id", &row.id)?, parsed("organisation.name", &row.name)?)))
        .collect()
    }

    /// How many people can administer an organisation.
    pub fn count_admins(&mut self, organisation: OrganisationId) -> Result<usize, StoreError> {
        #[derive(QueryableByName)]
        struct CountRow {
            #[diesel(sql_type = BigInt)]
            number: i64,
        }
        let row = Sql::new(
            "SELECT COUNT(*) AS number FROM membership \
             WHERE organisation_id = $1 AND role = 'admin' AND disabled_at IS NULL",
        )
        .bind(organisation.to_string())
        .first::<CountRow>(self.connection())?
        .ok_or(StoreError::Missing("count"))?;
        count("membership", row.number)
    }
}

impl Tx<'_> {
    /// Makes a person a member of an organisation.
    pub fn add_member(
        &mut self,
        organisation: OrganisationId,
        person: UserId,
        role: Role,
    ) -> Result<(), StoreError> {
        Sql::new("INSERT INTO membership (person_id, organisation_id, role) VALUES ($1, $2, $3)")
            .bind(person.to_string())
            .bind(organisation.to_string())
            .bind(role.as_str())
            .execute(self.connection())?;
        Ok(())
    }

    /// Notes that a person works in an organisation from now on, having signed in to it or switched.
    pub fn enter(
        &mut self,
        organisation: OrganisationId,
        person: UserId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new("UPDATE membership SET entered_at = $1 WHERE organisation_id = $2 AND person_id = $3")
            .bind(now)
            .bind(organisation.to_string())
            .bind(person.to_string())
            .execute(self.connection())?;
        Ok(())
    }

    /// Writes what a person is in an organisation, and since when not any more.
    pub fn change_member(
        &mut self,
        organisation: OrganisationId,
        person: UserId,
        role: Role,
        disabled_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        Sql::new(
            "UPDATE membership SET role = $1, disabled_at = $2 WHERE organisation_id = $3 AND person_id = $4",
        )
        .bind(role.as_str())
        .bind(disabled_at)
        .bind(organisation.to_string())
        .bind(person.to_string())
        .execute(self.connection())?;
        Ok(())
    }
}
