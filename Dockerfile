# The two programs on Debian 12. `docker run … script.lua` runs a script;
# `docker run -p 8080:8080 -v …:/tokens … serve --host 0.0.0.0 --tokens /tokens/tokens.toml` serves.
FROM swift:6.2-bookworm AS build
WORKDIR /imagine
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
COPY stdlib stdlib
COPY scripts scripts
RUN apt-get update && CI=1 scripts/imagine --yes -e '' && mkdir /programs \
  && cp .build/release/imagine .build/release/imagine-server /programs/ && strip /programs/*

FROM debian:bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates ffmpeg liblua5.4-0 libpq5 libsqlite3-0 \
    libvips42 libopencv-core406 libopencv-imgproc406 fonts-dejavu-core \
  && rm -rf /var/lib/apt/lists/* && useradd --create-home imagine
COPY --from=build /programs/ /usr/local/bin/
USER imagine
WORKDIR /home/imagine
# For `serve` on its usual port; else `docker run --health-cmd 'imagine-server healthcheck https://…'`.
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s CMD ["imagine-server", "healthcheck"]
ENTRYPOINT ["imagine"]
