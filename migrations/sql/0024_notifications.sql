-- Why: people hear of their assignments by mail, and say which of these mails they want.

CREATE TABLE notification_settings (
  organization_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  -- A switch per kind, and one for all mails about assignments. No row: all are on.
  assigned boolean NOT NULL DEFAULT true,
  changed boolean NOT NULL DEFAULT true,
  withdrawn boolean NOT NULL DEFAULT true,
  mail boolean NOT NULL DEFAULT true,
  PRIMARY KEY (staff_id),
  FOREIGN KEY (organization_id, staff_id) REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CALL tenant_table('notification_settings');
GRANT SELECT, INSERT, UPDATE, DELETE ON notification_settings TO nearhand_app;

-- The words are the program's (`MailKind`); a list of them here would have to be written anew for
-- each further kind.
ALTER TABLE mails
  DROP CONSTRAINT mails_kind_check,
  ADD CONSTRAINT mails_kind_check CHECK (kind ~ '^[a-z_]{1,40}$');
