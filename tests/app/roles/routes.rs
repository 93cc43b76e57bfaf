//! The routes and who may use them (the contract's "Who may do what"), and the routes that the source has.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dunlin::domain::person::Role::{self, Admin, Clerk, Support, Viewer};

/// Who may use a route.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// Also somebody who is not signed in.
    Anyone,
    /// A person with this role or one above it.
    Least(Role),
    /// A program with a key.
    Program,
}

/// One route, and the fields of its form.
#[derive(Debug)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub who: Who,
    pub fields: &'static [(&'static str, &'static str)],
}

impl Route {
    pub fn is_post(&self) -> bool {
        self.method == "POST"
    }
}

type Fields = &'static [(&'static str, &'static str)];

const fn get(path: &'static str, who: Who) -> Route {
    Route { method: "GET", path, who, fields: &[] }
}

const fn post(path: &'static str, who: Who, fields: Fields) -> Route {
    Route { method: "POST", path, who, fields }
}

const NOTHING: Fields = &[];
const TEXT: Fields =
    &[("basis", "{basis}"), ("subject", "About {{ invoice.number }}"), ("message", "Please pay.")];
const LEDGER: Fields = &[("file", "customer_name,invoice_number,currency,total\nUp,UP-1,EUR,1\n")];

/// In an order in which each can be done after those before it.
pub const ROUTES: &[Route] = &[
    get("/healthz", Who::Anyone),
    get("/readyz", Who::Anyone),
    get("/metrics", Who::Anyone),
    get("/sign-in", Who::Anyone),
    post("/sign-in", Who::Anyone, &[("email", "nobody@acme.example"), ("password", "wrong")]),
    get("/setup", Who::Anyone),
    post("/setup", Who::Anyone, &[("token", ""), ("organisation", "Mine"), ("email", "me@mine.example")]),
    get("/", Who::Least(Viewer)),
    get("/invoices", Who::Least(Viewer)),
    get("/invoices/{id}", Who::Least(Viewer)),
    get("/customers", Who::Least(Viewer)),
    get("/customers/{id}", Who::Least(Viewer)),
    get("/mail-previews/{id}", Who::Least(Viewer)),
    get("/mail-previews/{id}/html", Who::Least(Viewer)),
    get("/reminder-batches/{id}", Who::Least(Viewer)),
    get("/reminders", Who::Least(Viewer)),
    get("/reminders.csv", Who::Least(Viewer)),
    get("/reminders/{id}", Who::Least(Viewer)),
    get("/reminders/{id}/html", Who::Least(Viewer)),
    get("/reminders/{id}/source", Who::Least(Viewer)),
    get("/automations/email-notifications", Who::Least(Viewer)),
    get("/automations/email-notifications/{slug}", Who::Least(Viewer)),
    get("/automations/email-notifications/{slug}/history", Who::Least(Viewer)),
    get("/automations/email-notifications/{slug}/preview", Who::Least(Viewer)),
    post("/automations/email-notifications/{slug}/previews", Who::Least(Viewer), TEXT),
    post("/theme", Who::Least(Viewer), &[("theme", "dark"), ("back", "/invoices")]),
    post("/single-keys", Who::Least(Viewer), &[("on", "true"), ("back", "/invoices")]),
    post("/reminder-batches/{id}/retries", Who::Least(Support), NOTHING),
    post("/proposed-mails", Who::Least(Support), &[("confirmation", "")]),
    post("/reminders/{id}/resends", Who::Least(Support), NOTHING),
    post("/reminders/{id}/cancellation", Who::Least(Support), NOTHING),
    post("/reminder-batches/{id}/cancellation", Who::Least(Support), NOTHING),
    post("/reminders/{id}/confirmation", Who::Least(Support), NOTHING),
    post("/reminders/{id}/repetition", Who::Least(Support), NOTHING),
    post("/reminder-batches/{id}/confirmation", Who::Least(Support), NOTHING),
    post("/reminder-batches/{id}/repetition", Who::Least(Support), NOTHING),
    post("/reminder-batches/{id}/resumption", Who::Least(Clerk), NOTHING),
    post("/invoice-selections", Who::Least(Clerk), &[("select", "page"), ("list", "/invoices")]),
    post("/reminder-proposals", Who::Least(Clerk), &[("invoice", "{invoice}")]),
    post("/reminder-batches", Who::Least(Clerk), &[("confirmation", "")]),
    get("/invoices/{id}/archive/edit", Who::Least(Clerk)),
    post("/invoices/{id}/archive", Who::Least(Clerk), NOTHING),
    post("/invoices/{id}/unarchive", Who::Least(Clerk), NOTHING),
    get("/invoices/{id}/payments/new", Who::Least(Clerk)),
    post("/invoices/{id}/payments", Who::Least(Clerk), &[("amount", "1.00"), ("paid_on", "2025-12-01")]),
    get("/invoices/{id}/full-payment/edit", Who::Least(Clerk)),
    post("/invoices/{id}/full-payment", Who::Least(Clerk), NOTHING),
    get("/invoices/{id}/void/edit", Who::Least(Clerk)),
    post("/invoices/{id}/void", Who::Least(Clerk), NOTHING),
    get("/customers/{id}/edit", Who::Least(Clerk)),
    post(
        "/customers/{id}",
        Who::Least(Clerk),
        &[("name", "Another name"), ("email", "new@customer.example")],
    ),
    get("/suppressions", Who::Least(Viewer)),
    post("/suppressions", Who::Least(Clerk), &[("address", "{invoice}@suppressed.example")]),
    post("/suppressions/{id}/lifting", Who::Least(Clerk), &[("reason", "they asked")]),
    get("/invoices/{id}/hold/edit", Who::Least(Clerk)),
    post("/invoices/{id}/hold", Who::Least(Clerk), &[("reason", "a dispute")]),
    post("/invoices/{id}/hold/lifting", Who::Least(Clerk), NOTHING),
    get("/customers/{id}/hold/edit", Who::Least(Clerk)),
    post("/customers/{id}/hold", Who::Least(Clerk), &[("reason", "a dispute")]),
    post("/customers/{id}/hold/lifting", Who::Least(Clerk), NOTHING),
    get("/imports", Who::Least(Clerk)),
    get("/imports/{id}", Who::Least(Clerk)),
    post("/imports/{id}/write", Who::Least(Clerk), NOTHING),
    post("/imports", Who::Least(Clerk), LEDGER),
    post("/imports/sample", Who::Least(Clerk), NOTHING),
    post("/automations/email-notifications/{slug}/drafts", Who::Least(Admin), TEXT),
    post("/automations/email-notifications/{slug}/discarded-drafts", Who::Least(Admin), TEXT),
    post("/automations/email-notifications/{slug}/versions", Who::Least(Admin), TEXT),
    post("/automations/email-notifications/{slug}/resets", Who::Least(Admin), TEXT),
    post("/automations/email-notifications/{slug}/test-mails", Who::Least(Admin), TEXT),
    post(
        "/automations/email-notifications/{slug}/restorations",
        Who::Least(Admin),
        &[("basis", "{basis}"), ("version", "1")],
    ),
    get("/settings/sending", Who::Least(Admin)),
    post("/settings/sending/pause", Who::Least(Admin), &[("reason", "a test")]),
    post("/settings/sending/resumption", Who::Least(Admin), NOTHING),
    get("/api/v1/invoices", Who::Program),
    get("/api/v1/invoices/{id}/reminders", Who::Program),
    post("/sign-out", Who::Least(Viewer), NOTHING),
];

/// Method and address of every route in the functions that make route tables.
pub fn routes_in_source() -> BTreeSet<(String, String)> {
    let mut files = sources(Path::new("src"));
    files.sort();
    let mut found = BTreeSet::new();
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        let door = if file.starts_with("src/api") { "/api" } else { "" };
        let tables = source.split("&mut web::ServiceConfig) {").skip(1).map(|rest| until(rest, "\n}"));
        let app = source.split("App::new()").skip(1).map(|rest| until(rest, ".workers("));
        tables.chain(app).for_each(|table| read(table, door, &mut found));
    }
    assert!(found.len() > 40, "the route tables look otherwise now: {found:?}");
    found
}

/// A text literal is the address of the methods that follow it; one that ends with `{rest}` stands before the others.
fn read(table: &str, door: &str, found: &mut BTreeSet<(String, String)>) {
    let (mut under, mut path) = ("", "");
    for (i, piece) in table.split('"').enumerate() {
        match (i % 2, piece.strip_suffix("{rest}")) {
            (1, Some(prefix)) => under = prefix,
            (1, None) => path = piece,
            _ => {
                for verb in ["get", "post", "put", "patch", "delete", "head"] {
                    if piece.contains(&format!("web::{verb}()")) || piece.contains(&format!(".{verb}(")) {
                        found.insert((verb.to_uppercase(), format!("{door}{under}{path}")));
                    }
                }
            }
        }
    }
}

fn until<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or(text, |(before, _)| before)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = fs::read_dir(root.join(folder)).unwrap();
    let paths = entries.map(|entry| folder.join(entry.unwrap().file_name()));
    paths.flat_map(|path| if root.join(&path).is_dir() { sources(&path) } else { vec![path] }).collect()
}
