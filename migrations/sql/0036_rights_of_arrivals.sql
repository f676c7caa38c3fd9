-- Why: an arrival that is looked for again replaces the check that waits, which is an update. And an
-- erased person is removed from the record of who read positions by the index of their organisation.

GRANT INSERT, UPDATE ON arrival_checks TO nearhand_app;
GRANT UPDATE ON arrival_checks TO nearhand_worker;

CREATE OR REPLACE FUNCTION erase_rest(person uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  left_over jsonb;
  tenant uuid;
BEGIN
  SELECT remains, organization_id INTO left_over, tenant FROM erased_people WHERE staff_id = person;
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
  DELETE FROM position_reads WHERE organization_id = tenant AND people = ARRAY[person];
  UPDATE position_reads SET people = array_remove(people, person)
  WHERE organization_id = tenant AND people @> ARRAY[person];
END $$;
