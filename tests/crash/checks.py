"""What must hold at every moment, above all right after a process was killed."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.crash.world import World, page_count
from tests.engine.sync_harness import Engine

NO_CALL = object()
"""Stands for a sync that has nothing left to ask the service for."""


def violations(engine: Engine, world: World) -> list[str]:
    """What does not hold of the table, its cursor, the ledger and the pages on disk."""
    with engine.warehouse.read():  # is opened once for all
        cursor = engine.position().cursor
        return [
            *_of_rows(engine, world, cursor),
            *_of_ledger(engine, world, cursor),
            *(problem for spool in spools(engine) for problem in spool.problems),
        ]


def _of_rows(engine: Engine, world: World, cursor: Any) -> Iterator[str]:
    """The table is what the service held at the cursor's version: not a row more or less.

    But for rows that a resumed full sync did not return: it keeps and counts them, as it does not
    prove that they are gone (contract D9).
    """
    found = engine.rows()
    rows: dict[str, str] = {row["id"]: row["name"] for row in found}
    expected = world.at(cursor["version"] if cursor else None)
    if len(rows) != len(found):
        yield "an id is in the table twice"
    full = [line for line in engine.ledger() if line["mode"] == "full"]
    unconfirmed = (full[-1]["unconfirmed"] or 0) if full else 0
    wrong = sorted(i for i in {*rows, *expected} if rows.get(i) != expected.get(i))
    if any(i in expected for i in wrong) or len(wrong) > unconfirmed:
        yield f"the rows are not those of cursor {cursor}: {', '.join(wrong[:5])} …"


def _of_ledger(engine: Engine, world: World, cursor: Any) -> Iterator[str]:
    """Each line tells of one change, whole and applied once, that goes on from the one before."""
    lines = [line for line in engine.ledger() if not _postgres_was_gone(line)]
    history = engine.cursor_history()
    if [line["execution_id"] for line in lines] != [row["execution_id"] for row in history]:
        yield f"{len(lines)} lines in the ledger, {len(history)} cursors in the history"
    if len({line["execution_id"] for line in lines}) != len(lines):
        yield "one execution was applied twice"
    stood: Any = None
    unconfirmed = 0
    for line in lines:
        if line["status"] != "succeeded":
            yield f"the ledger has a sync that {line['status']}: {line['error_message']}"
            continue
        before, after = _version(line["cursor_before"]), _version(line["cursor_after"])
        if before != stood:
            yield f"a sync went on from version {before}, but the table stood at {stood}"
        stood = after
        expected = expected_figures(world, line["mode"], before, after)
        found = {name: line[name] for name in expected}
        found["deleted"] += line["unconfirmed"] or 0
        if unconfirmed:  # these were in the table as well, or came back
            for name in ("inserted", "updated", "deleted"):
                del found[name], expected[name]
        if found != expected:
            yield f"{line['mode']} sync from {before} to {after}: {found}, not {expected}"
        unconfirmed = (line["unconfirmed"] or 0) if line["mode"] == "full" else unconfirmed
    if cursor != (None if stood is None else {"version": stood}):
        yield f"the cursor is {cursor}, the ledger ends with version {stood}"


def _postgres_was_gone(line: dict[str, Any]) -> bool:
    """Whether it tells of an attempt, nothing of which was applied, while Postgres was killed."""
    message: str = line["error_message"] or ""
    return line["status"] == "failed" and message.startswith("CatalogueError: ")


def expected_figures(world: World, mode: str, before: Any, after: int) -> dict[str, Any]:
    """What the ledger must say of a sync that was whole: no page skipped, none repeated."""
    listing = world.listing(None if mode == "full" else before, after)
    old, new = world.at(before), world.at(after)
    return {
        "pages": page_count(len(listing)),
        "rows_returned": sum(name is not None for _, name in listing),
        "inserted": len(new.keys() - old.keys()),
        "updated": sum(old[row] != new[row] for row in old.keys() & new.keys()),
        "deleted": len(old.keys() - new.keys()),
        "duplicates": 0,
        "rejected": 0,
    }


def _version(cursor: str | None) -> Any:
    return None if cursor is None else orjson.loads(cursor)["version"]


@dataclass(frozen=True, kw_only=True)
class LeftPages:
    """What a dead process left of a spool: read here by other means than the product's."""

    header: dict[str, Any]
    pages: list[dict[str, Any]]
    problems: list[str]


def spools(engine: Engine) -> list[LeftPages]:
    """All spools that can be found; those whose header was not written whole cannot."""
    journals = sorted(engine.spools.rglob("journal.ndjson"))
    found = [_read(journal) for journal in journals]
    return [spool for spool in found if spool is not None]


def _read(journal: Path) -> LeftPages | None:
    lines = journal.read_bytes().split(b"\n")[:-1]  # the last is empty, or torn
    if not lines or lines[0] == b"null":
        return None
    header, *pages = [orjson.loads(line) for line in lines]
    problems: list[str] = []
    for page in pages:
        file = journal.parent / page["file"]
        content = file.read_bytes() if file.exists() else b""
        rows = content[page["offset"] : page["offset"] + page["length"]]
        if zlib.crc32(rows) != page["checksum"] or len(rows) != page["length"]:
            problems.append(f"page {page['number']} is in the journal, its rows are not on disk")
    return LeftPages(header=header, pages=pages, problems=problems)


def next_call(engine: Engine) -> Any:
    """The continuation that the next sync must ask with first; `NO_CALL` if it has all pages."""
    here = engine.position().execution_id
    usable = [left for left in spools(engine) if left.pages and left.header["position"] == here]
    if not usable:
        return None
    last = usable[0].pages[-1]
    untrusted = last["completion"] and last["completion"]["has_incomplete_results"]
    if last["continuation"] is None and not untrusted:
        return NO_CALL
    return last["continuation"]
