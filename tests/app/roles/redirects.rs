//! No answer leads to another site, whatever a request says.

use dunlin::domain::person::Role;

use super::routes::{Who, routes};
use super::things::Things;
use crate::support::{Answer, PASSWORD, on_both_databases};

const ELSEWHERE: &[&str] = &[
    "https://elsewhere.example/",
    "//elsewhere.example/",
    "/\\elsewhere.example/",
    "\\\\elsewhere.example/",
    "/\t/elsewhere.example/",
    "https:elsewhere.example",
    "javascript:alert(1)",
];

/// What a program of ours might take an address from.
const FIELDS: &[&str] = &["next", "back", "list", "to", "url", "redirect", "return"];

fn stays_here(answer: &Answer, what: &str) {
    for name in ["location", "hx-redirect", "hx-location", "hx-push-url", "refresh", "link"] {
        if let Some(to) = answer.headers.get(name).map(|value| value.to_str().unwrap()) {
            let is_path = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\t']);
            assert!(is_path, "{what}: {name}: {to}");
        }
    }
    for attribute in ["href", "action", "src", "formaction", "hx-get", "hx-post"] {
        for address in ELSEWHERE {
            assert!(
                !answer.body.contains(&format!("{attribute}=\"{address}")),
                "{what}: {attribute} {address}"
            );
        }
    }
}

on_both_databases! {
    /// H20
    async fn no_route_leads_to_another_site(app: TestApp) {
        let things = Things::new(&app).await;
        let token = things.admin.get("/invoices").await.value("csrf");
        let disguise = [("X-Forwarded-Host", "elsewhere.example"), ("X-Forwarded-Proto", "https"), ("Forwarded", "host=elsewhere.example")];
        for route in routes().iter().filter(|route| route.who != Who::Program && route.path != "/sign-out") {
            for address in ELSEWHERE {
                let path = things.path(route).await;
                let fields: Vec<_> = FIELDS.iter().map(|field| (*field, *address)).collect();
                let query = serde_html_form::to_string(&fields).unwrap();
                let asked = format!("{path}{}{query}", if path.contains('?') { '&' } else { '?' });
                let mut form = vec![("csrf", token.as_str())];
                form.extend(fields);
                let form: &[(&str, &str)] = if route.is_post() { &form } else { &[] };
                let answer = things.admin.answer(&route.method, &asked, form, &disguise).await;
                stays_here(&answer, &format!("{} {path} {address:?}: {}", route.method, answer.status));
            }
        }
    }

    /// H20
    async fn signing_in_leads_to_a_page_of_ours(app: TestApp) {
        let email = "someone@acme.example";
        app.add_person(app.organisation, email, Role::Viewer).await;
        for address in ELSEWHERE {
            let form = [("email", email), ("password", PASSWORD), ("next", address)];
            let answer = app.visitor().answer("POST", "/sign-in", &form, &[]).await;
            assert_eq!((answer.status.as_u16(), &answer.headers["location"]), (303, &"/invoices".parse().unwrap()), "{address:?}");
        }
        let stranger = app.visitor();
        let referer = [("Referer", "https://elsewhere.example//elsewhere.example/")];
        let answer = stranger.answer("POST", "/sign-out", &[], &referer).await;
        stays_here(&answer, "a form without a session");
    }
}
