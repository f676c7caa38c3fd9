CREATE EXTENSION postgis;

-- One wide row a person, so that ranking joins little; lists that are long or sparse apart.
CREATE UNLOGGED TABLE people (
    n integer NOT NULL,
    id uuid NOT NULL,
    active boolean NOT NULL,
    ping geometry(Point, 4326),
    ping_at bigint,
    ping_trust double precision,
    start geometry(Point, 4326),
    job geometry(Point, 4326),
    job_at bigint,
    levels smallint[] NOT NULL,
    licence_from bigint,
    licence_to bigint,
    hours int8multirange,
    off int8multirange NOT NULL,
    committed_min integer NOT NULL,
    capacity_min integer NOT NULL,
    max_travel_km double precision
);
CREATE UNLOGGED TABLE bookings (
    staff integer NOT NULL,
    id uuid NOT NULL,
    starts bigint NOT NULL,
    ends bigint NOT NULL,
    place geometry(Point, 4326)
);
CREATE UNLOGGED TABLE visits (
    client uuid NOT NULL,
    staff integer NOT NULL,
    at bigint NOT NULL
);
CREATE UNLOGGED TABLE region_preferences (
    region uuid NOT NULL,
    staff integer NOT NULL,
    level smallint NOT NULL
);
