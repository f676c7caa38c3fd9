-- Why: every table of a tenant must be closed to every other tenant by the database itself, so
-- that a forgotten WHERE clause leaks nothing. This comes first because it cannot be added later
-- without trusting all that was written before.
--
-- The three roles and the extensions are made once by a superuser (see `bootstrap`); everything
-- from here on runs as nearhand_owner.

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO nearhand_app, nearhand_worker;

-- Closes a table: row-level security on and forced (for its owner too), one policy for everybody.
-- The NULLIF matters: a pooled connection that once held a tenant keeps '' afterwards.
CREATE PROCEDURE tenant_table(target regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format($p$CREATE POLICY tenant ON %s
    USING (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = NULLIF(current_setting('app.organization_id', true), '')::uuid)$p$,
    target);
END $$;
REVOKE ALL ON PROCEDURE tenant_table FROM PUBLIC;

-- Tables without a tenant, all of them: installation and organization_slugs. Neither is granted
-- directly; functions say what may be asked.
CREATE TABLE installation (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  bootstrap_token_hash bytea,
  setup_completed_at timestamptz,
  -- Seals list cursors; random per installation.
  cursor_key bytea NOT NULL CHECK (octet_length(cursor_key) = 32)
);

CREATE TABLE organization_slugs (
  slug text PRIMARY KEY CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  organization_id uuid NOT NULL UNIQUE
);

CREATE TABLE organizations (
  organization_id uuid PRIMARY KEY,
  version bigint NOT NULL DEFAULT 1,
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
  slug text NOT NULL REFERENCES organization_slugs (slug),
  time_zone text NOT NULL,
  base geometry(Point, 4326),
  mock_policy text NOT NULL DEFAULT 'penalise'
    CHECK (mock_policy IN ('accept', 'penalise', 'history_only')),
  created_at timestamptz NOT NULL DEFAULT now()
);
CALL tenant_table('organizations');
GRANT SELECT, UPDATE ON organizations TO nearhand_app;
GRANT INSERT ON organizations TO nearhand_app;

-- Which tenant a login means: by slug, or the only one there is.
CREATE FUNCTION find_organization(wanted_slug text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT CASE
    WHEN wanted_slug IS NOT NULL
      THEN (SELECT organization_id FROM organization_slugs WHERE slug = wanted_slug)
    WHEN (SELECT count(*) FROM (SELECT 1 FROM organization_slugs LIMIT 2) AS two) = 1
      THEN (SELECT organization_id FROM organization_slugs)
  END
$$;

-- Reserves the slug of a new organisation; unique_violation when it is taken.
CREATE FUNCTION reserve_slug(new_slug text, organization uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO organization_slugs (slug, organization_id) VALUES (new_slug, organization)
$$;

-- Makes the installation's row at the first start and returns its cursor key.
CREATE FUNCTION ensure_installation(new_cursor_key bytea) RETURNS bytea
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  INSERT INTO installation (cursor_key) VALUES (new_cursor_key) ON CONFLICT DO NOTHING;
  SELECT cursor_key FROM installation;
$$;

-- Records the bootstrap token's hash unless setup is done. With `replace` false an existing token
-- stays. Returns whether the given hash is now the one that counts.
CREATE FUNCTION offer_bootstrap_token(token_hash bytea, replace boolean) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  UPDATE installation SET bootstrap_token_hash = token_hash
    WHERE setup_completed_at IS NULL AND (replace OR bootstrap_token_hash IS NULL);
  SELECT setup_completed_at IS NULL AND bootstrap_token_hash = token_hash FROM installation;
$$;

-- Takes the installation's one setup. 'granted' holds the row lock until the caller commits, so
-- that of two at once one waits and then gets 'complete'.
CREATE FUNCTION take_setup(token_hash bytea) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE found installation%ROWTYPE;
BEGIN
  SELECT * INTO found FROM installation FOR UPDATE;
  IF found.setup_completed_at IS NOT NULL THEN RETURN 'complete'; END IF;
  IF found.bootstrap_token_hash IS DISTINCT FROM token_hash OR token_hash IS NULL THEN
    RETURN 'refused';
  END IF;
  UPDATE installation SET setup_completed_at = now(), bootstrap_token_hash = NULL;
  RETURN 'granted';
END $$;

CREATE FUNCTION setup_is_complete() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
  SELECT COALESCE((SELECT setup_completed_at IS NOT NULL FROM installation), false)
$$;

REVOKE ALL ON FUNCTION find_organization, reserve_slug, ensure_installation,
  offer_bootstrap_token, take_setup, setup_is_complete FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_organization, reserve_slug, ensure_installation,
  offer_bootstrap_token, take_setup, setup_is_complete TO nearhand_app;
