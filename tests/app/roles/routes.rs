//! The routes of the program with what each asks for, and what its form is filled with here.

use dunlin::domain::person::{Permission, Role};
use dunlin::routes::Access;
use dunlin::server::table;

use crate::support::PASSWORD;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Also somebody who is not signed in.
    Anyone,
    /// A person with this role or one above it.
    Least(Role),
    /// A program with a key.
    Program,
}

/// One route, and the fields of its form.
#[derive(Clone, Debug)]
pub struct Route {
    pub method: String,
    pub path: String,
    pub who: Who,
    pub fields: Fields,
}

impl Route {
    pub fn is_post(&self) -> bool {
        self.method == "POST"
    }

    /// The lowest role that may use it, where one has to be signed in.
    pub fn least(&self) -> Option<Role> {
        match self.who {
            Who::Least(role) => Some(role),
            Who::Anyone | Who::Program => None,
        }
    }
}

type Fields = &'static [(&'static str, &'static str)];

const NOTHING: Fields = &[];
const TEXT: Fields =
    &[("basis", "{basis}"), ("subject", "About {{ invoice.number }}"), ("message", "Please pay.")];
/// No picture, so that its page says so.
const LOGO: Fields = &[("file", "no picture")];
const LEDGER: Fields = &[("file", "customer_name,invoice_number,currency,total\nUp,UP-1,EUR,1\n")];

/// The forms, in an order in which each can be sent after those before it.
const FORMS: &[(&str, Fields)] = &[
    ("/sign-in", &[("email", "nobody@acme.example"), ("password", "wrong")]),
    ("/sign-in/code", &[("code", "000000")]),
    ("/setup", &[("token", ""), ("organisation", "Mine"), ("email", "me@mine.example")]),
    ("/password-resets", &[("email", "nobody@acme.example")]),
    ("/password-resets/{token}", &[("password", "a password of nobody")]),
    ("/invitations/{token}", &[("name", "Nobody"), ("password", "a password of nobody")]),
    ("/invitations/{token}/acceptance", NOTHING),
    ("/settings/profile/name", &[("name", "Another name")]),
    ("/settings/profile/password", &[("current", PASSWORD), ("password", PASSWORD)]),
    ("/settings/profile/ended-sessions", NOTHING),
    ("/settings/profile/two-factor", &[("code", "000000"), ("current", PASSWORD)]),
    ("/settings/profile/two-factor/removal", &[("current", PASSWORD)]),
    ("/settings/profile/two-factor/recovery-codes", &[("current", PASSWORD)]),
    ("/automations/email-notifications/{slug}/previews", TEXT),
    ("/theme", &[("theme", "dark"), ("back", "/invoices")]),
    ("/single-keys", &[("on", "true"), ("back", "/invoices")]),
    ("/reminder-batches/{id}/retries", NOTHING),
    ("/proposed-mails", &[("confirmation", "")]),
    ("/reminders/{id}/resends", NOTHING),
    ("/reminders/{id}/cancellation", NOTHING),
    ("/reminder-batches/{id}/cancellation", NOTHING),
    ("/reminders/{id}/confirmation", NOTHING),
    ("/reminders/{id}/repetition", NOTHING),
    ("/reminder-batches/{id}/confirmation", NOTHING),
    ("/reminder-batches/{id}/repetition", NOTHING),
    ("/reminder-batches/{id}/resumption", NOTHING),
    ("/invoice-selections", &[("select", "page"), ("list", "/invoices")]),
    ("/reminder-proposals", &[("invoice", "{invoice}")]),
    ("/reminder-batches", &[("confirmation", "")]),
    ("/invoices/{id}/archive", NOTHING),
    ("/invoices/{id}/unarchive", NOTHING),
    ("/invoices/{id}/payments", &[("amount", "1.00"), ("paid_on", "2025-12-01")]),
    ("/invoices/{id}/full-payment", NOTHING),
    ("/invoices/{id}/void", NOTHING),
    ("/customers/{id}", &[("name", "Another name"), ("email", "new@customer.example")]),
    ("/suppressions", &[("address", "{invoice}@suppressed.example")]),
    ("/suppressions/{id}/lifting", &[("reason", "they asked")]),
    ("/invoices/{id}/hold", &[("reason", "a dispute")]),
    ("/invoices/{id}/hold/lifting", NOTHING),
    ("/customers/{id}/hold", &[("reason", "a dispute")]),
    ("/customers/{id}/hold/lifting", NOTHING),
    ("/imports/{id}/write", NOTHING),
    ("/imports", LEDGER),
    ("/imports/sample", NOTHING),
    ("/automations/email-notifications/{slug}/drafts", TEXT),
    ("/automations/email-notifications/{slug}/discarded-drafts", TEXT),
    ("/automations/email-notifications/{slug}/versions", TEXT),
    ("/automations/email-notifications/{slug}/resets", TEXT),
    ("/automations/email-notifications/{slug}/test-mails", TEXT),
    ("/automations/email-notifications/{slug}/restorations", &[("basis", "{basis}"), ("version", "1")]),
    ("/settings/api-keys", &[("name", "Another program")]),
    ("/settings/api-keys/{id}/revocation", NOTHING),
    (
        "/settings/organisation",
        &[
            ("seen", "{seen organisation}"),
            ("name", "Acme"),
            ("time_zone", "UTC"),
            ("currency", "EUR"),
            ("language", "en"),
            ("payment_terms", "14"),
        ],
    ),
    ("/settings/organisation/logo", LOGO),
    ("/settings/organisation/logo/removal", NOTHING),
    ("/settings/sender", &[("seen", "{seen sender}"), ("from", "ar@acme.example")]),
    ("/settings/mail-server/test-mails", NOTHING),
    ("/settings/data/invoices", NOTHING),
    ("/settings/data/reminders", NOTHING),
    ("/settings/data/backups", NOTHING),
    ("/settings/sending/pause", &[("reason", "a test")]),
    ("/settings/sending/resumption", NOTHING),
    ("/api/v1/invoices/{id}/reminders", NOTHING),
    ("/api/v1/invoices", NOTHING),
    ("/api/v1/invoices/{id}/payments", NOTHING),
    ("/api/v1/invoices/{id}/archive", NOTHING),
    ("/api/v1/invoices/{id}/unarchive", NOTHING),
    ("/api/v1/invoices/{id}/void", NOTHING),
    ("/api/v1/reminders/{id}/cancel", NOTHING),
    ("/api/v1/reminder-batches", NOTHING),
    ("/api/v1/customers", NOTHING),
    ("/api/v1/invoices/{id}/hold", NOTHING),
    ("/api/v1/customers/{id}/hold", NOTHING),
    ("/api/v1/suppressions", NOTHING),
    ("/settings/users/{id}/role", &[("role", "viewer")]),
    ("/settings/users/{id}/disabling", NOTHING),
    ("/settings/users/{id}/enabling", NOTHING),
    ("/settings/users/{id}/two-factor/removal", &[("current", PASSWORD)]),
    ("/settings/two-factor", &[("required", "false")]),
    ("/settings/invitations", &[("email", "{invoice}@invited.example"), ("role", "clerk")]),
    ("/settings/invitations/{id}/resending", NOTHING),
    ("/settings/invitations/{id}/withdrawal", NOTHING),
    ("/current-organisation", &[("organisation", "{organisation}")]),
    ("/sign-out", NOTHING),
];

/// The lowest role that has a right.
pub fn least(permission: Permission) -> Role {
    *Role::ALL.iter().filter(|role| role.may(permission)).max().expect("an admin may do everything")
}

/// All routes: what reads first, then the forms in an order that can be kept.
pub fn routes() -> Vec<Route> {
    let all = table().into_iter().map(|entry| Route {
        who: match entry.access {
            Access::Anyone => Who::Anyone,
            Access::May(_) if entry.path.starts_with("/api/") => Who::Program,
            Access::May(permission) => Who::Least(least(permission)),
        },
        method: entry.method.to_string(),
        path: entry.path,
        fields: NOTHING,
    });
    let (forms, mut routes): (Vec<Route>, Vec<Route>) = all.partition(Route::is_post);
    let known = |path: &str| FORMS.iter().any(|(form, _)| *form == path);
    let unknown: Vec<_> = forms.iter().map(|form| &form.path).filter(|path| !known(path)).collect();
    assert!(
        unknown.is_empty(),
        "tests/app/roles/routes.rs does not say how these are filled in: {unknown:?}"
    );
    routes.extend(FORMS.iter().map(|(path, fields)| {
        let form = forms.iter().find(|form| form.path == *path);
        Route { fields, ..form.unwrap_or_else(|| panic!("the program has no form {path}")).clone() }
    }));
    routes
}
