"""What Dunlin is compared with: installed here, in fixed versions, and measured."""
import json
import os
import pathlib
import subprocess
import sys
import time

from processes import Memory, install, run

BENCH = pathlib.Path(__file__).resolve().parent.parent
PEERS = BENCH / ".peers"
POSTFIX = os.environ.get("BENCH_POSTFIX", "3.7.11-0+deb12u1")
LIBRARIES = ["libdb5.3", "libicu72", "libnsl2"]


class Postfix:
    """smtp-source and smtp-sink from Debian's package, unpacked but not installed: no service, no configuration."""

    def __init__(self):
        folder = PEERS / f"postfix-{POSTFIX}"
        self.source, self.sink = folder / "usr/sbin/smtp-source", folder / "usr/sbin/smtp-sink"
        self.env = {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": f"{folder}/usr/lib/postfix"}
        if not self.sink.exists():
            install()
            folder.mkdir(parents=True, exist_ok=True)
            run("apt-get", "download", f"postfix={POSTFIX}", cwd=folder)
            run("dpkg", "-x", next(folder.glob("*.deb")), folder)
        if "not found" in run("ldd", self.sink, env=self.env):
            install(*LIBRARIES)

    def send(self, count, port):
        started = time.perf_counter()
        run(self.source, "-d", "-s", "10", "-m", str(count), "-l", "8192", f"127.0.0.1:{port}", env=self.env)
        return {"seconds": time.perf_counter() - started}


class Nodemailer:
    def __init__(self):
        run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=BENCH / "nodemailer")
        package = json.loads((BENCH / "nodemailer/node_modules/nodemailer/package.json").read_text())
        self.version = f"nodemailer {package['version']} (Node.js {run('node', '--version')})"

    def send(self, count, port, mail, *how):
        return measured("node", BENCH / "nodemailer/pool.mjs", str(port), str(count), mail, *how)


class PostOffice:
    def __init__(self):
        venv, needs = PEERS / "post-office", BENCH / "post_office/requirements.txt"
        self.python = venv / "bin/python"
        if not self.python.exists():
            run(sys.executable, "-m", "venv", venv)
        run(self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", needs)
        pins = dict(line.split("==") for line in needs.read_text().split())
        self.version = f"django-post_office {pins['django-post_office']} (Django {pins['Django']}, " \
            f"{run(self.python, '--version')})"

    def send(self, count, port, mail, database, folder):
        return measured(self.python, BENCH / "post_office/send.py", str(port), str(count), mail, database, folder)


def measured(*command):
    """Runs a peer's program: the seconds that it tells, and its memory."""
    child = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        with Memory(child.pid) as memory:
            out, errors = child.communicate()
    finally:
        child.kill()
    if child.returncode != 0:
        raise SystemExit(f"bench: {command[1]} failed:\n{out}{errors[-3_000:]}")
    told = json.loads(out.splitlines()[-1])
    return {**told, "anonymous": memory.anonymous, "resident": memory.resident}
