"""The table: ratios of the medians beside what they must reach."""
import statistics


class Results:
    """What was measured, by name; each a dictionary for a round."""

    def __init__(self):
        self.rounds = {}

    def add(self, name, figures):
        self.rounds.setdefault(name, []).append(figures)

    def median(self, name, figure):
        """None where it was not measured."""
        rounds = self.rounds.get(name)
        return statistics.median(one[figure] for one in rounds) if rounds else None

    def rate(self, name):
        return divided(self.median(name, "mails"), self.median(name, "seconds"))

    def cpu(self, name):
        """Milliseconds a mail."""
        seconds = divided(self.median(name, "cpu"), self.median(name, "mails"))
        return seconds and seconds * 1_000


def divided(one, other):
    return None if one is None or not other else one / other


# The measure, the figure of Dunlin, what it is compared with, their unit, what must be reached, the aim, and whether
# more is better.
def rows(r, mails):
    whole, distant = r.rate("sqlite"), r.rate("distant")
    selects, proposed = r.median("sqlite", "selects"), r.median("sqlite", "proposed")
    anonymous = r.median("sqlite", "anonymous")
    return [
        ("whole / `smtp-source -d -s 10`", whole, r.rate("smtp-source"), "mails/s", 0.35, 0.7, True),
        ("whole / nodemailer's pool, which only sends", whole, r.rate("nodemailer"), "mails/s", 6, 12, True),
        ("whole / django-post_office, two processes, enqueue and send", whole, r.rate("post-office"), "mails/s",
         9, 20, True),
        ("relay that waits 20 ms before each reply: whole / nodemailer's pool", distant,
         r.rate("distant-nodemailer"), "mails/s", 1, 2, True),
        ("CPU time a reminder, whole process / nodemailer's", r.cpu("sqlite"), r.cpu("nodemailer"), "ms",
         1 / 8, 1 / 25, False),
        ("PostgreSQL whole / SQLite whole", r.rate("postgres"), whole, "mails/s", 0.5, 0.8, True),
        (f"peak private memory (RssAnon) in {mails:,} / nodemailer's RSS", anonymous,
         r.median("nodemailer", "resident"), "MB", 1 / 2, 1 / 4, False),
        (f"the same at {mails * 10:,} (ten batches) / at {mails:,}", r.median("ten-batches", "anonymous"), anonymous,
         "MB", 2, 1.2, False),
        (f"answering the POST of {mails:,} ids / asking the database for each id alone",
         proposed and proposed * 1_000, selects and selects * 1_000, "ms", 1, 0.5, False),
    ]


def verdict(ratio, must, aim, more):
    if ratio is None:
        return "not measured"
    reaches = (lambda limit: ratio >= limit) if more else (lambda limit: ratio <= limit)
    return "aim reached" if reaches(aim) else "reached" if reaches(must) else "missed"


def shown(value, unit=""):
    if value is None:
        return "-"
    digits = 0 if value >= 1_000 else 1 if value >= 100 else 2 if value >= 1 else 3
    return f"{value:,.{digits}f} {unit}".strip()


def print_table(results, mails):
    print("\n| measure | Dunlin | compared with | ratio | must reach | aim | |\n|---|---|---|---|---|---|---|")
    for name, ours, theirs, unit, must, aim, more in rows(results, mails):
        ratio, sign = divided(ours, theirs), "at least" if more else "at most"
        print(f"| {name} | {shown(ours, unit)} | {shown(theirs, unit)} | {shown(ratio)} | {sign} {shown(must)} "
              f"| {shown(aim)} | {verdict(ratio, must, aim, more)} |")
    if "sqlite" in results.rounds:
        print(f"\nThe confirming POST of the batch was answered in {shown(results.median('sqlite', 'answered'))} s on "
              f"SQLite{on_postgres(results)}.")
    if "nodemailer-raw" in results.rounds:
        raw = results.rate("nodemailer-raw")
        print(f"Given finished bytes instead of texts, nodemailer sent {shown(raw, 'mails/s')}: "
              f"ratio {shown(divided(results.rate('sqlite'), raw))}.")
    if "nodemailer" in results.rounds:
        private = results.median("nodemailer", "anonymous")
        print(f"Of nodemailer's memory, {shown(private, 'MB')} were private (RssAnon).")


def on_postgres(results):
    answered = results.median("postgres", "answered")
    return f", {shown(answered)} s on PostgreSQL" if answered else ""


def print_round(name, figures):
    units = {"seconds": "s", "cpu": "s CPU", "anonymous": "MB RssAnon", "resident": "MB RSS", "proposed": "s proposal",
             "answered": "s confirming POST", "selects": "s single SELECTs"}
    parts = [shown(figures[key], unit) for key, unit in units.items() if key in figures]
    print(f"  {name:<19} {shown(figures['mails'] / figures['seconds']):>8} mails/s: {', '.join(parts)}")
