//! Settings > Profile > Two-factor sign-in: setting it up, recovery codes, switching it off.

use actix_web::HttpResponse;
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Deserialize;

use super::WebError;
use super::done::Done;
use super::frame::{Frame, page};
use super::problems::Problems;
use super::session::{Posted, SignedIn};
use super::settings::SettingsPage;
use super::sign_in::refused;
use crate::actions::{ActionError, NotConfirmed, OfferedFactor};

#[derive(Template)]
#[template(path = "settings/two_factor.html")]
struct SetUpPage {
    frame: Frame,
    offered: OfferedFactor,
    secret_in_groups: String,
    picture: String,
    is_required: bool,
    code: String,
    problems: Problems,
}

#[derive(Template)]
#[template(path = "settings/two_factor_on.html")]
struct OnPage {
    frame: Frame,
    codes_left: usize,
    is_required: bool,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "settings/recovery_codes.html")]
struct CodesPage {
    frame: Frame,
    codes: Vec<String>,
}

fn frame(by: &SignedIn, is_refused: bool) -> Frame {
    let title = if is_refused { "Error: Two-factor sign-in" } else { "Two-factor sign-in" };
    by.settings_frame(SettingsPage::Profile, title)
}

/// `GET /settings/profile/two-factor`
pub(super) async fn show(by: SignedIn) -> Result<HttpResponse, WebError> {
    match by.second_factor.is_on {
        true => page(&on_page(&by, None).await?),
        false => {
            let offered = by.state.actions.offer_second_factor(&by.user)?;
            page(&set_up_page(&by, offered, String::new(), Problems::default())?)
        }
    }
}

async fn on_page(by: &SignedIn, problem: Option<String>) -> Result<OnPage, WebError> {
    let id = by.user.id;
    let left =
        by.state.reader.read::<_, WebError>(move |snapshot| Ok(snapshot.recovery_codes_left(id)?)).await?;
    Ok(OnPage {
        frame: frame(by, problem.is_some()),
        codes_left: left,
        is_required: by.second_factor.is_required,
        problem,
    })
}

fn set_up_page(
    by: &SignedIn,
    offered: OfferedFactor,
    code: String,
    problems: Problems,
) -> Result<SetUpPage, WebError> {
    let letters: Vec<char> = offered.secret.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    Ok(SetUpPage {
        frame: frame(by, !problems.is_empty()),
        secret_in_groups: groups.join(" "),
        picture: picture(&format!(
            "otpauth://totp/Dunlin:{}?secret={}&issuer=Dunlin",
            by.user.email.as_str().replace('%', "%25").replace('?', "%3F").replace('#', "%23"),
            offered.secret
        ))?,
        offered,
        is_required: by.second_factor.is_required,
        code,
        problems,
    })
}

/// A QR code as an address that a page can show.
fn picture(text: &str) -> Result<String, WebError> {
    let code = QrCode::new(text).map_err(|error| WebError::Internal(error.to_string()))?;
    let drawn = code.render::<svg::Color>().min_dimensions(220, 220).build();
    Ok(format!("data:image/svg+xml;base64,{}", STANDARD.encode(drawn)))
}

/// The first code of the app, and the password that shows who it is.
#[derive(Deserialize)]
pub(super) struct ConfirmForm {
    #[serde(default)]
    offered: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    current: String,
}

/// `POST /settings/profile/two-factor`
pub(super) async fn confirm(posted: Posted<ConfirmForm>) -> Result<HttpResponse, WebError> {
    let (by, form) = (posted.by, posted.form);
    let actions = &by.state.actions;
    let confirmed = actions.confirm_second_factor(&by.user, form.current, &form.offered, &form.code).await;
    let (field, code, error) = match confirmed {
        Ok(codes) => return page(&CodesPage { frame: frame(&by, false), codes }),
        Err(NotConfirmed::Password(error)) => ("current", form.code, error),
        Err(NotConfirmed::Code(error)) => ("code", String::new(), error),
    };
    if !matches!(error, ActionError::Refused(_) | ActionError::Throttled(_)) {
        return Err(error.into());
    }
    let mut problems = Problems::default();
    problems.tell(field, &error);
    let again = actions.offered_again(&by.user, &form.offered);
    let offered = again.map_or_else(|| actions.offer_second_factor(&by.user), Ok)?;
    refused(&error, &set_up_page(&by, offered, code, problems)?)
}

/// The password that shows who it is.
#[derive(Deserialize)]
pub(super) struct ProofForm {
    #[serde(default)]
    pub(super) current: String,
}

/// `POST /settings/profile/two-factor/removal`
pub(super) async fn remove(posted: Posted<ProofForm>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    match by.state.actions.remove_second_factor(&by.user, posted.form.current).await {
        Ok(()) => Ok(Done::FactorOff.on(SettingsPage::Profile)),
        Err(error @ (ActionError::Refused(_) | ActionError::Throttled(_))) => {
            refused(&error, &on_page(&by, Some(error.to_string())).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /settings/profile/two-factor/recovery-codes`
pub(super) async fn renew_codes(posted: Posted<ProofForm>) -> Result<HttpResponse, WebError> {
    let by = posted.by;
    match by.state.actions.renew_recovery_codes(&by.user, posted.form.current).await {
        Ok(codes) => page(&CodesPage { frame: frame(&by, false), codes }),
        Err(error @ (ActionError::Refused(_) | ActionError::Throttled(_))) => {
            refused(&error, &on_page(&by, Some(error.to_string())).await?)
        }
        Err(error) => Err(error.into()),
    }
}
