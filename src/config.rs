//! The environment and flags as a [`Config`], read once, every problem reported together.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use url::Url;

use crate::domain::dedup_header::DedupHeader;
use crate::domain::delivery::OnUnconfirmed;
use crate::domain::mail_target::{MailTarget, is_loopback};
use crate::domain::visitor::Proxies;

/// Everything that can be set, with its default and meaning; the README's table is made of the same words.
pub const VARIABLES: [(&str, &str, &str); 21] = [
    ("DUNLIN_BIND", "127.0.0.1:8080", "address to listen on; port 0 picks a free one"),
    (
        "DUNLIN_BASE_URL",
        "",
        "address that people use, default from the bind address; https turns on Secure cookies",
    ),
    (
        "DUNLIN_TRUSTED_PROXIES",
        "",
        "addresses of the proxies before it, whose X-Forwarded-For says who asks; others\u{2019} is not believed",
    ),
    ("DUNLIN_DATA_DIR", "./data", "folder of the SQLite file, captured mail and the secret key"),
    (
        "DUNLIN_DATABASE_URL",
        "",
        "sqlite://path or postgres://user:password@host/db; default SQLite in the data folder",
    ),
    (
        "DUNLIN_MAIL_URL",
        "capture:",
        "capture: keeps mail in files; or smtp://[user:password@]host:port, smtps://...",
    ),
    ("DUNLIN_MAIL_CONNECTIONS", "4", "most connections to the mail server at a time"),
    ("DUNLIN_MAIL_TIMEOUT_SECONDS", "60", "longest wait for the mail server's answer to a step"),
    ("DUNLIN_MAIL_DOT_TIMEOUT_SECONDS", "600", "longest wait for its answer to the whole mail"),
    (
        "DUNLIN_MAIL_DEDUP_HEADER",
        "",
        "name of a header by which the relay drops a second copy; its value is the reminder\u{2019}s id",
    ),
    (
        "DUNLIN_ON_UNCONFIRMED",
        "hold",
        "what to do with a mail that may have been delivered: hold it for a person to decide",
    ),
    ("DUNLIN_RETRY_BASE_SECONDS", "300", "first wait after a mail that was refused for now; at least 1"),
    ("DUNLIN_RETRY_DEADLINE_SECONDS", "172800", "how long a mail is tried"),
    ("DUNLIN_REMINDER_WINDOW_SECONDS", "60", "an invoice is reminded once within this time"),
    ("DUNLIN_LEASE_SECONDS", "30", "when a silent process's mails are taken over (PostgreSQL); at least 2"),
    ("DUNLIN_API_WAIT_SECONDS", "30", "longest wait of a program for what comes of its reminder"),
    ("DUNLIN_UNDO_SECONDS", "10", "how long a batch can be undone before it leaves"),
    ("DUNLIN_API_RATE_PER_MINUTE", "600", "requests of one API key a minute, at most 1000000; 0 = no limit"),
    ("DUNLIN_SHUTDOWN_SECONDS", "30", "longest wait for mails in hand when stopping"),
    ("DUNLIN_LOG", "info", "which log lines are written: error, warn, info, debug, or a filter"),
    (
        "DUNLIN_CLOCK",
        "",
        "an instant (RFC 3339) from which the clock runs on; only where no mail can leave the machine",
    ),
];

/// The configuration of a process.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub bind: SocketAddr,
    /// What people use; `None`: the address that is listened on.
    pub base_url: Option<Url>,
    /// Whose word is taken for whom they ask.
    pub trusted_proxies: Proxies,
    /// The data folder.
    pub data_dir: PathBuf,
    /// The database's address, with its scheme.
    pub database_url: String,
    /// Where mails go.
    pub mail: MailTarget,
    /// Most connections at a time.
    pub mail_connections: usize,
    /// Longest wait for a step.
    pub mail_timeout: Duration,
    /// Longest wait for the final dot.
    pub mail_dot_timeout: Duration,
    /// The header by which the relay drops a second copy.
    pub mail_dedup_header: Option<DedupHeader>,
    /// First wait of the back-off.
    pub retry_base: Duration,
    /// How long a mail is tried.
    pub retry_deadline: Duration,
    /// What becomes of a mail that may have been delivered.
    pub on_unconfirmed: OnUnconfirmed,
    /// When a silent process's mails are taken over.
    pub lease: Duration,
    /// The idempotency window.
    pub reminder_window: Duration,
    /// The undo time.
    pub undo: Duration,
    /// Longest wait of a program for what comes of its reminder.
    pub api_wait: Duration,
    /// Requests a minute of one key; 0 = no limit.
    pub api_rate_per_minute: u32,
    /// Grace time.
    pub shutdown: Duration,
    /// The log filter.
    pub log: String,
    /// The instant from which the clock runs on.
    pub clock: Option<DateTime<Utc>>,
}

/// Everything that is wrong with the configuration.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{}", .0.join("\n"))]
pub struct ConfigProblems(pub Vec<String>);

/// The process's environment, as pairs. What is not UTF-8 is marked, and refused where it is a setting.
pub fn environment() -> BTreeMap<String, String> {
    let text = |bytes: OsString| bytes.to_string_lossy().into_owned();
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

/// Whether there is a setting of this name.
pub fn is_setting(name: &str) -> bool {
    VARIABLES.iter().any(|(known, _, _)| *known == name)
}

impl Config {
    /// Reads the variables; flags have been put over them by the caller.
    ///
    /// # Errors
    /// Every problem, a line each.
    pub fn read(variables: &BTreeMap<String, String>) -> Result<Self, ConfigProblems> {
        let mut reader = Values { variables, problems: Vec::new() };
        reader.refuse_unknown();
        let data_dir = PathBuf::from(reader.text("DUNLIN_DATA_DIR"));
        let database_url = match reader.text("DUNLIN_DATABASE_URL") {
            empty if empty.is_empty() => format!("sqlite://{}", data_dir.join("dunlin.db").display()),
            url => url,
        };
        let is_after = |scheme| database_url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty());
        if !["sqlite://", "postgres://", "postgresql://"].into_iter().any(is_after) {
            reader.problem("DUNLIN_DATABASE_URL", "begin it with sqlite:// or postgres://");
        }
        let config = Self {
            bind: reader.bind(),
            base_url: reader.base_url(),
            trusted_proxies: reader.parsed("DUNLIN_TRUSTED_PROXIES", Proxies::default()),
            data_dir,
            database_url,
            mail: reader.parsed("DUNLIN_MAIL_URL", MailTarget::Capture),
            mail_connections: reader.number("DUNLIN_MAIL_CONNECTIONS", 1..=100) as usize,
            // No mail server answers in no time.
            mail_timeout: reader.seconds_from("DUNLIN_MAIL_TIMEOUT_SECONDS", 1),
            mail_dot_timeout: reader.seconds_from("DUNLIN_MAIL_DOT_TIMEOUT_SECONDS", 1),
            mail_dedup_header: reader.optional("DUNLIN_MAIL_DEDUP_HEADER"),
            // A mail server that is down is asked again after a sixtieth of it.
            retry_base: reader.seconds_from("DUNLIN_RETRY_BASE_SECONDS", 1),
            retry_deadline: reader.seconds("DUNLIN_RETRY_DEADLINE_SECONDS"),
            on_unconfirmed: reader.parsed("DUNLIN_ON_UNCONFIRMED", OnUnconfirmed::Hold),
            // A worker shows every half second that it lives.
            lease: reader.seconds_from("DUNLIN_LEASE_SECONDS", 2),
            reminder_window: reader.seconds("DUNLIN_REMINDER_WINDOW_SECONDS"),
            undo: reader.seconds("DUNLIN_UNDO_SECONDS"),
            api_wait: reader.seconds("DUNLIN_API_WAIT_SECONDS"),
            api_rate_per_minute: reader.number("DUNLIN_API_RATE_PER_MINUTE", 0..=1_000_000),
            shutdown: reader.seconds("DUNLIN_SHUTDOWN_SECONDS"),
            log: reader.log(),
            clock: reader.clock(),
        };
        if config.clock.is_some() && !config.mail.is_local() {
            let why =
                "it is only for trying things out: unset it, or let mail be captured or go to this machine";
            reader.problem("DUNLIN_CLOCK", why);
        }
        if reader.problems.is_empty() { Ok(config) } else { Err(ConfigProblems(reader.problems)) }
    }

    /// What people use, once the address that is listened on is known.
    pub fn base_url_at(&self, bound: SocketAddr) -> String {
        match &self.base_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{bound}"),
        }
    }

    /// Whether cookies may only travel encrypted.
    pub fn is_https(&self) -> bool {
        self.base_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// Where captured mails are kept.
    pub fn mail_folder(&self) -> PathBuf {
        self.data_dir.join("mail")
    }

    /// The host that mails come from when an organisation has set no sender; `None` where it would be made up.
    pub fn default_sender_host(&self) -> Option<String> {
        let public = self
            .base_url
            .as_ref()
            .and_then(Url::domain)
            .filter(|host| !is_loopback(host) && host.contains('.'))
            .map(str::to_owned);
        public.or_else(|| self.mail.is_local().then(|| "dunlin.example".to_owned()))
    }
}

struct Values<'a> {
    variables: &'a BTreeMap<String, String>,
    problems: Vec<String>,
}

impl Values<'_> {
    fn problem(&mut self, name: &str, what_to_do: &str) {
        self.problems.push(format!("{name}: {what_to_do}"));
    }

    fn refuse_unknown(&mut self) {
        for (name, value) in self.variables {
            if name.starts_with("DUNLIN_") && !name.starts_with("DUNLIN_TEST_") && !is_setting(name) {
                self.problem(name, "there is no such setting; see `dunlin serve --help`");
            }
            if is_setting(name) && value.contains(char::REPLACEMENT_CHARACTER) {
                self.problem(name, "write it in UTF-8");
            }
        }
    }

    fn text(&self, name: &str) -> String {
        let default =
            VARIABLES.iter().find(|(known, _, _)| *known == name).map_or("", |(_, default, _)| default);
        self.variables.get(name).map_or(default, String::as_str).trim().to_owned()
    }

    fn parsed<T: FromStr>(&mut self, name: &str, fallback: T) -> T
    where
        T::Err: std::fmt::Display,
    {
        match self.text(name).parse() {
            Ok(value) => value,
            Err(error) => {
                self.problem(name, &error.to_string());
                fallback
            }
        }
    }

    fn optional<T: FromStr>(&mut self, name: &str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.text(name);
        let read = (!text.is_empty()).then(|| text.parse())?;
        read.map_err(|error: T::Err| self.problem(name, &error.to_string())).ok()
    }

    /// A word that is no level would be taken for a part of the program, and nothing else be logged.
    fn log(&mut self) -> String {
        let text = self.text("DUNLIN_LOG");
        let is_read = |part: &str| part.contains(['=', '[']) || part.parse::<LevelFilter>().is_ok();
        if EnvFilter::try_new(&text).is_err() || !text.split(',').all(is_read) {
            let what =
                "write error, warn, info, debug or trace, or a filter such as info,dunlin::worker=debug";
            self.problem("DUNLIN_LOG", what);
        }
        text
    }

    fn number(&mut self, name: &str, allowed: RangeInclusive<u32>) -> u32 {
        let read = self.text(name).parse().ok().filter(|number| allowed.contains(number));
        read.unwrap_or_else(|| {
            self.problem(name, &format!("write a number from {} to {}", allowed.start(), allowed.end()));
            *allowed.start()
        })
    }

    fn seconds(&mut self, name: &str) -> Duration {
        self.seconds_from(name, 0)
    }

    fn seconds_from(&mut self, name: &str, least: u32) -> Duration {
        match self.text(name).parse::<f64>() {
            Ok(seconds) if (f64::from(least)..=31_536_000.0).contains(&seconds) => {
                Duration::from_secs_f64(seconds)
            }
            Ok(_) | Err(_) => {
                let least = if least == 0 { String::new() } else { format!("at least {least} and ") };
                self.problem(name, &format!("write a number of seconds, {least}at most a year of them"));
                Duration::ZERO
            }
        }
    }

    fn bind(&mut self) -> SocketAddr {
        let text = self.text("DUNLIN_BIND");
        match text.to_socket_addrs().ok().and_then(|mut found| found.next()) {
            Some(address) => address,
            None => {
                self.problem("DUNLIN_BIND", "write an address and a port, such as 127.0.0.1:8080");
                SocketAddr::from(([127, 0, 0, 1], 0))
            }
        }
    }

    fn base_url(&mut self) -> Option<Url> {
        let text = self.text("DUNLIN_BASE_URL");
        if text.is_empty() {
            return None;
        }
        let url = Url::parse(&text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
                && url.host().is_some()
        });
        if url.is_none() {
            self.problem(
                "DUNLIN_BASE_URL",
                "write an address without a user, path, query or fragment, such as https://dunlin.company.example",
            );
        }
        url
    }

    fn clock(&mut self) -> Option<DateTime<Utc>> {
        let text = self.text("DUNLIN_CLOCK");
        if text.is_empty() {
            return None;
        }
        let instant = DateTime::parse_from_rfc3339(&text).ok().map(|instant| instant.to_utc());
        if instant.is_none() {
            self.problem("DUNLIN_CLOCK", "write an instant such as 2025-12-01T09:00:00Z");
        }
        instant
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigProblems> {
        Config::read(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn without_configuration_everything_has_its_default() {
        let config = read(&[("HOME", "/"), ("DUNLIN_TEST_DATA", "x")]).unwrap();
        assert_eq!(config.bind.to_string(), "127.0.0.1:8080");
        assert_eq!(config.database_url, "sqlite://./data/dunlin.db");
        assert_eq!(config.undo, Duration::from_secs(10));
        assert_eq!(config.default_sender_host().as_deref(), Some("dunlin.example"));
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let ConfigProblems(problems) = read(&[
            ("DUNLIN_BIND", "nowhere"),
            ("DUNLIN_MAIL_URL", "relay"),
            ("DUNLIN_MAILURL", "x"),
            ("DUNLIN_LEASE_SECONDS", "30"),
            ("DUNLIN_API_WAIT_SECONDS", "30"),
            ("DUNLIN_UNDO_SECONDS", "-1"),
            ("DUNLIN_DATABASE_URL", "data.db"),
        ])
        .unwrap_err();
        assert_eq!(problems.len(), 5, "{problems:?}");
        assert!(problems.iter().any(|problem| problem.contains("DUNLIN_MAILURL: there is no such setting")));
    }

    #[test]
    fn a_base_url_is_an_address_and_nothing_beside_it() {
        for url in
            ["http://localhost:8080", "https://dunlin.company.example", "https://dunlin.company.example/"]
        {
            assert!(read(&[("DUNLIN_BASE_URL", url)]).is_ok(), "{url}");
        }
        for rest in [
            "https://u:p@x.example",
            "https://u@x.example",
            "https://:p@x.example",
            "https://x.example?a",
            "https://x.example/?",
            "https://x.example#a",
            "https://x.example/a",
            "ftp://x.example",
        ] {
            assert!(read(&[("DUNLIN_BASE_URL", rest)]).is_err(), "{rest}");
        }
    }

    #[test]
    fn a_log_filter_is_a_level_or_says_for_what_it_is_one() {
        for filter in
            ["info", "WARN", "off", "info,dunlin::worker=debug", "warn,dunlin=trace", "dunlin[request]=debug"]
        {
            assert!(read(&[("DUNLIN_LOG", filter)]).is_ok(), "{filter}");
        }
        for filter in ["???", "inof", "info,dunlin", "dunlin=loud", "info,=x"] {
            assert!(read(&[("DUNLIN_LOG", filter)]).is_err(), "{filter}");
        }
    }

    #[test]
    fn a_time_in_which_nothing_can_be_done_is_refused() {
        for (name, least) in [
            ("DUNLIN_LEASE_SECONDS", "2"),
            ("DUNLIN_RETRY_BASE_SECONDS", "1"),
            ("DUNLIN_MAIL_TIMEOUT_SECONDS", "1"),
            ("DUNLIN_MAIL_DOT_TIMEOUT_SECONDS", "1"),
        ] {
            assert!(read(&[(name, least)]).is_ok(), "{name}");
            for less in ["0", "0.9"] {
                let ConfigProblems(problems) = read(&[(name, less)]).unwrap_err();
                let what = "write a number of seconds, at least";
                assert_eq!(problems, [format!("{name}: {what} {least} and at most a year of them")]);
            }
        }
    }

    #[test]
    fn a_number_is_digits_within_what_it_may_be() {
        for (name, wrong) in [
            ("DUNLIN_MAIL_CONNECTIONS", ["0", "101", "many"]),
            ("DUNLIN_API_RATE_PER_MINUTE", ["-1", "1000001", "none"]),
        ] {
            for value in wrong {
                let ConfigProblems(problems) = read(&[(name, value)]).unwrap_err();
                assert!(problems[0].starts_with(&format!("{name}: write a number from ")), "{problems:?}");
            }
        }
    }

    #[test]
    fn a_settable_clock_is_refused_where_mail_can_leave_the_machine() {
        let clock = ("DUNLIN_CLOCK", "2025-12-01T09:00:00Z");
        assert!(read(&[clock]).is_ok());
        assert!(read(&[clock, ("DUNLIN_MAIL_URL", "smtp://127.0.0.1:2525")]).is_ok());
        assert!(read(&[clock, ("DUNLIN_MAIL_URL", "smtp://relay.example:587")]).is_err());
    }
}
