-- Why: a person can be erased: from every table, and from what is still on its way. A tombstone
-- says that they are gone, so that the worker drops what arrives later and their phones are told
-- to stop. It holds identifiers only, once nothing is left of them.

CREATE TABLE erased_people (
  organization_id uuid NOT NULL REFERENCES organizations,
  staff_id uuid NOT NULL,
  erased_at timestamptz NOT NULL,
  -- Above every version of theirs, so that live indexes forget them.
  version bigint NOT NULL,
  -- What the job has still to remove, and by what it finds it: devices, mails, addresses and name.
  -- Null once nothing is left.
  remains jsonb,
  PRIMARY KEY (staff_id),
  UNIQUE (organization_id, staff_id)
);
-- Those whose job was lost.
CREATE INDEX erased_people_unfinished ON erased_people (erased_at) WHERE remains IS NOT NULL;
-- When anybody was last erased.
CREATE INDEX erased_people_at ON erased_people (erased_at);

-- Their phones, by their tokens: for a while they are told `erased`, then they are unknown.
CREATE TABLE erased_devices (
  organization_id uuid NOT NULL,
  token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
  device_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (token_hash),
  FOREIGN KEY (organization_id, staff_id) REFERENCES erased_people (organization_id, staff_id)
    ON DELETE CASCADE
);
CREATE INDEX erased_devices_staff ON erased_devices (staff_id);
CREATE INDEX erased_devices_expires ON erased_devices (expires_at);

CALL tenant_table('erased_people');
CALL tenant_table('erased_devices');
GRANT SELECT ON erased_people, erased_devices TO nearhand_app;
CREATE POLICY worker_reads ON erased_people FOR SELECT TO nearhand_worker USING (true);
GRANT SELECT (organization_id, staff_id, erased_at, version) ON erased_people TO nearhand_worker;

-- Erases a person of the present tenant from all that answers are made of; what takes longer is
-- noted for the job. Returns their photo, whose files are to be deleted. `at` is now; phones are
-- told for 30 days from the deletion on.
CREATE FUNCTION erase_person(person uuid, at timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  gone staff%ROWTYPE;
  addresses text[];
  told_until timestamptz;
BEGIN
  SELECT * INTO gone FROM staff WHERE id = person FOR UPDATE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  SELECT COALESCE(array_agg(DISTINCT lower(a.address)), '{}') INTO addresses FROM (
    SELECT gone.email UNION SELECT old_email FROM email_changes WHERE staff_id = person
    UNION SELECT new_email FROM email_changes WHERE staff_id = person) AS a (address)
  WHERE a.address IS NOT NULL;
  INSERT INTO erased_people (organization_id, staff_id, erased_at, version, remains)
  VALUES (gone.organization_id, person, at, gone.version + 1, jsonb_build_object(
    'devices', COALESCE((SELECT jsonb_agg(id) FROM devices WHERE staff_id = person), '[]'),
    'mails', COALESCE((SELECT jsonb_agg(id) FROM mails WHERE staff_id = person), '[]'),
    'addresses', to_jsonb(addresses), 'name', gone.display_name));
  -- Phones that somebody revoked stay unknown; those that ended with the deletion are told why.
  told_until := COALESCE(gone.deleted_at, at) + interval '30 days';
  IF told_until > at THEN
    INSERT INTO erased_devices (organization_id, token_hash, device_id, staff_id, expires_at)
    SELECT organization_id, token_hash, id, person, told_until FROM devices
    WHERE staff_id = person AND (revoked_at IS NULL OR revoked_at >= gone.deleted_at);
  END IF;
  DELETE FROM idempotency_keys WHERE organization_id = gone.organization_id AND (sealed_for = person OR actor_id = person
    OR body::text LIKE '%' || person::text || '%' OR location LIKE '%' || person::text || '%');
  -- Files may hold anybody. Those of people who were deleted long ago hold only the deleted if asked
  -- to; the audit trail's hold everybody.
  -- The owner's policy for purges shows it all tenants here.
  DELETE FROM exports WHERE organization_id = gone.organization_id AND (
    created_by = person OR about = person OR kind = 'audit'
    OR kind = 'staff' AND (gone.deleted_at IS NULL OR gone.deleted_at > at - interval '2 days'
      OR request #>> '{filter,deleted}' ~* '^(with|only)$'));
  DELETE FROM positions WHERE staff_id = person;
  DELETE FROM staff WHERE id = person;
  RETURN gone.photo;
END $$;

-- Deletes some of the pings of an erased person of the present tenant, about `most` of one phone;
-- returns how many.
CREATE FUNCTION erase_pings(person uuid, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  erased erased_people%ROWTYPE;
  device uuid;
  until timestamptz;
  removed bigint;
BEGIN
  SELECT * INTO erased FROM erased_people WHERE staff_id = person;
  FOR device IN SELECT jsonb_array_elements_text(erased.remains -> 'devices')::uuid LOOP
    SELECT fix_at INTO until FROM pings
    WHERE organization_id = erased.organization_id AND device_id = device
    ORDER BY fix_at OFFSET most - 1 LIMIT 1;
    DELETE FROM pings WHERE organization_id = erased.organization_id AND device_id = device
      AND fix_at <= COALESCE(until, 'infinity');
    GET DIAGNOSTICS removed = ROW_COUNT;
    IF removed > 0 THEN RETURN removed; END IF;
  END LOOP;
  RETURN 0;
END $$;

-- Removes an erased person of the present tenant from all that is looked through row by row: a
-- position written at the very moment, rows of imports, jobs that wait or were given up, addresses
-- of the network, and the record of who read positions. Repeating it is harmless.
CREATE FUNCTION erase_rest(person uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  left_over jsonb;
BEGIN
  SELECT remains INTO left_over FROM erased_people WHERE staff_id = person;
  IF left_over IS NULL THEN RETURN; END IF;
  DELETE FROM positions WHERE staff_id = person;
  DELETE FROM import_rows WHERE staff_id = person
    OR lower(record ->> 'email') IN (SELECT jsonb_array_elements_text(left_over -> 'addresses'));
  DELETE FROM exports WHERE created_by = person;
  DELETE FROM apalis.jobs WHERE status <> 'Running' AND (
    job_type = 'geocode' AND convert_from(job, 'UTF8')::jsonb ->> 'staff' = person::text
    OR job_type = 'mail' AND convert_from(job, 'UTF8')::jsonb ->> 'mail'
      IN (SELECT jsonb_array_elements_text(left_over -> 'mails')));
  -- Who did what stays, from where they did it goes.
  UPDATE audit_log SET remote_addr = NULL WHERE remote_addr IS NOT NULL
    AND (actor_id = person OR subject_id = person AND action = 'login.fail');
  DELETE FROM position_reads WHERE people = ARRAY[person];
  UPDATE position_reads SET people = array_remove(people, person) WHERE people @> ARRAY[person];
END $$;

-- Nothing is left of an erased person: of the tombstone, identifiers stay.
CREATE FUNCTION erase_ended(person uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE erased_people SET remains = NULL WHERE staff_id = person
$$;

-- Erased people of all tenants whose job may have been lost: they were erased before an instant, and
-- something is left. Row-level security binds the owner too, so that each tenant is entered in turn.
CREATE FUNCTION unfinished_erasures(erased_before timestamptz)
RETURNS TABLE (tenant uuid, person uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  FOR tenant IN SELECT s.organization_id FROM organization_slugs AS s ORDER BY 1 LOOP
    PERFORM set_config('app.organization_id', tenant::text, true);
    RETURN QUERY SELECT tenant, e.staff_id FROM erased_people AS e
      WHERE e.remains IS NOT NULL AND e.erased_at < erased_before;
    DELETE FROM erased_devices WHERE expires_at < erased_before;
  END LOOP;
  PERFORM set_config('app.organization_id', '', true);
END $$;

-- People deleted long ago are erased, each with a record.
CREATE OR REPLACE FUNCTION purge_staff(deleted_before timestamptz, most integer)
RETURNS TABLE (tenant uuid, person uuid, photo_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  found integer := 0;
BEGIN
  FOR tenant IN SELECT s.organization_id FROM organization_slugs AS s ORDER BY 1 LOOP
    PERFORM set_config('app.organization_id', tenant::text, true);
    FOR person IN
      SELECT s.id FROM staff AS s
      WHERE s.deleted_at < deleted_before ORDER BY s.id LIMIT most - found
    LOOP
      photo_id := erase_person(person, clock_timestamp());
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

REVOKE ALL ON FUNCTION erase_person, erase_pings, erase_rest, erase_ended, unfinished_erasures
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_person, erase_pings, erase_rest, erase_ended TO nearhand_app;
GRANT EXECUTE ON FUNCTION unfinished_erasures TO nearhand_worker;
