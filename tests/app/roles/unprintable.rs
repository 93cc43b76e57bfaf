//! Characters that nobody can see, in every field of every form.

use super::routes::{Who, routes};
use super::things::Things;
use crate::support::on_both_databases;

/// Nothing, as C and PostgreSQL see it; what a terminal would do; what would turn a line around.
const ODD: &[&str] = &["\0", "\u{1b}]0;x\u{7}", "\u{202e}"];

on_both_databases! {
    /// B12
    async fn no_form_breaks_on_characters_that_nobody_can_see_or_keeps_them(app: TestApp) {
        let things = Things::new(&app).await;
        let token = things.admin.get("/invoices").await.value("csrf");
        for odd in ODD {
            let typed = format!("A{odd}B");
            let forms = routes().into_iter().filter(|route| route.is_post() && route.who != Who::Program);
            for route in forms {
                let path = things.path(&route).await;
                let right = things.fields(&route, &things.admin).await;
                for (changed, _) in &right {
                    let value = |name: &'static str, value| if name == *changed { typed.as_str() } else { value };
                    let fields = right.iter().map(|(name, text)| (*name, value(name, text.as_str())));
                    let form: Vec<_> = [("csrf", token.as_str())].into_iter().chain(fields).collect();
                    let answer = things.admin.answer("POST", &path, &form, &[]).await;
                    assert!(answer.status.as_u16() < 500, "{route:?} {changed} {odd:?}: {}", answer.body);
                }
            }
            let read = |path: &str| !path.contains('{') && path != "/sign-out" && !path.starts_with("/api/");
            for route in routes().iter().filter(|route| !route.is_post() && read(&route.path)) {
                let body = things.admin.answer("GET", &route.path, &[], &[]).await.body;
                assert!(!body.contains(odd), "{} shows {odd:?}", route.path);
            }
        }
    }
}
