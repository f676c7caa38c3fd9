-- Why: two things were kept for ever. Who read whose exact position is itself personal data, of the
-- reader and of the person, and grows with every look at the map; a revoked device is of interest
-- only as long as a ping of it may still be in the history.

CREATE INDEX position_reads_at ON position_reads (at);
CREATE INDEX devices_revoked ON devices (revoked_at) WHERE revoked_at IS NOT NULL;

-- Deletes at most so many devices revoked before the one instant and reads older than the other;
-- returns how many rows went. The application itself can still delete no read.
CREATE FUNCTION purge_history(revoked_before timestamptz, read_before timestamptz, most integer)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  gone bigint := 0;
  removed bigint;
BEGIN
  DELETE FROM devices WHERE id IN
    (SELECT id FROM devices WHERE revoked_at < revoked_before LIMIT most);
  GET DIAGNOSTICS removed = ROW_COUNT; gone := gone + removed;
  DELETE FROM position_reads WHERE id IN
    (SELECT id FROM position_reads WHERE at < read_before LIMIT most);
  GET DIAGNOSTICS removed = ROW_COUNT; gone := gone + removed;
  RETURN gone;
END $$;
REVOKE ALL ON FUNCTION purge_history FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purge_history TO nearhand_worker;
CREATE POLICY owner_purges ON devices FOR ALL TO nearhand_owner USING (true);
CREATE POLICY owner_purges ON position_reads FOR ALL TO nearhand_owner USING (true);
