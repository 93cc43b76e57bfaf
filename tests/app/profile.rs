//! One's own account: name, password, and where one is signed in.

use dunlin::domain::person::Role;

use crate::support::{PASSWORD, on_both_databases};

const CLEO: &str = "cleo@acme.example";
const NEW: &str = "a brand new password";

on_both_databases! {
    async fn a_name_is_changed(app: TestApp) {
        let clerk = app.clerk().await;
        clerk.post("/settings/profile/name", &[("name", "Cleo Clerk")]).await.says("Cleo Clerk");
        let refused = clerk.post("/settings/profile/name", &[("name", "  ")]).await;
        assert_eq!(refused.status, 422);
        refused.says("<a href=\"#name\">Name: it is empty.</a>").says("<span class=\"wrong\">It is empty.</span>");
    }

    async fn what_changes_nothing_leaves_no_trace(app: TestApp) {
        let admin = app.admin().await;
        let before = app.texts("SELECT event AS text FROM audit").len();
        for _ in 0..2 {
            admin.post("/settings/profile/name", &[("name", "Ada")]).await.says("Saved.");
            admin.post("/settings/profile/ended-sessions", &[]).await;
            admin.post("/settings/two-factor", &[("required", "false")]).await;
        }
        assert_eq!(app.texts("SELECT event AS text FROM audit ORDER BY id")[before..], ["user.renamed"]);
    }

    async fn a_password_is_changed_only_with_the_current_one_and_ends_the_other_sessions(app: TestApp) {
        app.add_person(app.organisation, CLEO, Role::Clerk).await;
        let (here, there) = (app.signed_in(CLEO).await, app.signed_in(CLEO).await);
        let change = async |current, new| {
            here.post("/settings/profile/password", &[("current", current), ("password", new)]).await
        };
        let wrong = change("not my password", NEW).await;
        assert_eq!(wrong.status, 422);
        wrong.says("That is not your current password.");
        assert_eq!(change(PASSWORD, "short").await.status, 422);
        let same = change(PASSWORD, PASSWORD).await;
        assert_eq!(same.status, 422);
        same.says("This is the password that you have. Choose another.");
        assert_eq!(there.get("/invoices").await.url, "/invoices");
        assert_eq!(change(PASSWORD, NEW).await.status, 200);
        assert_eq!(here.get("/invoices").await.url, "/invoices");
        assert_eq!(there.get("/invoices").await.url, "/sign-in");
        there.sign_in(CLEO, PASSWORD).await.says("E-mail or password is wrong.");
        assert_eq!(there.sign_in(CLEO, NEW).await.url, "/invoices");
        for _ in 0..5 {
            change("not my password", PASSWORD).await;
        }
        let delayed = change(NEW, PASSWORD).await;
        assert_eq!(delayed.status, 429);
    }
}
