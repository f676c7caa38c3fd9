-- Why: everything stored that can be changed over HTTP has a version, which is its ETag, so that two
-- people who change it at once notice each other. Services were the only ones without.

ALTER TABLE services ADD COLUMN version bigint NOT NULL DEFAULT 1;
