//! Bringing in a ledger file: a check that writes nothing, and a write that is all or nothing.

mod places;

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use chrono::{DateTime, TimeDelta, Utc};
use tracing::warn;

use self::places::in_a_place;
use super::{ActionError, Actions};
use crate::domain::ids::{CustomerId, ImportId, InvoiceId, OrganisationId};
use crate::domain::ledger::{
    Change, Finding, InvoiceValues, Ledger, Matched, Plan, StoredInvoice, Summary, Terms, sample_ledger,
};
use crate::domain::person::{Actor, User};
use crate::domain::text::{Line, is_unprintable};
use crate::store::{AuditEntry, KeptFile, Snapshot, StoreError, Tx, WrittenCustomer, WrittenInvoice};

/// How long a checked file waits to be written.
const KEPT_FOR: TimeDelta = TimeDelta::days(1);

/// What bringing in a file does or did.
#[derive(Clone, Debug)]
pub struct ImportReport {
    /// How many rows do what.
    pub summary: Summary,
    /// What is wrong or doubtful, errors first, at most a thousand.
    pub findings: Vec<Finding>,
    /// Whether it was written; never with an error.
    pub is_written: bool,
}

impl ImportReport {
    fn of(plan: &Plan, is_written: bool) -> Self {
        Self { summary: plan.summary, findings: plan.findings.clone(), is_written }
    }

    /// Whether it can be written.
    pub fn is_clean(&self) -> bool {
        self.summary.errors == 0
    }
}

impl Actions {
    /// Says what bringing in a file would do; writes nothing.
    ///
    /// # Errors
    /// When the database cannot be read. What is wrong with the file is in the report.
    pub async fn check_ledger(
        &self,
        organisation: OrganisationId,
        file: impl Read + Send + 'static,
        reopen: bool,
    ) -> Result<ImportReport, ActionError> {
        let actions = self.clone();
        in_a_place(async move { actions.checked(organisation, file, reopen).await }).await
    }

    async fn checked(
        &self,
        organisation: OrganisationId,
        file: impl Read + Send + 'static,
        reopen: bool,
    ) -> Result<ImportReport, ActionError> {
        let (now, ledger) = (self.clock().now(), read(file).await?);
        self.0
            .store
            .read(move |snapshot| {
                let matched = ledger.matched(snapshot.ledger_customers(organisation)?);
                let stored = snapshot.ledger_invoices(&keys(&matched))?;
                let plan = matched.plan(stored, terms(snapshot, organisation, reopen, now)?);
                Ok(ImportReport::of(&plan, false))
            })
            .await
    }

    /// A kept file without its content, and what writing it would do; no report of one that was written.
    ///
    /// # Errors
    /// When there is no such file, or not any more.
    pub async fn kept_import(
        &self,
        organisation: OrganisationId,
        id: ImportId,
    ) -> Result<(KeptFile, Option<ImportReport>), ActionError> {
        let actions = self.clone();
        in_a_place(async move {
            let find = move |snapshot: &mut Snapshot<'_>| snapshot.import(organisation, id);
            let file = actions.0.store.read::<_, StoreError>(find).await?;
            let mut file = file.ok_or(ActionError::NotFound)?;
            let Some(content) = file.content.take() else { return Ok((file, None)) };
            let report = actions.checked(organisation, Cursor::new(content), file.reopen).await?;
            Ok((file, Some(report)))
        })
        .await
    }

    /// Brings in a file: all of it, or with an error nothing.
    ///
    /// # Errors
    /// When the database refuses. What is wrong with the file is in the report.
    pub async fn import_ledger(
        &self,
        actor: Actor,
        organisation: OrganisationId,
        file: impl Read + Send + 'static,
        reopen: bool,
    ) -> Result<ImportReport, ActionError> {
        let actions = self.clone();
        in_a_place(async move {
            let (writing, ledger) = (actions.clone(), read(file).await?);
            let work = move |tx: &mut Tx<'_>| {
                Ok(writing.bring_in(tx, actor, organisation, ledger, reopen, Recorded::OfEach)?)
            };
            actions.written(work).await
        })
        .await
    }

    /// Brings in the sample ledger as of today.
    ///
    /// # Errors
    /// As [`Actions::import_ledger`]; also when the ledger has customers of its own already.
    pub async fn import_sample(
        &self,
        actor: Actor,
        organisation: OrganisationId,
    ) -> Result<ImportReport, ActionError> {
        let actions = self.clone();
        self.written(move |tx| {
            if tx.has_customers(organisation)? {
                return Err(ActionError::Refused(
                    "There are customers already. The sample is only for an empty ledger.".to_owned(),
                ));
            }
            let today = tx.organisation(organisation)?.day_of(actions.clock().now());
            let ledger = Ledger::read(Cursor::new(sample_ledger(today)));
            Ok(actions.bring_in(tx, actor, organisation, ledger, false, Recorded::Once("data.sample"))?)
        })
        .await
    }

    /// Checks a file and, if it can be written, keeps it for [`Actions::write_import`].
    ///
    /// # Errors
    /// When the database refuses. What is wrong with the file is in the report.
    pub async fn keep_import(
        &self,
        user: &User,
        file_name: String,
        content: Vec<u8>,
        reopen: bool,
    ) -> Result<(Option<ImportId>, ImportReport), ActionError> {
        let organisation = user.organisation_id;
        let actions = self.clone();
        let (content, report) = in_a_place(async move {
            let report = actions.checked(organisation, Cursor::new(content.clone()), reopen).await?;
            Ok((content, report))
        })
        .await?;
        if !report.is_clean() {
            return Ok((None, report));
        }
        let now = self.clock().now();
        let file = KeptFile {
            id: self.0.ids.next(),
            file_name: shown_name(&file_name),
            content: Some(content),
            reopen,
            summary: report.summary.to_string(),
            created_by: Actor::User(user.id),
            created_at: now,
            written_at: None,
        };
        let id = file.id;
        self.0
            .store
            .write::<_, StoreError>(move |tx| tx.keep_import(organisation, &file, now - KEPT_FOR))
            .await?;
        Ok((Some(id), report))
    }

    /// Writes a kept file, checked again against the ledger of now. Writing it twice is writing it once.
    ///
    /// # Errors
    /// When there is no such file, or not any more.
    pub async fn write_import(&self, user: &User, id: ImportId) -> Result<ImportReport, ActionError> {
        let (actions, organisation, actor) = (self.clone(), user.organisation_id, Actor::User(user.id));
        let writing = self.clone();
        let work = move |tx: &mut Tx<'_>| {
            tx.lock_ledger(organisation)?;
            let file = tx.import(organisation, id)?.ok_or(ActionError::NotFound)?;
            let Some(content) = file.content else {
                return Ok(ImportReport {
                    summary: Summary::default(),
                    findings: Vec::new(),
                    is_written: true,
                });
            };
            let ledger = Ledger::read(Cursor::new(content));
            let report = writing.bring_in(tx, actor, organisation, ledger, file.reopen, Recorded::OfEach)?;
            if report.is_written {
                tx.mark_import_written(id, &report.summary.to_string(), writing.clock().now())?;
            }
            Ok(report)
        };
        in_a_place(async move { actions.written(work).await }).await
    }

    /// Runs one transaction that may bring in a ledger, and tidies up after it.
    async fn written(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<ImportReport, ActionError> + Send + 'static,
    ) -> Result<ImportReport, ActionError> {
        let report = self.0.store.write(work).await?;
        if report.is_written
            && let Err(error) = self.0.store.tidy().await
        {
            warn!(%error, "the database could not be tidied; lists may be slow for a while");
        }
        Ok(report)
    }

    fn bring_in(
        &self,
        tx: &mut Tx<'_>,
        actor: Actor,
        organisation: OrganisationId,
        ledger: Ledger,
        reopen: bool,
        recorded: Recorded,
    ) -> Result<ImportReport, StoreError> {
        let now = self.clock().now();
        tx.lock_ledger(organisation)?;
        let matched = ledger.matched(tx.ledger_customers(organisation)?);
        let stored = tx.ledger_invoices_to_change(&keys(&matched))?;
        let plan = matched.plan(stored, terms(tx, organisation, reopen, now)?);
        if !plan.is_clean() {
            return Ok(ImportReport::of(&plan, false));
        }
        let writing = Writing { actions: self, actor, organisation, now };
        writing.write(tx, &plan, recorded)?;
        Ok(ImportReport::of(&plan, true))
    }
}

/// Reads a file off the async threads and outside of any transaction: it may be large, and come slowly.
async fn read(file: impl Read + Send + 'static) -> Result<Ledger, StoreError> {
    tokio::task::spawn_blocking(move || Ledger::read(file)).await.map_err(|_| StoreError::Interrupted)
}

/// A file's name as pages may show it.
fn shown_name(given: &str) -> String {
    let name: String =
        given.chars().filter(|character| !is_unprintable(*character)).take(Line::MAX_CHARS).collect();
    if name.trim().is_empty() { "ledger file".to_owned() } else { name }
}

fn keys(matched: &Matched) -> Vec<(CustomerId, Line)> {
    matched.keys().map(|(customer, number)| (customer, number.clone())).collect()
}

pub(super) fn terms(
    snapshot: &mut Snapshot<'_>,
    organisation: OrganisationId,
    reopen: bool,
    now: DateTime<Utc>,
) -> Result<Terms, StoreError> {
    let organisation = snapshot.organisation(organisation)?;
    let today = organisation.day_of(now);
    Ok(Terms { today, payment_terms_days: organisation.payment_terms_days, reopen })
}

/// How the audit log tells of what was brought in.
enum Recorded {
    /// Of each invoice, on its timeline.
    OfEach,
    /// As one event: what is only to look around in is no history.
    Once(&'static str),
}

/// Who writes into a ledger, and when.
pub(super) struct Writing<'a> {
    pub(super) actions: &'a Actions,
    pub(super) actor: Actor,
    pub(super) organisation: OrganisationId,
    pub(super) now: DateTime<Utc>,
}

impl Writing<'_> {
    fn write(&self, tx: &mut Tx<'_>, plan: &Plan, recorded: Recorded) -> Result<(), StoreError> {
        let owners = self.write_customers(tx, plan)?;
        let written: Vec<(WrittenInvoice, AuditEntry)> = plan
            .invoices
            .iter()
            .filter_map(|planned| {
                let owner = *owners.get(planned.customer)?;
                let (stored, values) = (planned.stored.as_ref(), planned.values.clone());
                let id = stored.map_or_else(|| self.actions.0.ids.next(), |stored| stored.invoice.id);
                Some(self.invoice(id, owner, planned.number.clone(), stored, values))
            })
            .collect();
        let (invoices, entries): (Vec<WrittenInvoice>, Vec<AuditEntry>) = written.into_iter().unzip();
        tx.write_invoices(self.organisation, &invoices, self.now)?;
        match recorded {
            Recorded::OfEach => tx.record_all(&entries)?,
            Recorded::Once(event) => {
                let detail = format!("{} invoices of {} customers.", invoices.len(), owners.len());
                self.actions.note(tx, self.organisation, self.actor, event, None, detail, self.now)?;
            }
        }
        self.call_back(tx, plan)
    }

    /// Writes those that are new or changed; the id of every customer of the plan, in its order.
    fn write_customers(&self, tx: &mut Tx<'_>, plan: &Plan) -> Result<Vec<CustomerId>, StoreError> {
        let ids: Vec<CustomerId> = plan
            .customers
            .iter()
            .map(|planned| planned.stored.as_ref().map_or_else(|| self.actions.0.ids.next(), |kept| kept.id))
            .collect();
        let changed: Vec<WrittenCustomer> = plan
            .customers
            .iter()
            .zip(&ids)
            .filter(|(planned, _)| planned.is_changed())
            .map(|(planned, id)| WrittenCustomer {
                id: *id,
                external_id: planned.external_id.clone(),
                name: planned.name.clone(),
                email: planned.email.clone(),
            })
            .collect();
        tx.write_customers(self.organisation, &changed, self.now)?;
        Ok(ids)
    }

    /// What becomes of a stored invoice, or of none, with its audit.
    pub(super) fn invoice(
        &self,
        id: InvoiceId,
        customer_id: CustomerId,
        number: Line,
        stored: Option<&StoredInvoice>,
        values: InvoiceValues,
    ) -> (WrittenInvoice, AuditEntry) {
        let archived_before = stored.and_then(|stored| stored.invoice.archived_at);
        let (event, detail) = match Change::between(stored, &values) {
            Change::Created => ("invoice.created", String::new()),
            Change::Updated(what) => ("invoice.updated", what),
            Change::Reopened(what) => ("invoice.reopened", what),
        };
        let archived_at = values.is_archived.then(|| archived_before.unwrap_or(self.now));
        (WrittenInvoice { id, customer_id, number, values, archived_at }, self.entry(id, event, detail))
    }

    fn entry(&self, invoice: InvoiceId, event: &'static str, detail: String) -> AuditEntry {
        AuditEntry {
            id: self.actions.0.ids.next(),
            organisation_id: self.organisation,
            at: self.now,
            actor: self.actor,
            event,
            invoice_id: Some(invoice),
            mail_id: None,
            batch_id: None,
            detail,
        }
    }

    /// Calls back the reminders of invoices that the file settles or archives (promise P7).
    fn call_back(&self, tx: &mut Tx<'_>, plan: &Plan) -> Result<(), StoreError> {
        let mut closed: BTreeMap<&'static str, Vec<InvoiceId>> = BTreeMap::new();
        for planned in &plan.invoices {
            if let (Some(reason), Some(stored)) = (planned.values.closed_because(), &planned.stored) {
                closed.entry(reason).or_default().push(stored.invoice.id);
            }
        }
        for (reason, invoices) in closed {
            self.actions.close(tx, self.actor, self.organisation, &invoices, reason)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
