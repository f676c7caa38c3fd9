CREATE UNIQUE INDEX ON people (n);
CREATE INDEX ON bookings (staff) INCLUDE (starts, ends);
CREATE INDEX ON visits (client, staff) INCLUDE (at);
CREATE INDEX ON region_preferences (region, staff) INCLUDE (level);
-- Two ways to the filtered nearest: places with the filter afterwards or a bitmap before, as the
-- planner sees fit; and places and abilities in one tree, whose nodes carry signatures of them.
CREATE INDEX people_shown ON people USING gist (shown) WHERE active;
CREATE INDEX people_abilities ON people USING gin (abilities gin__int_ops) WHERE active;
CREATE INDEX people_both ON people USING gist (shown, abilities gist__intbig_ops) WHERE active;
VACUUM (ANALYZE) people;
VACUUM (ANALYZE) bookings;
VACUUM (ANALYZE) visits;
VACUUM (ANALYZE) region_preferences;
