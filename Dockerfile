# The relay's image. Installs and builds with the commands of dev.py (tests/house/test_image.py holds the two together).

FROM node:24-slim AS web
WORKDIR /src/client_web
COPY client_web/package.json client_web/package-lock.json client_web/.npmrc ./
COPY client_web/patches ./patches
RUN npm ci --ignore-scripts --no-audit --no-fund
RUN npm run --silent patch
COPY client_web ./
RUN npm run --silent build

FROM python:3.11-slim AS python
WORKDIR /src
RUN python -m venv /opt/sotto
ENV PATH=/opt/sotto/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock requirements-build.lock ./
RUN python -m pip install -q --require-hashes -r requirements.lock -r requirements-build.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY wire ./wire
COPY keys ./keys
COPY server ./server
COPY cli ./cli
COPY client_py ./client_py
COPY --from=web /src/client_web/dist ./client_web/dist
RUN python -m pip install -q --no-deps --no-build-isolation .
# What only building needed does not run.
RUN python -m pip uninstall -q -y -r requirements-build.lock && python -m pip uninstall -q -y pip setuptools

FROM python:3.11-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin sotto \
 && install -d -o sotto -g sotto -m 0700 /data
COPY --from=python /opt/sotto /opt/sotto
ENV PATH=/opt/sotto/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    SOTTO_LISTEN=0.0.0.0:8080 SOTTO_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
# Everything the relay writes; the rest of the root may be, and in compose.yaml is, read-only.
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["sotto", "healthcheck"]
ENTRYPOINT ["sotto"]
CMD ["run"]
