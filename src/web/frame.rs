//! What stands around every page: organisation, navigation, banners, the person's menu.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use askama::Template;

use super::WebError;
use super::session::SignedIn;
use super::settings::SettingsPage;
use crate::domain::ids::OrganisationId;
use crate::domain::money::grouped_count;
use crate::domain::person::{Permission, Theme, User};
use crate::domain::text::Line;

/// The places of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The ledger.
    Invoices,
    /// Who owes.
    Customers,
    /// The log.
    Reminders,
    /// The texts.
    EmailNotifications,
    /// Bringing in a ledger.
    Imports,
    /// Addresses that must not be mailed.
    Suppressions,
    /// What concerns the installation.
    Settings,
}

impl Section {
    const ALL: [Self; 7] = [
        Self::Invoices,
        Self::Customers,
        Self::Reminders,
        Self::EmailNotifications,
        Self::Imports,
        Self::Suppressions,
        Self::Settings,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Invoices => "Invoices",
            Self::Customers => "Customers",
            Self::Reminders => "Reminders",
            Self::EmailNotifications => "Email notifications",
            Self::Imports => "Imports",
            Self::Suppressions => "Suppressions",
            Self::Settings => "Settings",
        }
    }

    /// Where it leads a person; `None` where they may see nothing of it.
    fn href(self, user: &User) -> Option<&'static str> {
        let (href, permission) = match self {
            Self::Invoices => ("/invoices", Permission::Read),
            Self::Customers => ("/customers", Permission::Read),
            Self::Reminders => ("/reminders", Permission::Read),
            Self::EmailNotifications => ("/automations/email-notifications", Permission::Read),
            Self::Imports => ("/imports", Permission::Import),
            Self::Suppressions => ("/suppressions", Permission::Read),
            Self::Settings => return SettingsPage::seen_by(user).next().map(SettingsPage::href),
        };
        user.may(permission).then_some(href)
    }

    /// The heading over it, where a group begins.
    fn group(self) -> Option<&'static str> {
        match self {
            Self::EmailNotifications => Some("Automations"),
            Self::Imports => Some("Ledger"),
            Self::Settings => Some("Installation"),
            Self::Invoices | Self::Customers | Self::Reminders | Self::Suppressions => None,
        }
    }
}

/// One link of the navigation.
pub struct NavLink {
    /// A heading before it.
    pub group: Option<&'static str>,
    /// Where it leads.
    pub href: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// Whether this page is in it.
    pub is_current: bool,
}

/// An organisation that the person may work in.
pub struct OrganisationChoice {
    /// Which.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Whether this is its page.
    pub is_current: bool,
}

/// What the layout shows.
pub struct Frame {
    /// The page's title.
    pub title: String,
    /// Whose ledger this is.
    pub organisation: String,
    /// Where the person may go on, the organisation of now included; empty where there is no other.
    pub organisations: Vec<OrganisationChoice>,
    /// Who is signed in.
    pub user_name: String,
    /// Their address.
    pub user_email: String,
    /// Their role.
    pub role: &'static str,
    /// Their colours.
    pub theme: Theme,
    /// Whether single letters are commands.
    pub has_single_keys: bool,
    /// The token of forms.
    pub csrf: String,
    /// The navigation.
    pub links: Vec<NavLink>,
    /// The pages beside this one, where it is one of several under a place of the navigation.
    pub pages: Vec<NavLink>,
    /// What concerns every page.
    pub banners: Vec<String>,
    /// What was just done.
    pub toast: Option<String>,
}

impl SignedIn {
    /// The frame of a page.
    pub fn frame(&self, section: Section, title: impl Into<String>) -> Frame {
        let links = Section::ALL
            .into_iter()
            .filter_map(|place| {
                Some(NavLink {
                    group: place.group(),
                    href: place.href(&self.user)?,
                    label: place.label(),
                    is_current: place == section,
                })
            })
            .collect();
        Frame {
            title: title.into(),
            organisation: self.organisation.name.to_string(),
            organisations: self.choices(),
            user_name: self.user.name.to_string(),
            user_email: self.user.email.to_string(),
            role: self.user.role.as_str(),
            theme: self.user.theme,
            has_single_keys: self.user.has_single_keys,
            csrf: self.csrf.clone(),
            links,
            pages: Vec::new(),
            banners: self.banners(),
            toast: None,
        }
    }

    fn choices(&self) -> Vec<OrganisationChoice> {
        if self.organisations.len() < 2 {
            return Vec::new();
        }
        let choice = |(id, name): &(OrganisationId, Line)| OrganisationChoice {
            id: id.to_string(),
            name: name.to_string(),
            is_current: *id == self.organisation.id,
        };
        self.organisations.iter().map(choice).collect()
    }

    fn banners(&self) -> Vec<String> {
        let mut banners = Vec::new();
        if self.state.is_demo {
            banners.push("Demo: the customers and invoices are made up.".to_owned());
        }
        if self.state.mail_folder.is_some() {
            banners.push("Mail is kept here, not delivered.".to_owned());
        }
        banners.extend(self.paused_banners());
        if let Some(down) = &self.relay_down {
            banners.push(format!(
                "Mail server not reachable since {}; {} waiting. {}",
                self.organisation.local(down.since),
                grouped_count(down.waiting),
                down.note
            ));
        }
        banners
    }

    /// What stands still, why, and what this person can do about it.
    fn paused_banners(&self) -> impl Iterator<Item = String> {
        let own = self.pauses.own.iter().map(|pause| (pause, "", true));
        let may_resume = self.pauses.may_resume_installation();
        let installation = self
            .pauses
            .installation
            .iter()
            .map(move |pause| (pause, " for the whole installation", may_resume));
        own.chain(installation).map(|(pause, what, may_resume)| {
            let how = match may_resume && self.user.may(Permission::PauseSending) {
                true => " Resume it under Settings > Sending.",
                false => "",
            };
            let stop = if pause.reason.ends_with(['.', '!', '?']) { "" } else { "." };
            let since = self.organisation.local(pause.since);
            format!("Sending is paused since {since}{what}: {}{stop}{how}", pause.reason)
        })
    }

    /// Today, in the organisation's time zone.
    pub fn today(&self) -> chrono::NaiveDate {
        self.organisation.day_of(self.state.actions.clock().now())
    }
}

/// A page.
pub fn page(template: &impl Template) -> Result<HttpResponse, WebError> {
    page_with(StatusCode::OK, template)
}

/// A page with another status.
pub fn page_with(status: StatusCode, template: &impl Template) -> Result<HttpResponse, WebError> {
    Ok(HttpResponse::build(status).content_type(ContentType::html()).body(template.render()?))
}

/// On to another page, which is then asked for anew.
pub fn see_other(to: impl Into<String>) -> HttpResponse {
    HttpResponse::SeeOther().insert_header(("Location", to.into())).finish()
}

/// On to another page, also from a form that htmx sent.
pub fn go_to(is_htmx: bool, to: impl Into<String>) -> HttpResponse {
    if is_htmx {
        HttpResponse::Ok().insert_header(("HX-Redirect", to.into())).finish()
    } else {
        see_other(to)
    }
}
