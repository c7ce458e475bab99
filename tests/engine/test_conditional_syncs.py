"""A full sync of a quiet table costs few requests that count, and brings the truth (F9)."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from pack_sync.budgets.books import FileBooks
from pack_sync.engine.sync_failures import SyncFailedError
from tests.engine.sync_harness import Engine, local_connection
from tests.http.validating_service import tag_of
from tests.http_server import Answer, HttpServer, SeenRequest

PAGES = 50


class Catalogue:
    """A service of pages of rows, each with an `ETag`."""

    def __init__(self, server: HttpServer) -> None:
        self.pages = [
            {f"r{page}-{row}": f"name {page} {row}" for row in range(20)} for page in range(PAGES)
        ]
        self.counted = 0
        server.answer = self

    def __call__(self, seen: SeenRequest) -> Answer:
        number = int(seen.query["page"][0])
        rows = [{"id": key, "name": name} for key, name in self.pages[number].items()]
        body = orjson.dumps({"items": rows, "next": number + 1 if number + 1 < PAGES else None})
        headers = {"ETag": tag_of(body)}
        if seen.headers.get("if-none-match") == headers["ETag"]:
            return Answer(status=304, headers=headers, content_type="")
        self.counted += 1
        return Answer(body=body, headers=headers)

    def cost(self) -> int:
        """How many requests counted since this was asked last."""
        counted, self.counted = self.counted, 0
        return counted

    @property
    def truth(self) -> dict[str, str]:
        """All rows."""
        return {key: name for page in self.pages for key, name in page.items()}


def fetch_page(_: Any, context: Any) -> Any:
    """A page, of a pack without any cursor."""
    number = context.sync.continuation or 0
    body = context.fetcher.fetch(url=f"/items?page={number}").body
    following = {"continuation": body["next"]} if body["next"] else {}
    return {"result": body["items"], **following}


@pytest.fixture
def catalogue(server: HttpServer) -> Catalogue:
    """What it answers."""
    return Catalogue(server)


@pytest.fixture
def engine(server: HttpServer, tmp_path: Path) -> Engine:
    """A table of its rows."""
    return Engine(
        folder=tmp_path,
        execute=fetch_page,
        connection=local_connection(
            endpoint=server.url, rate=["200/min", "1000/day"], count_not_modified=False
        ),
        code_version="v1",
        books=FileBooks(tmp_path / "budgets.sqlite"),
        answers_folder=tmp_path / "answers",
    )


def rows(engine: Engine) -> dict[str, str]:
    """The table's rows."""
    return {row["id"]: row["name"] for row in engine.rows()}


def test_a_weekly_full_sync_of_a_quiet_table(catalogue: Catalogue, engine: Engine) -> None:
    """One page of 50 has changed: at most 5 % of the requests count, and all rows are right."""
    assert engine.sync("full").record.not_modified == 0
    assert catalogue.cost() == PAGES
    del catalogue.pages[7]["r7-3"]
    catalogue.pages[7] |= {"r7-4": "changed", "new": "inserted"}

    record = engine.sync("full").record
    assert rows(engine) == catalogue.truth
    assert catalogue.cost() == 1 <= PAGES * 0.05
    assert (record.requests, record.not_modified) == (PAGES, PAGES - 1)
    assert (record.inserted, record.updated, record.deleted) == (1, 1, 1)
    assert record.unchanged == PAGES * 20 - 2
    assert [line["not_modified"] for line in engine.ledger()] == [0, PAGES - 1]
    with engine.prepared() as sync:
        assert sync.connection.budget is not None
        of_minute, of_day = sync.connection.budget.usage()
    assert of_day.used == PAGES + 1
    assert of_minute.used == 2 * PAGES


@pytest.mark.parametrize("change", ["opt out", "code", "account", "folder lost", "all damaged"])
def test_when_all_is_asked_for_anew(catalogue: Catalogue, engine: Engine, change: str) -> None:
    """Nothing has changed, but what was kept may not be used, or is no more what it was."""
    engine.sync("full")
    assert catalogue.cost() == PAGES
    folder = engine.answers_folder
    assert folder is not None
    if change == "opt out":
        engine.answers_folder = None
    elif change == "code":
        engine.code_version = "v2"
    elif change == "account":
        settings = {**engine.connection.model_dump(), "credentials": {"token": "other"}}
        engine.connection = local_connection(**settings)
    elif change == "folder lost":
        (folder / "key").unlink()
    else:
        for path in folder.glob("*/*"):
            path.write_bytes(path.read_bytes()[:-1] + b" ")
    engine.sync("full")
    assert rows(engine) == catalogue.truth
    assert catalogue.cost() == PAGES


def test_a_failed_sync_is_gone_on_with(
    catalogue: Catalogue, engine: Engine, server: HttpServer
) -> None:
    """What was kept of pages whose sync failed and was given up costs nothing the next time."""

    def fail_late(seen: SeenRequest) -> Answer:
        return Answer(status=400) if seen.query["page"] == ["45"] else catalogue(seen)

    server.answer = fail_late
    engine.configure(resume_within_minutes=0)
    with pytest.raises(SyncFailedError):
        engine.sync("full")
    assert catalogue.cost() == 45
    server.answer = catalogue
    record = engine.sync("full").record
    assert (catalogue.cost(), record.not_modified) == (PAGES - 45, 45)
    assert rows(engine) == catalogue.truth
