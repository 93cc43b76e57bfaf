//! What another organisation has is answered like what nobody has.

use dunlin::clock::Ids;
use uuid::Uuid;

use super::routes::{Route, Who, routes};
use super::things::Things;
use crate::support::{Answer, Person, TestApp, on_both_databases};

/// Addresses that name an id behind them, and a route whose id it is.
const IN_QUERIES: &[(&str, &str)] = &[
    ("/invoices?customer=", "/customers/{id}"),
    ("/invoices?after=", "/invoices/{id}"),
    ("/customers?after=", "/customers/{id}"),
    ("/reminders?batch=", "/reminder-batches/{id}"),
    ("/reminders?before=", "/reminders/{id}"),
    ("/reminders.csv?batch=", "/reminder-batches/{id}"),
    ("/settings/audit-log?by=user:", "/settings/users/{id}/role"),
    ("/settings/audit-log?by=api_key:", "/settings/api-keys/{id}/revocation"),
    ("/automations/email-notifications/invoice-reminder?with=", "/invoices/{id}"),
    ("/api/v1/invoices?customer=", "/customers/{id}"),
    ("/api/v1/invoices?cursor=", "/invoices/{id}"),
    ("/api/v1/customers?cursor=", "/customers/{id}"),
    ("/api/v1/suppressions?cursor=", "/suppressions/{id}/lifting"),
];

/// One's own things, and those of another organisation.
struct Two {
    own: Things,
    foreign: Things,
    token: String,
}

impl Two {
    async fn new(app: &mut TestApp) -> Self {
        let mut own = Things::new(app).await;
        let here = app.organisation;
        app.organisation = app.another_organisation("Elsewhere").await;
        let foreign = Things::new(app).await;
        // The days that it took have ended the session.
        app.organisation = here;
        own.admin = app.admin().await;
        let token = own.admin.get("/invoices").await.value("csrf");
        Self { own, foreign, token }
    }

    /// One's own request, about an id.
    async fn asked(&self, app: &TestApp, route: &Route, id: &str) -> String {
        let path = route.path.replace("{id}", id).replace("{slug}", "invoice-reminder");
        let fields = self.own.fields(route, &self.own.admin).await;
        let token = ("csrf", self.token.as_str());
        let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<_> = if route.is_post() && route.who != Who::Program {
            [token].into_iter().chain(fields).collect()
        } else {
            Vec::new()
        };
        let (who, headers): (&Person, &[(&str, &str)]) = match route.who {
            Who::Program => (&app.visitor(), &[("x-api-key", &self.own.key)]),
            Who::Anyone | Who::Least(_) => (&self.own.admin, &[]),
        };
        comparable(&who.answer(&route.method, &path, &fields, headers).await, id)
    }

    /// The same with fields or a query that name an id.
    async fn named(&self, method: &str, path: &str, fields: &[(&str, &str)], id: &str) -> String {
        let token = [("csrf", self.token.as_str())];
        let fields = if method == "POST" { [&token, fields].concat() } else { Vec::new() };
        let key = [("x-api-key", self.own.key.as_str())];
        let headers: &[(&str, &str)] = if path.starts_with("/api/") { &key } else { &[] };
        comparable(&self.own.admin.answer(method, path, &fields, headers).await, id)
    }
}

/// An answer without the id that was asked for and without what is of this request alone.
fn comparable(answer: &Answer, id: &str) -> String {
    let ours = |name: &str| !["date", "x-request-id", "x-ratelimit-remaining"].contains(&name);
    let headers = answer.headers.iter().filter(|(name, _)| ours(name.as_str()));
    let mut headers: Vec<_> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort();
    let mut text = format!("{}\n{headers:#?}\n{}", answer.status, answer.body).replace(id, "ID");
    if let Some((before, rest)) = text.split_once("\"requestId\":\"") {
        text = format!("{before}{}", rest.split_once('"').unwrap().1);
    }
    text
}

on_both_databases! {
    /// H01
    async fn another_organisations_ids_are_answered_like_unknown_ones_byte_for_byte(app: TestApp) {
        let mut app = app;
        let two = Two::new(&mut app).await;
        let before = two.foreign.state().await;
        // What programs send with a body is in `api_foreign`.
        let is_of_body = |route: &Route| route.who == Who::Program && route.method != "GET";
        let has_id = |route: &Route| route.path.contains("{id}") && !is_of_body(route);
        let with_id: Vec<Route> = routes().into_iter().filter(has_id).collect();
        assert!(with_id.len() > 30, "{}", with_id.len());
        for route in &with_id {
            let unknown = two.asked(&app, route, &Ids.next::<Uuid>().to_string()).await;
            let foreign = two.asked(&app, route, two.foreign.id(route)).await;
            assert!(unknown.starts_with("404"), "{route:?}: {unknown}");
            assert_eq!(foreign, unknown, "{route:?}");
        }
        assert_eq!(two.foreign.state().await, before);
    }

    /// H01
    async fn nor_are_they_found_by_a_form_or_a_query_that_names_them(app: TestApp) {
        let mut app = app;
        let two = Two::new(&mut app).await;
        let csrf = two.foreign.admin.get("/invoices").await.value("csrf");
        let form = [("csrf", csrf.as_str())];
        let sent = two.foreign.admin.answer("POST", "/settings/mail-server/test-mails", &form, &[]).await;
        let test = sent.headers["location"].to_str().unwrap().split_once("?test=").unwrap().1;
        let before = two.foreign.state().await;
        let unknown = Ids.next::<Uuid>().to_string();
        let of = |path: &str| {
            let route = routes().into_iter().find(|route| route.path == path);
            two.foreign.id(&route.unwrap_or_else(|| panic!("no route {path}"))).to_owned()
        };
        for (path, of_route) in IN_QUERIES {
            let asked = async |id: &str| two.named("GET", &format!("{path}{id}"), &[], id).await;
            assert_eq!(asked(&of(of_route)).await, asked(&unknown).await, "{path}");
        }
        for (path, field) in [("/reminder-proposals", "invoice"), ("/invoice-selections", "invoice"),
            ("/automations/email-notifications/invoice-reminder/previews", "with")] {
            let asked = async |id: &str| two.named("POST", path, &[(field, id)], id).await;
            assert_eq!(asked(&two.foreign.open).await, asked(&unknown).await, "{path}");
        }
        let handed_over = format!("/invoices/{}?handed_over=", two.own.open);
        for (path, id) in [(handed_over.as_str(), of("/reminders/{id}").as_str()), ("/settings/mail-server?test=", test)] {
            let asked = async |id: &str| two.named("GET", &format!("{path}{id}"), &[], id).await;
            assert_eq!(asked(id).await, asked(&unknown).await, "{path}");
        }
        let into = async |id: &str| two.named("POST", "/current-organisation", &[("organisation", id)], id).await;
        assert_eq!(into(&two.foreign.organisation).await, into(&unknown).await);
        assert_eq!(two.foreign.state().await, before);
    }

    /// H01
    async fn a_confirmation_of_another_organisation_is_none(app: TestApp) {
        let mut app = app;
        let two = Two::new(&mut app).await;
        let before = two.foreign.state().await;
        let shown = two.foreign.admin.post("/reminder-proposals", &[("invoice", &two.foreign.open)]).await;
        let foreign = shown.yes();
        let unknown: Vec<_> = foreign
            .iter()
            .map(|(name, value)| (*name, if *name == "signature" { "0000" } else { *value }))
            .collect();
        for path in ["/reminder-batches", "/proposed-mails"] {
            let asked = async |fields: &[(&str, &str)]| two.named("POST", path, fields, "no id").await;
            let [foreign, unknown] = [asked(&foreign).await, asked(&unknown).await];
            assert!(!foreign.starts_with('2') && !foreign.starts_with('3'), "{path}: {foreign}");
            assert_eq!(foreign.lines().next(), unknown.lines().next(), "{path}");
        }
        assert_eq!(two.foreign.state().await, before);
    }
}
