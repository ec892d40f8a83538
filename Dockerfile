# Kundekort: one image for the code server (which executes the runs), the web server, the daemon and migrations.
FROM python:3.11-slim

RUN useradd --create-home --uid 10001 kundekort
WORKDIR /kundekort

# For Kubernetes, where runs are jobs: --build-arg LOCK=requirements-kubernetes.lock
ARG LOCK=requirements.lock
COPY requirements.lock requirements-kubernetes.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement "$LOCK"

COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY connectors connectors
COPY pipelines pipelines
COPY dagster_home/production dagster_home/production

# What a run keeps beside the databases (the ledger's copy, records of processing, exports): mount a volume.
RUN mkdir home && cp dagster_home/production/dagster.yaml home/ && chown -R kundekort home
# By number: Kubernetes can then see that it is not root.
USER 10001
# Without CRM_DATABASE_URL it refuses to start: a store of its own would be lost with the container.
ENV PYTHONPATH=/kundekort \
    PYTHONUNBUFFERED=1 \
    EMBEDDED_STORE=no \
    DAGSTER_HOME=/kundekort/home

EXPOSE 3000 4000
CMD ["dagster", "code-server", "start", "-m", "pipelines.definitions", "-h", "0.0.0.0", "-p", "4000", "--location-name", "kundekort"]
