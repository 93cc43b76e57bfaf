//! Settings > API keys: making one, which is shown once, and revoking one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;

use super::WebError;
use super::frame::{Frame, page, page_with, see_other};
use super::problems::Problems;
use super::session::{Posted, SignedIn};
use super::settings::SettingsPage;
use super::sign_in::Nothing;
use crate::actions::ActionError;
use crate::domain::api_key::ApiKey;
use crate::domain::ids::ApiKeyId;
use crate::domain::ledger::day;
use crate::domain::organisation::day_in_words;
use crate::domain::text::Line;

/// Keys shown.
const SHOWN: usize = 500;

/// A key as a person asks for it.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct KeyForm {
    /// Made with the page: sending the form twice is one key.
    id: String,
    name: String,
    last_day: String,
}

struct Row {
    id: ApiKeyId,
    name: Line,
    prefix: String,
    made: String,
    by: String,
    last_used: Option<String>,
    last_day: Option<String>,
    is_expired: bool,
    revoked: Option<String>,
}

impl Row {
    fn new(key: ApiKey, by: &SignedIn, now: DateTime<Utc>) -> Self {
        let last_day =
            |end: DateTime<Utc>| day_in_words(by.organisation.day_of(end - TimeDelta::microseconds(1)));
        Self {
            is_expired: key.is_expired(now),
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            made: by.organisation.local(key.created_at),
            by: key.created_by,
            last_used: key.last_used_at.map(|at| by.organisation.local(at)),
            last_day: key.expires_at.map(last_day),
            revoked: key.revoked_at.map(|at| by.organisation.local(at)),
        }
    }
}

/// A key that was just made: the only time that it is shown.
struct Made {
    name: Line,
    key: String,
}

#[derive(Template)]
#[template(path = "settings/api_keys.html")]
struct KeysPage {
    frame: Frame,
    rows: Vec<Row>,
    made: Option<Made>,
    form: KeyForm,
    problems: Problems,
    today: NaiveDate,
    zone: &'static str,
}

/// `GET /settings/api-keys`
pub(super) async fn index(by: SignedIn) -> Result<HttpResponse, WebError> {
    page(&keys_page(&by, None, KeyForm::default(), Problems::default()).await?)
}

async fn keys_page(
    by: &SignedIn,
    made: Option<Made>,
    form: KeyForm,
    problems: Problems,
) -> Result<KeysPage, WebError> {
    let organisation = by.organisation.id;
    let keys =
        by.state.reader.read::<_, WebError>(move |snapshot| Ok(snapshot.api_keys(organisation, SHOWN)?));
    let (keys, now) = (keys.await?, by.state.actions.clock().now());
    let title = if problems.is_empty() { "API keys" } else { "Error: API keys" };
    let id = match form.id.parse::<ApiKeyId>() {
        Ok(id) if made.is_none() => id,
        _ => by.state.ids.next(),
    };
    Ok(KeysPage {
        frame: by.settings_frame(SettingsPage::ApiKeys, title),
        rows: keys.into_iter().map(|key| Row::new(key, by, now)).collect(),
        made,
        form: KeyForm { id: id.to_string(), ..form },
        problems,
        today: by.today(),
        zone: by.organisation.time_zone.name(),
    })
}

/// `POST /settings/api-keys`: the answer is the page itself, for the key may not be kept until another request.
pub(super) async fn create(posted: Posted<KeyForm>) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let (name, expires_at) = match read(&by, &form) {
        Ok(read) => read,
        Err(problems) => return refused(&by, form, problems).await,
    };
    let id = form.id.parse().unwrap_or_else(|_| by.state.ids.next());
    match by.state.actions.create_api_key(&by.user, id, name.clone(), expires_at).await {
        Ok(key) => {
            let made = Some(Made { name, key });
            page(&keys_page(&by, made, KeyForm::default(), Problems::default()).await?)
        }
        Err(ActionError::Refused(why)) => {
            let mut problems = Problems::default();
            problems.tell("name", why);
            refused(&by, KeyForm::default(), problems).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn refused(by: &SignedIn, form: KeyForm, problems: Problems) -> Result<HttpResponse, WebError> {
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &keys_page(by, None, form, problems).await?)
}

fn read(by: &SignedIn, form: &KeyForm) -> Result<(Line, Option<DateTime<Utc>>), Problems> {
    let mut problems = Problems::default();
    let name = form
        .name
        .parse::<Line>()
        .map_err(|why| problems.tell("name", format!("Say what the key is for: {why}.")))
        .ok();
    let last_day = last_day(&form.last_day, by.today())
        .map_err(|why| problems.tell("last_day", why))
        .ok()
        .map(|day| day.map(|day| by.organisation.end_of(day)));
    name.zip(last_day).ok_or(problems)
}

/// The last day of a key, where there is to be one.
fn last_day(text: &str, today: NaiveDate) -> Result<Option<NaiveDate>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    match day(text)? {
        day if day < today => Err("This day has passed. Choose a later one, or none.".to_owned()),
        day => Ok(Some(day)),
    }
}

#[derive(Template)]
#[template(path = "settings/api_key_revocation.html")]
struct RevocationPage {
    frame: Frame,
    key: Row,
}

/// `GET /settings/api-keys/{id}/revocation/edit`
pub(super) async fn ask(by: SignedIn, path: web::Path<ApiKeyId>) -> Result<HttpResponse, WebError> {
    let (organisation, id, now) = (by.organisation.id, *path, by.state.actions.clock().now());
    let found = by.state.reader.read::<_, WebError>(move |snapshot| {
        snapshot.api_key_of(organisation, id)?.ok_or(WebError::NotFound)
    });
    let key = Row::new(found.await?, &by, now);
    if key.revoked.is_some() {
        return Ok(see_other("/settings/api-keys"));
    }
    page(&RevocationPage { frame: by.settings_frame(SettingsPage::ApiKeys, "Revoke API key"), key })
}

/// `POST /settings/api-keys/{id}/revocation`
pub(super) async fn revoke(
    path: web::Path<ApiKeyId>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    by.state.actions.revoke_api_key(&by.user, *path).await?;
    Ok(see_other("/settings/api-keys"))
}
