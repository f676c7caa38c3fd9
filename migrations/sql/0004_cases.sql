-- Why: the work to be done, with what it asks of a person. Requirements that name nothing of ours
-- (skills, licences, languages) are one document, checked before it is stored.

CREATE TABLE cases (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
  status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
  position geometry(Point, 4326) NOT NULL,
  -- Null: as soon as possible.
  starts_at timestamptz,
  duration_min integer NOT NULL CHECK (duration_min BETWEEN 1 AND 10080),
  urgent boolean NOT NULL DEFAULT false,
  requirements jsonb NOT NULL DEFAULT '{}',
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id),
  UNIQUE (organization_id, id)
);
CREATE INDEX cases_list ON cases (organization_id, status, id);

CREATE TABLE case_services (
  organization_id uuid NOT NULL,
  case_id uuid NOT NULL,
  service_id uuid NOT NULL,
  PRIMARY KEY (case_id, service_id),
  FOREIGN KEY (organization_id, case_id) REFERENCES cases (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT case_services_service_fkey FOREIGN KEY (organization_id, service_id)
    REFERENCES services (organization_id, id)
);

CALL tenant_table('cases');
CALL tenant_table('case_services');
GRANT SELECT, INSERT, UPDATE, DELETE ON cases, case_services TO nearhand_app;
