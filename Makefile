# Two commands on a fresh machine: `make demo` and `make test`. uv is used if it is there and
# fetched into .uv/ if it is not; everything else comes from uv.lock into .venv/.

UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
INSTALLED := .venv/installed
RUN := .venv/bin
PORT ?= 3000
DEMO_PORT ?= 8765

.PHONY: demo test dev lint types check crash audit bench clean

demo: $(INSTALLED)
	@$(RUN)/python -W ignore -m sync_assets.demo

test: $(INSTALLED)
	$(RUN)/pytest -n logical --dist worksteal

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

# Known vulnerabilities of the locked dependencies; skipped, aloud, without a network.
audit: $(INSTALLED)
	@UV=$(UV) .ci/audit

bench: $(INSTALLED)
	$(RUN)/python -m benchmarks.full_sync

clean:
	rm -rf .venv .uv .dagster warehouse.duckdb warehouse.duckdb.wal

$(INSTALLED): pyproject.toml uv.lock | uv
	$(UV) sync --quiet --locked
	@touch $(INSTALLED)

.PHONY: uv
uv:
	@command -v $(UV) >/dev/null || { \
		echo "fetching uv into .uv/"; \
		python3 -m venv .uv && .uv/bin/pip install --quiet uv; }
