"""python send.py PORT COUNT MAIL DATABASE FOLDER: enqueues COUNT mails and sends them with two processes of five
connections, as `manage.py send_queued_mail --processes 2` does. Prints the seconds as JSON."""
import json
import sys
import time

import django
from django.conf import settings
from django.core.management import call_command

port, count, file, database, folder = sys.argv[1:]
host, at, name = database.removeprefix("postgres://postgres@").replace(":", "/").split("/")
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "USER": "postgres", "HOST": host, "PORT": at,
                           "NAME": name}},
    INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    EMAIL_HOST="127.0.0.1", EMAIL_PORT=int(port), USE_TZ=True,
    # One batch for all and a log of failures only: the fastest of what its README offers.
    POST_OFFICE={"BATCH_SIZE": 10_000, "THREADS_PER_PROCESS": 5, "LOG_LEVEL": 1, "BATCH_DELIVERY_TIMEOUT": 3_600},
)
django.setup()
call_command("migrate", verbosity=0)
from post_office import mail  # noqa: E402
from post_office.models import STATUS, Email  # noqa: E402

what = json.load(open(file, encoding="utf-8"))
started = time.perf_counter()
mail.send_many([
    {"recipients": f"c{i}@customer.example", "sender": what["sender"], "subject": what["subject"],
     "message": what["text"], "html_message": what["html"]} for i in range(int(count))
])
mail.send_queued_mail_until_done(f"{folder}/lock", processes=2)
seconds = time.perf_counter() - started
assert Email.objects.filter(status=STATUS.sent).count() == int(count), "not all were sent"
print(json.dumps({"seconds": seconds}))
