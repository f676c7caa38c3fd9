-- Why: imports and exports are found by the job that works on them. A file that was checked holds
-- what people are to be; what nobody commits goes after a few days, long before the rest.

ALTER TABLE imports
  -- Rows by what became of them, once it has ended.
  ADD COLUMN result jsonb;
CREATE UNIQUE INDEX imports_job ON imports (job_id) WHERE job_id IS NOT NULL;
CREATE UNIQUE INDEX exports_job ON exports (job_id) WHERE job_id IS NOT NULL;
-- The next rows to be written.
CREATE INDEX import_rows_open ON import_rows (import_id, line) WHERE outcome IS NULL;

-- Deletes files of all tenants that were checked before an instant and never committed; returns how
-- many went, a few at a time, since each may have 10,000 rows.
CREATE FUNCTION purge_imports(checked_before timestamptz)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  removed bigint;
BEGIN
  DELETE FROM imports WHERE id IN
    (SELECT id FROM imports WHERE state = 'checked' AND created_at < checked_before LIMIT 10);
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END $$;
REVOKE ALL ON FUNCTION purge_imports FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purge_imports TO nearhand_worker;
