-- Why: people who leave are forgotten for good 30 days later, and what was kept only to restore
-- them, to finish a change, or to tell a known address from an unknown one goes by age as well.

-- A person who is deleted has no live position any more. The application deletes it by its key and
-- can still not read where anybody is.
GRANT SELECT (organization_id, staff_id), DELETE ON positions TO nearhand_app;

CREATE INDEX login_addresses_seen ON login_addresses (seen_at);
CREATE INDEX password_resets_created ON password_resets (created_at);
CREATE INDEX email_changes_created ON email_changes (created_at);
CREATE INDEX imports_created ON imports (created_at);
CREATE INDEX exports_expires ON exports (expires_at);

-- Forgets at most so many people who were deleted before an instant, with everything that hangs on
-- them; returns who went, and the photos that are to be deleted from the object store. Each is
-- recorded. Row-level security binds the owner too, so that each tenant is entered in turn.
CREATE FUNCTION purge_staff(deleted_before timestamptz, most integer)
RETURNS TABLE (tenant uuid, person uuid, photo_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  found integer := 0;
BEGIN
  FOR tenant IN SELECT s.organization_id FROM organization_slugs AS s ORDER BY 1 LOOP
    PERFORM set_config('app.organization_id', tenant::text, true);
    FOR person, photo_id IN
      SELECT s.id, s.photo FROM staff AS s
      WHERE s.deleted_at < deleted_before ORDER BY s.id LIMIT most - found FOR UPDATE
    LOOP
      DELETE FROM positions WHERE staff_id = person;
      DELETE FROM staff WHERE id = person;
      -- An identifier of the present instant (UUIDv7), as the application makes them.
      INSERT INTO audit_log (organization_id, id, action, subject_kind, subject_id, request_id)
      VALUES (tenant, encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
          substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
          FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid,
        'staff.purge', 'staff', person, 'maintenance');
      found := found + 1;
      RETURN NEXT;
    END LOOP;
    EXIT WHEN found >= most;
  END LOOP;
  PERFORM set_config('app.organization_id', '', true);
END $$;

-- Deletes at most so many rows of each kind that expired, or are older than what is kept; returns
-- how many went. Rows of an import go with it.
CREATE FUNCTION purge_leftovers(expired_before timestamptz, kept_since timestamptz, most integer)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  gone bigint := 0;
  removed bigint;
BEGIN
  DELETE FROM exports WHERE id IN
    (SELECT id FROM exports WHERE expires_at < expired_before LIMIT most);
  GET DIAGNOSTICS removed = ROW_COUNT; gone := gone + removed;
  DELETE FROM delete_requests WHERE id IN
    (SELECT id FROM delete_requests WHERE expires_at < expired_before - interval '1 day' LIMIT most);
  GET DIAGNOSTICS removed = ROW_COUNT; gone := gone + removed;
  DELETE FROM login_addresses WHERE (staff_id, address_hash) IN
    (SELECT staff_id, address_hash FROM login_addresses WHERE seen_at < kept_since LIMIT most);
  GET DIAGNOSTICS removed = ROW_COUNT; gone := gone + removed;
  DELETE FROM password_resets WHERE id IN
    (SELECT id FROM password_resets WHERE created_at < kept_since LIMIT most);
  GET DIAGNOSTICS removed = ROW_COUNT; gone := gone + removed;
  DELETE FROM email_changes WHERE id IN
    (SELECT id FROM email_changes WHERE created_at < kept_since LIMIT most);
  GET DIAGNOSTICS removed = ROW_COUNT; gone := gone + removed;
  DELETE FROM imports WHERE id IN
    (SELECT id FROM imports WHERE created_at < kept_since AND state <> 'committing' LIMIT 10);
  GET DIAGNOSTICS removed = ROW_COUNT; gone := gone + removed;
  RETURN gone;
END $$;

REVOKE ALL ON FUNCTION purge_staff, purge_leftovers FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purge_staff, purge_leftovers TO nearhand_worker;

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['exports', 'delete_requests', 'login_addresses', 'password_resets',
    'email_changes', 'imports']
  LOOP
    EXECUTE format('CREATE POLICY owner_purges ON %I FOR ALL TO nearhand_owner USING (true)', name);
  END LOOP;
END $$;
