//! What the doors are made of: routes, each with what it asks of who uses it. One without that cannot be written.

mod rate;

use std::future::{Future, ready};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv6Addr};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Handler, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, Responder, Route, web};

pub use self::rate::{Rate, seconds};

use crate::domain::person::Permission;
use crate::domain::visitor::{Proxies, Visitor};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Also somebody of whom nothing is known.
    Anyone,
    /// Who has this right, as it stands in the database at the moment of the request.
    May(Permission),
}

/// How a door lets in.
pub trait Door: 'static {
    /// Lets a request in that may use its route, and notes in it whose it is.
    ///
    /// # Errors
    /// The answer for who may not.
    fn admit(request: &mut ServiceRequest, access: Access) -> impl Future<Output = Result<(), Error>>;

    /// The answer to a method that an address does not have; `allowed` names those it has.
    fn no_such_method(request: &HttpRequest, allowed: &str) -> HttpResponse;
}

/// A row of the table: what is asked of whoever uses a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whatever GET answers HEAD answers too.
    pub method: Method,
    /// The address, with `{names}` for its ids.
    pub path: String,
    /// Who may use it.
    pub access: Access,
}

struct Place {
    path: &'static str,
    routes: Vec<(Method, Access, Route)>,
    largest_form: Option<usize>,
}

/// The routes of a door. The first address that fits a request answers it.
pub struct Routes<D> {
    places: Vec<Place>,
    door: PhantomData<D>,
}

impl<D: Door> Routes<D> {
    /// None yet.
    pub fn of(_: D) -> Self {
        Self { places: Vec::new(), door: PhantomData }
    }

    /// A route that reads.
    #[must_use]
    pub fn get<H, Args>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<Args>,
        Args: FromRequest + 'static,
        H::Output: Responder + 'static,
    {
        self.with(Method::GET, path, access, handler)
    }

    /// A route that changes something.
    #[must_use]
    pub fn post<H, Args>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<Args>,
        Args: FromRequest + 'static,
        H::Output: Responder + 'static,
    {
        self.with(Method::POST, path, access, handler)
    }

    /// A route that changes a part of something.
    #[must_use]
    pub fn patch<H, Args>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<Args>,
        Args: FromRequest + 'static,
        H::Output: Responder + 'static,
    {
        self.with(Method::PATCH, path, access, handler)
    }

    /// A route that takes something away.
    #[must_use]
    pub fn delete<H, Args>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<Args>,
        Args: FromRequest + 'static,
        H::Output: Responder + 'static,
    {
        self.with(Method::DELETE, path, access, handler)
    }

    fn with<H, Args>(mut self, method: Method, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<Args>,
        Args: FromRequest + 'static,
        H::Output: Responder + 'static,
    {
        let admitted = from_fn(move |request, next| admitted::<D, _>(access, request, next));
        let route = web::method(method.clone()).to(handler).wrap(admitted);
        if self.places.last().is_none_or(|place| place.path != path) {
            self.places.push(Place { path, routes: Vec::new(), largest_form: None });
        }
        if let Some(place) = self.places.last_mut() {
            place.routes.push((method, access, route));
        }
        self
    }

    /// The last address takes forms of up to so many bytes.
    #[must_use]
    pub fn of_up_to(mut self, bytes: usize) -> Self {
        if let Some(place) = self.places.last_mut() {
            place.largest_form = Some(bytes);
        }
        self
    }

    /// The rows of the table, for routes that stand under `prefix`.
    pub fn table(&self, prefix: &str) -> Vec<Entry> {
        let row = |place: &Place, (method, access, _): &(Method, Access, Route)| Entry {
            method: method.clone(),
            path: format!("{prefix}{}", place.path),
            access: *access,
        };
        self.places.iter().flat_map(|place| place.routes.iter().map(move |route| row(place, route))).collect()
    }

    /// Makes the server answer them.
    pub fn open(self, config: &mut web::ServiceConfig) {
        for Place { path, routes, largest_form } in self.places {
            let name = |method: &Method| {
                if *method == Method::GET { "GET, HEAD" } else { method.as_str() }.to_owned()
            };
            let allowed = routes.iter().map(|(method, ..)| name(method)).collect::<Vec<_>>().join(", ");
            let mut resource = web::resource(path);
            if let Some(bytes) = largest_form {
                resource = resource.app_data(web::PayloadConfig::new(bytes));
            }
            for (.., route) in routes {
                resource = resource.route(route);
            }
            let otherwise = move |request: HttpRequest| ready(D::no_such_method(&request, &allowed));
            config.service(resource.default_service(web::to(otherwise)));
        }
    }
}

async fn admitted<D: Door, B: MessageBody + 'static>(
    access: Access,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match D::admit(&mut request, access).await {
        Ok(()) => next.call(request).await.map(ServiceResponse::map_into_left_body),
        // As an answer, not as an error: what is wrapped around all answers sees this one too.
        Err(refusal) => Ok(request.error_response(refusal).map_into_right_body()),
    }
}

/// Where a request comes from.
pub fn visitor(request: &HttpRequest) -> Visitor {
    let connected = request.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
    let Some(proxies) = request.app_data::<web::Data<Proxies>>() else { return Visitor::at(connected) };
    let told: Vec<&str> =
        request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).collect();
    proxies.visitor(connected, told.into_iter())
}
