"""`ignore_next_link` in a `defs.yaml` reaches the sync (contract D11)."""

from typing import Any

import pytest

from pack_sdk import Pack
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject
from tests.engine.sync_harness import ITEM
from tests.http_server import Answer, HttpServer

project = dagster_project.project


@pytest.mark.parametrize(("configured", "warns"), [({}, True), ({"ignore_next_link": True}, False)])
def test_a_warning_that_is_silenced(
    project: DagsterProject, server: HttpServer, configured: dict[str, Any], warns: bool
) -> None:
    """The table's ledger has the warning, or none."""
    server.answers(Answer(body=b'{"items": [{"id": "1", "name": "n"}], "has_more": true}'))

    def execute(_args: Any, context: Any) -> Any:
        return {"result": context.fetcher.fetch(url=f"{server.url}/items").body["items"]}

    pack = Pack()
    pack.add_sync_table(name="Items", identity_name="Item", schema=ITEM, execute=execute)
    project.switch_on_pack(
        "acme",
        pack,
        tables={"Items": configured},
        connections={"default": {"allow_http_localhost": True}},
    )
    project.run()
    assert (project.query("SELECT warnings FROM _sync.runs") != [(None,)]) is warns
