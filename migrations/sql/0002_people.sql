-- Why: the people of an organisation, and everything ranking reads about them. `version` is
-- raised under the row's lock by every write to anything the live index reads, child tables
-- included, so that facts may travel in any order.

CREATE TABLE services (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id),
  UNIQUE (organization_id, id)
);
CREATE UNIQUE INDEX services_name_key ON services (organization_id, lower(name));

CREATE TABLE regions (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  area geometry(MultiPolygon, 4326),
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  CHECK (deleted_at IS NOT NULL OR area IS NOT NULL)
);
CREATE UNIQUE INDEX regions_name_key ON regions (organization_id, lower(name))
  WHERE deleted_at IS NULL;

CREATE TABLE staff (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  first_name text,
  last_name text,
  display_name text NOT NULL CHECK (char_length(display_name) BETWEEN 1 AND 200),
  username text,
  email text,
  email_key text GENERATED ALWAYS AS (lower(email)) STORED,
  kind text NOT NULL DEFAULT 'employee' CHECK (kind IN ('employee', 'external')),
  active boolean NOT NULL DEFAULT true,
  access_level text NOT NULL DEFAULT 'disabled'
    CHECK (access_level IN ('disabled', 'limited', 'full')),
  admin_role text NOT NULL DEFAULT 'general'
    CHECK (admin_role IN ('account_admin', 'user_admin', 'admin', 'scheduler', 'general')),
  language text NOT NULL DEFAULT 'en',
  account_code text,
  birth_date date,
  home geometry(Point, 4326),
  time_zone text,
  -- False: no hours are recorded, which is not the same as having none.
  has_working_hours boolean NOT NULL DEFAULT false,
  max_travel_km double precision CHECK (max_travel_km > 0),
  tracking_hours_margin_min smallint CHECK (tracking_hours_margin_min BETWEEN 0 AND 720),
  positions_valid_from timestamptz NOT NULL DEFAULT '-infinity',
  -- Every session carries the epoch of its start; raising it ends them all.
  session_epoch integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  CHECK (access_level = 'disabled' OR email IS NOT NULL),
  CHECK (admin_role <> 'account_admin' OR access_level = 'full')
);
CREATE UNIQUE INDEX staff_email_key ON staff (organization_id, email_key)
  WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX staff_username_key ON staff (organization_id, lower(username))
  WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX staff_account_code_key ON staff (organization_id, account_code)
  WHERE deleted_at IS NULL;

CREATE TABLE staff_services (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  service_id uuid NOT NULL,
  preference text NOT NULL CHECK (preference IN ('never', 'avoid', 'willing', 'preferred')),
  PRIMARY KEY (staff_id, service_id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT staff_services_service_fkey FOREIGN KEY (organization_id, service_id)
    REFERENCES services (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE staff_regions (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  region_id uuid NOT NULL,
  preference text NOT NULL CHECK (preference IN ('never', 'avoid', 'willing', 'preferred')),
  PRIMARY KEY (staff_id, region_id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT staff_regions_region_fkey FOREIGN KEY (organization_id, region_id)
    REFERENCES regions (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE staff_skills (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  code text NOT NULL CHECK (char_length(code) BETWEEN 1 AND 64),
  level smallint NOT NULL CHECK (level BETWEEN 1 AND 5),
  PRIMARY KEY (staff_id, code),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE staff_licences (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  ordinal smallint NOT NULL,
  code text NOT NULL CHECK (char_length(code) BETWEEN 1 AND 64),
  jurisdiction text NOT NULL CHECK (char_length(jurisdiction) BETWEEN 1 AND 64),
  valid_from date,
  valid_to date,
  PRIMARY KEY (staff_id, ordinal),
  CHECK (valid_to >= valid_from),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE staff_languages (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  language text NOT NULL CHECK (char_length(language) BETWEEN 2 AND 35),
  level text NOT NULL CHECK (level IN ('a1', 'a2', 'b1', 'b2', 'c1', 'c2', 'native')),
  PRIMARY KEY (staff_id, language),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE staff_working_hours (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  weekday smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
  start_min smallint NOT NULL CHECK (start_min BETWEEN 0 AND 1439),
  end_min smallint NOT NULL CHECK (end_min BETWEEN 0 AND 1440),
  PRIMARY KEY (staff_id, weekday, start_min),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE staff_time_off (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  staff_id uuid NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  CHECK (starts_at < ends_at),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX staff_time_off_staff ON staff_time_off (staff_id);

-- Consent: who permitted tracking, on which legal basis, from when until when.
CREATE TABLE tracking_permissions (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  staff_id uuid NOT NULL,
  legal_basis text NOT NULL CHECK (char_length(legal_basis) BETWEEN 1 AND 500),
  granted_at timestamptz NOT NULL,
  granted_by uuid NOT NULL,
  withdrawn_at timestamptz,
  withdrawn_by uuid,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  CHECK (withdrawn_at >= granted_at),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX tracking_permissions_open ON tracking_permissions (staff_id)
  WHERE withdrawn_at IS NULL;
CREATE INDEX tracking_permissions_staff ON tracking_permissions (staff_id);

CREATE TABLE tracking_pauses (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  staff_id uuid NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  CHECK (starts_at <= ends_at),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX tracking_pauses_staff ON tracking_pauses (staff_id);

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['services', 'regions', 'staff', 'staff_services', 'staff_regions',
    'staff_skills', 'staff_licences', 'staff_languages', 'staff_working_hours', 'staff_time_off',
    'tracking_permissions', 'tracking_pauses']
  LOOP
    EXECUTE format('CALL tenant_table(%L)', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO nearhand_app', name);
  END LOOP;
END $$;
