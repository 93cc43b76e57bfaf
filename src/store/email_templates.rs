//! An organisation's templates as the list and the editor see them: the text that is sent, the draft beside it, every
//! version there ever was.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};

use super::columns::parsed;
use super::invoices::{COLUMNS as INVOICE_COLUMNS, InvoiceRow, Row as InvoiceRecord};
use super::sql::Sql;
use super::templates::{COLUMNS, TemplateVersion, VersionRow};
use super::{Snapshot, StoreError, Tx};
use crate::domain::email::{Basis, TemplateText};
use crate::domain::ids::{OrganisationId, TemplateId};
use crate::domain::person::Actor;

/// A version and the name of who saved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedText {
    /// The version.
    pub version: TemplateVersion,
    /// A person's name, or "Dunlin".
    pub by: String,
}

/// A text that is being worked on and is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftText {
    /// The text.
    pub text: TemplateText,
    /// Who saved it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A template of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailTemplate {
    /// Which one.
    pub id: TemplateId,
    /// Its place in addresses.
    pub slug: String,
    /// What is sent.
    pub current: SavedText,
    /// What is being worked on.
    pub draft: Option<DraftText>,
}

impl EmailTemplate {
    /// What an edit that begins now starts from.
    pub fn basis(&self) -> Basis {
        Basis { version_id: self.current.version.id, draft_at: self.draft.as_ref().map(|draft| draft.at) }
    }
}

#[derive(QueryableByName)]
struct SavedRow {
    #[diesel(embed)]
    version: VersionRow,
    #[diesel(sql_type = Nullable<Text>)]
    saved_by: Option<String>,
}

#[derive(QueryableByName)]
struct TemplateRow {
    #[diesel(embed)]
    current: SavedRow,
    #[diesel(sql_type = Text)]
    slug: String,
    #[diesel(sql_type = Nullable<Text>)]
    draft_subject: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    draft_message: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    drafted_by: Option<String>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    draft_at: Option<NaiveDateTime>,
}

#[derive(QueryableByName)]
struct NumberRow {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn named(name: Option<String>) -> String {
    name.unwrap_or_else(|| "Dunlin".to_owned())
}

impl TryFrom<SavedRow> for SavedText {
    type Error = StoreError;

    fn try_from(row: SavedRow) -> Result<Self, StoreError> {
        Ok(Self { version: row.version.try_into()?, by: named(row.saved_by) })
    }
}

impl TryFrom<TemplateRow> for EmailTemplate {
    type Error = StoreError;

    fn try_from(row: TemplateRow) -> Result<Self, StoreError> {
        let current = SavedText::try_from(row.current)?;
        let text = row.draft_subject.zip(row.draft_message);
        let draft = text.zip(row.draft_at).map(|((subject, message), at)| DraftText {
            text: TemplateText { subject, message },
            by: named(row.drafted_by),
            at: at.and_utc(),
        });
        Ok(Self { id: current.version.template_id, slug: row.slug, current, draft })
    }
}

/// The name of the person whom a column of actors names.
fn name_of(column: &str) -> String {
    format!("(SELECT p.name FROM person p WHERE 'user:' || p.id = {column})")
}

fn templates() -> String {
    format!(
        "SELECT {COLUMNS}, {} AS saved_by, t.slug, t.draft_subject, t.draft_message, {} AS drafted_by, t.draft_at \
         FROM email_template t JOIN template_version v ON v.id = t.version_id WHERE t.organisation_id = $1",
        name_of("v.created_by"),
        name_of("t.draft_by"),
    )
}

impl Snapshot<'_> {
    /// Every template of an organisation.
    pub fn email_templates(
        &mut self,
        organisation: OrganisationId,
    ) -> Result<Vec<EmailTemplate>, StoreError> {
        Sql::new(&templates())
            .bind(organisation.to_string())
            .load::<TemplateRow>(self.connection())?
            .into_iter()
            .map(EmailTemplate::try_from)
            .collect()
    }

    /// One template.
    pub fn email_template(
        &mut self,
        organisation: OrganisationId,
        slug: &str,
    ) -> Result<Option<EmailTemplate>, StoreError> {
        Sql::new(&format!("{} AND t.slug = $2", templates()))
            .bind(organisation.to_string())
            .bind(slug)
            .first::<TemplateRow>(self.connection())?
            .map(EmailTemplate::try_from)
            .transpose()
    }

    /// Every version of a template, the latest first.
    pub fn template_history(&mut self, id: TemplateId) -> Result<Vec<SavedText>, StoreError> {
        Sql::new(&format!(
            "SELECT {COLUMNS}, {} AS saved_by FROM template_version v WHERE v.template_id = $1 ORDER BY v.number DESC",
            name_of("v.created_by"),
        ))
        .bind(id.to_string())
        .load::<SavedRow>(self.connection())?
        .into_iter()
        .map(SavedText::try_from)
        .collect()
    }

    /// Invoices that a preview can show a text with: the first due of those that are owed.
    pub fn preview_invoices(
        &mut self,
        organisation: OrganisationId,
        limit: u32,
    ) -> Result<Vec<InvoiceRow>, StoreError> {
        Sql::new(&format!(
            "SELECT {INVOICE_COLUMNS} FROM invoice i JOIN customer c ON c.id = i.customer_id \
             WHERE i.organisation_id = $1 AND i.state IN ('Sent', 'PartiallyPaid') AND i.archived_at IS NULL \
             ORDER BY i.due_on, i.id LIMIT $2"
        ))
        .bind(organisation.to_string())
        .bind(i64::from(limit))
        .load::<InvoiceRecord>(self.connection())?
        .into_iter()
        .map(InvoiceRow::try_from)
        .collect()
    }
}

impl Tx<'_> {
    /// The number that a template's next version has.
    pub fn next_template_number(&mut self, id: TemplateId) -> Result<u32, StoreError> {
        let row = Sql::new(
            "SELECT CAST(COALESCE(MAX(number), 0) + 1 AS BIGINT) AS number FROM template_version WHERE template_id = $1",
        )
        .bind(id.to_string())
        .first::<NumberRow>(self.connection())?
        .ok_or(StoreError::Missing("e-mail template"))?;
        parsed("template_version.number", &row.number.to_string())
    }

    /// Makes a version the one that is sent and ends the draft; `false`, and nothing is written, when the template is
    /// not as the editor saw it.
    pub fn publish_version(&mut self, version: &TemplateVersion, seen: &Basis) -> Result<bool, StoreError> {
        let published = Sql::new(
            "UPDATE email_template SET version_id = $1, draft_subject = NULL, draft_message = NULL, draft_by = NULL, \
             draft_at = NULL WHERE id = $2 AND version_id = $3 AND draft_at IS NOT DISTINCT FROM $4",
        )
        .bind(version.id.to_string())
        .bind(version.template_id.to_string())
        .bind(seen.version_id.to_string())
        .bind(seen.draft_at)
        .execute(self.connection())?;
        if published == 1 {
            self.add_template_version(version)?;
        }
        Ok(published == 1)
    }

    /// Keeps or, with `None`, drops a draft; `false` when the template is not as the editor saw it.
    pub fn set_draft(
        &mut self,
        id: TemplateId,
        seen: &Basis,
        draft: Option<(&TemplateText, Actor, DateTime<Utc>)>,
    ) -> Result<bool, StoreError> {
        let kept = Sql::new(
            "UPDATE email_template SET draft_subject = $1, draft_message = $2, draft_by = $3, draft_at = $4 \
             WHERE id = $5 AND version_id = $6 AND draft_at IS NOT DISTINCT FROM $7",
        )
        .bind(draft.map(|(text, _, _)| text.subject.clone()))
        .bind(draft.map(|(text, _, _)| text.message.clone()))
        .bind(draft.map(|(_, actor, _)| actor.to_string()))
        .bind(draft.map(|(_, _, at)| at))
        .bind(id.to_string())
        .bind(seen.version_id.to_string())
        .bind(seen.draft_at)
        .execute(self.connection())?;
        Ok(kept == 1)
    }
}
