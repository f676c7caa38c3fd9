-- Why: organisations weigh differently what makes somebody right for a case. A policy is a named
-- set of weights, limits and switches. Each change writes another version and leaves the earlier
-- ones as they are, so that an old recommendation can always be explained.

CREATE TABLE policies (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  -- The version that counts.
  version bigint NOT NULL DEFAULT 1,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  -- What its settings were first taken from.
  preset text CHECK (preset IN
    ('balanced', 'nearest', 'client_first', 'preference_first', 'fair_share')),
  created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  archived_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id)
);
CREATE UNIQUE INDEX policies_name_key ON policies (organization_id, lower(name))
  WHERE archived_at IS NULL;
CREATE INDEX policies_list ON policies (organization_id, id);

CREATE TABLE policy_versions (
  organization_id uuid NOT NULL,
  policy_id uuid NOT NULL,
  version bigint NOT NULL,
  -- As it was called then: an answer names the policy it was ranked by.
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
  settings jsonb NOT NULL CHECK (jsonb_typeof(settings) = 'object'),
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  -- When a recommendation first used it.
  used_at timestamptz,
  PRIMARY KEY (policy_id, version),
  FOREIGN KEY (organization_id, policy_id) REFERENCES policies (organization_id, id)
);

-- By what recommendations are ranked that name no policy; null: the built-in `balanced`.
ALTER TABLE organizations
  ADD COLUMN default_policy_id uuid,
  ADD CONSTRAINT organizations_default_policy_fkey FOREIGN KEY (organization_id, default_policy_id)
    REFERENCES policies (organization_id, id);

CALL tenant_table('policies');
CALL tenant_table('policy_versions');
GRANT SELECT, INSERT, UPDATE ON policies TO nearhand_app;
-- Nobody may change a version; it is only noted that it was used.
GRANT SELECT, INSERT, UPDATE (used_at) ON policy_versions TO nearhand_app;
