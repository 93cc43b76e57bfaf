//! A reminder as it left: everything that is kept of the mail, and the text it was written from.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{Integer, Nullable, Text, Timestamp};

use super::columns::{parsed, parsed_option};
use super::sql::Sql;
use super::{Snapshot, StoreError};
use crate::domain::ids::{OrganisationId, ReminderId, TemplateVersionId};
use crate::domain::mail_message::OutgoingMail;
use crate::domain::organisation::Sender;

/// Where a version of a text stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedText {
    /// The text it is a version of.
    pub slug: String,
    /// Which version.
    pub number: u32,
}

#[derive(QueryableByName)]
struct MailRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    message_id: String,
    #[diesel(sql_type = Nullable<Timestamp>)]
    dated_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Text)]
    from_name: String,
    #[diesel(sql_type = Text)]
    from_email: String,
    #[diesel(sql_type = Nullable<Text>)]
    reply_to: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    letterhead_id: Option<String>,
    #[diesel(sql_type = Text)]
    recipient_name: String,
    #[diesel(sql_type = Text)]
    recipient: String,
}

#[derive(QueryableByName)]
struct UsedRow {
    #[diesel(sql_type = Text)]
    slug: String,
    #[diesel(sql_type = Integer)]
    number: i32,
}

impl Snapshot<'_> {
    /// The mail of a reminder as it was last handed to the mail server; `None` before that.
    pub fn kept_mail(
        &mut self,
        organisation: OrganisationId,
        id: ReminderId,
    ) -> Result<Option<OutgoingMail>, StoreError> {
        let row = Sql::new(
            "SELECT a.id, a.kind, a.message_id, COALESCE(a.dated_at, a.committed_at, a.sent_at) AS dated_at, a.from_name, \
             a.from_email, a.reply_to, a.letterhead_id, COALESCE(a.recipient_name, c.name) AS recipient_name, a.recipient \
             FROM outbox a JOIN customer c ON c.id = a.customer_id \
             WHERE a.kind = 'reminder' AND a.recipient IS NOT NULL AND a.organisation_id = $1 AND a.id = $2",
        )
        .bind(organisation.to_string())
        .bind(id.to_string())
        .first::<MailRow>(self.connection())?;
        let Some((row, dated_at)) = row.and_then(|row| row.dated_at.map(|at| (row, at))) else {
            return Ok(None);
        };
        let Some(rendered) = self.mail_content(id)? else { return Ok(None) };
        Ok(Some(OutgoingMail {
            id: parsed("outbox.id", &row.id)?,
            kind: parsed("outbox.kind", &row.kind)?,
            message_id: row.message_id,
            date: dated_at.and_utc(),
            sender: Sender {
                name: parsed("outbox.from_name", &row.from_name)?,
                from: parsed("outbox.from_email", &row.from_email)?,
                reply_to: parsed_option("outbox.reply_to", row.reply_to.as_deref())?,
                letterhead: parsed_option("outbox.letterhead_id", row.letterhead_id.as_deref())?,
            },
            recipient_name: parsed("outbox.recipient_name", &row.recipient_name)?,
            recipient: parsed("outbox.recipient", &row.recipient)?,
            rendered,
        }))
    }

    /// Which text a version belongs to.
    pub fn used_text(&mut self, version: TemplateVersionId) -> Result<UsedText, StoreError> {
        let row = Sql::new(
            "SELECT t.slug, v.number FROM template_version v JOIN email_template t ON t.id = v.template_id \
             WHERE v.id = $1",
        )
        .bind(version.to_string())
        .first::<UsedRow>(self.connection())?
        .ok_or(StoreError::Missing("template version"))?;
        Ok(UsedText { slug: row.slug, number: parsed("template_version.number", &row.number.to_string())? })
    }
}
