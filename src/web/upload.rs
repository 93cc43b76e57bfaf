//! A file that the signed-in person sent from a page of theirs: a multipart form, read with a limit.

use std::future::Future;
use std::pin::Pin;

use actix_multipart::{Field, Multipart};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::TryStreamExt;
use subtle::ConstantTimeEq;

use super::WebError;
use super::session::SignedIn;

/// How much of a file that is too large is still read, so that its sender gets an answer and not a broken connection.
const MAX_DRAINED: usize = 100 * 1024 * 1024;

/// A form with a file of at most `MOST` bytes.
pub struct Upload<const MOST: usize> {
    /// Who sent it.
    pub(super) by: SignedIn,
    /// What the sender calls the file; empty when none was chosen.
    pub(super) file_name: String,
    /// The file; `None` when it is larger than `MOST`.
    pub(super) content: Option<Vec<u8>>,
    /// The names of the boxes that were ticked.
    pub(super) ticked: Vec<String>,
}

impl<const MOST: usize> FromRequest for Upload<MOST> {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (by, multipart) = (SignedIn::admitted(request), Multipart::from_request(request, payload));
        Box::pin(async move {
            let by = by?;
            let multipart = multipart.await.map_err(|error| unreadable(&error))?;
            let (csrf, upload) = read(by, multipart).await?;
            match bool::from(csrf.as_bytes().ct_eq(upload.by.csrf.as_bytes())) {
                true => Ok(upload),
                false => Err(WebError::ForeignForm),
            }
        })
    }
}

/// The token, and what came with it.
async fn read<const MOST: usize>(
    by: SignedIn,
    mut multipart: Multipart,
) -> Result<(String, Upload<MOST>), WebError> {
    let mut csrf = String::new();
    let mut upload = Upload { by, file_name: String::new(), content: Some(Vec::new()), ticked: Vec::new() };
    while let Some(mut field) = multipart.try_next().await.map_err(|error| unreadable(&error))? {
        match field.name().unwrap_or_default() {
            "csrf" => csrf = text(&mut field).await?,
            "file" => {
                let name = field.content_disposition().and_then(|about| about.get_filename());
                upload.file_name = name.unwrap_or_default().to_owned();
                upload.content = bytes(&mut field, MOST).await?;
            }
            other => {
                let name = other.to_owned();
                if text(&mut field).await? == "true" {
                    upload.ticked.push(name);
                }
            }
        }
    }
    Ok((csrf, upload))
}

async fn text(field: &mut Field) -> Result<String, WebError> {
    let bytes = bytes(field, 1_000).await?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What a field holds, or `None` when that is more than `most` bytes.
async fn bytes(field: &mut Field, most: usize) -> Result<Option<Vec<u8>>, WebError> {
    let (mut kept, mut received) = (Vec::new(), 0);
    while let Some(chunk) = field.try_next().await.map_err(|error| unreadable(&error))? {
        received += chunk.len();
        if received > MAX_DRAINED {
            return Err(WebError::BadRequest("The file is far too large.".to_owned()));
        }
        if received <= most {
            kept.extend_from_slice(&chunk);
        }
    }
    Ok((received <= most).then_some(kept))
}

fn unreadable(error: &dyn std::fmt::Display) -> WebError {
    WebError::BadRequest(format!("The form cannot be read: {error}. Go back and try again."))
}
