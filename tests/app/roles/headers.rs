//! What stands around every answer.

use dunlin::web::assets;

use super::routes::{Route, Who, routes};
use super::things::Things;
use crate::support::{Answer, on_both_databases};

const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The documents that a page shows in a sandboxed frame: those of mails.
fn is_mail(route: &Route) -> bool {
    route.path.ends_with("/html") || route.path.ends_with("/preview")
}

/// An answer of this request alone.
fn is_guarded(answer: &Answer, what: &str) {
    is_guarded_and_kept(answer, "no-store", what);
}

fn is_guarded_and_kept(answer: &Answer, kept: &str, what: &str) {
    let header = |name: &str| {
        let values: Vec<_> =
            answer.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        assert!(values.len() <= 1 || name == "vary", "{what}: {name} is there {} times", values.len());
        values.first().copied().unwrap_or_default()
    };
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("referrer-policy"), "same-origin", "{what}");
    assert_eq!(header("cache-control"), kept, "{what}");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{what}");
    let policy = header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("script-src 'unsafe"),
        "{what}: {policy}"
    );
    assert_eq!(header("server"), "", "{what}");
    assert_eq!(header("x-powered-by"), "", "{what}");
    for cookie in answer.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        let flags = ["HttpOnly", "SameSite=Lax", "Path=/"];
        assert!(
            flags.iter().all(|flag| cookie.contains(flag)) && !cookie.contains("Expires"),
            "{what}: {cookie}"
        );
    }
}

on_both_databases! {
    /// H19
    async fn every_answer_of_every_route_has_the_headers_that_guard_it(app: TestApp) {
        let things = Things::new(&app).await;
        let token = things.admin.get("/invoices").await.value("csrf");
        let key = [("x-api-key", things.key.as_str())];
        for route in &routes() {
            let path = things.path(route).await;
            let form = [("csrf", token.as_str())];
            let fields: &[(&str, &str)] = if route.is_post() && route.path != "/sign-out" { &form } else { &[] };
            let headers: &[(&str, &str)] = if route.who == Who::Program { &key } else { &[] };
            for (who, person) in [("an admin", &things.admin), ("a stranger", &app.visitor())] {
                let answer = person.answer(&route.method, &path, fields, headers).await;
                let what = format!("{} {path} by {who}: {}", route.method, answer.status);
                is_guarded(&answer, &what);
                let policy = answer.headers["content-security-policy"].to_str().unwrap();
                if !is_mail(route) || !answer.status.is_success() {
                    assert_eq!(policy, PAGE, "{what}");
                } else {
                    assert!(policy.contains("sandbox") && policy.contains("frame-ancestors 'self'"), "{what}: {policy}");
                }
            }
            // Whatever refuses, refuses with them too.
            let has = |method: &str| routes().iter().any(|other| other.path == route.path && other.method == method);
            for method in ["DELETE", "PATCH", "TRACE", "OPTIONS"].into_iter().filter(|method| !has(method)) {
                let answer = things.admin.answer(method, &path, &[], &[]).await;
                let what = format!("{method} {path}: {}", answer.status);
                is_guarded(&answer, &what);
                assert_eq!(answer.status, 405, "{what}");
                assert!(answer.headers["allow"].to_str().unwrap().contains(&route.method), "{what}");
            }
        }
        let odd = ["/nothing", "/invoices/%ff", "/invoices/..%2f..", "/static/nothing.css", "/api/v1/nothing", "/sign-in?next=%ff", "//"];
        for path in odd {
            let answer = things.admin.answer("GET", path, &[], &[]).await;
            is_guarded(&answer, &format!("{path}: {}", answer.status));
        }
        for (name, kind) in [("app.css", "text/css"), ("app.js", "text/javascript")] {
            let answer = things.admin.answer("GET", &assets::url(name), &[], &[]).await;
            let what = format!("{name}: {}", answer.status);
            is_guarded_and_kept(&answer, "public, max-age=31536000, immutable", &what);
            assert!(answer.headers["content-type"].to_str().unwrap().starts_with(kind), "{what}");
            assert!(answer.status.is_success() && !answer.headers.contains_key("set-cookie"), "{what}");
        }
    }
}
