-- Why: a case is offered to people, who accept or decline, instead of being assigned outright.
-- Offers hold nothing: only an acceptance becomes an assignment.

CREATE TABLE offers (
  organization_id uuid NOT NULL REFERENCES organizations,
  id uuid NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  case_id uuid NOT NULL,
  mode text NOT NULL CHECK (mode IN ('sequential', 'broadcast', 'availability')),
  state text NOT NULL DEFAULT 'open' CHECK (state IN
    ('open', 'deciding', 'filled', 'partly_filled', 'unanswered', 'cancelled')),
  -- Most people who are asked in all.
  most_people smallint NOT NULL CHECK (most_people BETWEEN 1 AND 200),
  -- How long each may take; null: until the deadline.
  answer_within_s integer CHECK (answer_within_s > 0),
  deadline timestamptz NOT NULL,
  when_unanswered text NOT NULL CHECK (when_unanswered IN ('notify', 'mark_urgent', 'close')),
  message text NOT NULL DEFAULT '' CHECK (char_length(message) <= 1000),
  -- The only people who may be asked; null: everybody whom ranking finds.
  only_staff uuid[],
  policy_id uuid,
  -- What its author may know: whether people are ranked by exact places, and the departments whose
  -- people may be asked; null: everybody.
  exact boolean NOT NULL,
  departments uuid[],
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  ended_at timestamptz,
  cancel_reason text CHECK (char_length(cancel_reason) <= 500),
  -- When its next job is due, if one is queued.
  step_due_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (organization_id, id),
  FOREIGN KEY (organization_id, case_id) REFERENCES cases (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, policy_id) REFERENCES policies (organization_id, id)
);
-- Two offers at once would ask for more people than there are slots.
CREATE UNIQUE INDEX offers_open_case ON offers (case_id) WHERE state IN ('open', 'deciding');
CREATE INDEX offers_list ON offers (organization_id, id);
CREATE INDEX offers_case ON offers (case_id, id);
-- Those whose job was lost.
CREATE INDEX offers_due ON offers (step_due_at) WHERE state = 'open';

CREATE TABLE offer_people (
  organization_id uuid NOT NULL,
  offer_id uuid NOT NULL,
  staff_id uuid NOT NULL,
  -- The order of being asked, from 1.
  place integer NOT NULL,
  state text NOT NULL CHECK (state IN ('asked', 'available', 'accepted', 'declined', 'timed_out',
    'withdrawn', 'unreachable')),
  asked_at timestamptz NOT NULL,
  respond_by timestamptz NOT NULL,
  answered_at timestamptz,
  decline_reason text CHECK (char_length(decline_reason) <= 500),
  by_app boolean NOT NULL,
  by_mail boolean NOT NULL,
  -- The hash of the secret in the link that was mailed last.
  secret_hash bytea UNIQUE,
  assignment_id uuid,
  PRIMARY KEY (offer_id, staff_id),
  FOREIGN KEY (organization_id, offer_id) REFERENCES offers (organization_id, id)
    ON DELETE CASCADE,
  CONSTRAINT offer_people_staff_fkey FOREIGN KEY (organization_id, staff_id)
    REFERENCES staff (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX offer_people_staff ON offer_people (staff_id, offer_id);

CALL tenant_table('offers');
CALL tenant_table('offer_people');
GRANT SELECT, INSERT, UPDATE ON offers TO nearhand_app;
GRANT SELECT, INSERT, UPDATE ON offer_people TO nearhand_app;
-- Maintenance queues jobs that were lost anew.
CREATE POLICY worker_reads ON offers FOR SELECT TO nearhand_worker USING (true);
CREATE POLICY worker_notes ON offers FOR UPDATE TO nearhand_worker USING (true);
GRANT SELECT, UPDATE (step_due_at) ON offers TO nearhand_worker;

-- A switch of its own for mails that offer a case.
ALTER TABLE notification_settings ADD COLUMN offered boolean NOT NULL DEFAULT true;
