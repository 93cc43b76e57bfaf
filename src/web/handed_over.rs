//! What was on its way already when something was done: the page that one comes to names it, for it cannot be called back.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::frame::see_other;
use crate::domain::ids::{OrganisationId, ReminderId};
use crate::store::{ReminderRow, Snapshot, StoreError};

/// The most that a page names: more than one mail server's connections.
const NAMED: usize = 50;

/// What the address of a page says of what was just done.
#[derive(Deserialize, Default)]
pub struct Aftermath {
    /// The reminders past recall, with commas between them.
    #[serde(default)]
    handed_over: String,
}

impl Aftermath {
    /// The reminders that are named.
    pub(super) fn reminders(
        &self,
        snapshot: &mut Snapshot<'_>,
        organisation: OrganisationId,
    ) -> Result<Vec<ReminderRow>, StoreError> {
        let ids = self.handed_over.split(',').filter_map(|id| id.parse().ok()).take(NAMED);
        ids.filter_map(|id| snapshot.reminder(organisation, id).transpose()).collect()
    }
}

/// One mail that cannot be called back.
pub(super) struct HandedOver {
    pub(super) href: String,
    pub(super) number: String,
    pub(super) recipient: String,
}

impl From<ReminderRow> for HandedOver {
    fn from(row: ReminderRow) -> Self {
        Self {
            href: format!("/reminders/{}", row.reminder.id),
            number: row.number.to_string(),
            recipient: row.reminder.recipient.map(|address| address.to_string()).unwrap_or_default(),
        }
    }
}

/// On to the page of what was changed, which names what is past recall.
pub(super) fn see_other_naming(page: &str, handed_over: &[ReminderId]) -> HttpResponse {
    let ids: Vec<String> = handed_over.iter().take(NAMED).map(ToString::to_string).collect();
    match ids.as_slice() {
        [] => see_other(page),
        ids => see_other(format!("{page}?handed_over={}", ids.join(","))),
    }
}
