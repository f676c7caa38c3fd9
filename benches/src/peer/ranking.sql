-- The whole ranking in one statement: every rule and every term that the cases drawn exercise.
-- Words in braces are filled in for a case; parts it does not need fall away there.
WITH hold AS (
    SELECT DISTINCT ON (staff) staff, place
    FROM bookings
    WHERE place IS NOT NULL AND ends > {now} AND ends <= {s} AND ends >= {s} - 14400
    ORDER BY staff, ends DESC, starts DESC, id DESC
), before AS (
    SELECT staff, max(ends) AS ends FROM bookings WHERE {fixed} AND ends <= {s} GROUP BY staff
), visited AS (
    SELECT staff, round(1e6 * (1 - power(2, -sum(power(2, (at - {now})::float8 / 7776000)))))::bigint AS u
    FROM visits WHERE client = {client} AND at <= {now} GROUP BY staff
), regional AS (
    SELECT staff, min(level) AS worst,
        greatest(max(level), CASE WHEN count(*) < cardinality({regions}) THEN 2 ELSE 0 END) AS best
    FROM region_preferences WHERE region = ANY ({regions}) GROUP BY staff
), fit AS (
    SELECT people.*, coalesce(regional.best, 2) AS region,
        CASE WHEN capacity_min < 60 THEN 1000000
            ELSE committed_min::bigint * 1000000 / capacity_min END AS load
    FROM people LEFT JOIN regional ON regional.staff = n
    WHERE active AND id <> ALL ({out}) {needs} AND coalesce(regional.worst, 2) > 0
        AND (hours IS NULL OR hours @> int8range({s}, {e}, '[]'))
        AND NOT off && int8range({s}, {e})
        AND NOT EXISTS (
            SELECT FROM bookings WHERE staff = n AND starts < {e} AND ends > {s})
), placed AS (
    SELECT fit.*, hold.place AS held,
        CASE WHEN hold.place IS NULL AND ping IS NOT NULL AND NOT ({urgent} AND {now} - ping_at > 3600)
            THEN power(2, -greatest(0, {now} - ping_at)::float8 / 1200) * {lead} * ping_trust
            ELSE 0 END AS c,
        CASE WHEN hold.place IS NOT NULL THEN NULL
            WHEN job_at BETWEEN {now} - 43200 AND {now} AND (ping IS NULL OR job_at > ping_at) THEN job
            ELSE start END AS fallback
    FROM fit LEFT JOIN hold ON hold.staff = n
), measured AS (
    -- The sphere of the contract is a hair larger than that of PostGIS.
    SELECT placed.*,
        ST_DistanceSphere(held, {place}) * 1.00000000448 AS held_m,
        CASE WHEN c > 0 THEN ST_DistanceSphere(ping, {place}) * 1.00000000448 END AS ping_m,
        ST_DistanceSphere(fallback, {place}) * 1.00000000448 AS fallback_m
    FROM placed OFFSET 0
), driven AS (
    SELECT measured.*,
        CASE WHEN held IS NOT NULL THEN held_m WHEN c >= 0.5 THEN ping_m
            ELSE coalesce(fallback_m, ping_m) END AS m
    FROM measured OFFSET 0
), timed AS (
    SELECT driven.*, round(m * 1.95) AS eta,
        ({s} + {duration}) * 1000 + CASE WHEN {fixed} THEN 0
            ELSE coalesce(round(m * 1.95)::bigint, 0) * 60 END AS end_ms
    FROM driven
    WHERE m IS NULL AND {without_location} OR m <= 1000 * least({max_km}, coalesce(max_travel_km, 'Infinity'))
    OFFSET 0
), slack AS (
    SELECT timed.*,
        ({s} - greatest({now}, before.ends, shift.starts)) * 1000 - coalesce(eta::bigint, 0) * 60 AS arrival,
        next.starts * 1000 - end_ms - coalesce(
            round(ST_DistanceSphere(next.place, {place}) * 1.00000000448 * 1.95)::bigint * 60, 0) AS leaving,
        shift.ends * 1000 - end_ms AS closing
    FROM timed
    LEFT JOIN before ON before.staff = n
    LEFT JOIN LATERAL (
        SELECT lower(worked) AS starts, upper(worked) - 1 AS ends FROM unnest(hours) AS worked
        WHERE worked @> int8range({s}, (end_ms + 999) / 1000, '[]')) AS shift ON true
    LEFT JOIN LATERAL (
        SELECT starts, place FROM bookings WHERE staff = n AND starts * 1000 >= end_ms
        ORDER BY starts, id LIMIT 1) AS next ON true
    WHERE (hours IS NULL OR shift.starts IS NOT NULL)
        {late_needs}
        AND NOT EXISTS (
            SELECT FROM bookings WHERE staff = n AND starts * 1000 < end_ms AND ends > {s})
    OFFSET 0
), judged AS (
    SELECT slack.*,
        CASE WHEN {fixed} THEN least(arrival, leaving, closing) ELSE least(leaving, closing) END AS least_ms
    FROM slack
    WHERE NOT {fixed} OR arrival >= -1800000
), scored AS (
    SELECT id, eta, load,
        100 * 32 * round(1e6 * CASE
            WHEN held IS NOT NULL THEN power(0.5, least(999, greatest(0, eta / 1000 - 10) / 30))
            ELSE CASE WHEN ping_m IS NULL THEN 0
                    ELSE c * power(0.5, least(999, greatest(0, round(ping_m * 1.95) / 1000 - 10) / 30)) END
                + CASE WHEN fallback_m IS NULL THEN 0
                    ELSE (1 - c) * power(0.5, least(999, greatest(0, round(fallback_m * 1.95) / 1000 - 10) / 30)) END
            END)::bigint / {total}
        + 100 * 9 * least(greatest(500000 + {mean} - load, 0), 1000000) / {total}
        + 100 * 6 * CASE WHEN least_ms IS NULL THEN 1000000
            ELSE round(least(greatest(least_ms, 0), 3600000) / 3.6::float8)::bigint END / {total}
        {points} AS score
    FROM judged LEFT JOIN visited ON visited.staff = n
)
SELECT id, score, (eta / 1000)::float8 AS eta_min
FROM scored
ORDER BY score DESC, eta NULLS LAST, load, sha256(uuid_send({case}) || uuid_send(id))
LIMIT 20
