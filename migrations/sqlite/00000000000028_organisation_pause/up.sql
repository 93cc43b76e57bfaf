-- An organisation stops its own sending. What was stopped in the settings until now was the whole installation: that stays so.
ALTER TABLE organisation ADD COLUMN paused_at TIMESTAMP;
ALTER TABLE organisation ADD COLUMN pause_reason TEXT;
CREATE INDEX organisation_paused ON organisation (id) WHERE paused_at IS NOT NULL;

-- Nobody reads the name or the words of a person of another organisation.
UPDATE installation SET pause_reason = 'stopped in the settings; “dunlin resume” lets it go on.'
WHERE pause_reason IS NOT NULL AND pause_reason <> 'stopped by command; `dunlin resume` lets it go on.'
    AND (SELECT COUNT(*) FROM organisation) > 1;
UPDATE audit SET actor = 'system', detail = ''
WHERE invoice_id IS NULL AND mail_id IS NULL AND event IN ('sending.paused', 'sending.resumed') AND actor LIKE 'user:%'
    AND NOT EXISTS (SELECT 1 FROM membership m
        WHERE m.organisation_id = audit.organisation_id AND 'user:' || m.person_id = audit.actor);
