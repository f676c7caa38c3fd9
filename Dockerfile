# syntax=docker/dockerfile:1
# The nearhand binary in a small image, run as an ordinary user.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# Without the feature `play`: a production image has no demo and no replay.
# Queries are checked by the tests, not against a database here.
ENV SQLX_OFFLINE=true
# The caches are kept between builds; the binary is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --package nearhand --no-default-features \
    && install -D target/release/nearhand /out/nearhand

FROM debian:bookworm-slim
# pg_dump and pg_restore, for `nearhand backup` and `restore`; roots for TLS.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates postgresql-client-15 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/nearhand --create-home nearhand
COPY --from=build /out/nearhand /usr/local/bin/nearhand
# The live index is searched faster in huge pages; the C library asks for them only if told so
# before a process begins.
ENV GLIBC_TUNABLES=glibc.malloc.hugetlb=1
# A volume that is mounted here takes the owner over.
RUN install --directory --owner=nearhand --mode=0700 /var/lib/nearhand/objects \
        /var/lib/nearhand/backups
USER nearhand
WORKDIR /var/lib/nearhand
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
ENTRYPOINT ["nearhand"]
CMD ["serve"]
