-- Why: a visit shows in the fixes of the phone, also one that was offline. When somebody entered and
-- left a case's site is computed from their history, and computed again when late fixes come.

-- Within this distance of the case people are on site.
ALTER TABLE cases ADD COLUMN arrival_radius_m integer NOT NULL DEFAULT 150
  CHECK (arrival_radius_m BETWEEN 20 AND 5000);

ALTER TABLE assignments
  ADD COLUMN arrived_at timestamptz,
  ADD COLUMN left_at timestamptz,
  ADD CHECK (left_at IS NULL OR left_at >= arrived_at);

-- Assignments for which a job waits that computes both. No foreign key: ingest writes here, and a job
-- of an assignment that has gone removes its row.
CREATE TABLE arrival_checks (
  organization_id uuid NOT NULL,
  assignment_id uuid NOT NULL,
  PRIMARY KEY (assignment_id)
);
CALL tenant_table('arrival_checks');
GRANT SELECT, DELETE ON arrival_checks TO nearhand_app;
CREATE POLICY worker_writes ON arrival_checks TO nearhand_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON arrival_checks TO nearhand_worker;
