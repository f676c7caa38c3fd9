-- Why: a browser logs in with a cookie that its scripts cannot read. The cookie's secret is a third
-- kind of a session's token. Such a session ends at a fixed instant, and before that when nobody has
-- used it for a while; each use puts that off, at most once a minute.

ALTER TABLE session_tokens DROP CONSTRAINT session_tokens_kind_check,
  ADD CONSTRAINT session_tokens_kind_check CHECK (kind IN ('access', 'refresh', 'browser'));

ALTER TABLE sessions
  -- All three are null in a session of access and refresh tokens.
  ADD COLUMN idle_expires_at timestamptz,
  ADD COLUMN renewed_at timestamptz,
  -- Whether the browser keeps the cookie when it is closed.
  ADD COLUMN remembered boolean,
  ADD CONSTRAINT sessions_browser_check
    CHECK (num_nulls(idle_expires_at, renewed_at, remembered) IN (0, 3));
