//! A selection of invoices with what decides whether each is reminded and to whom: one statement, however many ids.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{Nullable, Text, Timestamp};

use super::columns::parsed;
use super::invoices::{COLUMNS, InvoiceRow, Row};
use super::sql::Sql;
use super::{Snapshot, StoreError};
use crate::domain::ids::{InvoiceId, OrganisationId};
use crate::domain::proposal::Candidate;
use crate::domain::reminder::SlotHolder;

#[derive(QueryableByName)]
struct CandidateRow {
    #[diesel(embed)]
    listed: Row,
    #[diesel(sql_type = Nullable<Text>)]
    slot_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    slot_state: Option<String>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    slot_created_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    slot_left_at: Option<NaiveDateTime>,
}

impl Snapshot<'_> {
    /// The candidates of an organisation among these ids, ordered by due day, then id. Unknown ids are not among them.
    pub fn candidates(
        &mut self,
        organisation: OrganisationId,
        ids: &[InvoiceId],
    ) -> Result<Vec<Candidate>, StoreError> {
        let chosen = self.connection().listed("$1");
        let statement = format!(
            "SELECT {COLUMNS}, o.id AS slot_id, o.state AS slot_state, o.created_at AS slot_created_at, \
             COALESCE(o.sent_at, o.committed_at) AS slot_left_at \
             FROM invoice i JOIN customer c ON c.id = i.customer_id \
             LEFT JOIN reminder_slot s ON s.invoice_id = i.id LEFT JOIN outbox o ON o.id = s.reminder_id \
             WHERE i.id IN ({chosen}) AND i.organisation_id = $2 ORDER BY i.due_on, i.id"
        );
        Sql::new(&statement)
            .bind(id_list(ids))
            .bind(organisation.to_string())
            .load::<CandidateRow>(self.connection())?
            .into_iter()
            .map(Candidate::try_from)
            .collect()
    }
}

/// Ids as the JSON array that `AnyConnection::listed` reads.
pub(super) fn id_list<T: std::fmt::Display>(ids: &[T]) -> String {
    let quoted: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", quoted.join(","))
}

impl TryFrom<CandidateRow> for Candidate {
    type Error = StoreError;

    fn try_from(found: CandidateRow) -> Result<Self, StoreError> {
        let row = InvoiceRow::try_from(found.listed)?;
        let slot = match (found.slot_id, found.slot_state, found.slot_created_at) {
            (Some(id), Some(state), Some(created_at)) => Some(SlotHolder {
                reminder_id: parsed("outbox.id", &id)?,
                state: parsed("outbox.state", &state)?,
                created_at: created_at.and_utc(),
                left_at: found.slot_left_at.map(|at| at.and_utc()),
            }),
            _ => None,
        };
        Ok(Self {
            holds: row.holds,
            is_suppressed: row.is_suppressed,
            last_reminded_at: row.last_reminder.map(|(_, at)| at),
            invoice: row.invoice,
            customer_name: row.customer_name,
            recipient: row.recipient,
            slot,
        })
    }
}
