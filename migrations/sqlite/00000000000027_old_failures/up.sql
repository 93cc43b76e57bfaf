-- Failed tries that count no more are thrown away whenever one is counted.
CREATE INDEX sign_in_failure_last ON sign_in_failure (last_at);
