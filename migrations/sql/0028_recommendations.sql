-- Why: schedulers look again at an answer they were given, ask why somebody was not in it, and whether
-- it would be the same now. So questions and answers are kept, as long as pings are. Identifiers are
-- UUIDv7, which begin with their instant: daily partitions by identifier make retention a DROP.

CREATE TABLE recommendations (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  created_by uuid NOT NULL,
  -- Whether the caller could see exact positions, and exact homes: nobody reads the answer who may see
  -- less.
  exact boolean NOT NULL,
  homes boolean NOT NULL,
  -- The departments to which the caller's view was limited; null: everybody.
  departments uuid[],
  -- What was asked, to ask it again.
  request jsonb NOT NULL CHECK (jsonb_typeof(request) = 'object'),
  -- The answer in the binary form of the program: what is about nobody in particular,
  head bytea NOT NULL,
  -- and for each person listed what is about them, sealed under their key. Without the key nobody
  -- can read it.
  people uuid[] NOT NULL,
  sealed bytea[] NOT NULL,
  CHECK (cardinality(people) = cardinality(sealed)),
  PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CALL tenant_table('recommendations');
-- Sealed bytes cannot be compressed: nobody tries.
ALTER TABLE recommendations ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- An answer without a partition would fail its whole statement.
CREATE TABLE recommendations_default PARTITION OF recommendations DEFAULT;
CALL tenant_table('recommendations_default');

-- An answer is written once and never changed.
GRANT SELECT, INSERT ON recommendations TO nearhand_app;

-- The smallest UUIDv7 of a day, in UTC.
CREATE FUNCTION first_id_of(day date) RETURNS uuid
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT (lpad(to_hex((extract(epoch FROM day)::bigint) * 1000), 12, '0') || '00000000000000000000')::uuid
$$;

-- Makes the daily partitions from `first` to `last`, those that are missing; returns how many.
CREATE FUNCTION ensure_recommendation_partitions(first date, last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  day date;
  name text;
  made integer := 0;
BEGIN
  IF last - first > 400 THEN
    RAISE EXCEPTION 'at most 400 partitions at a time';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('nearhand.recommendation_partitions'));
  FOR day IN SELECT generate_series(first, last, interval '1 day')::date LOOP
    name := 'recommendations_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
    -- An insert that has chosen the default partition would fail once that day has its own: whoever
    -- writes waits for the whole.
    LOCK TABLE public.recommendations IN ACCESS EXCLUSIVE MODE;
    -- Rows that came before their partition wait in the default one and move over with it.
    EXECUTE format('CREATE TABLE public.%I (LIKE public.recommendations INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STORAGE)', name);
    EXECUTE format('CALL public.tenant_table(%L)', 'public.' || name);
    EXECUTE format('CREATE POLICY owner_moves ON public.%I TO nearhand_owner USING (true) WITH CHECK (true)', name);
    EXECUTE format($m$WITH moved AS (
        DELETE FROM public.recommendations_default WHERE id >= %L AND id < %L RETURNING *)
      INSERT INTO public.%I SELECT * FROM moved$m$,
      public.first_id_of(day), public.first_id_of(day + 1), name);
    EXECUTE format('ALTER TABLE public.recommendations ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
      name, public.first_id_of(day), public.first_id_of(day + 1));
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

-- Drops the daily partitions that end on or before `keep_from`, and older rows of the default one;
-- returns how many partitions went.
CREATE FUNCTION drop_recommendation_partitions(keep_from date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  name text;
  gone integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('nearhand.recommendation_partitions'));
  FOR name IN
    SELECT child.relname FROM pg_inherits
    JOIN pg_class AS child ON child.oid = inhrelid
    WHERE inhparent = 'public.recommendations'::regclass
      AND child.relname ~ '^recommendations_[0-9]{8}$'
      AND to_date(right(child.relname, 8), 'YYYYMMDD') < keep_from
  LOOP
    EXECUTE format('DROP TABLE public.%I', name);
    gone := gone + 1;
  END LOOP;
  DELETE FROM public.recommendations_default WHERE id < public.first_id_of(keep_from);
  RETURN gone;
END $$;

-- The owner moves rows out of the default partition; forced row security binds it too.
CREATE POLICY owner_moves ON recommendations_default TO nearhand_owner
  USING (true) WITH CHECK (true);

REVOKE ALL ON FUNCTION first_id_of, ensure_recommendation_partitions,
  drop_recommendation_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_recommendation_partitions, drop_recommendation_partitions
  TO nearhand_worker;
