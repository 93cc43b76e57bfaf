//! Files brought in through the browser, kept between the check and the write, so that any process can write them.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Binary, Bool, Nullable, Text, Timestamp};

use super::columns::parsed;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::ids::{ImportId, OrganisationId};
use crate::domain::person::Actor;

/// A file that was checked and perhaps written.
#[derive(Clone, Debug)]
pub struct KeptFile {
    /// Which one.
    pub id: ImportId,
    /// What its sender called it.
    pub file_name: String,
    /// The file itself, until it is written.
    pub content: Option<Vec<u8>>,
    /// Whether it may undo what Dunlin itself recorded.
    pub reopen: bool,
    /// What it does or did, in words.
    pub summary: String,
    /// Who brought it.
    pub created_by: Actor,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was written.
    pub written_at: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    file_name: String,
    #[diesel(sql_type = Nullable<Binary>)]
    content: Option<Vec<u8>>,
    #[diesel(sql_type = Bool)]
    reopen: bool,
    #[diesel(sql_type = Text)]
    summary: String,
    #[diesel(sql_type = Text)]
    created_by: String,
    #[diesel(sql_type = Timestamp)]
    created_at: NaiveDateTime,
    #[diesel(sql_type = Nullable<Timestamp>)]
    written_at: Option<NaiveDateTime>,
}

impl TryFrom<Row> for KeptFile {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed("import.id", &row.id)?,
            file_name: row.file_name,
            content: row.content,
            reopen: row.reopen,
            summary: row.summary,
            created_by: parsed("import.created_by", &row.created_by)?,
            created_at: row.created_at.and_utc(),
            written_at: row.written_at.map(|at| at.and_utc()),
        })
    }
}

impl Snapshot<'_> {
    /// One file of an organisation.
    pub fn import(
        &mut self,
        organisation: OrganisationId,
        id: ImportId,
    ) -> Result<Option<KeptFile>, StoreError> {
        Sql::new(
            "SELECT id, file_name, content, reopen, summary, created_by, created_at, written_at FROM import \
             WHERE organisation_id = $1 AND id = $2",
        )
        .bind(organisation.to_string())
        .bind(id.to_string())
        .first::<Row>(self.connection())?
        .map(KeptFile::try_from)
        .transpose()
    }

    /// The last files of an organisation that were written, without their contents.
    pub fn written_imports(&mut self, organisation: OrganisationId) -> Result<Vec<KeptFile>, StoreError> {
        Sql::new(
            "SELECT id, file_name, NULL AS content, reopen, summary, created_by, created_at, written_at FROM import \
             WHERE organisation_id = $1 AND written_at IS NOT NULL ORDER BY id DESC LIMIT 10",
        )
        .bind(organisation.to_string())
        .load::<Row>(self.connection())?
        .into_iter()
        .map(KeptFile::try_from)
        .collect()
    }
}

impl Tx<'_> {
    /// Keeps a file; those that were checked long ago and never written lose their contents.
    pub fn keep_import(
        &mut self,
        organisation: OrganisationId,
        file: &KeptFile,
        forget_before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new("DELETE FROM import WHERE organisation_id = $1 AND written_at IS NULL AND created_at < $2")
            .bind(organisation.to_string())
            .bind(forget_before)
            .execute(self.connection())?;
        Sql::new(
            "INSERT INTO import (id, organisation_id, file_name, content, reopen, summary, created_by, created_at, \
             written_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(file.id.to_string())
        .bind(organisation.to_string())
        .bind(file.file_name.as_str())
        .bind(file.content.clone())
        .bind(file.reopen)
        .bind(file.summary.as_str())
        .bind(file.created_by.to_string())
        .bind(file.created_at)
        .bind(file.written_at)
        .execute(self.connection())?;
        Ok(())
    }

    /// Marks a file as written and lets go of its contents; `false` when it was written before.
    pub fn mark_import_written(
        &mut self,
        id: ImportId,
        summary: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = Sql::new(
            "UPDATE import SET written_at = $1, summary = $2, content = NULL WHERE id = $3 AND written_at IS NULL",
        )
        .bind(now)
        .bind(summary)
        .bind(id.to_string())
        .execute(self.connection())?;
        Ok(changed == 1)
    }
}
