//! E-mail templates and their versions; a version never changes once it is written.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Integer, Text, Timestamp};

use super::columns::parsed;
use super::sql::Sql;
use super::{Snapshot, StoreError, Tx};
use crate::domain::email::{TemplateText, VersionOrigin};
use crate::domain::ids::{OrganisationId, TemplateId, TemplateVersionId};
use crate::domain::person::Actor;
use crate::domain::stage::Stage;

/// One saved text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateVersion {
    /// Which one.
    pub id: TemplateVersionId,
    /// Of which template.
    pub template_id: TemplateId,
    /// 1, 2, 3 ...
    pub number: u32,
    /// The subject's source.
    pub subject: String,
    /// The message's source.
    pub message: String,
    /// How it came about.
    pub origin: VersionOrigin,
    /// Who saved it.
    pub actor: Actor,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl TemplateVersion {
    /// Its text.
    pub fn text(&self) -> TemplateText {
        TemplateText { subject: self.subject.clone(), message: self.message.clone() }
    }
}

#[derive(QueryableByName)]
pub(super) struct VersionRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    template_id: String,
    #[diesel(sql_type = Integer)]
    number: i32,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    message: String,
    #[diesel(sql_type = Text)]
    origin: String,
    #[diesel(sql_type = Text)]
    created_by: String,
    #[diesel(sql_type = Timestamp)]
    created_at: NaiveDateTime,
}

impl TryFrom<VersionRow> for TemplateVersion {
    type Error = StoreError;

    fn try_from(row: VersionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed("template_version.id", &row.id)?,
            template_id: parsed("template_version.template_id", &row.template_id)?,
            number: parsed("template_version.number", &row.number.to_string())?,
            subject: row.subject,
            message: row.message,
            origin: parsed("template_version.origin", &row.origin)?,
            actor: parsed("template_version.created_by", &row.created_by)?,
            created_at: row.created_at.and_utc(),
        })
    }
}

/// The columns of [`VersionRow`]; `v` is the version.
pub(super) const COLUMNS: &str =
    "v.id, v.template_id, v.number, v.subject, v.message, v.origin, v.created_by, v.created_at";

impl Snapshot<'_> {
    /// The text that is sent for a template of an organisation now.
    pub fn current_version(
        &mut self,
        organisation: OrganisationId,
        slug: &str,
    ) -> Result<Option<TemplateVersion>, StoreError> {
        Sql::new(&format!(
            "SELECT {COLUMNS} FROM email_template t JOIN template_version v ON v.id = t.version_id \
             WHERE t.organisation_id = $1 AND t.slug = $2"
        ))
        .bind(organisation.to_string())
        .bind(slug)
        .first::<VersionRow>(self.connection())?
        .map(TemplateVersion::try_from)
        .transpose()
    }

    /// One version, current or not.
    pub fn template_version(&mut self, id: TemplateVersionId) -> Result<TemplateVersion, StoreError> {
        Sql::new(&format!("SELECT {COLUMNS} FROM template_version v WHERE v.id = $1"))
            .bind(id.to_string())
            .first::<VersionRow>(self.connection())?
            .ok_or(StoreError::Missing("template version"))?
            .try_into()
    }
}

impl Tx<'_> {
    /// Adds a template with its first version.
    pub fn add_template(
        &mut self,
        organisation: OrganisationId,
        slug: &str,
        stage: Option<Stage>,
        first: &TemplateVersion,
    ) -> Result<(), StoreError> {
        Sql::new("INSERT INTO email_template (id, organisation_id, slug, stage, version_id) VALUES ($1, $2, $3, $4, $5)")
            .bind(first.template_id.to_string())
            .bind(organisation.to_string())
            .bind(slug)
            .bind(stage.map(|stage| stage.to_string()))
            .bind(first.id.to_string())
            .execute(self.connection())?;
        self.add_template_version(first)
    }

    /// Keeps a version of a template.
    pub fn add_template_version(&mut self, version: &TemplateVersion) -> Result<(), StoreError> {
        Sql::new(
            "INSERT INTO template_version (id, template_id, number, subject, message, origin, created_by, created_at) \
             VALUES ($1, $2, CAST($3 AS INTEGER), $4, $5, $6, $7, $8)",
        )
        .bind(version.id.to_string())
        .bind(version.template_id.to_string())
        .bind(i64::from(version.number))
        .bind(version.subject.as_str())
        .bind(version.message.as_str())
        .bind(version.origin.as_str())
        .bind(version.actor.to_string())
        .bind(version.created_at)
        .execute(self.connection())?;
        Ok(())
    }
}
