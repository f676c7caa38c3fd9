-- Why: long work (imports, exports) and mail run outside the request that asks for them, and its
-- author wants to know how they are getting on. The queue itself is the tables of apalis-postgres in
-- the schema `apalis`, which has no row security and so holds ids only; these two tables are what a
-- person of the tenant may see of it.

-- Work that can be watched and cancelled.
CREATE TABLE jobs (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  kind text NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 40),
  state text NOT NULL DEFAULT 'queued'
    CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  done integer NOT NULL DEFAULT 0 CHECK (done >= 0),
  -- Null until it is known.
  total integer CHECK (total >= 0),
  -- A person or a service account.
  requested_by uuid NOT NULL,
  requested_at timestamptz NOT NULL,
  started_at timestamptz,
  finished_at timestamptz,
  cancel_requested_at timestamptz,
  result jsonb,
  error text,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  CHECK ((finished_at IS NULL) = (state IN ('queued', 'running'))),
  CHECK (error IS NULL OR state = 'failed')
);
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- Every mail, beside what it is about.
CREATE TABLE mails (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('invitation', 'reinvitation', 'welcome', 'recovery',
    'email_change', 'email_changed', 'import_finished')),
  -- Whom it goes to or is about.
  staff_id uuid,
  -- The invitation, password reset, change of address or import; none for a welcome.
  subject_id uuid,
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
  -- Why it failed, or has not been sent yet.
  reason text,
  -- The number of the job that last tried; an older job does nothing.
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  sent_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  CHECK ((sent_at IS NOT NULL) = (state = 'sent')),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX mails_subject ON mails (subject_id, id) WHERE subject_id IS NOT NULL;
CREATE INDEX mails_staff ON mails (staff_id, id) WHERE staff_id IS NOT NULL;
CREATE INDEX mails_ended ON mails (updated_at) WHERE state IN ('sent', 'failed');

CALL tenant_table('jobs');
CALL tenant_table('mails');
GRANT SELECT, INSERT, UPDATE ON jobs, mails TO nearhand_app;

-- Finished jobs and mails of all tenants go by age alone. Returns how many went.
CREATE FUNCTION purge_jobs(finished_before timestamptz, mailed_before timestamptz, most integer)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  gone bigint := 0;
  removed bigint;
BEGIN
  DELETE FROM jobs WHERE id IN
    (SELECT id FROM jobs WHERE finished_at < finished_before LIMIT most);
  GET DIAGNOSTICS removed = ROW_COUNT; gone := gone + removed;
  DELETE FROM mails WHERE id IN
    (SELECT id FROM mails WHERE state IN ('sent', 'failed') AND updated_at < mailed_before
     LIMIT most);
  GET DIAGNOSTICS removed = ROW_COUNT; gone := gone + removed;
  RETURN gone;
END $$;
REVOKE ALL ON FUNCTION purge_jobs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purge_jobs TO nearhand_worker;
CREATE POLICY owner_purges ON jobs FOR ALL TO nearhand_owner USING (true);
CREATE POLICY owner_purges ON mails FOR ALL TO nearhand_owner USING (true);
