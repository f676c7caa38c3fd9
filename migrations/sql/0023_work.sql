-- Why: a scheduler's whole day. Clients with their panels, cases with numbers, addresses and slots,
-- and assignments: who holds which case, from when to when, and how far the work has come. Ranking
-- reads a person's assignments as one fact of its own, so that a booking does not touch the profile.

-- --- clients -----------------------------------------------------------------

CREATE TABLE clients (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  notes text NOT NULL DEFAULT '' CHECK (char_length(notes) <= 4000),
  -- Whether only people on the panel may work for it.
  panel_required boolean NOT NULL DEFAULT false,
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  PRIMARY KEY (id),
  UNIQUE (organization_id, id)
);
CREATE UNIQUE INDEX clients_name_key ON clients (organization_id, lower(name));

-- People on the panel, and people the client does not want.
CREATE TABLE client_staff (
  organization_id uuid NOT NULL,
  client_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  standing text NOT NULL CHECK (standing IN ('panel', 'excluded')),
  PRIMARY KEY (client_id, staff_id),
  FOREIGN KEY (organization_id, client_id) REFERENCES clients (organization_id, id)
    ON DELETE CASCADE,
  CONSTRAINT client_staff_staff_fkey FOREIGN KEY (organization_id, staff_id)
    REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX client_staff_staff ON client_staff (staff_id, client_id);

-- --- cases -------------------------------------------------------------------

-- The last number given to a case of an organisation.
CREATE TABLE case_counters (
  organization_id uuid PRIMARY KEY REFERENCES organizations,
  last_number bigint NOT NULL
);

ALTER TABLE cases
  DROP CONSTRAINT cases_status_check,
  ADD COLUMN number text CHECK (char_length(number) BETWEEN 1 AND 40),
  ADD COLUMN client_id uuid,
  -- How many people it takes.
  ADD COLUMN slots smallint NOT NULL DEFAULT 1 CHECK (slots BETWEEN 1 AND 50),
  ADD COLUMN notes text NOT NULL DEFAULT '' CHECK (char_length(notes) <= 4000),
  ADD COLUMN queue_id uuid,
  -- People of this group may see it.
  ADD COLUMN group_id uuid,
  ADD COLUMN department_id uuid,
  -- As of people: parts of the address, and what the geocoder made of them.
  ADD COLUMN address jsonb,
  ADD COLUMN address_version bigint NOT NULL DEFAULT 0,
  ADD COLUMN position_source text CHECK (position_source IN ('manual', 'geocoded')),
  ADD COLUMN geocode_status text CHECK (geocode_status IN ('pending', 'ok', 'ambiguous', 'failed')),
  ADD COLUMN geocode_precision text
    CHECK (geocode_precision IN ('address', 'postcode', 'locality')),
  ADD COLUMN geocode_detail jsonb,
  ADD COLUMN done_at timestamptz,
  ADD COLUMN cancelled_at timestamptz,
  ALTER COLUMN position DROP NOT NULL,
  ADD CONSTRAINT cases_client_fkey FOREIGN KEY (organization_id, client_id)
    REFERENCES clients (organization_id, id),
  ADD CONSTRAINT cases_queue_fkey FOREIGN KEY (organization_id, queue_id)
    REFERENCES queues (organization_id, id) ON DELETE SET NULL (queue_id),
  ADD CONSTRAINT cases_group_fkey FOREIGN KEY (organization_id, group_id)
    REFERENCES groups (organization_id, id) ON DELETE SET NULL (group_id),
  ADD CONSTRAINT cases_department_fkey FOREIGN KEY (organization_id, department_id)
    REFERENCES departments (organization_id, id) ON DELETE SET NULL (department_id);

-- Row-level security binds the owner too, so that each tenant is entered in turn.
DO $$
DECLARE tenant uuid;
BEGIN
  FOR tenant IN SELECT s.organization_id FROM organization_slugs AS s ORDER BY 1 LOOP
    PERFORM set_config('app.organization_id', tenant::text, true);
    UPDATE cases SET status = 'done', done_at = created_at WHERE status = 'closed';
    UPDATE cases AS c SET number = n.number, position_source = 'manual'
    FROM (SELECT id, row_number() OVER (ORDER BY id)::text AS number FROM cases) AS n
    WHERE n.id = c.id;
    INSERT INTO case_counters SELECT tenant, count(*) FROM cases;
  END LOOP;
  PERFORM set_config('app.organization_id', '', true);
END $$;

ALTER TABLE cases
  ALTER COLUMN number SET NOT NULL,
  ADD CONSTRAINT cases_status_check CHECK (status IN ('open', 'done', 'cancelled')),
  ADD CONSTRAINT cases_place_check CHECK (position IS NOT NULL OR address IS NOT NULL);
CREATE UNIQUE INDEX cases_number_key ON cases (organization_id, lower(number));
CREATE INDEX cases_client ON cases (client_id, id);

-- Who declined an offer of a case in words. They are not offered it again.
CREATE TABLE case_declines (
  organization_id uuid NOT NULL,
  case_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  reason text CHECK (char_length(reason) <= 500),
  declined_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  PRIMARY KEY (case_id, staff_id),
  FOREIGN KEY (organization_id, case_id) REFERENCES cases (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX case_declines_staff ON case_declines (staff_id, case_id);

-- --- assignments -------------------------------------------------------------

CREATE TABLE assignments (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  case_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  state text NOT NULL DEFAULT 'assigned'
    CHECK (state IN ('assigned', 'en_route', 'on_site', 'done', 'cancelled')),
  -- The time that is held.
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  -- The drive that was estimated when it was assigned.
  eta_min double precision,
  assigned_at timestamptz NOT NULL,
  assigned_by uuid NOT NULL,
  en_route_at timestamptz,
  on_site_at timestamptz,
  done_at timestamptz,
  cancelled_at timestamptz,
  cancel_reason text CHECK (char_length(cancel_reason) <= 500),
  -- Why it was assigned although something spoke against it.
  override_reason text CHECK (char_length(override_reason) <= 500),
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  CHECK (ends_at >= starts_at),
  FOREIGN KEY (organization_id, case_id) REFERENCES cases (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT assignments_staff_fkey FOREIGN KEY (organization_id, staff_id)
    REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
-- A person holds a case once.
CREATE UNIQUE INDEX assignments_held ON assignments (case_id, staff_id) WHERE state <> 'cancelled';
CREATE INDEX assignments_staff ON assignments (staff_id, starts_at);
CREATE INDEX assignments_list ON assignments (organization_id, id);

-- Raised by every change of a person's assignments: the version of the fact that ranking reads.
ALTER TABLE staff ADD COLUMN work_version bigint NOT NULL DEFAULT 0;

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['clients', 'client_staff', 'case_counters', 'case_declines',
    'assignments']
  LOOP
    EXECUTE format('CALL tenant_table(%L)', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO nearhand_app', name);
  END LOOP;
  -- Read for facts and snapshots.
  FOREACH name IN ARRAY ARRAY['cases', 'assignments'] LOOP
    EXECUTE format('CREATE POLICY worker_reads ON %I FOR SELECT TO nearhand_worker USING (true)', name);
    EXECUTE format('GRANT SELECT ON %I TO nearhand_worker', name);
  END LOOP;
END $$;

-- Told to the live indexes as a kind of its own: work, facts to load.
ALTER TABLE outbox
  DROP CONSTRAINT outbox_kind_check,
  ADD CONSTRAINT outbox_kind_check CHECK
    (kind IN ('staff', 'work', 'region', 'organization', 'session', 'device'));
