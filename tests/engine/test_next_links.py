"""A full sync that ends although the service names a further page: paging was forgotten (D11)."""

import json
from pathlib import Path
from typing import Any

import dagster as dg

from pack_sync.commit.table_state import read_table_state
from pack_sync.dagster.checks import no_warnings
from tests.engine.sync_harness import Engine
from tests.http_server import Answer, HttpServer, SeenRequest

PAGES = 3


def answer(request: SeenRequest) -> Answer:
    """Three pages of `/items`, each but the last with a link to the next."""
    page = int(request.query.get("page", ["1"])[0])
    link = {"Link": f'</items?page={page + 1}>; rel="next"'} if page < PAGES else {}
    body = json.dumps([{"id": str(page), "name": f"{page}"}]).encode()
    return Answer(body=body, headers=link)


def engine_of(folder: Path, server: HttpServer, *, last: int = 0, **more: Any) -> Engine:
    """A pack that reads the pages up to the `last`; at 0 it does not know of pages."""
    server.answer = answer

    def execute(_args: Any, context: Any) -> Any:
        page = context.sync.continuation or 1
        rows = context.fetcher.fetch(url=f"{server.url}/items?page={page}").body
        done = {"completion": {"incrementalContinuation": "t"}}
        return {"result": rows, **({"continuation": page + 1} if page < last else done)}

    return Engine(folder=folder, execute=execute, **more)


def test_paging_was_forgotten(tmp_path: Path, server: HttpServer) -> None:
    """The run, the ledger and the check say so, and how to silence it."""
    engine = engine_of(tmp_path, server)
    outcome = engine.sync()
    (warning,) = outcome.warnings
    assert "names a further page (in its `Link` header)" in warning
    assert "returned no continuation" in warning
    assert "`ignore_next_link: true`" in warning
    assert outcome.record.warnings == [warning]
    with engine.warehouse.read() as connection:
        state = read_table_state(connection, engine.key(), "id")
    assert no_warnings(dg.AssetKey("items"), state).passed is False


def test_paging_that_ends_too_early(tmp_path: Path, server: HttpServer) -> None:
    """A wrong condition for the last page loses rows just so."""
    assert len(engine_of(tmp_path, server, last=2).sync().warnings) == 1


def test_paging_to_the_end(tmp_path: Path, server: HttpServer) -> None:
    """The last answer names no further page."""
    engine = engine_of(tmp_path, server, last=PAGES)
    assert engine.sync().warnings == []
    assert set(engine.names()) == {"1", "2", "3"}


def test_an_end_on_purpose(tmp_path: Path, server: HttpServer) -> None:
    """A setting of the table says so."""
    assert engine_of(tmp_path, server, ignore_next_link=True).sync().warnings == []


def test_an_increment(tmp_path: Path, server: HttpServer) -> None:
    """An increment may end at the first row that it knows."""
    engine = engine_of(tmp_path, server, last=PAGES)
    engine.sync()
    engine.execute = engine_of(tmp_path, server).execute
    assert engine.sync("incremental").warnings == []


def test_a_page_without_rows(tmp_path: Path, server: HttpServer) -> None:
    """Where links go on for ever, an empty page is the end."""
    server.answer = lambda _: Answer(body=b'{"items": [1], "next_cursor": "x"}')

    def execute(_args: Any, context: Any) -> Any:
        context.fetcher.fetch(url=f"{server.url}/items")
        return {"result": []}

    assert Engine(folder=tmp_path, execute=execute).sync().warnings == []
