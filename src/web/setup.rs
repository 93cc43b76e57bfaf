//! The first start: with the token that the program printed, the organisation and its first Admin are made.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::frame::{page, page_with, see_other};
use super::problems::Problems;
use super::session::{Unsigned, begin};
use super::{WebError, WebState};
use crate::actions::{ActionError, Newcomer};
use crate::domain::language::Language;
use crate::domain::organisation::{Organisation, time_zone};
use crate::domain::person::{Actor, Role};

/// The form.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Setup {
    token: String,
    organisation: String,
    time_zone: String,
    currency: String,
    language: String,
    from: String,
    reply_to: String,
    name: String,
    email: String,
    #[serde(skip_serializing)]
    password: String,
    sample: String,
}

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    form: Setup,
    problems: Problems,
    time_zones: Vec<&'static str>,
}

impl SetupPage {
    fn new(form: Setup, problems: Problems) -> Self {
        Self { form, problems, time_zones: chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect() }
    }
}

/// `GET /setup?token=...`
pub async fn new(state: web::Data<WebState>, query: web::Query<Setup>) -> Result<HttpResponse, WebError> {
    if is_set_up(&state).await? {
        return Ok(see_other("/sign-in"));
    }
    check_token(&state, &query.token)?;
    let form = Setup {
        token: query.into_inner().token,
        time_zone: "UTC".to_owned(),
        currency: "EUR".to_owned(),
        language: Language::English.to_string(),
        ..Setup::default()
    };
    page(&SetupPage::new(form, Problems::default()))
}

/// `POST /setup`
pub async fn create(
    state: web::Data<WebState>,
    request: HttpRequest,
    Unsigned(form): Unsigned<Setup>,
) -> Result<HttpResponse, WebError> {
    if is_set_up(&state).await? {
        return Ok(see_other("/sign-in"));
    }
    check_token(&state, &form.token)?;
    let (organisation, admin) = match parsed(&state, &form) {
        Ok(parsed) => parsed,
        Err(problems) => {
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &SetupPage::new(form, problems));
        }
    };
    let organisation_id = organisation.id;
    match state.actions.set_up(organisation, admin).await {
        Ok(user) => {
            if form.sample == "true" {
                state.actions.import_sample(Actor::User(user), organisation_id).await?;
            }
            begin(&request, &state.actions, user, organisation_id)?;
            Ok(see_other("/invoices"))
        }
        Err(ActionError::Refused(_)) => Ok(see_other("/sign-in")),
        Err(error) => Err(error.into()),
    }
}

/// Whether somebody has been added, here or by command.
pub(super) async fn is_set_up(state: &WebState) -> Result<bool, WebError> {
    state.reader.read::<_, WebError>(|snapshot| Ok(snapshot.count_people()? > 0)).await
}

fn check_token(state: &WebState, token: &str) -> Result<(), WebError> {
    let is_right =
        state.setup_token.as_ref().is_some_and(|known| known.as_bytes().ct_eq(token.as_bytes()).into());
    if is_right { Ok(()) } else { Err(WebError::NotFound) }
}

fn parsed(state: &WebState, form: &Setup) -> Result<(Organisation, Newcomer), Problems> {
    let mut problems = Problems::default();
    let name = problems.read("organisation", "Organisation", form.organisation.parse());
    let time_zone = problems.read("time_zone", "Time zone", time_zone(&form.time_zone));
    let currency = problems.read("currency", "Currency", form.currency.parse());
    let language = problems.read_optional("language", "Language", &form.language);
    let from = problems.read_optional("from", "Sender address", &form.from);
    let reply_to = problems.read_optional("reply_to", "Reply-To", &form.reply_to);
    let admin_name = problems.read("name", "Your name", form.name.parse());
    let email = problems.read("email", "Email", form.email.parse());
    let password = problems.read("password", "Password", form.password.parse());
    let organisation = (|| {
        let new = Organisation::new(state.ids.next(), name?, time_zone?, currency?);
        Some(Organisation {
            language: language?.unwrap_or(Language::English),
            from: from?,
            reply_to: reply_to?,
            ..new
        })
    })();
    let admin =
        (|| Some(Newcomer { email: email?, name: admin_name?, role: Role::Admin, password: password? }))();
    organisation.zip(admin).ok_or(problems)
}
