-- One row: what concerns the whole installation.
CREATE TABLE installation (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    secret TEXT,
    relay_down_since TIMESTAMP,
    relay_problem TEXT,
    clock_origin TIMESTAMP,
    clock_seen_at TIMESTAMP
);
INSERT INTO installation (id) VALUES (1);

CREATE TABLE organisation (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    currency TEXT NOT NULL,
    payment_terms_days INTEGER NOT NULL,
    from_email TEXT,
    reply_to TEXT,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE person (
    id TEXT PRIMARY KEY NOT NULL,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    theme TEXT NOT NULL DEFAULT 'auto' CHECK (theme IN ('auto', 'light', 'dark')),
    created_at TIMESTAMP NOT NULL,
    disabled_at TIMESTAMP
);

CREATE TABLE membership (
    person_id TEXT NOT NULL REFERENCES person (id),
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    role TEXT NOT NULL CHECK (role IN ('admin', 'clerk', 'support', 'viewer')),
    PRIMARY KEY (person_id, organisation_id)
);

CREATE TABLE session (
    id_hash TEXT PRIMARY KEY NOT NULL,
    state TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL
);
CREATE INDEX session_seen ON session (seen_at);

CREATE TABLE sign_in_failure (
    subject TEXT PRIMARY KEY NOT NULL,
    failures INTEGER NOT NULL,
    last_at TIMESTAMP NOT NULL
);

CREATE TABLE api_key (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP,
    expires_at TIMESTAMP,
    revoked_at TIMESTAMP
);

CREATE TABLE customer (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    external_id TEXT,
    name TEXT NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    email TEXT,
    search TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX customer_external ON customer (organisation_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX customer_by_name ON customer (organisation_id, name_folded, id);

CREATE TABLE invoice (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    customer_id TEXT NOT NULL REFERENCES customer (id),
    number TEXT NOT NULL,
    number_folded TEXT COLLATE "C" NOT NULL,
    currency TEXT NOT NULL,
    total BIGINT NOT NULL CHECK (total >= 0),
    balance BIGINT NOT NULL CHECK (balance BETWEEN 0 AND total),
    issued_on DATE NOT NULL,
    due_on DATE NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('Draft', 'Sent', 'PartiallyPaid', 'Paid', 'Void', 'Credited')),
    archived_at TIMESTAMP,
    pay_url TEXT,
    -- What Dunlin itself recorded; an import leaves it standing.
    settled_here BOOLEAN NOT NULL,
    archived_here BOOLEAN NOT NULL,
    last_reminder_id TEXT,
    last_reminded_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    CHECK (state NOT IN ('Sent', 'PartiallyPaid') OR balance > 0),
    CHECK (state <> 'Paid' OR balance = 0),
    UNIQUE (customer_id, number)
);
-- The lists. Rows are found in their order, tab by tab; counts and totals are read from an index alone.
CREATE INDEX invoice_open_by_due ON invoice (organisation_id, due_on, id)
    WHERE state IN ('Sent', 'PartiallyPaid') AND archived_at IS NULL;
CREATE INDEX invoice_open_by_number ON invoice (organisation_id, number_folded, id)
    WHERE state IN ('Sent', 'PartiallyPaid') AND archived_at IS NULL;
CREATE INDEX invoice_open_by_balance ON invoice (organisation_id, balance, id)
    WHERE state IN ('Sent', 'PartiallyPaid') AND archived_at IS NULL;
CREATE INDEX invoice_paid_by_due ON invoice (organisation_id, due_on, id)
    WHERE state = 'Paid' AND archived_at IS NULL;
CREATE INDEX invoice_draft_by_due ON invoice (organisation_id, due_on, id)
    WHERE state = 'Draft' AND archived_at IS NULL;
CREATE INDEX invoice_archived_by_due ON invoice (organisation_id, due_on, id) WHERE archived_at IS NOT NULL;
CREATE INDEX invoice_by_due ON invoice (organisation_id, due_on, id);
CREATE INDEX invoice_by_number ON invoice (organisation_id, number_folded, id);
CREATE INDEX invoice_by_balance ON invoice (organisation_id, balance, id);
CREATE INDEX invoice_by_id ON invoice (organisation_id, id);
CREATE INDEX invoice_by_customer ON invoice (organisation_id, customer_id, id);
CREATE INDEX invoice_by_state ON invoice (organisation_id, state, archived_at, due_on);
CREATE INDEX invoice_totals ON invoice (organisation_id, currency, state, archived_at, due_on, balance);

CREATE TABLE payment (
    id TEXT PRIMARY KEY NOT NULL,
    invoice_id TEXT NOT NULL REFERENCES invoice (id),
    amount BIGINT NOT NULL CHECK (amount > 0),
    paid_on DATE NOT NULL,
    actor TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX payment_by_invoice ON payment (invoice_id);

CREATE TABLE email_template (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    slug TEXT NOT NULL,
    stage TEXT CHECK (stage IN ('OneWeekBefore', 'TwoDaysBefore', 'OnDueDate', 'TwoDaysAfter', 'OneWeekAfter')),
    -- The version that is sent.
    version_id TEXT NOT NULL,
    draft_subject TEXT,
    draft_message TEXT,
    draft_by TEXT,
    draft_at TIMESTAMP,
    UNIQUE (organisation_id, slug)
);

-- Immutable: a mail remembers its version.
CREATE TABLE template_version (
    id TEXT PRIMARY KEY NOT NULL,
    template_id TEXT NOT NULL REFERENCES email_template (id),
    number INTEGER NOT NULL,
    subject TEXT NOT NULL,
    message TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('built_in', 'edited', 'reset', 'restored')),
    created_by TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    UNIQUE (template_id, number)
);

CREATE TABLE reminder_batch (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    created_by TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    -- The end of the undo time.
    not_before TIMESTAMP NOT NULL,
    template_version_id TEXT NOT NULL REFERENCES template_version (id),
    selected INTEGER NOT NULL,
    retry_of TEXT REFERENCES reminder_batch (id)
);
CREATE INDEX batch_by_organisation ON reminder_batch (organisation_id, id);
CREATE INDEX batch_by_retry ON reminder_batch (retry_of) WHERE retry_of IS NOT NULL;

-- Mails and their way out. Subject and body are in mail_content.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('reminder', 'test')),
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    invoice_id TEXT REFERENCES invoice (id),
    customer_id TEXT REFERENCES customer (id),
    batch_id TEXT REFERENCES reminder_batch (id),
    channel TEXT CHECK (channel IN ('bulk', 'api', 'rule', 'resend')),
    actor TEXT NOT NULL,
    stage TEXT CHECK (stage IN ('OneWeekBefore', 'TwoDaysBefore', 'OnDueDate', 'TwoDaysAfter', 'OneWeekAfter')),
    template_version_id TEXT REFERENCES template_version (id),
    resend_of TEXT REFERENCES outbox (id),
    from_name TEXT NOT NULL,
    from_email TEXT NOT NULL,
    reply_to TEXT,
    state TEXT NOT NULL CHECK (state IN
        ('Scheduled', 'Pending', 'Claimed', 'Committed', 'Sent', 'Failed', 'Unconfirmed', 'Cancelled')),
    recipient_name TEXT,
    recipient TEXT,
    message_id TEXT NOT NULL,
    scheduled_at TIMESTAMP NOT NULL,
    not_before TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    committed_at TIMESTAMP,
    sent_at TIMESTAMP,
    cancelled_at TIMESTAMP,
    reason TEXT,
    reply TEXT,
    attempts INTEGER NOT NULL,
    claim_token TEXT,
    CHECK (state <> 'Sent' OR sent_at IS NOT NULL),
    CHECK (state <> 'Cancelled' OR cancelled_at IS NOT NULL),
    CHECK (state NOT IN ('Failed', 'Unconfirmed') OR reason IS NOT NULL),
    CHECK ((state IN ('Claimed', 'Committed')) = (claim_token IS NOT NULL)),
    CHECK (kind <> 'reminder' OR (invoice_id IS NOT NULL AND customer_id IS NOT NULL AND channel IS NOT NULL
        AND template_version_id IS NOT NULL))
);
-- One open reminder for an invoice (promise P6).
CREATE UNIQUE INDEX outbox_one_open ON outbox (invoice_id)
    WHERE kind = 'reminder' AND state IN ('Pending', 'Claimed', 'Committed');
CREATE INDEX outbox_due ON outbox (not_before, id) WHERE state = 'Pending';
CREATE INDEX outbox_in_flight ON outbox (id) WHERE state IN ('Claimed', 'Committed');
CREATE INDEX outbox_log ON outbox (organisation_id, id) WHERE kind = 'reminder';
CREATE INDEX outbox_by_invoice ON outbox (invoice_id, id) WHERE kind = 'reminder';
CREATE INDEX outbox_by_batch ON outbox (batch_id, state, id) WHERE batch_id IS NOT NULL;
CREATE INDEX outbox_by_repetition ON outbox (resend_of) WHERE resend_of IS NOT NULL;
CREATE INDEX outbox_by_customer ON outbox (customer_id, id) WHERE kind = 'reminder';

CREATE TABLE mail_content (
    mail_id TEXT PRIMARY KEY NOT NULL REFERENCES outbox (id),
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL
);

CREATE TABLE batch_left_out (
    batch_id TEXT NOT NULL REFERENCES reminder_batch (id),
    invoice_id TEXT NOT NULL REFERENCES invoice (id),
    reason TEXT NOT NULL CHECK (reason IN ('no_email', 'on_its_way', 'unconfirmed',
        'archived', 'draft', 'paid', 'void', 'credited')),
    reminder_id TEXT REFERENCES outbox (id),
    PRIMARY KEY (batch_id, invoice_id)
);

-- Who holds an invoice's right to be reminded; taken by one upsert (promise P5).
CREATE TABLE reminder_slot (
    invoice_id TEXT PRIMARY KEY NOT NULL REFERENCES invoice (id),
    reminder_id TEXT NOT NULL REFERENCES outbox (id)
);

CREATE TABLE attempt (
    mail_id TEXT NOT NULL REFERENCES outbox (id),
    number INTEGER NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP NOT NULL,
    outcome TEXT NOT NULL,
    reply TEXT NOT NULL,
    PRIMARY KEY (mail_id, number)
);

-- Who changed what, when and why (promise P11).
CREATE TABLE audit (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT REFERENCES organisation (id),
    at TIMESTAMP NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL,
    invoice_id TEXT,
    mail_id TEXT,
    batch_id TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_invoice ON audit (invoice_id, id) WHERE invoice_id IS NOT NULL;
CREATE INDEX audit_by_mail ON audit (mail_id, id) WHERE mail_id IS NOT NULL;
CREATE INDEX audit_by_batch ON audit (batch_id, id) WHERE batch_id IS NOT NULL;

-- A file brought in: kept between the check and the write.
CREATE TABLE import (
    id TEXT PRIMARY KEY NOT NULL,
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    file_name TEXT NOT NULL,
    content BYTEA,
    reopen BOOLEAN NOT NULL,
    summary TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    written_at TIMESTAMP
);
CREATE INDEX import_by_organisation ON import (organisation_id, id);
