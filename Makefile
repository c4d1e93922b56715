# make lab opens chapter 03 in JupyterLab; make test runs all tests. Each makes .venv when it is missing.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lab test notebooks bench clean

lab: $(READY)
	$(BIN)/jupyter lab $(ROOT) notebooks/03_pnet.ipynb

test: $(READY)
	$(BIN)/python -m pytest

notebooks: $(READY)
	$(BIN)/python notebooks/source/build.py

bench: $(READY)
	$(BIN)/python benchmarks/detect.py
	$(BIN)/python benchmarks/memory.py

clean:
	rm -rf .venv

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[lab,test,reference,datasets]'
	touch $(READY)
