# The course in JupyterLab, in versions of constraints.txt whose files are checked. docs/container.md says how to use it.
FROM python:3.11-slim-bookworm

# More packages of Debian, with spaces between: the development container adds git.
ARG PACKAGES=""
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 make $PACKAGES \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --create-home --uid 1000 --shell /bin/bash reader \
    && install --directory --owner=reader --group=reader /home/reader/mtcnn_lite /home/reader/.jupyter
USER reader
WORKDIR /home/reader/mtcnn_lite
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/home/reader/mtcnn_lite/.venv/bin:$PATH

# Before the rest, so that a change of the course downloads nothing again
COPY --chown=reader:reader binder/requirements.txt binder/requirements.txt
RUN python -m venv .venv && .venv/bin/python -m pip install --require-hashes --requirement binder/requirements.txt

COPY --chown=reader:reader . .
RUN .venv/bin/python -m pip install --no-deps --no-build-isolation --editable . \
    && touch .venv/.ready \
    && echo '{"ServerApp": {"ip": "0.0.0.0", "open_browser": false}}' > /home/reader/.jupyter/jupyter_server_config.json

EXPOSE 8888
CMD ["make", "lab"]
