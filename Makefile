# Two commands on a fresh machine: `make demo` and `make test`. uv is used if it is there and
# fetched into .uv/ if it is not; everything else comes from uv.lock into .venv/.

UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
INSTALLED := .venv/installed
RUN := .venv/bin
LAKE_INSTALLED := .venv-lake/installed
LAKE ?= postgres-lake
LAKE_TESTS ?= tests/warehouse/test_serving.py tests/warehouse/test_azure.py $(wildcard tests/warehouse/test_*lake*.py) \
	tests/warehouse/test_postgres_dies.py tests/dagster/test_lake.py tests/commit tests/ledger \
	tests/engine/test_sync_modes.py tests/engine/test_small_sync.py \
	tests/benchmarks/test_lake_benchmarks.py \
	tests/crash/test_crash.py::test_some_of_all_kills
SCALE_INSTALLED := .venv-scale/installed
BENCH_INSTALLED := .venv-bench/installed
BENCH_RUN := .venv-bench/bin/python -W ignore -m benchmarks
# For `make test-quick`: the rooms (folders of pack_sync/ and tests/) that differ from the last commit.
ROOM ?= $(shell git diff --name-only HEAD | sed -nE 's,^(pack_sync|tests)/([a-z_]+)/.*,\2,p' | sort -u)
PORT ?= 3000
DEMO_PORT ?= 8765

# Containers often forbid Python to keep what it compiled. Then every command compiles Dagster anew,
# which takes longer than all else it does. Packages are compiled once, when they are installed.
unexport PYTHONDONTWRITEBYTECODE
export UV_COMPILE_BYTECODE = 1

.PHONY: demo test test-lake test-scale scale test-quick matrix dev lint types check crash crash-lake fidelity vulnerabilities bench bench-quick clean

demo: $(INSTALLED)
	@$(RUN)/python -W ignore -m sync_assets.demo

test: $(INSTALLED) $(LAKE_INSTALLED)
	$(RUN)/pytest -n logical --dist worksteal
	@$(MAKE) --no-print-directory test-lake

# The tests of what differs in a lake, and those of commits, the ledger and some of whole syncs on
# one, with the DuckDB that its extensions are for. LAKE=sqlite-lake is another kind, see
# tests/warehouses.py. LAKE_TESTS="tests/engine tests/crash" runs all of whole syncs, for long.
test-lake: $(LAKE_INSTALLED)
	TEST_WAREHOUSE=$(LAKE) .venv-lake/bin/pytest -n logical --dist worksteal $(LAKE_TESTS)

# Many workers on machines of their own, by Celery: a small part as a test; and all of it, with the
# rate of 1, 2 and 4 workers. SCALE="--tables 50 --rates 1,2" is another size.
test-scale: $(SCALE_INSTALLED)
	.venv-scale/bin/pytest tests/scale

scale: $(SCALE_INSTALLED)
	.venv-scale/bin/python -W ignore -m tests.scale $(SCALE)

# The tests of one room, but for those that start servers, kill processes or build with npm:
# `make test-quick ROOM=engine`. Without ROOM, those of the rooms with uncommitted changes.
test-quick: $(INSTALLED)
	@test -n "$(ROOM)" || { echo "nothing has changed; name a room, such as ROOM=engine"; exit 2; }
	$(RUN)/pytest -n logical --dist worksteal -m "not slow" $(addprefix tests/,$(ROOM))

# A chosen part of the tests with the lowest and newest Dagster, DuckDB and Python; see .ci/matrix.
matrix: | uv
	@UV=$(UV) .ci/matrix $(MATRIX)

# `dagster dev` with the demo API behind it; its data changes every 30 seconds.
dev: $(INSTALLED)
	@$(RUN)/python -m sync_assets.dev --port $(PORT) --demo-port $(DEMO_PORT)

lint: $(INSTALLED)
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

types: $(INSTALLED)
	$(RUN)/pyright

check: lint types test

# Kills hundreds of syncs, some at each step that writes; CRASH="--seed 7" repeats a run.
crash: $(INSTALLED)
	@$(RUN)/python -m tests.crash --points 400 $(CRASH)

# The same in a lake of the kind LAKE; CRASH="--postgres" kills Postgres instead of syncs.
crash-lake: $(LAKE_INSTALLED)
	@TEST_WAREHOUSE=$(LAKE) .venv-lake/bin/python -W ignore -m tests.crash --points 200 $(CRASH)

# How faithful the ready packs are, into their folders and docs/packs/; PACKS="github" is one.
fidelity: $(INSTALLED)
	$(RUN)/python -W ignore -m tests.packs.fidelity $(PACKS)
	$(RUN)/python -m tests.packs.pages

# Known vulnerabilities of the locked dependencies; skipped, aloud, without a network.
vulnerabilities: $(INSTALLED)
	@UV=$(UV) .ci/vulnerabilities

# Everything beside other tools, into benchmarks/RESULTS.md; BENCH="--only incremental" is a part.
# The tools are in an environment of their own; those that do not install are not measured.
bench: $(BENCH_INSTALLED)
	$(BENCH_RUN) $(BENCH)

# The same with few rows, in a few minutes; its figures are nothing to go by, but it says which are
# worse than those kept on this kind of machine. BENCH=--keep keeps them, BENCH=--fail-if-worse fails.
bench-quick: $(BENCH_INSTALLED)
	$(BENCH_RUN) --size quick $(BENCH)

clean:
	rm -rf .venv .venv-lake .venv-scale .venv-bench .venv-bench-airbyte .venv-matrix .uv .dagster warehouse.duckdb warehouse.duckdb.wal

$(LAKE_INSTALLED): export UV_PROJECT_ENVIRONMENT = .venv-lake
$(LAKE_INSTALLED): pyproject.toml uv.lock | uv
	$(UV) sync --quiet --locked --extra lake --group object-store --no-group newest --no-group clients
	@touch $@

$(SCALE_INSTALLED): export UV_PROJECT_ENVIRONMENT = .venv-scale
$(SCALE_INSTALLED): pyproject.toml uv.lock | uv
	$(UV) sync --quiet --locked --no-default-groups --extra lake --group scale
	@touch $@

$(BENCH_INSTALLED): export UV_PROJECT_ENVIRONMENT = .venv-bench
$(BENCH_INSTALLED): pyproject.toml uv.lock | uv
	$(UV) sync --quiet --locked --no-default-groups --group project --group bench \
		|| { echo "the other tools do not install: only this project is measured"; \
		     $(UV) sync --quiet --locked --no-default-groups --group project; }
	UV_PROJECT_ENVIRONMENT=$(CURDIR)/.venv-bench-airbyte \
		$(UV) sync --quiet --locked --project benchmarks/peers/airbyte \
		|| echo "PyAirbyte does not install: it is not measured"
	@touch $(BENCH_INSTALLED)

$(INSTALLED): pyproject.toml uv.lock | uv
	$(UV) sync --quiet --locked
	@touch $(INSTALLED)

.PHONY: uv
uv:
	@command -v $(UV) >/dev/null || { \
		echo "fetching uv into .uv/"; \
		python3 -m venv .uv && .uv/bin/pip install --quiet uv; }
