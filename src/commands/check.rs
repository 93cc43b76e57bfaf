//! `dunlin check`: whether configuration, database and mail server can be used, and what of it is unsafe.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use url::Url;

use super::CommandError;
use crate::config::Config;
use crate::domain::mail_target::{MailTarget, is_loopback};
use crate::process::{Failure, Installation};
use crate::store::{DatabaseAddress, Pause, StoreError};

/// Says what is in order on standard output, and everything that is not as an error.
pub(super) async fn check(config: &Config) -> Result<(), CommandError> {
    let installation = Installation::open(config).await?;
    println!("Database: ready");
    if let Some(paused) = paused(&installation).await? {
        println!("Sending: {paused}");
    }
    tell_paused_organisations(&installation).await?;
    let organisations = installation.store.read::<_, StoreError>(|snapshot| snapshot.organisations()).await?;
    let mut problems = Vec::new();
    for organisation in &organisations {
        if let Err(error) = installation.actions.settings().sender_of(organisation) {
            problems.push(format!("{}: {error}", organisation.name));
        }
    }
    match installation.relay(config)?.check().await {
        Ok(()) if matches!(config.mail, MailTarget::Capture) => {
            println!("Mail: kept in {}", config.mail_folder().display());
        }
        Ok(()) => println!("Mail: ready"),
        Err(problem) => problems.push(format!("Mail server: {problem}")),
    }
    let unsafe_here = unsafe_settings(config)
        .into_iter()
        .chain(readable_by_others(config, installation.store.address()))
        .chain(weak_key(&installation.secret));
    problems.extend(unsafe_here.map(|what| format!("Unsafe: {what}")));
    if problems.is_empty() { Ok(()) } else { Err(Failure::Refused(problems.join("\n")).into()) }
}

/// Since when and why nothing is sent; also of a copy that has not been started yet.
async fn paused(installation: &Installation) -> Result<Option<String>, CommandError> {
    let pause = installation.store.read::<_, StoreError>(|snapshot| snapshot.pause()).await?;
    if let Some(pause) = pause {
        return Ok(Some(in_words(&pause)));
    }
    let copied = installation.actions.copied().await?;
    Ok(copied.map(|copied| format!("paused from the next start on: {}", copied.sentence())))
}

/// Says which organisations have paused their own sending: their Admins let it go on.
pub(super) async fn tell_paused_organisations(installation: &Installation) -> Result<(), CommandError> {
    let paused = installation.store.read::<_, StoreError>(|snapshot| snapshot.paused_organisations()).await?;
    for (name, pause) in paused {
        println!("Sending of {name}: {}", in_words(&pause));
    }
    Ok(())
}

fn in_words(Pause { since, reason }: &Pause) -> String {
    format!("paused since {}: {reason}", since.format("%-d %B %Y, %H:%M UTC"))
}

/// What of the configuration lets others read or do what is not theirs.
fn unsafe_settings(config: &Config) -> Vec<String> {
    let mut told = Vec::new();
    let host = config.base_url.as_ref().and_then(Url::host_str);
    let is_public = !config.bind.ip().is_loopback() || host.is_some_and(|host| !is_loopback(host));
    if is_public && !config.is_https() {
        told.push(
            "others can reach Dunlin without https, so passwords and cookies travel where they can be read. Put a proxy \
             that speaks https before it, and set DUNLIN_BASE_URL to the https address that people use."
                .to_owned(),
        );
    }
    if is_public && config.api_rate_per_minute == 0 {
        told.push(
            "DUNLIN_API_RATE_PER_MINUTE is 0, so that a key that was stolen may ask without a limit. Set a number."
                .to_owned(),
        );
    }
    if config.mail.is_readable_on_the_way() {
        told.push(
            "mails leave this machine unencrypted, and so does the mail server\u{2019}s password. Take ?tls=none out of \
             DUNLIN_MAIL_URL."
                .to_owned(),
        );
    }
    let server = Url::parse(&config.database_url).ok().filter(|url| url.scheme().starts_with("postgres"));
    if server.as_ref().and_then(Url::host_str).is_some_and(|host| !is_loopback(host)) {
        told.push(
            "the database is on another machine, and Dunlin speaks to it unencrypted. Let the two talk in a network \
             that nobody else is in, or through a tunnel."
                .to_owned(),
        );
    }
    told
}

/// Folders and files that others on this machine may read. A folder that is closed closes what is in it.
fn readable_by_others(config: &Config, database: &DatabaseAddress) -> Option<String> {
    let folder = &config.data_dir;
    let file = match database {
        DatabaseAddress::Sqlite(file) => file.parent().filter(|parent| *parent != folder.as_path()),
        DatabaseAddress::Postgres(_) => None,
    };
    let open: Vec<&Path> =
        [Some(folder.as_path()), file].into_iter().flatten().filter(|path| is_open(path)).collect();
    let (first, names) = (open.first()?, open.iter().map(|path| path.display().to_string()));
    Some(format!(
        "others on this machine can read {}, with customers\u{2019} data and the key in it. Close it: chmod 700 {}",
        names.collect::<Vec<_>>().join(" and "),
        first.display()
    ))
}

fn is_open(folder: &Path) -> bool {
    // What cannot be looked at is somebody else's, and the database could not have been opened in it.
    fs::metadata(folder).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

/// The key is 32 bytes of chance: about thirty different ones, as many different steps from one to the next, and neither a
/// block again and again nor a text that somebody typed.
fn weak_key(key: &[u8; 32]) -> Option<String> {
    let steps = key.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    let is_repeated = (1..=key.len() / 2).any(|length| key[length..] == key[..key.len() - length]);
    let is_weak =
        different(key.iter().copied()) < 16 || different(steps) < 16 || is_repeated || is_typed(key);
    is_weak.then(|| {
        "the secret key is no chance, so that cookies and confirmations can be forged. Remove secret.key and start \
         Dunlin anew: it makes one. Everybody then signs in again."
            .to_owned()
    })
}

fn different<T: Ord>(things: impl Iterator<Item = T>) -> usize {
    things.collect::<BTreeSet<_>>().len()
}

/// Whether a key is a text of little variety. One of chance is no text at all, and chance written as text has more.
fn is_typed(key: &[u8; 32]) -> bool {
    let Ok(text) = std::str::from_utf8(key) else { return false };
    let kinds: [fn(char) -> bool; 4] =
        [char::is_lowercase, char::is_uppercase, char::is_numeric, |character| !character.is_alphanumeric()];
    let has = |kind: &&fn(char) -> bool| text.chars().any(**kind);
    let is_varied = different(text.chars()) >= 20 && kinds.iter().filter(has).count() >= 3;
    !text.chars().any(char::is_control) && !is_varied
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(settings: &[(&str, &str)]) -> Vec<String> {
        let variables = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        unsafe_settings(&Config::read(&variables.collect()).unwrap())
    }

    #[test]
    fn what_stays_on_this_machine_needs_no_https() {
        for settings in [
            [].as_slice(),
            &[("DUNLIN_BASE_URL", "http://localhost:8080")],
            &[("DUNLIN_BASE_URL", "https://dunlin.company.example")],
            &[("DUNLIN_MAIL_URL", "smtp://127.0.0.1:25"), ("DUNLIN_DATABASE_URL", "postgres://127.0.0.1/d")],
            &[("DUNLIN_MAIL_URL", "smtp://ada:secret@relay.example:587")],
            &[("DUNLIN_API_RATE_PER_MINUTE", "0")],
        ] {
            assert_eq!(told(settings), Vec::<String>::new(), "{settings:?}");
        }
    }

    #[test]
    fn what_others_can_reach_or_read_is_told() {
        for (settings, words) in [
            ([("DUNLIN_BASE_URL", "http://dunlin.company.example")].as_slice(), "without https"),
            (&[("DUNLIN_BIND", "0.0.0.0:8080")], "without https"),
            (
                &[("DUNLIN_BASE_URL", "https://dunlin.company.example"), ("DUNLIN_API_RATE_PER_MINUTE", "0")],
                "DUNLIN_API_RATE_PER_MINUTE",
            ),
            (&[("DUNLIN_MAIL_URL", "smtp://relay.example?tls=none")], "?tls=none"),
            (&[("DUNLIN_DATABASE_URL", "postgres://db.example/dunlin")], "on another machine"),
        ] {
            let told = told(settings);
            assert!(told.len() == 1 && told[0].contains(words), "{settings:?}: {told:?}");
        }
    }

    #[test]
    fn a_key_that_somebody_wrote_by_hand_is_told_and_one_of_chance_is_not() {
        assert!(weak_key(&[0; 32]).is_some());
        assert!(weak_key(b"secretsecretsecretsecretsecretse").is_some());
        for step in [1, 3, 255] {
            assert!(weak_key(&std::array::from_fn(|at| (at as u8).wrapping_mul(step))).is_some(), "{step}");
        }
        let block: [u8; 16] = *b"\x00\xf1\x12\xe3\x24\xd5\x36\xc7\x48\xb9\x5a\xab\x6c\x9d\x7e\x8f";
        assert!(weak_key(&std::array::from_fn(|at| block[at % 16])).is_some());
        for text in [
            b"correct horse battery staple 123",
            b"thequickbrownfoxjumpsoverlazydog",
            b"0f9a4b7c2d8e1f6a3b5c0d9e4f7a2b8c",
        ] {
            assert!(weak_key(text).is_some(), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(weak_key(b"q8Zk2Lw0Xn5Vb7Ty1Rc4Me9Gh6Jd3Fs+"), None, "chance written as text");
        for _ in 0..100_000 {
            assert_eq!(weak_key(&crate::clock::Ids.secret()), None);
        }
    }
}
