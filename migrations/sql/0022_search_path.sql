-- Why: where pg_temp is not named in a search path, it is searched first. A role that may make
-- temporary tables could put one before a table that a SECURITY DEFINER function means. So pg_temp is
-- named last, and only the owner makes temporary tables. Functions of extensions stay as they are.

DO $$
DECLARE
  target regprocedure;
BEGIN
  FOR target IN
    SELECT p.oid::regprocedure FROM pg_proc AS p
    WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace
      AND p.proowner = current_user::regrole
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass
        AND d.objid = p.oid AND d.deptype = 'e')
  LOOP
    EXECUTE format('ALTER ROUTINE %s SET search_path = pg_catalog, public, pg_temp', target);
  END LOOP;
  -- Bootstrapping does the same; here it is for databases that were made before.
  IF EXISTS (SELECT FROM pg_database
    WHERE datname = current_database() AND datdba = current_user::regrole)
  THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  ELSE
    RAISE WARNING 'run as superuser: REVOKE TEMPORARY ON DATABASE % FROM PUBLIC',
      quote_ident(current_database());
  END IF;
END $$;
