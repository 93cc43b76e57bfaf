-- What happened to a mail is found by its invoice: one index less to keep for each mail.
DROP INDEX audit_by_mail;
