//! Settings > Audit log: who changed what, when and why; as a page and as a file.

use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::SettingsPage;
use crate::domain::audit_topic::AuditTopic;
use crate::domain::ids::AuditId;
use crate::domain::ledger::day;
use crate::domain::organisation::Organisation;
use crate::domain::person::Actor;
use crate::domain::search::Search;
use crate::store::{AuditFilter, AuditRow};
use crate::web::WebError;
use crate::web::csv;
use crate::web::frame::{Frame, page};
use crate::web::happenings::told;
use crate::web::session::SignedIn;

/// Rows a page.
const PER_PAGE: usize = 50;

/// The log's address.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Query {
    #[serde(skip_serializing_if = "String::is_empty")]
    q: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    by: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    about: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    from: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    to: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    before: String,
}

impl Query {
    fn filter(&self, organisation: &Organisation) -> Result<AuditFilter, WebError> {
        let day_before = read_day(&self.from)?.and_then(|day| day.pred_opt());
        Ok(AuditFilter {
            actor: read::<Actor>(&self.by)?,
            topic: read::<AuditTopic>(&self.about)?,
            from: day_before.map(|day| organisation.end_of(day)),
            until: read_day(&self.to)?.map(|day| organisation.end_of(day)),
            search: Search::read(&self.q)?,
        })
    }

    fn before(&self) -> Result<Option<AuditId>, WebError> {
        read(&self.before)
    }

    fn text(&self) -> String {
        serde_html_form::to_string(self).unwrap_or_default()
    }

    fn address(&self, path: &str) -> String {
        match self.text() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }
}

fn read<T: std::str::FromStr>(text: &str) -> Result<Option<T>, WebError> {
    let problem =
        |_| WebError::BadRequest(format!("\u{201c}{text}\u{201d} is not a filter of the audit log."));
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(problem) }
}

/// A day of the years that Dunlin knows: databases do not agree on others.
fn read_day(text: &str) -> Result<Option<NaiveDate>, WebError> {
    if text.is_empty() { Ok(None) } else { day(text).map(Some).map_err(WebError::BadRequest) }
}

/// An entry, in words.
struct Entry {
    at: String,
    actor: String,
    what: String,
    href: Option<String>,
    invoice: Option<(String, String)>,
    detail: String,
}

impl Entry {
    fn new(row: AuditRow, organisation: &Organisation) -> Self {
        let is_reminder = row.invoice.is_some();
        let reminder = row.entry.mail_id.filter(|_| is_reminder).map(|id| format!("/reminders/{id}"));
        let batch = row.entry.batch_id.map(|id| format!("/reminder-batches/{id}"));
        Self {
            at: organisation.local(row.entry.at),
            href: reminder.or(batch),
            what: what(&row),
            detail: told(&row.entry).1,
            invoice: row.invoice.map(|(id, number)| (id.to_string(), number)),
            actor: row.entry.actor,
        }
    }
}

/// A mail that is about no invoice is no reminder.
fn what(row: &AuditRow) -> String {
    let what = told(&row.entry).0;
    match what.strip_prefix("Reminder ") {
        Some(rest) if row.invoice.is_none() => format!("E-mail {rest}"),
        _ => what.into_owned(),
    }
}

#[derive(Template)]
#[template(path = "settings/audit_log.html")]
struct AuditLogPage {
    frame: Frame,
    query: Query,
    actors: Vec<(String, String)>,
    topics: &'static [AuditTopic],
    entries: Vec<Entry>,
    is_filtered: bool,
    newest: String,
    older: Option<String>,
    export: String,
}

/// `GET /settings/audit-log`
pub async fn show(by: SignedIn, query: web::Query<Query>) -> Result<HttpResponse, WebError> {
    let (id, query) = (by.organisation.id, query.into_inner());
    let (filter, before) = (query.filter(&by.organisation)?, query.before()?);
    let is_filtered = filter != AuditFilter::default();
    let (mut rows, mut actors) = by
        .state
        .reader
        .read::<_, WebError>(move |snapshot| {
            Ok((snapshot.audit_log(id, &filter, before, PER_PAGE + 1)?, snapshot.audit_actors(id)?))
        })
        .await?;
    actors.push((Actor::System, "Dunlin".to_owned()));
    let has_more = rows.len() > PER_PAGE;
    rows.truncate(PER_PAGE);
    let last = rows.last().filter(|_| has_more).map(|row| row.id.to_string());
    let href = SettingsPage::AuditLog.href();
    let whole = Query { before: String::new(), ..query.clone() };
    page(&AuditLogPage {
        frame: by.settings_frame(SettingsPage::AuditLog, "Audit log"),
        actors: actors.into_iter().map(|(actor, name)| (actor.to_string(), name)).collect(),
        topics: AuditTopic::ALL,
        entries: rows.into_iter().map(|row| Entry::new(row, &by.organisation)).collect(),
        is_filtered,
        newest: whole.address(href),
        older: last.map(|before| Query { before, ..query.clone() }.address(href)),
        export: whole.address("/settings/audit-log.csv"),
        query,
    })
}

/// `GET /settings/audit-log.csv`
pub async fn export(by: SignedIn, query: web::Query<Query>) -> Result<HttpResponse, WebError> {
    let (id, filter) = (by.organisation.id, query.filter(&by.organisation)?);
    let query = Query { before: String::new(), ..query.into_inner() }.text();
    let (what, header) = (csv::part_of("The audit log as CSV", &query), "time,who,event,what,invoice,detail");
    csv::streamed(&by, what, "audit-log.csv", header, move |snapshot, before, limit| {
        let rows = snapshot.audit_log(id, &filter, before, limit)?;
        Ok(rows.into_iter().map(|row| (row.id, written(&row))).collect())
    })
    .await
}

fn written(row: &AuditRow) -> String {
    let (at, detail) = (row.entry.at.to_rfc3339(), told(&row.entry).1);
    let number = row.invoice.as_ref().map_or("", |(_, number)| number);
    csv::line(&[&at, &row.entry.actor, &row.entry.event, &what(row), number, &detail])
}
