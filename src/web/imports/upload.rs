//! A file that the signed-in person sent from a page of theirs: a multipart form, read with a limit.

use std::future::Future;
use std::pin::Pin;

use actix_multipart::{Field, Multipart};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::TryStreamExt;
use subtle::ConstantTimeEq;

use crate::web::WebError;
use crate::web::session::SignedIn;

/// The largest file taken in a browser, in bytes.
pub(super) const MAX_BYTES: usize = 20 * 1024 * 1024;
/// How much of a file that is too large is still read, so that its sender gets an answer and not a broken connection.
const MAX_DRAINED: usize = 5 * MAX_BYTES;

/// The form of `/imports`.
pub struct Upload {
    /// Who sent it.
    pub(super) by: SignedIn,
    /// What the sender calls the file; empty when none was chosen.
    pub(super) file_name: String,
    /// The file; `None` when it is larger than [`MAX_BYTES`].
    pub(super) content: Option<Vec<u8>>,
    /// Whether it may undo what Dunlin itself recorded.
    pub(super) reopen: bool,
}

impl FromRequest for Upload {
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (by, multipart) = (SignedIn::admitted(request), Multipart::from_request(request, payload));
        Box::pin(async move {
            let by = by?;
            let multipart = multipart.await.map_err(|error| unreadable(&error))?;
            let upload = read(by, multipart).await?;
            if !bool::from(upload.csrf.as_bytes().ct_eq(upload.by.csrf.as_bytes())) {
                return Err(WebError::ForeignForm);
            }
            Ok(Self {
                by: upload.by,
                file_name: upload.file_name,
                content: upload.content,
                reopen: upload.reopen,
            })
        })
    }
}

struct Fields {
    by: SignedIn,
    csrf: String,
    file_name: String,
    content: Option<Vec<u8>>,
    reopen: bool,
}

async fn read(by: SignedIn, mut multipart: Multipart) -> Result<Fields, WebError> {
    let mut fields = Fields {
        by,
        csrf: String::new(),
        file_name: String::new(),
        content: Some(Vec::new()),
        reopen: false,
    };
    while let Some(mut field) = multipart.try_next().await.map_err(|error| unreadable(&error))? {
        match field.name().unwrap_or_default() {
            "csrf" => fields.csrf = text(&mut field).await?,
            "reopen" => fields.reopen = text(&mut field).await? == "true",
            "file" => {
                let name = field.content_disposition().and_then(|about| about.get_filename());
                fields.file_name = name.unwrap_or_default().to_owned();
                fields.content = bytes(&mut field, MAX_BYTES).await?;
            }
            _ => {
                bytes(&mut field, 0).await?;
            }
        }
    }
    Ok(fields)
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
