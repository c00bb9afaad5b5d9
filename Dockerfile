# nidaa in a container: built with locked dependencies, run by nobody in particular. `docker build --build-arg BASE=…` changes
# the base; it must have Python 3.11, 3.12 or 3.13.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
WORKDIR /src
COPY requirements ./requirements
RUN python -m venv /build \
    && /build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt \
    && python -m venv --without-pip /opt/nidaa \
    && /build/bin/uv pip install --no-cache --compile-bytecode --python /opt/nidaa/bin/python --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md ./
COPY locales ./locales
COPY storage ./storage
COPY handlers ./handlers
COPY bot ./bot
RUN /build/bin/pybabel --quiet compile --directory locales \
    && /build/bin/hatchling build --target wheel --directory /wheel \
    && /build/bin/uv pip install --no-cache --compile-bytecode --python /opt/nidaa/bin/python --no-deps /wheel/*.whl

FROM ${BASE}
RUN useradd --system --uid 10001 --create-home --home-dir /data nidaa
COPY --from=build /opt/nidaa /opt/nidaa
ENV PATH="/opt/nidaa/bin:${PATH}" \
    NIDAA_HOST=0.0.0.0 \
    NIDAA_DATA_DIR=/data \
    PYTHONUNBUFFERED=1
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('NIDAA_PORT', '8080')}/health\", timeout=4)"]
CMD ["sh", "-c", "nidaa migrate && exec nidaa serve"]
