-- Why: the worker serves all tenants at once, so it sees past the tenant policy, but only on the
-- tables of ingest, outbox and snapshot, and only as far as each needs. A test holds this list.

DO $$
DECLARE name text;
BEGIN
  -- Read for gates, facts and snapshots.
  FOREACH name IN ARRAY ARRAY['organizations', 'staff', 'staff_services', 'staff_regions',
    'staff_skills', 'staff_licences', 'staff_languages', 'staff_working_hours', 'staff_time_off',
    'tracking_permissions', 'tracking_pauses', 'regions']
  LOOP
    EXECUTE format('CREATE POLICY worker_reads ON %I FOR SELECT TO nearhand_worker USING (true)', name);
    EXECUTE format('GRANT SELECT ON %I TO nearhand_worker', name);
  END LOOP;
  -- Written by ingest and relay.
  FOREACH name IN ARRAY ARRAY['pings', 'positions', 'outbox', 'devices']
  LOOP
    EXECUTE format('CREATE POLICY worker_writes ON %I TO nearhand_worker USING (true) WITH CHECK (true)', name);
  END LOOP;
END $$;
GRANT SELECT, INSERT ON pings TO nearhand_worker;
GRANT SELECT, INSERT, UPDATE ON positions TO nearhand_worker;
GRANT SELECT, UPDATE, DELETE ON outbox TO nearhand_worker;
GRANT SELECT (organization_id, id, last_seen_at), UPDATE (last_seen_at) ON devices TO nearhand_worker;

-- Expired tokens, sessions and idempotency keys of all tenants go by age alone.
CREATE FUNCTION purge_expired(before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  gone bigint := 0;
  removed bigint;
BEGIN
  DELETE FROM session_tokens WHERE expires_at < before;
  GET DIAGNOSTICS removed = ROW_COUNT; gone := gone + removed;
  DELETE FROM sessions WHERE expires_at < before;
  GET DIAGNOSTICS removed = ROW_COUNT; gone := gone + removed;
  DELETE FROM idempotency_keys WHERE created_at < before - interval '1 day';
  GET DIAGNOSTICS removed = ROW_COUNT; gone := gone + removed;
  RETURN gone;
END $$;
REVOKE ALL ON FUNCTION purge_expired FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purge_expired TO nearhand_worker;
CREATE POLICY owner_purges ON session_tokens FOR ALL TO nearhand_owner USING (true);
CREATE POLICY owner_purges ON sessions FOR ALL TO nearhand_owner USING (true);
CREATE POLICY owner_purges ON idempotency_keys FOR ALL TO nearhand_owner USING (true);
