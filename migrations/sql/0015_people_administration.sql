-- Why: an administrator's whole day: who belongs where (departments, groups, tags, queues), what
-- people may do (custom roles, levels of modules, scopes), how they come in (invitations, resets,
-- changes of e-mail address), how they go (deletion, restoration), and what is kept of them
-- (addresses, photos). Everything that one request may change of a person is in one transaction
-- with it.

-- --- where people belong ---------------------------------------------------

CREATE TABLE departments (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  -- Where its people start from without a home.
  base geometry(Point, 4326),
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  PRIMARY KEY (id),
  UNIQUE (organization_id, id)
);
CREATE UNIQUE INDEX departments_name_key ON departments (organization_id, lower(name));

CREATE TABLE groups (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  PRIMARY KEY (id),
  UNIQUE (organization_id, id)
);
CREATE UNIQUE INDEX groups_name_key ON groups (organization_id, lower(name));

CREATE TABLE tags (LIKE groups INCLUDING ALL);
ALTER TABLE tags ADD FOREIGN KEY (organization_id) REFERENCES organizations;
ALTER INDEX tags_organization_id_lower_idx RENAME TO tags_name_key;

CREATE TABLE queues (LIKE groups INCLUDING ALL);
ALTER TABLE queues ADD FOREIGN KEY (organization_id) REFERENCES organizations;
ALTER INDEX queues_organization_id_lower_idx RENAME TO queues_name_key;

CREATE TABLE staff_departments (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  department_id uuid NOT NULL,
  is_primary boolean NOT NULL,
  PRIMARY KEY (staff_id, department_id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT staff_departments_department_fkey FOREIGN KEY (organization_id, department_id)
    REFERENCES departments (organization_id, id)
);
CREATE UNIQUE INDEX staff_departments_primary ON staff_departments (staff_id) WHERE is_primary;
CREATE INDEX staff_departments_department ON staff_departments (department_id, staff_id);

CREATE TABLE staff_groups (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  group_id uuid NOT NULL,
  PRIMARY KEY (staff_id, group_id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, group_id) REFERENCES groups (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX staff_groups_group ON staff_groups (group_id, staff_id);

CREATE TABLE staff_tags (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  tag_id uuid NOT NULL,
  PRIMARY KEY (staff_id, tag_id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, tag_id) REFERENCES tags (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX staff_tags_tag ON staff_tags (tag_id, staff_id);

CREATE TABLE staff_queues (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  queue_id uuid NOT NULL,
  PRIMARY KEY (staff_id, queue_id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, queue_id) REFERENCES queues (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX staff_queues_queue ON staff_queues (queue_id, staff_id);

-- --- what people may do ----------------------------------------------------

CREATE TABLE roles (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 500),
  -- Words of the permission vocabulary. One that a later version no longer knows grants nothing.
  permissions text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  PRIMARY KEY (id),
  UNIQUE (organization_id, id)
);
CREATE UNIQUE INDEX roles_name_key ON roles (organization_id, lower(name));

CREATE TABLE staff_roles (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  role_id uuid NOT NULL,
  PRIMARY KEY (staff_id, role_id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT staff_roles_role_fkey FOREIGN KEY (organization_id, role_id)
    REFERENCES roles (organization_id, id)
);
CREATE INDEX staff_roles_role ON staff_roles (role_id, staff_id);

-- Levels of modules beyond what the roles grant.
CREATE TABLE staff_modules (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  module text NOT NULL,
  level text NOT NULL CHECK (level IN ('view', 'edit', 'manage')),
  PRIMARY KEY (staff_id, module),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);

-- --- the person ------------------------------------------------------------

ALTER TABLE staff
  ADD COLUMN view_scope text NOT NULL DEFAULT 'all' CHECK (view_scope IN ('all', 'departments')),
  ADD COLUMN edit_scope text NOT NULL DEFAULT 'all'
    CHECK (edit_scope IN ('all', 'departments', 'none')),
  ADD COLUMN signature text CHECK (octet_length(signature) <= 4096),
  ADD COLUMN home_source text CHECK (home_source IN ('manual', 'geocoded')),
  -- Parts of the address, as they were written: street, city, region, postcode, country.
  ADD COLUMN address jsonb,
  -- Raised with every change of the address: an older answer of the geocoder is dropped.
  ADD COLUMN address_version bigint NOT NULL DEFAULT 0,
  ADD COLUMN geocode_status text CHECK (geocode_status IN ('pending', 'ok', 'ambiguous', 'failed')),
  ADD COLUMN geocode_precision text
    CHECK (geocode_precision IN ('address', 'postcode', 'locality')),
  -- Why it failed, or the places to choose from.
  ADD COLUMN geocode_detail jsonb,
  -- The photo's name in the object store; a new photo has a new one.
  ADD COLUMN photo uuid,
  ADD COLUMN photo_type text,
  ADD COLUMN thumbnails_ready boolean NOT NULL DEFAULT false,
  ADD COLUMN deleted_by uuid,
  -- What a deletion took away, so that it can be given back.
  ADD COLUMN released jsonb;
CREATE INDEX staff_deleted ON staff (organization_id, deleted_at) WHERE deleted_at IS NOT NULL;

ALTER TABLE organizations
  -- The first is given to people whose language is not said.
  ADD COLUMN languages text[] NOT NULL DEFAULT '{en}' CHECK (cardinality(languages) >= 1),
  ADD COLUMN welcome_mail boolean NOT NULL DEFAULT false,
  -- For people without a margin of their own.
  ADD COLUMN tracking_hours_margin_min smallint
    CHECK (tracking_hours_margin_min BETWEEN 0 AND 720);

-- --- how they come in ------------------------------------------------------

-- The link's secret is drawn when its mail is sent, so that only that mail ever holds it.
CREATE TABLE invitations (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  staff_id uuid NOT NULL,
  secret_hash bytea CHECK (octet_length(secret_hash) = 32),
  -- Null: by the command line.
  created_by uuid,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  accepted_at timestamptz,
  revoked_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  CHECK (accepted_at IS NULL OR revoked_at IS NULL),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX invitations_open ON invitations (staff_id)
  WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE UNIQUE INDEX invitations_secret ON invitations (secret_hash);
CREATE INDEX invitations_staff ON invitations (staff_id, id);

CREATE TABLE password_resets (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  staff_id uuid NOT NULL,
  secret_hash bytea CHECK (octet_length(secret_hash) = 32),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX password_resets_secret ON password_resets (secret_hash);
CREATE INDEX password_resets_staff ON password_resets (staff_id, id);

CREATE TABLE email_changes (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  staff_id uuid NOT NULL,
  old_email text,
  new_email text NOT NULL,
  secret_hash bytea CHECK (octet_length(secret_hash) = 32),
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  confirmed_at timestamptz,
  cancelled_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX email_changes_open ON email_changes (staff_id)
  WHERE confirmed_at IS NULL AND cancelled_at IS NULL;
CREATE UNIQUE INDEX email_changes_secret ON email_changes (secret_hash);

-- --- many at once ----------------------------------------------------------

CREATE TABLE delete_requests (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  actor_id uuid NOT NULL,
  number integer NOT NULL,
  people uuid[] NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  attempts smallint NOT NULL DEFAULT 0,
  confirmed_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id)
);
CREATE INDEX delete_requests_expires ON delete_requests (expires_at);

CREATE TABLE imports (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  file_name text NOT NULL CHECK (char_length(file_name) <= 255),
  file_hash bytea NOT NULL CHECK (octet_length(file_hash) = 32),
  state text NOT NULL
    CHECK (state IN ('checked', 'committing', 'done', 'cancelled', 'failed')),
  -- Rows by what is to be done: create, update, skip, error.
  counts jsonb NOT NULL,
  options jsonb NOT NULL DEFAULT '{}',
  job_id uuid,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id)
);

CREATE TABLE import_rows (
  organization_id uuid NOT NULL,
  import_id uuid NOT NULL,
  line integer NOT NULL,
  action text NOT NULL CHECK (action IN ('create', 'update', 'skip', 'error')),
  staff_id uuid,
  -- The person's version when the file was checked.
  version bigint,
  -- What the person is to be; gone once it is written.
  record jsonb,
  changed text[] NOT NULL DEFAULT '{}',
  errors jsonb NOT NULL DEFAULT '[]',
  -- Null until the commit has come to it.
  outcome text CHECK (outcome IN ('created', 'updated', 'skipped', 'failed')),
  PRIMARY KEY (import_id, line),
  FOREIGN KEY (organization_id, import_id) REFERENCES imports (organization_id, id)
    ON DELETE CASCADE
);

CREATE TABLE exports (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  kind text NOT NULL CHECK (kind IN ('staff', 'audit')),
  format text NOT NULL CHECK (format IN ('csv', 'xlsx')),
  -- What was asked for, and what its author may see of it.
  request jsonb NOT NULL,
  content bytea,
  expires_at timestamptz NOT NULL,
  job_id uuid,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id)
);

-- --- the organisation's own software ----------------------------------------

CREATE TABLE service_accounts (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  permissions text[] NOT NULL,
  active boolean NOT NULL DEFAULT true,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id)
);
CREATE UNIQUE INDEX service_accounts_name_key ON service_accounts (organization_id, lower(name));

CREATE TABLE api_keys (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  account_id uuid NOT NULL,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, account_id) REFERENCES service_accounts (organization_id, id)
    ON DELETE CASCADE
);
CREATE UNIQUE INDEX api_keys_token ON api_keys (token_hash);
CREATE INDEX api_keys_account ON api_keys (account_id, id);

-- --- the audit trail, read --------------------------------------------------

ALTER TABLE audit_log ADD COLUMN actor_kind text NOT NULL DEFAULT 'staff'
  CHECK (actor_kind IN ('staff', 'service_account'));
CREATE INDEX audit_log_subject ON audit_log (subject_id, id);
CREATE INDEX audit_log_actor ON audit_log (actor_id, id);
CREATE INDEX audit_log_id ON audit_log (organization_id, id);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['departments', 'groups', 'tags', 'queues', 'staff_departments',
    'staff_groups', 'staff_tags', 'staff_queues', 'roles', 'staff_roles', 'staff_modules',
    'invitations', 'password_resets', 'email_changes', 'delete_requests', 'imports',
    'import_rows', 'exports', 'service_accounts', 'api_keys']
  LOOP
    EXECUTE format('CALL tenant_table(%L)', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO nearhand_app', name);
  END LOOP;
  -- The base of the primary department is a fact.
  FOREACH name IN ARRAY ARRAY['departments', 'staff_departments']
  LOOP
    EXECUTE format('CREATE POLICY worker_reads ON %I FOR SELECT TO nearhand_worker USING (true)', name);
    EXECUTE format('GRANT SELECT ON %I TO nearhand_worker', name);
  END LOOP;
END $$;

-- People who were given a home before this gave it by hand.
DO $$
DECLARE tenant uuid;
BEGIN
  FOR tenant IN SELECT organization_id FROM organization_slugs LOOP
    PERFORM set_config('app.organization_id', tenant::text, true);
    UPDATE staff SET home_source = 'manual' WHERE home IS NOT NULL;
  END LOOP;
  PERFORM set_config('app.organization_id', '', true);
END $$;
ALTER TABLE staff ADD CHECK (home_source IS NULL OR home IS NOT NULL);
