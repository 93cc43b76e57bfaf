//! The built program, as a script or a service manager runs it. What was started ends with the test, also with one
//! that fails.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use dunlin::store::DatabaseAddress;
use tempfile::TempDir;

use super::{Database, PATIENCE, fresh_store};

/// An installation: a data folder and a database.
pub struct Machine {
    pub folder: TempDir,
    settings: Vec<(String, String)>,
}

/// How a command ended: its exit code and what it wrote.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Machine {
    /// Without any configuration but for its data folder.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data").display().to_string();
        let settings = [("DUNLIN_DATA_DIR", data.as_str()), ("DUNLIN_LOG", "warn")];
        Self { settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(), folder }
    }

    /// On PostgreSQL; `None` without `DUNLIN_TEST_POSTGRES_URL`.
    pub fn on_postgres() -> Option<Self> {
        let machine = Self::new();
        let store = fresh_store(Database::Postgres, &machine.folder)?;
        let DatabaseAddress::Postgres(url) = store.address() else { return None };
        Some(machine.with("DUNLIN_DATABASE_URL", url))
    }

    /// One for each database.
    pub fn on_both() -> Vec<Self> {
        let postgres = Self::on_postgres();
        if postgres.is_none() {
            println!("PostgreSQL is skipped: DUNLIN_TEST_POSTGRES_URL is not set");
        }
        [Some(Self::new()), postgres].into_iter().flatten().collect()
    }

    /// With one more setting.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The address of its database.
    #[allow(dead_code, reason = "for tests/crash")]
    pub fn database(&self) -> String {
        let setting =
            |name: &str| self.settings.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        setting("DUNLIN_DATABASE_URL").cloned().unwrap_or_else(|| {
            format!("sqlite://{}/dunlin.db", setting("DUNLIN_DATA_DIR").map_or("", String::as_str))
        })
    }

    /// The program with arguments; nothing of the tests' own environment reaches it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dunlin"));
        let settings = self.settings.iter().map(|(name, value)| (name, value));
        command.args(arguments).env_clear().env("TMPDIR", self.folder.path()).envs(settings);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Told {
        told(self.command(arguments), "")
    }

    /// Runs with something on standard input.
    pub fn run_with(&self, arguments: &[&str], typed: &str) -> Told {
        told(self.command(arguments), typed)
    }

    pub fn add_user(&self, email: &str, password: &str) -> Told {
        let who = ["user", "add", "--email", email, "--name", "Ada", "--role", "admin", "--password-stdin"];
        self.run_with(&who, password)
    }

    /// Starts `serve`, `demo` or `work`.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        let mut child = Process(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
        let (out, log) = (lines(child.0.stdout.take().unwrap()), lines(child.0.stderr.take().unwrap()));
        Running { child, out, log }
    }

    /// Starts `serve` on a free port; returns it with its address once it listens.
    pub fn serve(&self) -> (Running, String) {
        let running = self.start(&["serve", "--bind", "127.0.0.1:0"]);
        let url = running.address();
        (running, url)
    }
}

/// Runs a command to its end, which must come.
pub fn told(mut command: Command, typed: &str) -> Told {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Process(command.spawn().unwrap());
    // One that does not read its input may have ended already.
    let _ = child.0.stdin.take().unwrap().write_all(typed.as_bytes());
    let (out, err) = (whole(child.0.stdout.take().unwrap()), whole(child.0.stderr.take().unwrap()));
    let read = |text: &Receiver<String>| text.recv_timeout(PATIENCE).expect("the command ends");
    let (out, err) = (read(&out), read(&err));
    Told { code: child.0.wait().unwrap().code(), out, err }
}

/// A child that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended is left alone.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process that goes on until it is told to end.
pub struct Running {
    child: Process,
    out: Receiver<String>,
    log: Receiver<String>,
}

impl Running {
    /// The next line of standard output.
    pub fn line(&self) -> String {
        self.out.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            panic!("no more lines; the log: {:?}", self.log.try_iter().collect::<Vec<_>>())
        })
    }

    /// Reads standard output up to the address that it listens on.
    pub fn address(&self) -> String {
        loop {
            if let Some(address) = self.line().strip_prefix("Listening on ") {
                return address.to_owned();
            }
        }
    }

    /// Reads the log up to a line with these words.
    pub fn log_says(&self, words: &str) {
        while !self.log.recv_timeout(PATIENCE).unwrap().contains(words) {}
    }

    /// What standard output and the log still hold once it has ended.
    pub fn rest(&self) -> (Vec<String>, Vec<String>) {
        (self.out.iter().collect(), self.log.iter().collect())
    }

    /// SIGTERM, as a service manager sends it; returns the exit code, `None` when the signal killed it.
    pub fn terminate(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.0.wait().unwrap().code()
    }

    /// Sends it a signal by name.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.0.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// SIGKILL: it ends on the spot.
    #[allow(dead_code, reason = "for tests/crash")]
    pub fn kill(&mut self) {
        self.child.0.kill().unwrap();
        self.child.0.wait().unwrap();
    }
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        BufReader::new(from).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    receiver
}

fn whole(mut from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).and_then(|_| sender.send(text).map_err(std::io::Error::other))
    });
    receiver
}
