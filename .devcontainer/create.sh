#!/usr/bin/env bash
# The image's environment for the folder that is opened: its package is the one that is edited, and make lab uses it.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -e .venv ] || ln -s /home/reader/mtcnn_lite/.venv .venv
.venv/bin/python -m pip install --no-deps --no-build-isolation --editable .
touch .venv/.ready
