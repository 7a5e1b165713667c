# An image with the command `leadlens` and the Python package; tables are mounted at /data.
#   docker build -t leadlens .
#   docker run --rm leadlens demo --output /tmp/demo
#   docker run --rm --user "$(id -u)" -v "$PWD:/data" leadlens check --config leadlens.toml
FROM rust:1.95-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /leadlens
COPY . .
RUN make wheel

FROM python:3.13-slim-bookworm
COPY --from=build /leadlens/dist/*.whl /tmp/
RUN wheel=$(ls /tmp/leadlens-*.whl) \
    && pip install --no-cache-dir "$wheel[plot,sklearn]" \
    && rm "$wheel"
RUN useradd --create-home analyst
USER analyst
WORKDIR /data
ENTRYPOINT ["leadlens"]
CMD ["--help"]
