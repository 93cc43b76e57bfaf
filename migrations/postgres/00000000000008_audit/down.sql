CREATE INDEX audit_by_mail ON audit (mail_id, id) WHERE mail_id IS NOT NULL;
