//! Every route with every role: who is let in, who is refused, and that a refusal changes nothing.

mod documented;
mod foreign;
mod headers;
mod redirects;
mod routes;
mod things;
mod unprintable;

use dunlin::domain::person::Role;

use self::routes::{Who, routes};
use self::things::Things;
use crate::support::{TestApp, on_both_databases};

const FORBIDDEN: &str = "Your role does not let you do this.";
const FOREIGN: &str = "This form was not sent from a current page of Dunlin.";

fn assert_same(before: &str, after: &str, what: &str) {
    let new: Vec<&str> = after.lines().filter(|line| !before.contains(line)).collect();
    assert!(before == after, "{what} has changed something: {new:?}");
}

/// Asks for everything as one role: first what it may not do, then what it may.
async fn is_kept_to_their_rights(app: &TestApp, role: Role) {
    let things = Things::new(app).await;
    let person = app.person(role).await;
    let token = person.get("/invoices").await.value("csrf");
    let before = things.state().await;
    for route in routes().iter().filter(|route| route.least().is_some_and(|least| role > least)) {
        let page = things.send(route, &person, Some(&token), &[]).await;
        assert_eq!(page.status, 403, "{role}: {route:?}");
        page.says(FORBIDDEN);
    }
    assert_same(&before, &things.state().await, &format!("what {role} was refused"));
    for route in routes().iter().filter(|route| route.least().is_some_and(|least| role <= least)) {
        let page = things.send(route, &person, Some(&token), &[]).await;
        let does = match route.path.as_str() {
            "/sign-out" => page.url == "/sign-in",
            // There is no such invitation.
            "/invitations/{token}/acceptance" => page.status == 410,
            // It has to be the code of an app, and the second factor is off.
            "/settings/profile/two-factor" if route.is_post() => page.status == 422,
            "/settings/profile/two-factor/recovery-codes" => page.status == 422,
            // It is the one that they have.
            "/settings/profile/password" => page.status == 422 && page.has("Choose another."),
            "/imports/sample" => page.status == 422 && page.has("There are customers already."),
            // There is none, and what is sent is none.
            "/settings/organisation/logo" => [404, 422].contains(&page.status.as_u16()),
            "/settings/data/backups" => page.status.is_success() || page.has("with its own pg_dump"),
            _ => page.status.is_success() && page.url != "/sign-in",
        };
        assert!(does, "{role}: {route:?} is answered {} {}\n{}", page.status, page.url, page.words());
    }
}

on_both_databases! {
    /// H03
    async fn each_role_may_do_what_the_contract_says_and_is_refused_the_rest(app: TestApp) {
        for role in [Role::Viewer, Role::Support, Role::Clerk, Role::Admin] {
            is_kept_to_their_rights(&app, role).await;
        }
    }

    /// H03
    async fn who_is_not_signed_in_is_sent_to_sign_in_and_changes_nothing(app: TestApp) {
        let things = Things::new(&app).await;
        let before = things.state().await;
        for route in &routes() {
            let visitor = app.visitor();
            let page = things.send(route, &visitor, Some("0000"), &[]).await;
            match route.who {
                Who::Least(_) => assert_eq!((page.url.as_str(), page.status.as_u16()), ("/sign-in", 200), "{route:?}"),
                Who::Anyone => assert!(![401, 403, 404, 500].contains(&page.status.as_u16()), "{route:?}"),
                Who::Program => assert_eq!(page.status, 401, "{route:?}"),
            }
            let fragment = things.send(route, &visitor, Some("0000"), &[("HX-Request", "true")]).await;
            assert_eq!(fragment.status == 401, !matches!(route.who, Who::Anyone), "{route:?}");
        }
        assert_same(&before, &things.state().await, "what was refused");
    }

    async fn after_signing_in_one_is_where_one_was_and_never_at_an_address_that_is_only_posted_to(app: TestApp) {
        let things = Things::new(&app).await;
        for route in routes().iter().filter(|route| route.least().is_some()) {
            let stood = format!("/invoices/{}", things.open);
            let referer = format!("{}{stood}", app.url);
            let headers: &[(&str, &str)] = if route.is_post() { &[("Referer", &referer)] } else { &[] };
            let page = things.send(route, &app.visitor(), None, headers).await;
            let expected = if route.is_post() { stood } else { things.path(route).await };
            assert_eq!(page.value("next"), expected, "{route:?}");
            if route.is_post() {
                let page = things.send(route, &app.visitor(), None, &[]).await;
                assert_eq!(page.value("next"), "/", "{route:?}");
            }
        }
    }

    /// H04
    async fn a_form_that_is_not_from_a_page_of_the_session_is_refused_and_changes_nothing(app: TestApp) {
        let things = Things::new(&app).await;
        let (victim, other) = (&things.admin, app.admin().await);
        let own = victim.get("/invoices").await.value("csrf");
        let theirs = other.get("/invoices").await.value("csrf");
        assert_ne!(own, theirs);
        let before = things.state().await;
        let near = ["http://127.0.0.1".to_owned(), format!("{}.elsewhere.example", app.url), format!("{}0", app.url),
            app.url.replace("//", "//elsewhere.example@"), app.url.replace("//", "//elsewhere.")];
        for route in routes().iter().filter(|route| route.is_post() && route.who != Who::Program) {
            let mut forged = vec![
                (Some(own.as_str()), [("Origin", "http://elsewhere.example")]),
                (Some(&own), [("Origin", "null")]),
                (Some(&own), [("Sec-Fetch-Site", "cross-site")]),
                (Some(&own), [("Sec-Fetch-Site", "same-site")]),
            ];
            forged.extend(near.iter().map(|origin| (Some(own.as_str()), [("Origin", origin.as_str())])));
            if route.least().is_some() {
                let tokens = [None, Some(""), Some("0000"), Some(theirs.as_str()), Some(&own[1..])];
                forged.extend(tokens.map(|token| (token, [("Sec-Fetch-Site", "same-origin")])));
                forged.push((Some(&own), [("X-CSRF-Token", &theirs)]));
            }
            for (token, headers) in forged {
                // The upload's form has its token in a field alone.
                if ["/imports", "/settings/organisation/logo"].contains(&route.path.as_str()) && headers[0].0 == "X-CSRF-Token" {
                    continue;
                }
                let page = things.send(route, victim, token, &headers).await;
                assert_eq!(page.status, 403, "{route:?} {token:?} {headers:?}");
                page.says(FOREIGN);
            }
        }
        assert_same(&before, &things.state().await, "what was refused");
    }

    /// H03
    async fn a_session_does_not_open_the_programs_door_and_a_key_not_the_pages(app: TestApp) {
        let things = Things::new(&app).await;
        for route in &routes() {
            match route.who {
                Who::Program => {
                    assert_eq!(things.send(route, &things.admin, None, &[]).await.status, 401, "{route:?}");
                    let key = [("x-api-key", things.key.as_str())];
                    let visitor = app.visitor();
                    let sent = app.while_sending(things.send(route, &visitor, None, &key)).await;
                    // What is missed in the body, or does not fit how things stand, is told to who was let in.
                    assert!([200, 204, 400, 409].contains(&sent.status.as_u16()), "{route:?} {}", sent.status);
                }
                Who::Least(_) => {
                    let key = [("x-api-key", things.key.as_str())];
                    assert_eq!(things.send(route, &app.visitor(), None, &key).await.url, "/sign-in", "{route:?}");
                }
                Who::Anyone => {}
            }
        }
    }
}
