//! The commands and their flags.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::VARIABLES;
use crate::domain::email_address::EmailAddress;
use crate::domain::ids::OrganisationId;
use crate::domain::language::Language;
use crate::domain::money::Currency;
use crate::domain::organisation::Organisation;
use crate::domain::person::Role;
use crate::domain::text::Line;

/// Dunlin reminds customers of unpaid invoices.
#[derive(Parser, Debug)]
#[command(
    name = "dunlin",
    version,
    after_help = "Settings are variables of every command and flags of serve, as `dunlin serve --help` lists them.",
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    /// What to do; without a word: serve.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags of `serve`, which may be left out.
    #[command(flatten)]
    pub serve: Serve,
}

/// What a setting means, with its name and its default, for the help of its flag.
fn meaning(variable: &str) -> String {
    let known = VARIABLES.iter().find(|(name, ..)| *name == variable);
    known.map_or_else(String::new, |(name, default, meaning)| match *default {
        "" => format!("{meaning} [{name}]"),
        default => format!("{meaning} [{name}={default}]"),
    })
}

/// What the program can do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Web, API and worker in one process (the default).
    Serve(Box<Serve>),
    /// The worker alone; needs PostgreSQL.
    Work,
    /// A throw-away instance with a believable ledger and a user for each role.
    Demo(Demo),
    /// Bring the database up to date.
    Migrate,
    /// Organisations.
    #[command(subcommand)]
    Organisation(OrganisationCommand),
    /// Users.
    #[command(subcommand)]
    User(UserCommand),
    /// API keys.
    #[command(subcommand, name = "api-key")]
    ApiKey(ApiKeyCommand),
    /// Bring in a ledger file (Dunlin's own CSV): all of it, or with an error nothing.
    Import(Import),
    /// Write a consistent copy of an SQLite installation, also while it runs.
    Backup {
        /// Where to; there must be nothing yet.
        file: PathBuf,
    },
    /// Stop all sending of the installation.
    Pause,
    /// Let sending go on, but for organisations that have paused their own.
    Resume,
    /// Check configuration, database and mail server; say what is paused and what is unsafe.
    Check,
}

/// Flags of `serve`.
#[derive(Args, Debug, Default)]
pub struct Serve {
    /// Do not send mails in this process.
    #[arg(long)]
    pub no_worker: bool,
    #[command(flatten)]
    settings: Settings,
}

macro_rules! settings {
    ($($field:ident = $variable:literal),+ $(,)?) => {
        #[derive(Args, Debug, Default)]
        struct Settings {
            $(#[arg(long, value_name = "VALUE", hide_short_help = true, help = meaning($variable))] $field: Option<String>,)+
        }

        impl Settings {
            fn put_over(&self, variables: &mut BTreeMap<String, String>) {
                $(if let Some(value) = &self.$field {
                    variables.insert($variable.to_owned(), value.clone());
                })+
            }
        }
    };
}

settings! {
    bind = "DUNLIN_BIND",
    base_url = "DUNLIN_BASE_URL",
    data_dir = "DUNLIN_DATA_DIR",
    database_url = "DUNLIN_DATABASE_URL",
    mail_url = "DUNLIN_MAIL_URL",
    mail_connections = "DUNLIN_MAIL_CONNECTIONS",
    mail_timeout_seconds = "DUNLIN_MAIL_TIMEOUT_SECONDS",
    mail_dot_timeout_seconds = "DUNLIN_MAIL_DOT_TIMEOUT_SECONDS",
    mail_dedup_header = "DUNLIN_MAIL_DEDUP_HEADER",
    on_unconfirmed = "DUNLIN_ON_UNCONFIRMED",
    retry_base_seconds = "DUNLIN_RETRY_BASE_SECONDS",
    retry_deadline_seconds = "DUNLIN_RETRY_DEADLINE_SECONDS",
    reminder_window_seconds = "DUNLIN_REMINDER_WINDOW_SECONDS",
    lease_seconds = "DUNLIN_LEASE_SECONDS",
    api_wait_seconds = "DUNLIN_API_WAIT_SECONDS",
    undo_seconds = "DUNLIN_UNDO_SECONDS",
    trusted_proxies = "DUNLIN_TRUSTED_PROXIES",
    api_rate_per_minute = "DUNLIN_API_RATE_PER_MINUTE",
    shutdown_seconds = "DUNLIN_SHUTDOWN_SECONDS",
    log = "DUNLIN_LOG",
    clock = "DUNLIN_CLOCK",
}

impl Cli {
    /// Puts the flags of `serve` over the environment.
    pub fn put_over(&self, variables: &mut BTreeMap<String, String>) {
        match &self.command {
            None => self.serve.settings.put_over(variables),
            Some(Command::Serve(flags)) => flags.settings.put_over(variables),
            Some(_) => {}
        }
    }
}

fn organisation_id(text: &str) -> Result<OrganisationId, &'static str> {
    text.parse()
        .map_err(|_| "this is not an organisation\u{2019}s id, which `dunlin organisation add` prints")
}

/// Flags of `demo`.
#[derive(Args, Debug)]
pub struct Demo {
    /// Keep the instance here instead of in a temporary folder.
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
    /// Listen here.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub bind: String,
}

/// Organisations.
#[derive(Subcommand, Debug)]
pub enum OrganisationCommand {
    /// Add an organisation; prints its id.
    Add {
        /// Its name, as customers know it.
        #[arg(long)]
        name: Line,
        /// Where its day begins.
        #[arg(long, default_value = "UTC", value_parser = crate::domain::organisation::time_zone)]
        time_zone: chrono_tz::Tz,
        /// What forms offer first.
        #[arg(long, default_value = "EUR")]
        currency: Currency,
        /// What its customers read: en, de, fr or es.
        #[arg(long, default_value = "en")]
        language: Language,
        /// The address its mails come from.
        #[arg(long)]
        from: Option<EmailAddress>,
        /// Where answers go.
        #[arg(long)]
        reply_to: Option<EmailAddress>,
    },
    /// Change an organisation; what is not named stays as it is.
    Set {
        /// Which one; may be left out when there is one organisation.
        #[arg(long, value_parser = organisation_id)]
        organisation: Option<OrganisationId>,
        /// What changes.
        #[command(flatten)]
        changes: OrganisationChanges,
    },
}

/// Flags of `organisation set`: at least one.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub struct OrganisationChanges {
    /// Its name, as customers know it.
    #[arg(long)]
    pub name: Option<Line>,
    /// Where its day begins.
    #[arg(long, value_parser = crate::domain::organisation::time_zone)]
    pub time_zone: Option<chrono_tz::Tz>,
    /// What forms offer first.
    #[arg(long)]
    pub currency: Option<Currency>,
    /// What its customers read: en, de, fr or es.
    #[arg(long)]
    pub language: Option<Language>,
    /// Days from issue to due when a ledger does not say.
    #[arg(long, value_name = "DAYS", value_parser = crate::domain::organisation::payment_terms_days)]
    pub payment_terms: Option<u16>,
    /// The name its mails come from, where that is another than its own.
    #[arg(long)]
    pub sender_name: Option<Line>,
    /// The address its mails come from.
    #[arg(long)]
    pub from: Option<EmailAddress>,
    /// Where answers go.
    #[arg(long)]
    pub reply_to: Option<EmailAddress>,
}

impl OrganisationChanges {
    /// An organisation with what was named changed.
    pub fn of(self, was: Organisation) -> Organisation {
        Organisation {
            name: self.name.unwrap_or(was.name),
            time_zone: self.time_zone.unwrap_or(was.time_zone),
            currency: self.currency.unwrap_or(was.currency),
            language: self.language.unwrap_or(was.language),
            payment_terms_days: self.payment_terms.unwrap_or(was.payment_terms_days),
            sender_name: self.sender_name.or(was.sender_name),
            from: self.from.or(was.from),
            reply_to: self.reply_to.or(was.reply_to),
            ..was
        }
    }
}

/// Users.
#[derive(Subcommand, Debug)]
pub enum UserCommand {
    /// Add a user, or an account that is there to another organisation.
    Add {
        /// What they sign in with.
        #[arg(long)]
        email: EmailAddress,
        /// Their name.
        #[arg(long)]
        name: Line,
        /// admin, clerk, support or viewer.
        #[arg(long)]
        role: Role,
        /// Where; may be left out when there is one organisation.
        #[arg(long, value_parser = organisation_id)]
        organisation: Option<OrganisationId>,
        /// Read the password from standard input.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Take the second factor away from who has lost it, end their sessions, and tell them by mail.
    RemoveSecondFactor {
        /// What they sign in with.
        email: EmailAddress,
    },
}

/// API keys.
#[derive(Subcommand, Debug)]
pub enum ApiKeyCommand {
    /// Add a key; prints it alone on one line.
    Add {
        /// What it is for.
        #[arg(long)]
        name: Line,
        /// Where; may be left out when there is one organisation.
        #[arg(long, value_parser = organisation_id)]
        organisation: Option<OrganisationId>,
    },
}

/// Flags of `import`.
#[derive(Args, Debug)]
pub struct Import {
    /// The file: UTF-8, comma-separated, with a header row.
    pub file: PathBuf,
    /// Where; may be left out when there is one organisation.
    #[arg(long, value_parser = organisation_id)]
    pub organisation: Option<OrganisationId>,
    /// Only say what it would do.
    #[arg(long)]
    pub dry_run: bool,
    /// Print the summary and the findings as JSON.
    #[arg(long)]
    pub json: bool,
    /// Let the file undo payments, voids and archives that were recorded in Dunlin.
    #[arg(long)]
    pub reopen: bool,
}
