# syntax=docker/dockerfile:1
# The server and nothing else: no compiler, no shell tools beyond the base image, no root. It writes to /data only, which
# the group 0 may as well: OpenShift runs containers as anybody of that group.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/flagkeeper
COPY requirements/run.txt requirements/run.txt
RUN /opt/flagkeeper/bin/pip install --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/flagkeeper/bin/pip install --no-deps --no-build-isolation . \
    && /opt/flagkeeper/bin/python -m compileall -q /opt/flagkeeper/lib

FROM python:3.11-slim-bookworm
# wget: health checks that were written for Unleash's image call it. Its versions are those of the base image's release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates wget \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --create-home --shell /usr/sbin/nologin flagkeeper \
    && chgrp 0 /data && chmod 770 /data
COPY --from=build /opt/flagkeeper /opt/flagkeeper
COPY --chmod=755 deploy/docker/entrypoint.sh /usr/local/bin/flagkeeper-entrypoint
ENV PATH=/opt/flagkeeper/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HTTP_HOST=0.0.0.0
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 4242 3063
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD ["flagkeeper", "ready"]
ENTRYPOINT ["flagkeeper-entrypoint"]
CMD ["serve"]
