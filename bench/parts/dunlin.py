"""Dunlin as a person uses it, without a browser: set up by its commands, signed in, confirmed through its forms."""
import datetime
import html
import http.client
import pathlib
import re
import shutil
import sqlite3
import subprocess
import time
import urllib.parse

from processes import Memory, cpu_seconds, run

PASSWORD = "correct horse battery"
SETTINGS = {"DUNLIN_MAIL_CONNECTIONS": "10", "DUNLIN_UNDO_SECONDS": "0"}
MESSAGE = pathlib.Path(__file__).resolve().parent.parent / "message.md"
POLL_SECONDS = 0.01
# What the server reads of every invoice of a proposal (src/store/candidates.rs), for one.
ONE_INVOICE = """
    SELECT i.id, i.organisation_id, i.customer_id, i.number, i.state, i.currency, i.total, i.balance, i.issued_on,
        i.due_on, i.archived_at, i.pay_url, i.last_reminder_id, i.last_reminded_at, c.name, c.email,
        o.id, o.state, o.created_at, COALESCE(o.sent_at, o.committed_at)
    FROM invoice i JOIN customer c ON c.id = i.customer_id
    LEFT JOIN reminder_slot s ON s.invoice_id = i.id LEFT JOIN outbox o ON o.id = s.reminder_id
    WHERE i.id = ?"""


def ledger(invoices):
    """Overdue invoices of one customer for each ten."""
    due = datetime.date.today() - datetime.timedelta(days=14)
    yield "customer_name,customer_email,invoice_number,currency,total,issue_date,due_date\n"
    for i in range(invoices):
        customer, total, issued = i // 10, 100 + i % 900, due - datetime.timedelta(days=30)
        yield f"Customer {customer},c{customer}@customer.example,INV-{i:06},EUR,{total}.00,{issued},{due}\n"


class Person:
    """Signed in over HTTP; keeps the session's cookie and the forms' token."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=600)
        self.cookie = ""
        self.post("/sign-in", email="ada@acme.example", password=PASSWORD)
        self.csrf = value(self.get("/invoices"), "csrf")

    def get(self, path):
        return self.ask("GET", path)[1]

    def post(self, path, **fields):
        return self.send(path, urllib.parse.urlencode(fields, doseq=True))

    def send(self, path, form):
        """Where a form's answer leads, and its page."""
        return self.ask("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})

    def ask(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, {"Cookie": self.cookie, **(headers or {})})
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.status not in (200, 303):
            words = " ".join(re.sub(r"<[^>]*>", " ", text).split())
            raise SystemExit(f"bench: {method} {path} answered {answer.status}: {words[:600]}")
        for cookie in answer.headers.get_all("Set-Cookie", []):
            self.cookie = cookie.partition(";")[0]
        return answer.headers.get("Location"), text


def value(page, name):
    return html.unescape(re.search(f'name="{name}" value="([^"]*)"', page)[1])


class Dunlin:
    """An installation with a ledger of its own, serving while the block runs."""

    def __init__(self, binary, folder, mail_port, postgres=None, invoices=1):
        self.binary, self.folder, self.postgres = binary, pathlib.Path(folder), postgres
        self.folder.mkdir()
        self.env = {
            **SETTINGS,
            "PATH": "/usr/bin:/bin",
            "DUNLIN_DATA_DIR": str(self.folder / "data"),
            "DUNLIN_MAIL_URL": f"smtp://127.0.0.1:{mail_port}",
        }
        self.database = postgres.fresh_database() if postgres else None
        if self.database:
            self.env["DUNLIN_DATABASE_URL"] = self.database
        self.command("organisation", "add", "--name", "Acme Receivables", "--from", "ar@acme.example")
        self.command("user", "add", "--email", "ada@acme.example", "--name", "Ada", "--role", "admin",
                     "--password-stdin", input=PASSWORD)
        file = self.folder / "ledger.csv"
        file.write_text("".join(ledger(invoices)))
        self.command("import", str(file))

    def command(self, *arguments, **options):
        return run(self.binary, *arguments, env=self.env, **options)

    def __enter__(self):
        self.log = open(self.folder / "log", "wb")
        self.server = subprocess.Popen([self.binary, "serve", "--bind", "127.0.0.1:0"], env=self.env, text=True,
                                       stdout=subprocess.PIPE, stderr=self.log)
        try:
            self.person = Person(self.address())
            self.lengthen_mail()
        except BaseException:
            self.__exit__()
            raise
        return self

    def address(self):
        for line in self.server.stdout:
            if line.startswith("Listening on "):
                return line.strip().rpartition("/")[2]
        raise SystemExit(f"bench: dunlin did not start:\n{(self.folder / 'log').read_text()}")

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()
        self.log.close()
        shutil.rmtree(self.folder)

    def lengthen_mail(self):
        """Saves the benchmark's text in the editor."""
        editor = "/automations/email-notifications/invoice-reminder"
        page = self.person.get(editor)
        self.person.post(f"{editor}/versions", csrf=self.person.csrf, basis=value(page, "basis"),
                         subject=value(page, "subject"), message=MESSAGE.read_text())

    def invoice_ids(self):
        query = "SELECT id FROM invoice ORDER BY number"
        if self.postgres:
            return self.postgres.psql(self.database.rpartition("/")[2], query).split()
        connection = self.sqlite()
        ids = [id for (id,) in connection.execute(query)]
        connection.close()
        return ids

    def sqlite(self):
        return sqlite3.connect(f"file:{self.folder}/data/dunlin.db?mode=ro", uri=True)

    def ask_each_alone(self, ids):
        """Seconds for asking SQLite for each invoice alone, over one open connection; the better of two passes."""
        connection, passes = self.sqlite(), []
        for _ in range(2):
            started = time.perf_counter()
            found = sum(len(connection.execute(ONE_INVOICE, (id,)).fetchall()) for id in ids)
            passes.append(time.perf_counter() - started)
            assert found == len(ids)
        connection.close()
        return min(passes)

    def remind(self, ids, sink):
        """Selects, confirms, and waits for the last status; the seconds of each, the CPU time and the memory."""
        person, before = self.person, sink.count()
        with Memory(self.server.pid) as memory:
            form = urllib.parse.urlencode([("csrf", person.csrf), *(("invoice", id) for id in ids)])
            started = time.perf_counter()
            _, page = person.send("/reminder-proposals", form)
            proposed = time.perf_counter() - started
            shown = re.search(r'<textarea name="confirmation"[^>]*>(.*?)</textarea>', page, re.DOTALL)[1]
            form = urllib.parse.urlencode({
                "csrf": person.csrf, "signature": value(page, "signature"), "matching": value(page, "matching"),
                "list": value(page, "list"), "confirmation": html.unescape(shown), "sure": "yes"})
            cpu, started = cpu_seconds(self.server.pid), time.perf_counter()
            batch, _ = person.send("/reminder-batches", form)
            answered = time.perf_counter() - started
            page = self.wait(f"{batch}?progress", sink, before + len(ids))
            seconds = time.perf_counter() - started
            cpu = cpu_seconds(self.server.pid) - cpu
        if f"{len(ids):,} of {len(ids):,} accepted by the mail server." not in page:
            raise SystemExit(f"bench: not all were sent: {re.search('role=.status.[^>]*>([^<]*)', page)[1]}")
        return {"seconds": seconds, "cpu": cpu, "anonymous": memory.anonymous, "resident": memory.resident,
                "proposed": proposed, "answered": answered}

    def wait(self, page, sink, expected):
        """The batch's page once it is finished. It is asked for only when the mail server has all the mails, so that
        looking costs the sending nothing, and every 2 s in case it never gets them."""
        looked = time.monotonic()
        while True:
            if sink.count() >= expected or time.monotonic() - looked > 2:
                looked, text = time.monotonic(), self.person.get(page)
                if "Finished." in text:
                    return text
            time.sleep(POLL_SECONDS)
