"""Processes of a measurement: what they use, the mail servers, PostgreSQL. Each ends with its `with` block."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.02


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(*command, **options):
    """Runs to the end; returns standard output. What went wrong is shown."""
    done = subprocess.run(command, text=True, capture_output=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(map(str, command))[:300]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


def install(*packages):
    """Debian's packages, or with none its lists alone."""
    as_root = [] if os.getuid() == 0 else ["sudo"]
    run(*as_root, "apt-get", "update", "--quiet=2")
    if packages:
        print(f"Installing {' '.join(packages)}")
        run(*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--quiet=2",
            "--no-install-recommends", *packages)


def cpu_seconds(pid):
    """utime + stime of a whole process."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Memory:
    """The highest RssAnon and VmRSS of a process, in MB, seen every 20 ms while the block runs."""

    def __init__(self, pid):
        self.file, self.anonymous, self.resident = pathlib.Path(f"/proc/{pid}/status"), 0.0, 0.0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def watch(self):
        while True:
            try:
                text = self.file.read_text()
            except (FileNotFoundError, ProcessLookupError):
                return
            in_megabytes = {name: int(kilobytes) / 1024 for name, kilobytes in re.findall(r"(\w+):\s+(\d+) kB", text)}
            self.anonymous = max(self.anonymous, in_megabytes.get("RssAnon", 0))
            self.resident = max(self.resident, in_megabytes.get("VmRSS", 0))
            if self.ended.wait(SAMPLE_SECONDS):
                return


class Server:
    """A child that listens on a port, its output in a file; it ends with the block."""

    def __init__(self, command, port, env=None):
        self.port, self.output = port, tempfile.TemporaryFile()
        self.child = subprocess.Popen(command, stdout=self.output, stderr=subprocess.STDOUT, env=env)

    def __enter__(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except ConnectionRefusedError:
                if self.child.poll() is not None or time.monotonic() > deadline:
                    self.__exit__()
                    raise SystemExit(f"bench: {self.child.args} does not listen:\n{self.said().decode()}") from None
                time.sleep(0.02)

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()

    def said(self, last=1_000):
        # pread leaves the place alone at which the child goes on writing.
        size = os.fstat(self.output.fileno()).st_size
        return os.pread(self.output.fileno(), last, max(0, size - last))

    def count(self):
        """The mails that this mail server took."""
        counts = re.findall(rb"mesg=(\d+)[\r\n]", self.said())
        return int(counts[-1]) if counts else 0


def smtp_sink(postfix):
    port = free_port()
    who = ["-u", "nobody"] if os.getuid() == 0 else []
    command = [postfix.sink, "-c", *who, f"127.0.0.1:{port}", "100"]
    return Server(command, port, postfix.env)


def own_relay(delay, keep=None):
    port = free_port()
    return Server([sys.executable, HERE / "relay.py", str(port), str(delay), *([keep] if keep else [])], port)


class Postgres:
    """A cluster of its own with PostgreSQL's ordinary settings: fsync, synchronous_commit and full_page_writes on."""

    def __init__(self, programs):
        self.programs, self.databases = programs, 0

    def as_postgres(self, program, *arguments):
        user = ["runuser", "--user", "postgres", "--"] if os.getuid() == 0 else []
        return run(*user, self.programs / program, *arguments, cwd="/")

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="dunlin-bench-postgres-")
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.data = f"{self.folder}/data"
        try:
            self.start()
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        return self

    def start(self):
        self.as_postgres("initdb", "--pgdata", self.data, "--username", "postgres", "--auth", "trust",
                         "--encoding", "UTF8", "--locale", "C")
        self.port = free_port()
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{self.folder}'"
        self.as_postgres("pg_ctl", "--pgdata", self.data, "--log", f"{self.folder}/log", "--silent", "--wait",
                         "start", "--options", options)

    def __exit__(self, *_):
        self.as_postgres("pg_ctl", "--pgdata", self.data, "--mode", "immediate", "--silent", "stop")
        shutil.rmtree(self.folder)

    def fresh_database(self):
        self.databases += 1
        name = f"bench_{self.databases}"
        self.psql("postgres", f"CREATE DATABASE {name}")
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"

    def psql(self, database, query):
        address = ["--host", "127.0.0.1", "--port", str(self.port), "--username", "postgres"]
        return run(self.programs / "psql", *address, "--tuples-only", "--no-align", database, "--command", query)
