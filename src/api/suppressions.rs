//! `/api/v1/suppressions`: the addresses that must not be mailed, adding one and lifting one.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::members::{member, optional};
use super::page::Paging;
use super::reminders::instant;
use super::{Answer, Call, Noun, Problem, Program, id_in};
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::SuppressionId;
use crate::domain::suppression::{NewSuppression, Suppression, SuppressionReason};
use crate::domain::text::Line;

/// The list's query.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Query {
    /// One address.
    address: String,
    limit: Option<String>,
    cursor: Option<String>,
}

/// An address that must not be mailed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SuppressionBody {
    id: String,
    address: String,
    reason: &'static str,
    /// What it rests on.
    evidence: String,
    created_at: String,
    /// A person's or a key's name; "Dunlin" where it was found out.
    created_by: String,
}

impl From<Suppression> for SuppressionBody {
    fn from(suppression: Suppression) -> Self {
        Self {
            id: suppression.id.to_string(),
            address: suppression.address.to_string(),
            reason: suppression.reason.as_str(),
            evidence: suppression.evidence,
            created_at: instant(suppression.created_at),
            created_by: suppression.by,
        }
    }
}

/// An address to suppress.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with the address")]
pub(super) struct CreateSuppression {
    address: String,
    /// `hard_bounce`, `complaint`, `opted_out` or, left out, `manual`.
    reason: Option<String>,
    evidence: Option<String>,
}

/// Why an address may be mailed again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lifting {
    reason: Option<String>,
}

/// `GET /api/v1/suppressions`: the active ones, in order of id.
pub(super) async fn index(program: Program, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let paging = Paging::<SuppressionId>::read(query.limit.as_deref(), query.cursor.as_deref())?;
    let address: Option<EmailAddress> = match query.address.as_str() {
        "" => None,
        text => Some(member("address", text)?),
    };
    let organisation = program.organisation();
    let page = program
        .read(move |snapshot| {
            let (after, reach) = (paging.after, paging.reach());
            let found = snapshot.suppressions_by_id(organisation, address.as_ref(), after, reach)?;
            Ok(paging.page(found, |suppression| suppression.id, SuppressionBody::from))
        })
        .await?;
    Ok(HttpResponse::Ok().json(page))
}

/// `POST /api/v1/suppressions`
pub(super) async fn create(call: Call<CreateSuppression>) -> Result<Answer, Problem> {
    let call = call.read(|body| body.read())?;
    call.once(async move |program, new, id| {
        let id = SuppressionId::from(id);
        let added = program.actions().suppress(&program.principal, id, new).await;
        added.map_err(Problem::refusing(Noun::Suppression, "Suppression.AlreadyActive"))?;
        Answer::with(StatusCode::CREATED, &SuppressionBody::from(found(&program, id).await?))
    })
    .await
}

/// `GET /api/v1/suppressions/{suppressionId}`: an active one.
pub(super) async fn show(program: Program, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    let id = id_in(&path, "suppression")?;
    let active = Some(found(&program, id).await?).filter(|suppression| suppression.lifted.is_none());
    let active = active.ok_or_else(|| Problem::not_found(Noun::Suppression))?;
    Ok(HttpResponse::Ok().json(SuppressionBody::from(active)))
}

/// `DELETE /api/v1/suppressions/{suppressionId}`: lifts it. Doing so twice is doing it once.
pub(super) async fn delete(
    program: Program,
    path: web::Path<String>,
    query: web::Query<Lifting>,
) -> Result<HttpResponse, Problem> {
    let id = id_in(&path, "suppression")?;
    let reason: Option<Line> = optional("reason", query.reason.as_ref())?;
    let reason = match reason {
        Some(reason) => reason,
        None => member("reason", "Lifted through the API.")?,
    };
    let lifted = program.actions().lift_suppression(&program.principal, id, reason).await;
    lifted.map_err(Problem::refusing(Noun::Suppression, "Suppression.Complaint"))?;
    Ok(HttpResponse::NoContent().finish())
}

async fn found(program: &Program, id: SuppressionId) -> Result<Suppression, Problem> {
    let organisation = program.organisation();
    let found = program.read(move |snapshot| Ok(snapshot.suppression(organisation, id)?)).await?;
    found.ok_or_else(|| Problem::not_found(Noun::Suppression))
}

impl CreateSuppression {
    fn read(&self) -> Result<NewSuppression, Problem> {
        let reason: Option<SuppressionReason> = optional("reason", self.reason.as_ref())?;
        Ok(NewSuppression {
            address: member("address", &self.address)?,
            reason: reason.unwrap_or(SuppressionReason::Manual),
            evidence: optional("evidence", self.evidence.as_ref())?,
        })
    }
}
