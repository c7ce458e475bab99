"""Months of a real catalogue, replayed change by change through an API.

The catalogue of known exploited vulnerabilities has a column `dateAdded` and no other date,
so a pack can ask for what was added since, and no more. The history says what the catalogue
held at each moment; a model of such a cursor says what a table then must hold.
"""

import gzip
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode

import pytest

from pack_sdk import make_object_schema
from pack_sync.commit.full_sync_audit import read_audits
from pack_sync.ledger.sync_runs import RunRecord
from tests.engine.sync_harness import Engine, local_connection
from tests.http_server import Answer, HttpServer, SeenRequest

Entry: TypeAlias = Mapping[str, Any]

HISTORY = Path(__file__).parents[3] / "shared" / "data" / "kev" / "history.jsonl.gz"
PAGE = 400
FULL_REFRESH_EVERY = 10

TEXT = ("vendorProject", "product", "vulnerabilityName", "shortDescription", "requiredAction")
CATALOGUE = make_object_schema(
    properties={
        "cveID": {"type": "string"},
        **{name: {"type": "string"} for name in TEXT},
        "dateAdded": {"type": "string", "hint": "date"},
        "dueDate": {"type": "string", "hint": "date"},
        "knownRansomwareCampaignUse": {"type": "string"},
        "notes": {"type": "string"},
        "cwes": {"type": "array", "items": {"type": "string"}},
    },
    id_property="cveID",
    display_property="vulnerabilityName",
)


@pytest.fixture(scope="module")
def history() -> list[Entry]:
    """The changes, oldest first; the first is the whole catalogue as it then stood."""
    if not HISTORY.exists():
        missing = f"the history of the KEV catalogue is not there: {HISTORY}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with gzip.open(HISTORY, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@dataclass
class Catalogue:
    """The catalogue at one moment of its history, and its API."""

    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])

    def advance(self, change: Entry) -> None:
        """Go to the next moment."""
        for entry in change["upsert"]:
            self.entries[entry["cveID"]] = entry
        for deleted in change["delete"]:
            del self.entries[deleted]
        assert len(self.entries) == change["count"]

    def since(self, day: str) -> dict[str, Entry]:
        """The entries added on that day or later."""
        return {cve: entry for cve, entry in self.entries.items() if entry["dateAdded"] >= day}

    def answer(self, request: SeenRequest) -> Answer:
        """GET ?since=DAY&after=ID: a page of the entries added since, by id."""
        query = {name: values[0] for name, values in request.query.items()}
        found = self.since(query.get("since", ""))
        ids = sorted(cve for cve in found if cve > query.get("after", ""))
        page = [found[cve] for cve in ids[:PAGE]]
        body = {"vulnerabilities": page, "more": len(ids) > PAGE}
        return Answer(body=json.dumps(body).encode())


def execute(_args: Any, context: Any) -> Any:
    """A pack's page of the catalogue; the cursor is the latest `dateAdded` that was seen."""
    previous = context.previous_completion
    since = previous.incremental_continuation["dateAdded"] if previous else ""
    place = context.continuation or {"after": "", "latest": since}
    query = urlencode({"since": since, "after": place["after"]})
    body = context.fetcher.fetch(url=f"/catalogue?{query}").body
    rows = body["vulnerabilities"]
    latest = max([place["latest"], *(row["dateAdded"] for row in rows)])
    if body["more"]:
        return {"result": rows, "continuation": {"after": rows[-1]["cveID"], "latest": latest}}
    return {"result": rows, "completion": {"incrementalContinuation": {"dateAdded": latest}}}


@pytest.fixture
def catalogue() -> Catalogue:
    """The catalogue before its first moment."""
    return Catalogue()


@pytest.fixture
def engine(tmp_path: Path, catalogue: Catalogue) -> Iterator[Engine]:
    """The pack with its table, and the API over HTTP."""
    server = HttpServer()
    server.answer = catalogue.answer
    yield Engine(
        folder=tmp_path,
        execute=execute,
        table="Vulnerabilities",
        schema=CATALOGUE,
        connection=local_connection(endpoint=server.url),
    )
    server.close()


def typed(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The entries as the table must hold them: every column, dates as dates."""
    dates = ("dateAdded", "dueDate")
    return {
        cve: {**entry, **{name: date.fromisoformat(entry[name]) for name in dates}}
        for cve, entry in entries.items()
    }


def table(engine: Engine) -> dict[str, Entry]:
    """The synced table by id, and that no id is there twice."""
    rows = engine.rows()
    by_id: dict[str, Entry] = {row["cveID"]: row for row in rows}
    assert len(by_id) == len(rows)
    return by_id


@dataclass(frozen=True)
class Difference:
    """What turns one set of entries into another."""

    inserted: set[str]
    updated: set[str]
    deleted: set[str]

    @classmethod
    def between(cls, old: Mapping[str, Entry], new: Mapping[str, Entry]) -> "Difference":
        """The difference, by id."""
        return cls(
            inserted=set(new) - set(old),
            updated={cve for cve in set(new) & set(old) if new[cve] != old[cve]},
            deleted=set(old) - set(new),
        )

    def assert_told_by(self, record: RunRecord, returned: int) -> None:
        """The ledger's counts are exactly these."""
        counts = (record.inserted, record.updated, record.deleted)
        assert counts == (len(self.inserted), len(self.updated), len(self.deleted))
        assert record.unchanged == returned - len(self.inserted) - len(self.updated)
        assert (record.rows_returned, record.rejected, record.duplicates) == (returned, 0, 0)


def test_the_whole_history(engine: Engine, catalogue: Catalogue, history: list[Entry]) -> None:
    """Increments see exactly what their cursor can see; full syncs mend the rest (C6, C10, C13).

    After each increment the table is what the model of a `dateAdded` cursor says: entries
    added since are there as they now are, later changes of older ones and the deletion are
    not. After each full refresh it is the catalogue, row by row and column by column, and
    the counts of the refresh, and its audit, are what the increments had missed.
    """
    assert len(history) == 76
    catalogue.advance(history[0])
    record = engine.sync().record
    assert record.mode == "full"
    expected = dict(catalogue.entries)
    assert table(engine) == typed(expected)
    mended_updates: set[str] = set()
    mended_deletions: set[str] = set()
    for number, change in enumerate(history[1:], 1):
        catalogue.advance(change)

        cursor = record.cursor_after["dateAdded"]
        assert cursor == max(entry["dateAdded"] for entry in expected.values())
        seen = catalogue.since(cursor)
        record = engine.sync().record
        assert record.mode == "incremental"
        before, expected = expected, {**expected, **seen}
        Difference.between(before, expected).assert_told_by(record, len(seen))
        assert table(engine) == typed(expected)

        if number % FULL_REFRESH_EVERY == 0 or change is history[-1]:
            missed = Difference.between(expected, catalogue.entries)
            assert not missed.inserted  # whatever is new has a new date
            record = engine.sync("full").record
            assert (record.mode, record.pages) == ("full", -(-len(catalogue.entries) // PAGE))
            missed.assert_told_by(record, len(catalogue.entries))
            assert record.audit_missed == record.audit_recent == 0
            assert record.audit_stale == len(missed.updated)
            assert record.audit_undeleted == len(missed.deleted)
            expected = dict(catalogue.entries)
            assert table(engine) == typed(expected)
            mended_updates |= missed.updated
            mended_deletions |= missed.deleted
    assert len(table(engine)) == history[-1]["count"] == 1404
    assert mended_updates
    assert mended_deletions == {"CVE-2025-4664"}
    with engine.warehouse.read() as connection:
        audits = read_audits(connection)
    assert len(audits) == 8
    assert sum(line.audit.undeleted for line in audits) == 1
    (found,) = (line.audit for line in audits if line.audit.undeleted)
    assert found.samples["undeleted"] == ["CVE-2025-4664"]
