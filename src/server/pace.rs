//! How slowly a request may arrive and an answer be read: a pause of the server's patience, and a pace over all.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use actix_web::rt::time::{Instant, Sleep, sleep};
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage, ResponseError};
use futures_util::Stream;

use super::connections::Connection;
use super::is_for_programs;
use crate::web::WebError;

/// The pace in bytes a second: that of a poor telephone connection.
const PACE: usize = 16 * 1024;

/// How long so many bytes may take.
pub(super) fn time_for(bytes: usize) -> Duration {
    Duration::from_micros(bytes as u64 * 1_000_000 / PACE as u64)
}

/// Hands a request on with a body that ends with an error when it does not come, and watches over its answer.
pub(super) async fn paced<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(connection) = request.request().conn_data::<Rc<Connection>>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    connection.asks();
    let is_late = Rc::new(Cell::new(false));
    match request.take_payload() {
        Payload::None => {}
        body => {
            let body = PacedBody::new(body, connection.patience(), is_late.clone());
            request.set_payload(Payload::Stream { payload: Box::pin(body) });
        }
    }
    let answer = next.call(request).await?;
    // The program's door says so itself, in its own shape.
    let is_page = !is_for_programs(answer.request());
    let answer = if is_late.get() && is_page { too_slow(answer) } else { answer.map_into_boxed_body() };
    Ok(answer.map_body(|_, body| WatchedBody { body, sent: Sent { bytes: 0, to: connection } }.boxed()))
}

/// What is answered, whatever the handler made of a body that broke off.
fn too_slow<B>(answer: ServiceResponse<B>) -> ServiceResponse<BoxBody> {
    ServiceResponse::new(answer.into_parts().0, WebError::TooSlow.error_response())
}

/// The body of a request. Only the time in which it is waited for counts.
struct PacedBody {
    body: Payload,
    patience: Duration,
    left: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    is_late: Rc<Cell<bool>>,
}

impl PacedBody {
    fn new(body: Payload, patience: Duration, is_late: Rc<Cell<bool>>) -> Self {
        Self { body, patience, left: patience, waiting: None, is_late }
    }
}

impl Stream for PacedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Poll::Ready(item) = Pin::new(&mut this.body).poll_next(cx) else {
            let left = this.left;
            let (_, timer) = this.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
            return timer.as_mut().poll(cx).map(|()| {
                this.is_late.set(true);
                Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into())))
            });
        };
        if let Some((since, _)) = this.waiting.take() {
            this.left = this.left.saturating_sub(since.elapsed());
        }
        if let Some(Ok(bytes)) = &item {
            this.left = (this.left + time_for(bytes.len())).min(this.patience);
        }
        Poll::Ready(item)
    }
}

/// The body of an answer.
struct WatchedBody {
    body: BoxBody,
    sent: Sent,
}

/// How much of an answer has been handed on; when it goes, no more will be.
struct Sent {
    bytes: usize,
    to: Rc<Connection>,
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.to.is_answered(self.bytes);
    }
}

impl MessageBody for WatchedBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        let chunk = this.body.as_pin_mut().poll_next(cx);
        match &chunk {
            Poll::Ready(Some(Ok(bytes))) => {
                this.sent.bytes += bytes.len();
                this.sent.to.is_answered(bytes.len());
            }
            // It is us who are waited for.
            Poll::Pending => this.sent.to.asks(),
            Poll::Ready(_) => {}
        }
        chunk
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, mut sent } = self;
        match body.try_into_bytes() {
            Ok(bytes) => {
                sent.bytes = bytes.len();
                Ok(bytes)
            }
            Err(body) => Err(Self { body, sent }),
        }
    }
}
