-- Why: a person may have everything that is held on them. Such an export has no bounded size (a
-- million pings), so that its file is written and read in parts.

ALTER TABLE exports
  DROP CONSTRAINT exports_kind_check,
  DROP CONSTRAINT exports_format_check,
  ADD CONSTRAINT exports_kind_check CHECK (kind IN ('staff', 'audit', 'person')),
  ADD CONSTRAINT exports_format_check CHECK (format IN ('csv', 'xlsx', 'zip')),
  -- Whom it is about, if it is about one person: it goes when they are erased.
  ADD COLUMN about uuid,
  -- Of a file in parts: which try made it, and how many bytes it has. Null until it is whole.
  ADD COLUMN run uuid,
  ADD COLUMN size bigint CHECK (size >= 0),
  ADD CONSTRAINT exports_about_check CHECK ((about IS NOT NULL) = (kind = 'person')),
  ADD CONSTRAINT exports_about_fkey FOREIGN KEY (organization_id, about)
    REFERENCES staff (organization_id, id) ON DELETE CASCADE;
CREATE INDEX exports_about ON exports (about) WHERE about IS NOT NULL;

-- A try that a crash ended leaves parts of a run that no export names; they go with the export.
CREATE TABLE export_parts (
  organization_id uuid NOT NULL,
  export_id uuid NOT NULL,
  run uuid NOT NULL,
  part integer NOT NULL CHECK (part >= 0),
  content bytea NOT NULL,
  PRIMARY KEY (export_id, run, part),
  FOREIGN KEY (organization_id, export_id) REFERENCES exports (organization_id, id)
    ON DELETE CASCADE
);
-- What is compressed already cannot be compressed again.
ALTER TABLE export_parts ALTER COLUMN content SET STORAGE EXTERNAL;
CALL tenant_table('export_parts');
GRANT SELECT, INSERT, DELETE ON export_parts TO nearhand_app;

-- What phones sent is part of it.
GRANT SELECT ON pings, positions TO nearhand_app;
