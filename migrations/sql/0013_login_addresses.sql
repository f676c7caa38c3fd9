-- Why: failed logins from anywhere must not keep a person out who logs in from where they always
-- do. So an account's addresses are remembered for 30 days, as keyed hashes: a login from one of
-- them is counted by itself.

CREATE TABLE login_addresses (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  address_hash bytea NOT NULL CHECK (octet_length(address_hash) = 32),
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (staff_id, address_hash),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CALL tenant_table('login_addresses');
GRANT SELECT, INSERT, UPDATE, DELETE ON login_addresses TO nearhand_app;

-- Why: an answer that is kept for a repeated request may hold personal values. It is sealed under
-- the key of the person it is about, so that erasing the key makes it unreadable. Answers kept in
-- the open before this are given out for the rest of their day.

ALTER TABLE idempotency_keys ADD COLUMN sealed bytea;
ALTER TABLE idempotency_keys ADD COLUMN sealed_for uuid;
ALTER TABLE idempotency_keys ADD CHECK ((sealed IS NULL) = (sealed_for IS NULL));
ALTER TABLE idempotency_keys ADD CHECK (body IS NULL OR sealed IS NULL);
