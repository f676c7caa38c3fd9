-- Why: phones that are silent, or whose fixes show that something is denied them, are listed to those
-- who may see their people, and counted by the worker.

GRANT SELECT ON pings TO nearhand_app;
GRANT SELECT (staff_id, name, created_at, revoked_at) ON devices TO nearhand_worker;
