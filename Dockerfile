# syntax=docker/dockerfile:1
# Small, non-root, the same bytes from the same lock: hashes are checked, nothing is compiled, nothing is left behind.
ARG PYTHON=3.13.7-slim-bookworm

FROM python:${PYTHON} AS wheels
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.lock /tmp/requirements.lock
RUN /opt/venv/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements.lock \
 && /opt/venv/bin/pip uninstall --yes pip
COPY demogen /tmp/demogen
# Compiled here, with a time that does not change: a container that starts need not write.
RUN cp -r /tmp/demogen "$(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/demogen" \
 && printf '#!/opt/venv/bin/python\nfrom demogen.cli import main\n\nmain()\n' > /opt/venv/bin/demogen \
 && chmod 0755 /opt/venv/bin/demogen \
 && SOURCE_DATE_EPOCH=0 /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="demogen" \
      org.opencontainers.image.description="Load-testing harness for the Midaz double-entry ledger" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 demogen \
 && useradd --uid 10001 --gid demogen --no-create-home --home-dir /srv/demogen --shell /usr/sbin/nologin demogen \
 && install --directory --owner=demogen --group=demogen /srv/demogen /srv/demogen/runs /srv/demogen/ledger
COPY --from=wheels /opt/venv /opt/venv
COPY locustfiles /srv/demogen/locustfiles
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    LOCUST_LOCUSTFILE=/srv/demogen/locustfiles/transactions.py
WORKDIR /srv/demogen
USER 10001:10001
VOLUME ["/srv/demogen/runs", "/srv/demogen/ledger"]
# 8089 web UI, 5557 workers to their master, 9646 metrics, 3002 sandbox
EXPOSE 8089 5557 9646 3002
# The image is Locust with our locustfile; `--entrypoint demogen` is the command line.
ENTRYPOINT ["locust"]
