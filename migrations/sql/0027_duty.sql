-- Why: people without recorded working hours are taken to be always available. They say themselves
-- when they are not.

-- Null: on duty.
ALTER TABLE staff ADD COLUMN off_duty_since timestamptz;
