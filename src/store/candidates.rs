//! A selection of invoices with what decides whether each is reminded and to whom: one statement, however many ids.

use std::collections::HashMap;

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

/// The reminder of a slot, if there is one.
#[derive(QueryableByName)]
struct SlotColumns {
    #[diesel(sql_type = Nullable<Text>)]
    slot_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    slot_state: Option<String>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    slot_created_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Timestamp>)]
    slot_left_at: Option<NaiveDateTime>,
}

/// The columns of [`SlotColumns`]; `o` is the slot's mail.
const SLOT_COLUMNS: &str = "o.id AS slot_id, o.state AS slot_state, o.created_at AS slot_created_at, \
     COALESCE(o.sent_at, o.committed_at) AS slot_left_at";

#[derive(QueryableByName)]
struct CandidateRow {
    #[diesel(embed)]
    listed: Row,
    #[diesel(embed)]
    slot: SlotColumns,
}

#[derive(QueryableByName)]
struct InvoiceSlotRow {
    #[diesel(sql_type = Text)]
    invoice_id: String,
    #[diesel(embed)]
    slot: SlotColumns,
}

impl Snapshot<'_> {
    /// The reminders that have the slots of these invoices.
    pub fn slots(&mut self, ids: &[InvoiceId]) -> Result<HashMap<InvoiceId, SlotHolder>, StoreError> {
        let chosen = self.connection().listed("$1");
        let rows = Sql::new(&format!(
            "SELECT s.invoice_id, {SLOT_COLUMNS} FROM reminder_slot s JOIN outbox o ON o.id = s.reminder_id \
             WHERE s.invoice_id IN ({chosen})"
        ))
        .bind(id_list(ids))
        .load::<InvoiceSlotRow>(self.connection())?;
        let mut slots = HashMap::with_capacity(rows.len());
        for row in rows {
            let id = parsed("reminder_slot.invoice_id", &row.invoice_id)?;
            slots.extend(row.slot.holder()?.map(|holder| (id, holder)));
        }
        Ok(slots)
    }

    /// The candidates of an organisation among these ids, ordered by due day, then id. Unknown ids are not among them.
    pub fn candidates(
        &mut self,
        organisation: OrganisationId,
        ids: &[InvoiceId],
    ) -> Result<Vec<Candidate>, StoreError> {
        let chosen = self.connection().listed("$1");
        let statement = format!(
            "SELECT {COLUMNS}, {SLOT_COLUMNS} FROM invoice i JOIN customer c ON c.id = i.customer_id \
             LEFT JOIN reminder_slot s ON s.invoice_id = i.id LEFT JOIN outbox o ON o.id = s.reminder_id \
             WHERE i.id IN ({chosen}) AND i.organisation_id = $2 ORDER BY i.due_on, i.id"
        );
        Sql::new(&statement)
            .bind(id_list(ids))
            .bind(organisation.to_string())
            .load_as(self.connection(), |row: CandidateRow| Candidate::try_from(row))
    }
}

/// Ids as the JSON array that `AnyConnection::listed` reads.
pub(super) fn id_list<T: std::fmt::Display>(ids: &[T]) -> String {
    let quoted: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", quoted.join(","))
}

impl SlotColumns {
    fn holder(self) -> Result<Option<SlotHolder>, StoreError> {
        let (Some(id), Some(state), Some(created_at)) = (self.slot_id, self.slot_state, self.slot_created_at)
        else {
            return Ok(None);
        };
        Ok(Some(SlotHolder {
            reminder_id: parsed("outbox.id", &id)?,
            state: parsed("outbox.state", &state)?,
            created_at: created_at.and_utc(),
            left_at: self.slot_left_at.map(|at| at.and_utc()),
        }))
    }
}

impl TryFrom<CandidateRow> for Candidate {
    type Error = StoreError;

    fn try_from(found: CandidateRow) -> Result<Self, StoreError> {
        let row = InvoiceRow::try_from(found.listed)?;
        Ok(Self {
            holds: row.holds,
            is_suppressed: row.is_suppressed,
            last_reminded_at: row.last_reminder.map(|(_, at)| at),
            invoice: row.invoice,
            customer_name: row.customer_name,
            recipient: row.recipient,
            slot: found.slot.holder()?,
        })
    }
}
