-- Why: where the phones' fixes end up. History is partitioned by the day of the fix, so that
-- retention is a DROP and not a DELETE. No foreign keys here: their checks cost more than the
-- insert itself, and the worker has already joined every row to its person.

CREATE TABLE pings (
  organization_id uuid NOT NULL,
  device_id uuid NOT NULL,
  fix_at timestamptz NOT NULL,
  -- The client's own id or the position, hashed to 128 bits: what makes a fix this fix.
  key uuid NOT NULL,
  staff_id uuid NOT NULL,
  received_at timestamptz NOT NULL,
  sent_at timestamptz,
  position geometry(Point, 4326) NOT NULL,
  accuracy_m real,
  altitude_m real,
  speed_mps real,
  course_deg real,
  battery real,
  charging boolean,
  motion text,
  mock boolean NOT NULL,
  -- 1: the phone's clock was more than two minutes ahead.
  flags smallint NOT NULL DEFAULT 0,
  source text NOT NULL,
  PRIMARY KEY (organization_id, device_id, fix_at, key)
) PARTITION BY RANGE (fix_at);
CALL tenant_table('pings');

-- A fix without a partition would fail its whole statement.
CREATE TABLE pings_default PARTITION OF pings DEFAULT;
CALL tenant_table('pings_default');

-- The newest fix of each person. Nothing searches it by place (the live index does), so it has no
-- index but its key; that keeps updates in place.
CREATE TABLE positions (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  device_id uuid NOT NULL,
  fix_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  position geometry(Point, 4326) NOT NULL,
  accuracy_m real,
  mock boolean NOT NULL,
  PRIMARY KEY (organization_id, staff_id)
) WITH (fillfactor = 80);
CALL tenant_table('positions');

-- What changed and has not yet been told to the live indexes.
CREATE TABLE outbox (
  organization_id uuid NOT NULL REFERENCES organizations,
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- staff, region, organization: facts to load; session, device: credentials to forget.
  kind text NOT NULL CHECK (kind IN ('staff', 'region', 'organization', 'session', 'device')),
  entity_id uuid NOT NULL,
  trace_parent text,
  created_at timestamptz NOT NULL DEFAULT now()
);
CALL tenant_table('outbox');
GRANT INSERT ON outbox TO nearhand_app;

-- Makes the daily partitions from `first` to `last`, those that are missing; returns how many.
CREATE FUNCTION ensure_ping_partitions(first date, last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  day date;
  name text;
  made integer := 0;
BEGIN
  IF last - first > 400 THEN
    RAISE EXCEPTION 'at most 400 partitions at a time';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('nearhand.ping_partitions'));
  FOR day IN SELECT generate_series(first, last, interval '1 day')::date LOOP
    name := 'pings_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
    -- Rows that came before their partition wait in the default one and move over with it.
    EXECUTE format('CREATE TABLE public.%I (LIKE public.pings INCLUDING DEFAULTS INCLUDING INDEXES)', name);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format($p$CREATE POLICY tenant ON public.%I
      USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid)
      WITH CHECK (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid)$p$, name);
    EXECUTE format('CREATE POLICY owner_moves ON public.%I TO nearhand_owner USING (true) WITH CHECK (true)', name);
    EXECUTE format($m$WITH moved AS (
        DELETE FROM public.pings_default WHERE fix_at >= %L AND fix_at < %L RETURNING *)
      INSERT INTO public.%I SELECT * FROM moved$m$,
      day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC', name);
    EXECUTE format('ALTER TABLE public.pings ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
      name, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

-- Drops the daily partitions that end on or before `keep_from`, and older rows of the default
-- one; returns how many partitions went.
CREATE FUNCTION drop_ping_partitions(keep_from date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  name text;
  gone integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('nearhand.ping_partitions'));
  FOR name IN
    SELECT child.relname FROM pg_inherits
    JOIN pg_class AS child ON child.oid = inhrelid
    WHERE inhparent = 'public.pings'::regclass AND child.relname ~ '^pings_[0-9]{8}$'
      AND to_date(right(child.relname, 8), 'YYYYMMDD') < keep_from
  LOOP
    EXECUTE format('DROP TABLE public.%I', name);
    gone := gone + 1;
  END LOOP;
  DELETE FROM public.pings_default WHERE fix_at < keep_from::timestamp AT TIME ZONE 'UTC';
  RETURN gone;
END $$;

-- The owner moves rows out of the default partition; forced row security binds it too.
CREATE POLICY owner_moves ON pings_default TO nearhand_owner USING (true) WITH CHECK (true);

REVOKE ALL ON FUNCTION ensure_ping_partitions, drop_ping_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_ping_partitions, drop_ping_partitions TO nearhand_worker;
