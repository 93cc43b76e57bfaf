//! The audit as a log: newest first, filtered, a page at a time.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text};

use super::audit::{ENTRIES, EntryRow, TimelineEntry, entry_columns};
use super::columns::{parsed, parsed_option};
use super::sql::{Sql, containing};
use super::{Snapshot, StoreError};
use crate::domain::audit_topic::AuditTopic;
use crate::domain::ids::{AuditId, InvoiceId, OrganisationId};
use crate::domain::person::Actor;
use crate::domain::search::Search;

/// Which entries are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who did it.
    pub actor: Option<Actor>,
    /// What it is about.
    pub topic: Option<AuditTopic>,
    /// Not before this instant.
    pub from: Option<DateTime<Utc>>,
    /// Before this instant.
    pub until: Option<DateTime<Utc>>,
    /// A part of the detail or of the invoice's number.
    pub search: Option<Search>,
}

/// One entry, with the invoice it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its id, in the order of time.
    pub id: AuditId,
    /// What happened.
    pub entry: TimelineEntry,
    /// The invoice and its number.
    pub invoice: Option<(InvoiceId, String)>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(embed)]
    entry: EntryRow,
    #[diesel(sql_type = Nullable<Text>)]
    invoice_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    number: Option<String>,
}

impl TryFrom<Row> for AuditRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let invoice_id = parsed_option("audit.invoice_id", row.invoice_id.as_deref())?;
        Ok(Self {
            id: parsed("audit.id", &row.id)?,
            entry: row.entry.try_into()?,
            invoice: invoice_id.zip(row.number),
        })
    }
}

fn push_filter(sql: &mut Sql, filter: &AuditFilter) {
    if let Some(topic) = filter.topic {
        // The literal conditions of the index `audit_of_changes`, or it is not found.
        let rare = " AND a.invoice_id IS NULL AND a.mail_id IS NULL";
        sql.push(if topic.is_of_invoices() { "" } else { rare });
        for (index, noun) in topic.nouns().iter().enumerate() {
            sql.push(if index == 0 { " AND (a.event LIKE " } else { " OR a.event LIKE " });
            sql.value(format!("{noun}.%"));
        }
        sql.push(")");
    }
    if let Some(actor) = filter.actor {
        sql.push(" AND a.actor = ").value(actor.to_string());
    }
    if let Some(from) = filter.from {
        sql.push(" AND a.at >= ").value(from);
    }
    if let Some(until) = filter.until {
        sql.push(" AND a.at < ").value(until);
    }
    if let Some(search) = &filter.search {
        let pattern = containing(search);
        sql.push(" AND (LOWER(a.detail) LIKE ").value(pattern.as_str());
        sql.push(" ESCAPE '\\' OR i.number_folded LIKE ").value(pattern).push(" ESCAPE '\\')");
    }
}

impl Snapshot<'_> {
    /// What happened in an organisation: newest first, those before an entry, at most `limit`.
    pub fn audit_log(
        &mut self,
        organisation: OrganisationId,
        filter: &AuditFilter,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let mut sql = Sql::new(&format!(
            "SELECT {}, a.id, a.invoice_id, i.number FROM {ENTRIES} LEFT JOIN invoice i ON i.id = a.invoice_id \
             WHERE a.organisation_id = ",
            entry_columns()
        ));
        sql.value(organisation.to_string());
        push_filter(&mut sql, filter);
        if let Some(before) = before {
            sql.push(" AND a.id < ").value(before.to_string());
        }
        sql.push(" ORDER BY a.id DESC LIMIT ").value(limit as i64);
        sql.load::<Row>(self.connection())?.into_iter().map(AuditRow::try_from).collect()
    }

    /// Who can have done something in an organisation, by name: its people and its programs.
    pub fn audit_actors(&mut self, organisation: OrganisationId) -> Result<Vec<(Actor, String)>, StoreError> {
        #[derive(QueryableByName)]
        struct ActorRow {
            #[diesel(sql_type = Text)]
            actor: String,
            #[diesel(sql_type = Text)]
            name: String,
        }
        Sql::new(
            "SELECT 'user:' || p.id AS actor, p.name FROM person p JOIN membership m ON m.person_id = p.id \
             WHERE m.organisation_id = $1 \
             UNION ALL SELECT 'api_key:' || k.id, k.name FROM api_key k WHERE k.organisation_id = $2 ORDER BY 2, 1",
        )
        .bind(organisation.to_string())
        .bind(organisation.to_string())
        .load::<ActorRow>(self.connection())?
        .into_iter()
        .map(|row| Ok((parsed("audit.actor", &row.actor)?, row.name)))
        .collect()
    }
}
