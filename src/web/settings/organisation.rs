//! Settings > Organisation: its name, its calendar, and what forms and ledgers start from.

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::{Deserialize, Serialize};

use super::SettingsPage;
use super::forms::{Edited, OrganisationFields, Shown, form_page};
use crate::domain::language::Language;
use crate::domain::organisation::{Organisation, payment_terms_days, time_zone};
use crate::web::WebError;
use crate::web::done::{Done, Said};
use crate::web::frame::Frame;
use crate::web::problems::Problems;
use crate::web::session::{Posted, SignedIn};

/// An organisation as a person writes it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OrganisationForm {
    name: String,
    time_zone: String,
    currency: String,
    language: String,
    payment_terms: String,
    colour: String,
}

impl OrganisationFields for OrganisationForm {
    fn of(organisation: &Organisation) -> Self {
        Self {
            name: organisation.name.to_string(),
            time_zone: organisation.time_zone.to_string(),
            currency: organisation.currency.to_string(),
            language: organisation.language.to_string(),
            payment_terms: organisation.payment_terms_days.to_string(),
            colour: organisation.colour.map(|colour| colour.to_string()).unwrap_or_default(),
        }
    }

    fn read(&self) -> Result<impl FnOnce(Organisation) -> Organisation + Send + 'static, Problems> {
        let mut problems = Problems::default();
        let name = problems.read("name", "Name", self.name.parse());
        let time_zone = problems.read("time_zone", "Time zone", time_zone(&self.time_zone));
        let currency = problems.read("currency", "Currency", self.currency.trim().to_uppercase().parse());
        let language = problems.read_optional::<Language>("language", "Language", &self.language);
        let terms = payment_terms_days(&self.payment_terms);
        let terms = problems.read("payment_terms", "Payment terms", terms);
        let colour = problems.read_optional("colour", "Colour", &self.colour);
        let read = (name, time_zone, currency, language, terms, colour);
        let (Some(name), Some(time_zone), Some(currency), Some(language), Some(terms), Some(colour)) = read
        else {
            return Err(problems);
        };
        let change = move |was: Organisation| Organisation {
            name,
            time_zone,
            currency,
            language: language.unwrap_or(was.language),
            payment_terms_days: terms,
            colour,
            ..was
        };
        Ok(change)
    }

    fn each(&mut self) -> Vec<(&'static str, &'static str, &mut String)> {
        vec![
            ("name", "Name", &mut self.name),
            ("time_zone", "Time zone", &mut self.time_zone),
            ("currency", "Currency", &mut self.currency),
            ("language", "Language", &mut self.language),
            ("payment_terms", "Payment terms", &mut self.payment_terms),
            ("colour", "Colour", &mut self.colour),
        ]
    }
}

#[derive(Template)]
#[template(path = "settings/organisation.html")]
struct OrganisationPage {
    frame: Frame,
    seen: String,
    form: OrganisationForm,
    problems: Problems,
    time_zones: Vec<&'static str>,
    has_logo: bool,
}

/// `GET /settings/organisation`
pub async fn show(by: SignedIn, said: web::Query<Said>) -> Result<HttpResponse, WebError> {
    page(&by, Shown::of(&by.organisation), said.toast())
}

/// `POST /settings/organisation`
pub async fn update(posted: Posted<Edited<OrganisationForm>>) -> Result<HttpResponse, WebError> {
    match posted.form.save(&posted.by).await? {
        None => Ok(Done::Saved.on(SettingsPage::Organisation)),
        Some(refused) => page(&posted.by, refused, None),
    }
}

pub(super) fn page(
    by: &SignedIn,
    shown: Shown<OrganisationForm>,
    toast: Option<String>,
) -> Result<HttpResponse, WebError> {
    let Shown { seen, typed: form, problems } = shown;
    let frame = Frame { toast, ..by.settings_frame(SettingsPage::Organisation, "Organisation") };
    let time_zones = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
    form_page(frame, !problems.is_empty(), |frame| OrganisationPage {
        frame,
        seen,
        form,
        problems,
        time_zones,
        has_logo: by.organisation.logo.is_some(),
    })
}
