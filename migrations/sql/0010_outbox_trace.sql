-- Why: a change made over HTTP could not be followed beyond its commit. Every row of the outbox
-- carries the trace of the request behind it; the transaction knows it, so that no statement that
-- announces something can forget it.

ALTER TABLE outbox ALTER COLUMN trace_parent
  SET DEFAULT NULLIF(current_setting('app.trace_parent', true), '');
