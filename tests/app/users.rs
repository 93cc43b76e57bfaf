//! Roles and who may not come in any more; one Admin always stays.

use dunlin::domain::person::Role;

use crate::support::{Person, on_both_databases};

/// The id of the user with a name on the page.
async fn id_of(admin: &Person, email: &str) -> String {
    let page = admin.get("/settings/users").await;
    let row = page.text.split("<tr>").skip(1).find(|row| row.contains(email)).unwrap().to_owned();
    row.split_once("/settings/users/").unwrap().1[..36].to_owned()
}

async fn set_role(admin: &Person, id: &str, role: &str) -> crate::support::Page {
    admin.post(&format!("/settings/users/{id}/role"), &[("role", role)]).await
}

on_both_databases! {
    async fn a_role_counts_from_the_next_request_on(app: TestApp) {
        let admin = app.admin().await;
        app.add_person(app.organisation, "cleo@acme.example", Role::Clerk).await;
        let cleo = app.signed_in("cleo@acme.example").await;
        let id = id_of(&admin, "cleo@acme.example").await;
        set_role(&admin, &id, "viewer").await.says("Viewer").says("Saved.");
        assert_eq!(cleo.get("/imports").await.status, 403);
        set_role(&admin, &id, "admin").await;
        assert_eq!(cleo.get("/settings/users").await.status, 200);
        assert_eq!(set_role(&admin, &id, "owner").await.status, 400);
    }

    async fn who_is_disabled_is_out_at_once_and_comes_in_again_when_enabled(app: TestApp) {
        let admin = app.admin().await;
        app.add_person(app.organisation, "cleo@acme.example", Role::Clerk).await;
        let cleo = app.signed_in("cleo@acme.example").await;
        let id = id_of(&admin, "cleo@acme.example").await;
        admin.post(&format!("/settings/users/{id}/disabling"), &[]).await.says("Disabled, and signed out.");
        assert_eq!(cleo.get("/invoices").await.url, "/sign-in");
        let refused = cleo.sign_in("cleo@acme.example", crate::support::PASSWORD).await;
        refused.says("E-mail or password is wrong.");
        admin.post(&format!("/settings/users/{id}/enabling"), &[]).await.says_not("Disabled");
        assert_eq!(cleo.get("/invoices").await.url, "/sign-in", "the session was ended, not put to sleep");
        cleo.sign_in("cleo@acme.example", crate::support::PASSWORD).await;
        assert_eq!(cleo.get("/invoices").await.url, "/invoices");
    }

    async fn the_last_admin_stays(app: TestApp) {
        app.add_person(app.organisation, "only@acme.example", Role::Admin).await;
        let other = app.another_organisation("Other Ltd").await;
        app.add_person(other, "eve@other.example", Role::Admin).await;
        let admin = app.signed_in("only@acme.example").await;
        let id = id_of(&admin, "only@acme.example").await;
        for refused in [
            set_role(&admin, &id, "clerk").await,
            admin.post(&format!("/settings/users/{id}/disabling"), &[]).await,
        ] {
            assert_eq!(refused.status, 422);
            refused.says("The organisation needs an admin. Make somebody else an admin first.");
        }
        // One who is disabled does not count.
        app.add_person(app.organisation, "second@acme.example", Role::Admin).await;
        let second = id_of(&admin, "second@acme.example").await;
        admin.post(&format!("/settings/users/{second}/disabling"), &[]).await;
        assert_eq!(set_role(&admin, &id, "clerk").await.status, 422);
        admin.post(&format!("/settings/users/{second}/enabling"), &[]).await;
        let done = set_role(&admin, &id, "clerk").await;
        assert_eq!((done.url.as_str(), done.status.as_u16()), ("/settings/profile", 200), "the users are not theirs any more");
        done.says("Saved.");
    }

    async fn of_two_admins_who_remove_each_other_at_the_same_time_one_stays(app: TestApp) {
        for round in 0..5 {
            let emails = [format!("a{round}@acme.example"), format!("b{round}@acme.example")];
            let organisation = app.another_organisation(&format!("Acme {round}")).await;
            for email in &emails {
                app.add_person(organisation, email, Role::Admin).await;
            }
            let (a, b) = (app.signed_in(&emails[0]).await, app.signed_in(&emails[1]).await);
            let (id_a, id_b) = (id_of(&a, &emails[0]).await, id_of(&a, &emails[1]).await);
            tokio::join!(set_role(&a, &id_b, "viewer"), set_role(&b, &id_a, "viewer"));
            let mut left = 0;
            for person in [&a, &b] {
                left += usize::from(person.get("/settings/users").await.status == 200);
            }
            assert_eq!(left, 1, "round {round}");
        }
    }

    async fn another_organisations_people_are_unknown_here(app: TestApp) {
        let other = app.another_organisation("Other Ltd").await;
        app.add_person(other, "eve@other.example", Role::Admin).await;
        let eve = app.signed_in("eve@other.example").await;
        let id = id_of(&eve, "eve@other.example").await;
        let admin = app.admin().await;
        admin.get("/settings/users").await.says_not("eve@other.example");
        assert_eq!(set_role(&admin, &id, "viewer").await.status, 404);
        assert_eq!(admin.post(&format!("/settings/users/{id}/disabling"), &[]).await.status, 404);
        eve.post("/settings/invitations", &[("email", "x@other.example"), ("role", "admin")]).await;
        let invitation =
            eve.get("/settings/users").await.between("action=\"/settings/invitations/", "/resending", "");
        assert_eq!(admin.post(&format!("/settings/invitations/{invitation}/resending"), &[]).await.status, 404);
        assert_eq!(admin.post(&format!("/settings/invitations/{invitation}/withdrawal"), &[]).await.status, 404);
    }
}
