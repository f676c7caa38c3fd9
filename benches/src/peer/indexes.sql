CREATE UNIQUE INDEX ON people (n);
CREATE INDEX ON bookings (staff) INCLUDE (starts, ends);
CREATE INDEX ON visits (client, staff) INCLUDE (at);
CREATE INDEX ON region_preferences (region, staff) INCLUDE (level);
VACUUM (ANALYZE) people;
VACUUM (ANALYZE) bookings;
VACUUM (ANALYZE) visits;
VACUUM (ANALYZE) region_preferences;
