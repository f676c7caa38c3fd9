CREATE UNIQUE INDEX ON people (n);
CREATE INDEX ON bookings (staff) INCLUDE (starts, ends);
CREATE INDEX ON visits (client, staff) INCLUDE (at);
CREATE INDEX ON region_preferences (region, staff) INCLUDE (level);
CREATE INDEX people_shown ON people USING gist (shown) WHERE active;
VACUUM (ANALYZE) people;
VACUUM (ANALYZE) bookings;
VACUUM (ANALYZE) visits;
VACUUM (ANALYZE) region_preferences;
