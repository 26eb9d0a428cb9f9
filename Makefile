# From a fresh clone, with Python >= 3.11: `make demo` draws databases, `make test` runs the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
EXTRAS ?= dev,rfm,sql
PYTEST := -n 2 --dist loadfile --no-loadscope-reorder --durations=25

.PHONY: demo test test-all lint format docs figures clean

$(VENV)/installed: pyproject.toml
	if command -v uv >/dev/null 2>&1; then uv venv --quiet --clear --python $(PYTHON) --seed $(VENV); else $(PYTHON) -m venv $(VENV); fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(EXTRAS)]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/plurel-prob sample --seed 18 --count 4 --out out --overwrite
	$(BIN)/plurel-prob describe out/plurel-18
	@echo
	@echo "Four databases are in out/. What to look at next:"
	@echo "  $(BIN)/plurel-prob describe out/plurel-19  schema, keys and columns of another one"
	@echo "  out/plurel-18/db/*.parquet                  its tables; manifest.yaml has the keys (RelBench 3 format)"
	@echo "  out/plurel-18/latents.npz                   every latent: plurel_prob.load(path).latents is their tree"
	@echo "  README.md, then models/database.py          how it is drawn"

# programs compile in a third of the time without LLVM's optimisations, in few parts and by the older of XLA's two generators of
# loops, and the slowest tests are left out; a thread for each worker
QUICKLY := --xla_backend_optimization_level=0 --xla_cpu_parallel_codegen_split_count=4 --xla_cpu_use_fusion_emitters=false

test: $(VENV)/installed
	NPROC=1 XLA_FLAGS="$(XLA_FLAGS) $(QUICKLY)" $(BIN)/python -m pytest $(PYTEST) -m "not slow"

test-all: $(VENV)/installed
	$(BIN)/python -m pytest $(PYTEST)

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# the site, with a twin of each page in Markdown; tutorials run, unless nothing of them has changed
docs: $(VENV)/docs
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going $(SPHINXOPTS) -b html -d docs/build/pages docs docs/build/html
	$(BIN)/sphinx-build --quiet $(SPHINXOPTS) -b markdown -d docs/build/pages docs docs/build/markdown
	cp -r docs/build/markdown/. docs/build/html/
	@echo "The site is in docs/build/html: open docs/build/html/index.html"

$(VENV)/docs: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs,rfm,sql]'
	touch $@

figures: $(VENV)/installed
	$(BIN)/plurel-prob sample --seed 11 --out out
	$(BIN)/plurel-prob show out/plurel-11 --svg out/pictures
	cp out/pictures/schema.svg docs/pictures/schema.svg
	cp out/pictures/key-table_1-foreign_row_0.svg docs/pictures/key.svg
	cp out/pictures/causal-table_4.svg docs/pictures/causes.svg

clean:
	rm -rf $(VENV) out build dist docs/build docs/gallery *.egg-info
