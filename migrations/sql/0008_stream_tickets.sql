-- Why: a browser's EventSource cannot send an Authorization header. A ticket stands in for the
-- session that asked for it: once, for a minute, and only as a hash here, so that every process
-- knows it and none takes it twice.

CREATE TABLE stream_tickets (
  organization_id uuid NOT NULL,
  token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
  session_id uuid NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (token_hash),
  FOREIGN KEY (organization_id, session_id) REFERENCES sessions (organization_id, id)
    ON DELETE CASCADE
);
CREATE INDEX stream_tickets_session ON stream_tickets (session_id);

CALL tenant_table('stream_tickets');
GRANT SELECT, INSERT, DELETE ON stream_tickets TO nearhand_app;
