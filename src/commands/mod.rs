//! What each command does.

mod backup;
mod check;
mod import;
mod serve;

use std::collections::BTreeMap;
use std::io::Read;

use crate::actions::{Joined, Newcomer};
use crate::cli::{ApiKeyCommand, Cli, Command, OrganisationCommand, UserCommand};
use crate::clock::Ids;
use crate::config::Config;
use crate::domain::ids::OrganisationId;
use crate::domain::organisation::Organisation;
use crate::domain::person::Actor;
use crate::process::{Failure, Installation};
use crate::store::StoreError;

/// How a command ended: exit 1 or 2.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// It was not asked for rightly.
    #[error("{0}")]
    Usage(String),
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<crate::actions::ActionError> for CommandError {
    fn from(error: crate::actions::ActionError) -> Self {
        Self::Failed(error.into())
    }
}

/// Carries a command out; flags have been put over the environment.
///
/// # Errors
/// What the person reads on standard error.
pub async fn run(cli: Cli, variables: BTreeMap<String, String>) -> Result<(), CommandError> {
    let command = cli.command.unwrap_or_else(|| Command::Serve(Box::new(cli.serve)));
    if let Command::Demo(demo) = &command {
        return serve::demo(demo, variables).await;
    }
    let config = Config::read(&variables).map_err(|problems| CommandError::Usage(problems.to_string()))?;
    match command {
        Command::Serve(flags) => {
            serve::serve(&config, serve::Occasion::Use { with_worker: !flags.no_worker }).await
        }
        Command::Work => serve::work(&config).await,
        Command::Demo(_) => Ok(()),
        Command::Migrate => Installation::open(&config).await.map(|_| ()).map_err(CommandError::from),
        Command::Organisation(OrganisationCommand::Add {
            name,
            time_zone,
            currency,
            language,
            from,
            reply_to,
        }) => {
            let new = Organisation::new(Ids.next(), name, time_zone, currency);
            let organisation = Organisation { language, from, reply_to, ..new };
            let id = organisation.id;
            Installation::open(&config).await?.actions.add_organisation(organisation).await?;
            println!("{id}");
            Ok(())
        }
        Command::Organisation(OrganisationCommand::Set { organisation, changes }) => {
            let installation = Installation::open(&config).await?;
            let organisation = the_organisation(&installation, organisation).await?;
            let change = move |was| Ok(changes.of(was));
            let set = installation.actions.change_organisation(Actor::System, organisation, change);
            set.await.map_err(|refused| Failure::Refused(refused.to_string()).into())
        }
        Command::User(UserCommand::Add { email, name, role, organisation, password_stdin: _ }) => {
            let mut typed = String::new();
            std::io::stdin()
                .read_to_string(&mut typed)
                .map_err(|error| CommandError::Usage(error.to_string()))?;
            let password = typed.trim_end_matches(['\r', '\n']).parse();
            let password = password.map_err(|error| CommandError::Usage(format!("{error}")))?;
            let installation = Installation::open(&config).await?;
            let organisation = the_organisation(&installation, organisation).await?;
            let newcomer = Newcomer { email: email.clone(), name, role, password };
            if installation.actions.add_user(organisation, newcomer).await? == Joined::Known {
                println!("{email} has an account already, and keeps its name and password.");
            }
            Ok(())
        }
        Command::User(UserCommand::RemoveSecondFactor { email }) => {
            Installation::open(&config).await?.actions.remove_factor_by_command(email.clone()).await?;
            println!("{email} signs in with the password alone now, and is told so by mail.");
            Ok(())
        }
        Command::ApiKey(ApiKeyCommand::Add { name, organisation }) => {
            let installation = Installation::open(&config).await?;
            let organisation = the_organisation(&installation, organisation).await?;
            println!("{}", installation.actions.add_api_key(organisation, name).await?);
            Ok(())
        }
        Command::Import(flags) => import::import(&config, flags).await,
        Command::Backup { file } => backup::backup(&config, &file).await,
        Command::Pause => {
            let reason = "stopped by command; \u{201c}dunlin resume\u{201d} lets it go on.".to_owned();
            Installation::open(&config).await?.actions.pause(reason).await?;
            println!("Sending is paused.");
            Ok(())
        }
        Command::Resume => {
            let installation = Installation::open(&config).await?;
            installation.actions.resume().await?;
            println!("Sending goes on.");
            check::tell_paused_organisations(&installation).await
        }
        Command::Check => check::check(&config).await,
    }
}

/// The organisation that was named, or the only one.
async fn the_organisation(
    installation: &Installation,
    named: Option<OrganisationId>,
) -> Result<OrganisationId, CommandError> {
    let all = installation.store.read::<_, StoreError>(|snapshot| snapshot.organisations()).await?;
    match (named, all.as_slice()) {
        (Some(id), all) if all.iter().any(|organisation| organisation.id == id) => Ok(id),
        (Some(id), _) => Err(CommandError::Usage(format!("there is no organisation {id}"))),
        (None, [only]) => Ok(only.id),
        (None, []) => Err(CommandError::Usage(
            "there is no organisation yet: add one with `dunlin organisation add`".to_owned(),
        )),
        (None, _) => Err(CommandError::Usage(
            "there are several organisations: name one with --organisation".to_owned(),
        )),
    }
}
