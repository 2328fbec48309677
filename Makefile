# Everything here sets itself up: Python 3.11+ and make are enough.
#   make demo    the lesson on its engines, then a real table
#   make test    all tests
#   make check   format, lint, types, import layers, documents
#   make docs    the user guide, into build/docs
#   make lessons runs the notebooks of the lesson and stores what they print and draw (ARGS="1 3": only these)
#   make bench   gradline beside its peers; writes docs/benchmarks.md (some 25 minutes; ARGS=--quick: a few)

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Builds of the package itself also go through the constraints.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check docs lessons bench clean

demo: $(VENV)/.demo
	@echo "\n--- gradline demo: five points, four engines, one answer"
	@$(BIN)/gradline demo
	@mkdir -p build && $(BIN)/python examples/write_diabetes.py build/diabetes.csv
	@echo "\n--- gradline fit build/diabetes.csv --target progression --engine nn: a real table, by gradient descent"
	@$(BIN)/gradline fit build/diabetes.csv --target progression --engine nn

test: $(VENV)/.test
	@echo "--- all tests, on every core"
	@$(BIN)/pytest -q -n auto --dist loadfile

check: $(VENV)/.check
	@echo "--- format and lint"
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@echo "--- types"
	@$(BIN)/mypy
	@echo "--- import layers and documents"
	@$(BIN)/pytest -q tests/test_architecture.py tests/test_documents.py

docs: $(VENV)/.docs
	@$(BIN)/python -m sphinx -W -n --keep-going -q -b html docs build/docs
	@echo "build/docs/index.html: open it in a browser"

lessons: $(VENV)/.test
	@$(BIN)/python -m tests.lessons.notebooks $(ARGS)

bench: $(VENV)/.bench
	@$(BIN)/python bench/run.py $(ARGS)

clean:
	rm -rf $(VENV) build

# One stamp per set of extras; made again when the project's dependencies change.
$(VENV)/.demo: EXTRAS = torch
$(VENV)/.test: EXTRAS = torch,formula,onnx,plots,db,dask,test,docs
$(VENV)/.check: EXTRAS = torch,formula,onnx,plots,db,dask,test,check
$(VENV)/.docs: EXTRAS = docs
$(VENV)/.bench: EXTRAS = torch,bench
$(VENV)/.%: pyproject.toml constraints.txt | $(BIN)/python
	@echo "--- installing gradline[$(EXTRAS)] into $(VENV) (the first time takes a minute or two)"
	@$(BIN)/python -m pip install -q -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "gradline needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) -V 2>&1); try: make PYTHON=python3.12"; exit 1; }
	@echo "--- making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
