//! What the routes act on, and how each is asked for.

use chrono::TimeDelta;
use dunlin::domain::person::Role;

use super::routes::Route;
use crate::support::{Page, Person, TestApp, Whim};

const EDITOR: &str = "/automations/email-notifications/invoice-reminder";

/// Made anew for each role, so that everything asked for can be done.
pub struct Things {
    pub open: String,
    unwanted: String,
    customer: String,
    held: String,
    pending: String,
    pending_batch: String,
    sent: String,
    failed: String,
    failed_batch: String,
    unsure: String,
    suppression: String,
    doubtful: String,
    import: String,
    unused_key: String,
    colleague: String,
    invitation: String,
    pub organisation: String,
    pub admin: Person,
    pub key: String,
}

impl Things {
    pub async fn new(app: &TestApp) -> Self {
        let tag = format!("{}", app.clock.now().timestamp());
        let number = |kind: &str| format!("{kind}-{tag}");
        let ledger = ["OPEN", "VOID", "WAIT", "ALSO", "SENT", "FAIL", "DOT1", "DOT2"].map(|kind| {
            format!("{}, Customer {kind} {tag}, {kind}{tag}@customer.example, 10.00, -5, Sent", number(kind))
        });
        app.ledger(&ledger.each_ref().map(String::as_str)).await;
        let clerk = app.clerk().await;
        app.sink.misbehave("FAIL", Whim::Reply("RCPT", "550 5.3.0 not for us"));
        app.sink.misbehave("DOT", Whim::Drop("dot"));
        let sending = ["SENT", "FAIL", "DOT1", "DOT2"].map(number);
        let failed = clerk.confirm(&clerk.propose(&sending.each_ref().map(String::as_str)).await).await;
        app.send_until_idle().await;
        let pending = clerk.confirm(&clerk.propose(&[&number("WAIT"), &number("ALSO")]).await).await;
        let reminder = async |kind: &str| {
            let log = clerk.get(&format!("/reminders?q={}", number(kind))).await;
            log.between("href=\"/reminders/", "\"", " aria-label=\"Reminder of ")
        };
        let csv = format!("customer_name,invoice_number,currency,total\nNew {tag},NEW-{tag},EUR,1\n");
        let import = clerk.upload("ledger.csv", csv, false).await;
        let open = clerk.invoice_id(&number("OPEN")).await;
        let unwanted = clerk.invoice_id(&number("VOID")).await;
        let customer_of = async |invoice: &str| {
            let page = clerk.get(&format!("/invoices/{invoice}")).await;
            page.between("href=\"/customers/", "\"", ">")
        };
        let (customer, held) = (customer_of(&open).await, customer_of(&unwanted).await);
        for hold in [format!("/invoices/{unwanted}/hold"), format!("/customers/{held}/hold")] {
            clerk.post(&hold, &[("reason", "a dispute")]).await;
        }
        let [waiting, sent, failing, unsure, doubtful] =
            ["WAIT", "SENT", "FAIL", "DOT1", "DOT2"].map(reminder);
        let (unsure, doubtful) = (unsure.await, doubtful.await);
        clerk.post("/suppressions", &[("address", &format!("s{tag}@suppressed.example"))]).await;
        let suppressions = clerk.get("/suppressions").await;
        let suppression = suppressions.between("action=\"/suppressions/", "/lifting", "");
        let (waiting, sent, failing) = (waiting.await, sent.await, failing.await);
        let admin = app.admin().await;
        let spare = format!("Spare {tag}");
        admin.post("/settings/api-keys", &[("name", &spare)]).await;
        let keys = admin.get("/settings/api-keys").await;
        let unused_key = keys.between(
            "href=\"/settings/api-keys/",
            "/revocation/edit",
            &format!("\" aria-label=\"Revoke the key of {spare}"),
        );
        app.person(Role::Clerk).await;
        let users = admin.get("/settings/users").await;
        let colleague = users.text.rsplit("action=\"/settings/users/").next().unwrap()[..36].to_owned();
        app.sql(&format!("UPDATE person SET totp_secret = 'sealed' WHERE id = '{colleague}'"));
        let invite = [("email", format!("i{tag}@invited.example")), ("role", "clerk".to_owned())];
        let invite = invite.each_ref().map(|(name, value)| (*name, value.as_str()));
        let users = admin.post("/settings/invitations", &invite).await;
        let invitation = users.between("action=\"/settings/invitations/", "/resending", "");
        // Past the undo time, and long enough ago that no page counts minutes.
        app.clock.advance(TimeDelta::days(2));
        let last = |url: &str| url.rsplit('/').next().unwrap().to_owned();
        Self {
            open,
            unwanted,
            customer,
            held,
            pending: waiting,
            sent,
            pending_batch: last(&pending.url),
            failed: failing,
            unsure,
            suppression,
            doubtful,
            failed_batch: last(&failed.url),
            import: last(&import.url),
            unused_key,
            colleague,
            invitation,
            organisation: app.organisation.to_string(),
            admin: app.admin().await,
            key: app.actions.add_api_key(app.organisation, "ERP".parse().unwrap()).await.unwrap(),
        }
    }

    /// What a route acts on, where its address has an id.
    pub fn id(&self, route: &Route) -> &str {
        match route.path.trim_start_matches("/api/v1") {
            "/customers/{id}/hold" => &self.held,
            path if path.starts_with("/customers") => &self.customer,
            "/invoices/{id}/hold" => &self.unwanted,
            path if path.starts_with("/invoices/{id}/void") => &self.unwanted,
            path if path.starts_with("/suppressions") => &self.suppression,
            path if path.starts_with("/imports") => &self.import,
            path if path.starts_with("/settings/api-keys") => &self.unused_key,
            path if path.starts_with("/settings/users") => &self.colleague,
            path if path.starts_with("/settings/invitations") => &self.invitation,
            "/reminder-batches/{id}/retries" => &self.failed_batch,
            path if path.starts_with("/reminder-batches") => &self.pending_batch,
            "/reminders/{id}/resends" => &self.failed,
            "/reminders/{id}/html" | "/reminders/{id}/source" => &self.sent,
            "/reminders/{id}/confirmation" => &self.unsure,
            "/reminders/{id}/repetition" => &self.doubtful,
            path if path.starts_with("/reminders") => &self.pending,
            _ => &self.open,
        }
    }

    /// A route's address with ids that are there.
    pub async fn path(&self, route: &Route) -> String {
        let path = route.path.replace("{id}", self.id(route)).replace("{slug}", "invoice-reminder");
        let path = path.replace("{token}", "not-a-link-of-ours");
        if path.ends_with("/preview") {
            let shown = self.admin.get(EDITOR).await.between(&format!("src=\"{path}"), "\"", "");
            return path + &shown.replace("&#38;", "&").replace("&amp;", "&");
        }
        path
    }

    /// A route's fields, with what `person` was shown.
    pub async fn fields(&self, route: &Route, person: &Person) -> Vec<(&'static str, String)> {
        let confirms = route.fields.iter().any(|(name, _)| *name == "confirmation");
        if confirms {
            let selected = [("invoice", self.open.as_str())];
            let mut shown = person.post("/reminder-proposals", &selected).await;
            if shown.status != 200 {
                shown = self.admin.post("/reminder-proposals", &selected).await;
            }
            return shown.yes().into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        }
        let basis = self.admin.get(EDITOR).await.value("basis");
        let mut filled = vec![("{invoice}", self.open.clone()), ("{basis}", basis)];
        filled.push(("{organisation}", self.organisation.clone()));
        for (place, page) in
            [("{seen organisation}", "/settings/organisation"), ("{seen sender}", "/settings/sender")]
        {
            filled.push((place, self.admin.get(page).await.value("seen")));
        }
        let filled = |value: &str| {
            filled.iter().fold(value.to_owned(), |value, (place, text)| value.replace(place, text))
        };
        route.fields.iter().map(|(name, value)| (*name, filled(value))).collect()
    }

    /// Sends a route's request, as a page of the person would unless told otherwise.
    pub async fn send(
        &self,
        route: &Route,
        person: &Person,
        token: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Page {
        let (path, fields) = (self.path(route).await, self.fields(route, person).await);
        let token = token.map(|token| ("csrf", token)).into_iter();
        let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
        let fields: Vec<(&str, &str)> =
            if route.is_post() { token.chain(fields).collect() } else { Vec::new() };
        person.send(&route.method, &path, &fields, headers).await
    }

    /// Everything that a route could have changed, as an admin reads it.
    pub async fn state(&self) -> String {
        let mut state = String::new();
        let batches = [&self.pending_batch, &self.failed_batch].map(|id| format!("/reminder-batches/{id}"));
        let history = format!("{EDITOR}/history");
        let pages = [
            "/invoices?tab=all&per=100",
            "/customers",
            "/suppressions",
            "/reminders.csv",
            "/imports",
            "/settings/users",
            "/settings/organisation",
            "/settings/sender",
            EDITOR,
            &history,
        ];
        for path in pages.into_iter().chain(batches.each_ref().map(String::as_str)) {
            let page = self.admin.get(path).await;
            assert_eq!((page.status.as_u16(), path.starts_with(&page.url)), (200, true), "{path}");
            state.push_str(&page.text);
        }
        // The form beside the keys is a new one each time.
        let keys = self.admin.get("/settings/api-keys").await;
        state + keys.text.split_once("<table").unwrap().1
    }
}
