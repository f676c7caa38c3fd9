-- Why: under row-level security PostgreSQL pushes only leakproof conditions into an index, and
-- lower() is none: a login by user name and a search by name read every person of the tenant. Each
-- gets its lower-cased text as a column, as e-mail addresses have, that can be compared as it is.

ALTER TABLE staff ADD COLUMN username_key text GENERATED ALWAYS AS (lower(username)) STORED;
-- The same rule under the same name: the API tells a taken user name by it.
DROP INDEX staff_username_key;
CREATE UNIQUE INDEX staff_username_key ON staff (organization_id, username_key)
  WHERE deleted_at IS NULL;

-- Compared byte by byte, so that a beginning is a range.
ALTER TABLE staff ADD COLUMN display_name_key text COLLATE "C"
  GENERATED ALWAYS AS (lower(display_name)) STORED;
CREATE INDEX staff_display_name_key ON staff (organization_id, display_name_key)
  WHERE deleted_at IS NULL;
