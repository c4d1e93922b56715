# make lab opens chapter 03 in JupyterLab. make test: unit tests, examples, judges, linters, the chapters.
# make test-slow: the rest, which is mypy, side trips, the browser, killed runs, whole trainings. make test-all: both.
# Each makes .venv when it is missing.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip
READY := .venv/.ready
TORCH := $(shell sed -n 's/^torch==\([0-9.]*\).*/\1/p' constraints.txt)
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

# make weights: labelled photos to weights, in stages; run it again and it goes on where it was. data/MODEL_CARD.md says
# which photos made those that ship. Set: DATA, its folders; RUN, the run's folder (20 GB); TRAIN, more options; and
# PROCESSES, one a core, which share each batch. Of Face Mask Detection, most of which is masked, a quarter is enough.
DATA ?= data/faces/scenes data/faces/landmarks
RUN ?= run
TRAIN ?= --teacher zhang2016 --keep FaceMaskDetection=0.25
PROCESSES ?= 2

.PHONY: lab test test-slow test-all notebooks site bench weights clean

lab: $(READY)
	$(BIN)/jupyter lab $(ROOT) notebooks/03_pnet.ipynb

test: $(READY)
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --ignore=notebooks/deeper

# cells of a notebook stay together; one process more than two processors, as the browser's tests often wait; threads
# that wait without spinning (OMP_WAIT_POLICY) leave the processors to the other processes
test-slow: $(READY)
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest --numprocesses 2 --dist loadfile notebooks/deeper
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest --numprocesses 3 -m "slow or browser"

test-all: test test-slow

notebooks: $(READY)
	$(BIN)/python notebooks/source/build.py

# make site: site/index.html and the pages beside it, from the committed notebooks. It needs Node.js with npm.
site: $(READY)
	$(BIN)/python docs/site/build.py

bench: $(READY)
	$(BIN)/python benchmarks/detect.py
	$(BIN)/python benchmarks/threads.py
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/many.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/growth.py --out notebooks

weights: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/torchrun --nproc-per-node $(PROCESSES) -m mtcnn_lite \
		train $(addprefix --data ,$(DATA)) $(TRAIN) --out $(RUN) --resume

clean:
	rm -rf .venv

# For Linux, constraints.txt has the hashes of PyTorch's CPU builds. Where pip knows of none, it takes the default.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	[ "$$(uname)" != Linux ] || $(PIP) install --quiet --dry-run --no-deps torch==$(TORCH)+cpu 2>/dev/null \
		|| $(PIP) install --quiet torch==$(TORCH)
	$(PIP) install --quiet --require-hashes --requirement constraints.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $(READY)
