"""The accounts that packs sync from: what a `defs.yaml` takes from code, and from the environment.

A `defs.yaml` names this module as its `template_vars_module`, and a function as
`"{{ demo_endpoint }}"`. Credentials are never values there or here, but names of environment
variables, `credentials: {token: {env: TRACKER_TOKEN}}`: Dagster reads them when a run starts, the
pack's resource puts them on requests outside of the pack's sight, and they are in no file, log or
database.
"""

import os

import dagster as dg


@dg.template_var
def demo_endpoint() -> str:
    """Where the API that `make demo` and `make dev` start answers."""
    return os.environ.get("DEMO_API_URL", "http://localhost:8765")
