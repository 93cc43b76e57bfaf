//! Puts the doors into one actix App; the same one that the tests start.

mod connections;
mod log;
mod metrics;
mod pace;

use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use actix_files::Files;
use actix_session::SessionMiddleware;
use actix_session::config::{BrowserSession, CookieContentSecurity, SessionLifecycle};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::{Key, SameSite};
use actix_web::dev::{Server, Service, ServiceRequest, ServiceResponse};
use actix_web::error::ErrorForbidden;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Compress, from_fn};
use actix_web::rt::time::timeout;
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, web};
use sha2::{Digest, Sha512};
use tracing_actix_web::TracingLogger;

pub use self::connections::room;

use self::connections::Connections;
use self::log::Requests;
use self::pace::paced;
use crate::api::Programs;
use crate::domain::visitor::Proxies;
use crate::routes::Access::{self, Anyone};
use crate::routes::{Door, Entry, Routes};
use crate::web::api_reference::{self, ApiReference};
use crate::web::{StoredSessions, WebError, WebState, assets};

/// What the server is started with.
pub struct Serving {
    /// Where it listens.
    pub listener: TcpListener,
    /// What handlers need.
    pub state: WebState,
    /// Where the unpacked style sheet and behaviours are.
    pub static_folder: PathBuf,
    /// The installation's key.
    pub secret: [u8; 32],
    /// Whether cookies may only travel encrypted.
    pub is_https: bool,
    /// Grace time for open requests when stopping.
    pub shutdown: Duration,
    /// Requests a minute of one API key; 0 for no limit.
    pub api_rate_per_minute: u32,
    /// Longest pause of a request that is arriving, and of a reader.
    pub patience: Duration,
    /// Whose word is taken for whom they ask.
    pub trusted_proxies: Proxies,
    /// Threads that answer.
    pub threads: usize,
}

/// What a page may load and do: nothing from elsewhere, no inline script or style.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Forms are small, but for those that name the invoices of a batch.
const LARGEST_FORM: usize = 256 * 1024;

/// How long a server of ours waits for others.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Starts answering.
///
/// # Errors
/// When the listener cannot be used.
pub fn start(serving: Serving) -> io::Result<Server> {
    let Serving {
        listener,
        state,
        static_folder,
        secret,
        is_https,
        shutdown,
        api_rate_per_minute,
        patience,
        trusted_proxies,
        threads,
    } = serving;
    let key = Key::from(&Sha512::digest([b"cookie\0".as_slice(), &secret].concat()));
    let actions = state.actions.clone();
    let api_state = web::Data::new(crate::api::ApiState::new(actions.clone(), api_rate_per_minute));
    let api_reference = web::Data::new(ApiReference::of(&crate::api::document()));
    let state = web::Data::new(state);
    let room = room();
    let proxies = web::Data::new(trusted_proxies.clone());
    let connections = Connections::new(room, patience, trusted_proxies);
    let server = HttpServer::new(move || {
        let sessions = SessionMiddleware::builder(StoredSessions(actions.clone()), key.clone())
            .cookie_name(if is_https { "__Host-dunlin" } else { "dunlin" }.to_owned())
            .cookie_secure(is_https)
            .cookie_http_only(true)
            .cookie_same_site(SameSite::Lax)
            .cookie_content_security(CookieContentSecurity::Signed)
            .session_lifecycle(SessionLifecycle::BrowserSession(BrowserSession::default()))
            .build();
        App::new()
            .app_data(state.clone())
            .app_data(api_state.clone())
            .app_data(api_reference.clone())
            .app_data(proxies.clone())
            .app_data(web::PayloadConfig::new(LARGEST_FORM))
            .wrap(Compress::default())
            .wrap_fn(|request, next| {
                let answer = next.call(request);
                async move { answer.await.map(told) }
            })
            .wrap(from_fn(paced))
            .wrap_fn(move |mut request, next| {
                // Whatever GET answers HEAD answers too, without the body, which the connection leaves out.
                if request.method() == Method::HEAD {
                    request.head_mut().method = Method::GET;
                }
                let answer = next.call(request);
                async move { answer.await.map(|answer| guarded(answer, is_https)) }
            })
            .wrap(TracingLogger::<Requests>::new())
            .configure(|config| public().open(config))
            .service(Files::new(&assets::mount(), &static_folder).try_compressed().prefer_utf8(true))
            .service(
                web::scope("/api").configure(|config| reference().open(config)).configure(crate::api::open),
            )
            .service(
                web::scope("")
                    .app_data(web::QueryConfig::default().error_handler(|_, _| not_understood().into()))
                    .app_data(web::PathConfig::default().error_handler(|_, _| WebError::NotFound.into()))
                    .wrap(sessions)
                    .configure(|config| crate::web::routes().open(config))
                    .default_service(web::to(nothing_here)),
            )
    })
    .workers(threads)
    // Programs whose mail was still on its way are answered when the worker has ended, at the latest then.
    .shutdown_timeout(shutdown.as_secs() + 1)
    .disable_signals()
    .client_request_timeout(patience)
    .max_connections(room.div_ceil(threads))
    .on_connect(move |stream, data| connections.accept(stream, data))
    .listen(listener)?;
    Ok(server.run())
}

/// What watches the program, and how the API is used; nothing of an organisation is told there.
#[rustfmt::skip]
fn public() -> Routes<Public> {
    Routes::of(Public)
        .get("/healthz", Anyone, async || "ok")
        .get("/readyz", Anyone, ready)
        .get("/metrics", Anyone, metrics::show)
}

/// What people read of the API.
fn reference() -> Routes<Reference> {
    Routes::of(Reference).get("/docs", Anyone, api_reference::show)
}

/// The door that knows nobody.
struct Public;

impl Door for Public {
    async fn admit(_: &mut ServiceRequest, access: Access) -> Result<(), Error> {
        if access == Anyone { Ok(()) } else { Err(ErrorForbidden("nobody is known here")) }
    }

    fn no_such_method(_: &HttpRequest, allowed: &str) -> HttpResponse {
        HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, allowed)).finish()
    }
}

/// The same within the programs' door, in whose words it refuses.
struct Reference;

impl Door for Reference {
    async fn admit(request: &mut ServiceRequest, access: Access) -> Result<(), Error> {
        Public::admit(request, access).await
    }

    fn no_such_method(request: &HttpRequest, allowed: &str) -> HttpResponse {
        Programs::no_such_method(request, allowed)
    }
}

/// Who may do what: every route of the program with what it asks for, but for the style sheets and scripts under
/// `/static/`, which are everybody's.
pub fn table() -> Vec<Entry> {
    let api = [reference().table("/api"), crate::api::routes().table("/api")].concat();
    [public().table(""), crate::web::routes().table(""), api].concat()
}

fn not_understood() -> WebError {
    WebError::BadRequest("This address cannot be understood. Open the page from the menu.".to_owned())
}

async fn nothing_here() -> Result<HttpResponse, WebError> {
    Err(WebError::NotFound)
}

/// How long whoever watches the program waits for its database; a person waits longer.
const WATCHED: Duration = Duration::from_secs(2);

/// Whether this process can do its work: the database answers.
async fn ready(state: web::Data<WebState>) -> HttpResponse {
    let asked = state.reader.read::<_, WebError>(|snapshot| Ok(snapshot.organisations()?));
    match timeout(WATCHED, asked).await {
        Ok(Ok(_)) => HttpResponse::Ok().body("ok"),
        Ok(Err(_)) | Err(_) => unready(),
    }
}

fn unready() -> HttpResponse {
    HttpResponse::ServiceUnavailable().body("the database cannot be reached")
}

/// Whether a request came to the door of programs: by the path as it is routed, in which `%61` is an `a`.
fn is_for_programs(request: &HttpRequest) -> bool {
    let path = request.match_info().as_str();
    path == "/api" || path.starts_with("/api/")
}

/// A failure under `/api` is told as a problem, whoever found it.
fn told<B: MessageBody + 'static>(answer: ServiceResponse<B>) -> ServiceResponse<BoxBody> {
    match is_for_programs(answer.request()) {
        true => crate::api::told(answer),
        false => answer.map_into_boxed_body(),
    }
}

/// The headers that every answer has.
fn guarded<B>(mut answer: ServiceResponse<B>, is_https: bool) -> ServiceResponse<B> {
    // What is not there may be there after an update.
    let is_found = answer.status().is_success() || answer.status() == StatusCode::NOT_MODIFIED;
    let is_kept = is_found && answer.request().path().starts_with("/static/");
    let headers = answer.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    if is_https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
    if is_kept {
        headers
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    } else {
        headers.append(header::VARY, HeaderValue::from_static("HX-Request"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    answer
}
