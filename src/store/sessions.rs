//! Sessions, by the hash of their id, and failed tries to sign in.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Integer, Nullable, Text, Timestamp};

use super::columns::parsed_option;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::ids::{OrganisationId, UserId};
use crate::domain::person::Role;

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

/// Whose a session is. One that belongs to nobody yet has none of this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionOwner {
    /// What the session is called where it is listed and ended: it opens nothing.
    pub handle: String,
    /// Who.
    pub person: UserId,
    /// Where.
    pub organisation: OrganisationId,
    /// On what, in words.
    pub device: String,
    /// When the person signed in.
    pub began_at: DateTime<Utc>,
}

/// A session as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSession {
    /// What it is called.
    pub handle: String,
    /// On what, in words.
    pub device: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub seen_at: DateTime<Utc>,
}

/// How a session was last used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionUse {
    /// When.
    pub seen_at: DateTime<Utc>,
    /// With which role.
    pub role: Option<Role>,
}

/// Which of a person's sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// Every one.
    All,
    /// Every one but that with this handle.
    AllBut(String),
    /// That with this handle.
    One(String),
    /// Those in an organisation.
    In(OrganisationId),
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
struct ListedRow {
    #[diesel(sql_type = Text)]
    handle: String,
    #[diesel(sql_type = Nullable<Text>)]
    device: Option<String>,
    #[diesel(sql_type = Timestamp)]
    created_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    seen_at: NaiveDateTime,
}

#[derive(QueryableByName)]
struct UseRow {
    #[diesel(sql_type = Timestamp)]
    seen_at: NaiveDateTime,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<String>,
}

#[derive(QueryableByName)]
struct FailureRow {
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = Timestamp)]
    last_at: NaiveDateTime,
}

impl From<ListedRow> for ListedSession {
    fn from(row: ListedRow) -> Self {
        Self {
            handle: row.handle,
            device: row.device.unwrap_or_default(),
            created_at: row.created_at.and_utc(),
            seen_at: row.seen_at.and_utc(),
        }
    }
}

impl Snapshot<'_> {
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

    /// How a session was last used, by its handle.
    pub fn session_use(&mut self, handle: &str) -> Result<Option<SessionUse>, StoreError> {
        let row = Sql::new("SELECT seen_at, role FROM session WHERE handle = $1")
            .bind(handle)
            .first::<UseRow>(self.connection())?;
        row.map(|row| {
            let role = parsed_option("session.role", row.role.as_deref())?;
            Ok(SessionUse { seen_at: row.seen_at.and_utc(), role })
        })
        .transpose()
    }

    /// A person's sessions that began and were used after two instants, last used first.
    pub fn sessions_of(
        &mut self,
        person: UserId,
        began_after: DateTime<Utc>,
        used_after: DateTime<Utc>,
    ) -> Result<Vec<ListedSession>, StoreError> {
        let rows = Sql::new(
            "SELECT handle, device, created_at, seen_at FROM session WHERE person_id = $1 AND handle IS NOT NULL \
             AND created_at > $2 AND seen_at > $3 ORDER BY seen_at DESC, handle",
        )
        .bind(person.to_string())
        .bind(began_after)
        .bind(used_after)
        .load::<ListedRow>(self.connection())?;
        Ok(rows.into_iter().map(ListedSession::from).collect())
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
    /// Keeps a new session, with the role that its owner has.
    pub fn keep_session(
        &mut self,
        id_hash: &str,
        state: &str,
        owner: Option<&SessionOwner>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new(
            "INSERT INTO session (id_hash, state, handle, person_id, organisation_id, device, created_at, seen_at, role) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
             (SELECT role FROM membership WHERE person_id = $9 AND organisation_id = $10))",
        )
        .bind(id_hash)
        .bind(state)
        .bind(owner.map(|owner| owner.handle.clone()))
        .bind(owner.map(|owner| owner.person.to_string()))
        .bind(owner.map(|owner| owner.organisation.to_string()))
        .bind(owner.map(|owner| owner.device.clone()))
        .bind(owner.map_or(now, |owner| owner.began_at))
        .bind(now)
        .bind(owner.map(|owner| owner.person.to_string()))
        .bind(owner.map(|owner| owner.organisation.to_string()))
        .execute(self.connection())?;
        Ok(())
    }

    /// Changes what a session holds. One that was ended meanwhile stays ended.
    pub fn change_session(
        &mut self,
        id_hash: &str,
        state: &str,
        owner: Option<&SessionOwner>,
    ) -> Result<(), StoreError> {
        Sql::new("UPDATE session SET state = $1, organisation_id = $2 WHERE id_hash = $3")
            .bind(state)
            .bind(owner.map(|owner| owner.organisation.to_string()))
            .bind(id_hash)
            .execute(self.connection())?;
        Ok(())
    }

    /// Notes that a session is used with another role; `false` when that is noted already.
    pub fn note_role(&mut self, handle: &str, role: Role) -> Result<bool, StoreError> {
        let noted =
            Sql::new("UPDATE session SET role = $1 WHERE handle = $2 AND (role IS NULL OR role <> $3)")
                .bind(role.as_str())
                .bind(handle)
                .bind(role.as_str())
                .execute(self.connection())?;
        Ok(noted == 1)
    }

    /// Notes that a session was used.
    pub fn touch_session(&mut self, handle: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        Sql::new("UPDATE session SET seen_at = $1 WHERE handle = $2")
            .bind(now)
            .bind(handle)
            .execute(self.connection())?;
        Ok(())
    }

    /// Ends a session.
    pub fn end_session(&mut self, id_hash: &str) -> Result<(), StoreError> {
        Sql::new("DELETE FROM session WHERE id_hash = $1").bind(id_hash).execute(self.connection())?;
        Ok(())
    }

    /// Throws sessions away that were not used since a time.
    pub fn prune_sessions(&mut self, since: DateTime<Utc>) -> Result<(), StoreError> {
        self.prune("session", "id_hash", "seen_at", since)
    }

    /// Throws failed tries away that count no more, since none was made after a time.
    pub fn prune_sign_in_failures(&mut self, since: DateTime<Utc>) -> Result<(), StoreError> {
        self.prune("sign_in_failure", "subject", "last_at", since)
    }

    /// At most so many at once that nobody waits for it; who is about to throw the same ones away, or to use one, goes first.
    fn prune(
        &mut self,
        table: &str,
        key: &str,
        instant: &str,
        since: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let skip_locked = self.connection().skip_locked();
        Sql::new(&format!(
            "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {instant} < $1 LIMIT 1000{skip_locked})"
        ))
        .bind(since)
        .execute(self.connection())?;
        Ok(())
    }

    /// Ends sessions of a person; says how many.
    pub fn end_sessions_of(&mut self, person: UserId, which: &Sessions) -> Result<usize, StoreError> {
        let mut sql = Sql::new("DELETE FROM session WHERE person_id = ");
        sql.value(person.to_string());
        match which {
            Sessions::All => {}
            Sessions::AllBut(handle) => {
                sql.push(" AND handle <> ").value(handle.as_str());
            }
            Sessions::One(handle) => {
                sql.push(" AND handle = ").value(handle.as_str());
            }
            Sessions::In(organisation) => {
                sql.push(" AND organisation_id = ").value(organisation.to_string());
            }
        }
        Ok(sql.execute(self.connection())?)
    }

    /// Counts a failed try to sign in; what is older than `forgotten` counts no more.
    pub fn note_sign_in_failure(
        &mut self,
        subject: &str,
        forgotten: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new(
            "INSERT INTO sign_in_failure (subject, failures, last_at) VALUES ($1, 1, $2) \
             ON CONFLICT (subject) DO UPDATE SET last_at = excluded.last_at, \
             failures = CASE WHEN sign_in_failure.last_at < $3 THEN 1 ELSE sign_in_failure.failures + 1 END",
        )
        .bind(subject)
        .bind(now)
        .bind(forgotten)
        .execute(self.connection())?;
        Ok(())
    }

    /// Forgets the failed tries of an account; says how many there were.
    pub fn clear_sign_in_failures(&mut self, subject: &str) -> Result<u32, StoreError> {
        let row = Sql::new("DELETE FROM sign_in_failure WHERE subject = $1 RETURNING failures, last_at")
            .bind(subject)
            .first::<FailureRow>(self.connection())?;
        Ok(row.map_or(0, |row| row.failures.unsigned_abs()))
    }

    /// Forgets so many of the failed tries from an address.
    pub fn forgive_sign_in_failures(&mut self, subject: &str, number: u32) -> Result<(), StoreError> {
        let number = i64::from(number);
        Sql::new(
            "UPDATE sign_in_failure SET failures = CASE WHEN failures > $1 THEN failures - $2 ELSE 0 END \
             WHERE subject = $3",
        )
        .bind(number)
        .bind(number)
        .bind(subject)
        .execute(self.connection())?;
        Ok(())
    }
}
