-- Why: who may come in. Only hashes of tokens and passwords are kept; a session's family is the
-- session itself, so that a refresh token used too often ends exactly that login.

CREATE TABLE credentials (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  password_hash text NOT NULL,
  -- Set by somebody else: must be changed, and dies.
  temporary boolean NOT NULL,
  expires_at timestamptz,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (staff_id),
  CHECK (temporary = (expires_at IS NOT NULL)),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE sessions (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  staff_id uuid NOT NULL,
  epoch integer NOT NULL,
  -- True while a temporary password must be changed: nothing else is allowed.
  restricted boolean NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX sessions_staff ON sessions (staff_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE session_tokens (
  organization_id uuid NOT NULL,
  token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
  session_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('access', 'refresh')),
  expires_at timestamptz NOT NULL,
  -- Refresh tokens only: when it was first exchanged, and how often.
  first_used_at timestamptz,
  uses smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (token_hash),
  FOREIGN KEY (organization_id, session_id) REFERENCES sessions (organization_id, id)
    ON DELETE CASCADE
);
CREATE INDEX session_tokens_session ON session_tokens (session_id);
CREATE INDEX session_tokens_expires ON session_tokens (expires_at);

CREATE TABLE devices (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  staff_id uuid NOT NULL,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
  created_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz,
  revoked_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX devices_token_key ON devices (token_hash);
CREATE INDEX devices_staff ON devices (staff_id);

-- A key per person, under which the audit trail holds personal values; destroying it makes them
-- unreadable for good.
CREATE TABLE person_keys (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  key bytea NOT NULL CHECK (octet_length(key) = 32),
  PRIMARY KEY (staff_id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE audit_log (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  -- Null: the installation itself (setup).
  actor_id uuid,
  action text NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  request_id text NOT NULL,
  remote_addr text,
  -- What is nobody's personal value: names of changed fields, levels, counts.
  details jsonb NOT NULL DEFAULT '{}',
  -- Before and after of personal values, sealed under the key of this person.
  sealed bytea,
  sealed_for uuid,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  CHECK ((sealed IS NULL) = (sealed_for IS NULL))
);
CREATE INDEX audit_log_at ON audit_log (organization_id, at);

-- Every read of exact positions: one row a request, with the people.
CREATE TABLE position_reads (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  actor_id uuid NOT NULL,
  request_id text NOT NULL,
  route text NOT NULL,
  people uuid[] NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id)
);

-- Answers to POST requests that carried an Idempotency-Key, for a day.
CREATE TABLE idempotency_keys (
  organization_id uuid NOT NULL REFERENCES organizations,
  actor_id uuid NOT NULL,
  key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
  request_hash bytea NOT NULL,
  status smallint NOT NULL,
  location text,
  -- Null when the answer held a secret.
  body jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, actor_id, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['credentials', 'sessions', 'session_tokens', 'devices',
    'person_keys', 'audit_log', 'position_reads', 'idempotency_keys']
  LOOP
    EXECUTE format('CALL tenant_table(%L)', name);
  END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON credentials, sessions, session_tokens, devices,
  person_keys, idempotency_keys TO nearhand_app;
-- The application can neither change nor delete what was recorded.
GRANT SELECT, INSERT ON audit_log, position_reads TO nearhand_app;
