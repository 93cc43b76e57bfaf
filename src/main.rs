//! The program: reads what is asked for and hands it on.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use dunlin::cli::Cli;
use dunlin::commands::{CommandError, run};
use dunlin::config::environment;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut variables = environment();
    cli.put_over(&mut variables);
    log_to_stderr(variables.get("DUNLIN_LOG").map_or("info", String::as_str));
    match actix_web::rt::System::new().block_on(run(cli, variables)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(CommandError::Failed(error)) => {
            eprintln!("{error}");
            ExitCode::from(1)
        }
        Err(CommandError::Usage(problem)) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

/// Lines for people on a terminal, JSON for machines elsewhere.
fn log_to_stderr(filter: &str) {
    // What is no filter is told as a mistake of the configuration.
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        return lines.init();
    }
    lines.json().init();
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a mistake of the program")));
}
