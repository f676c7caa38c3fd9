-- Why: what people call the same must be the same here. E-mail addresses have one spelling
-- (UTS 46, normal form C, lower case), user names are compared by RFC 8265, both are logins and
-- share one list of keys; people are found by the beginnings of words without accents; codes of
-- skills are compared without regard to case. PostgreSQL's lower() does none of the first three, so
-- the application derives the keys. `migrate` derives them for people who are already there.

ALTER TABLE staff ALTER COLUMN email_key DROP EXPRESSION;
ALTER TABLE staff ALTER COLUMN username_key DROP EXPRESSION;
-- By which rules keys and words were derived; 0: by none of the application's.
ALTER TABLE staff ADD COLUMN derived_by smallint NOT NULL DEFAULT 0;
-- Searches go by words from now on. The previous release still reads `display_name_key`; a later
-- migration drops it.

-- Every login of people who are not deleted: an e-mail address or a user name, each once.
CREATE TABLE login_names (
  organization_id uuid NOT NULL,
  key text COLLATE "C" NOT NULL,
  staff_id uuid NOT NULL,
  PRIMARY KEY (organization_id, key),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX login_names_staff ON login_names (staff_id);

-- The words by which people are found, compared byte by byte: a beginning is a range.
CREATE TABLE staff_words (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  word text COLLATE "C" NOT NULL,
  -- It comes from their e-mail address alone.
  personal boolean NOT NULL,
  PRIMARY KEY (organization_id, word, staff_id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX staff_words_staff ON staff_words (staff_id, word);

CALL tenant_table('login_names');
CALL tenant_table('staff_words');
GRANT SELECT, INSERT, UPDATE, DELETE ON login_names, staff_words TO nearhand_app;

-- Of two skills of a person that become one, the higher level stays; the application keeps it so.
-- Devices of people who were deactivated earlier stay dead when they come back. Row-level security
-- binds the owner too, so that each tenant is entered in turn.
DO $$
DECLARE tenant uuid;
BEGIN
  FOR tenant IN SELECT organization_id FROM organization_slugs LOOP
    PERFORM set_config('app.organization_id', tenant::text, true);
    DELETE FROM staff_skills AS lesser USING staff_skills AS better
    WHERE lesser.staff_id = better.staff_id AND lower(lesser.code) = lower(better.code)
      AND (lesser.level, lesser.code) < (better.level, better.code);
    UPDATE devices SET revoked_at = now() FROM staff
    WHERE staff.id = devices.staff_id AND NOT staff.active AND devices.revoked_at IS NULL;
  END LOOP;
  PERFORM set_config('app.organization_id', '', true);
END $$;
