-- Why: a fix that the phone cannot have reached is a jump. It is flagged and stays history, and a late
-- fix may show that a stored flag was wrong. People and their managers may read the history, and an
-- admin sees how far each phone's clock is off.

-- The flags of a ping are a sum. 1: the phone's clock was more than two minutes ahead. 2: a jump.
-- 4: seemed a jump until two more fixes agreed with it.
GRANT UPDATE (flags) ON pings TO nearhand_worker;
GRANT SELECT ON pings TO nearhand_app;

-- Faster than this is a jump.
ALTER TABLE organizations ADD COLUMN jump_limit_mps smallint NOT NULL DEFAULT 70
  CHECK (jump_limit_mps BETWEEN 10 AND 30000);

-- Whether no newer fix of this device waits for others to agree with it. The next fix can then be
-- judged by this row alone.
ALTER TABLE positions ADD COLUMN is_newest boolean NOT NULL DEFAULT false;

-- By how much the phone's clock is ahead of ours; negative: behind.
ALTER TABLE devices ADD COLUMN clock_skew_s double precision;
GRANT SELECT (clock_skew_s), UPDATE (clock_skew_s) ON devices TO nearhand_worker;
