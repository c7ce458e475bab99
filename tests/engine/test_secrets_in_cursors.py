"""Cursors and continuations that hold a credential (contract A4, C6, D9)."""

from pathlib import Path
from typing import Any

import pytest

from pack_sdk import Authentication, AuthenticationType
from pack_sync.engine.sync_failures import SyncFailedError
from tests.engine.sync_harness import (
    Engine,
    Scripted,
    items,
    last_page,
    local_connection,
    mangle_cursors,
)

WORD = "administrator"
TOKEN = "a-true-secret-5e1f"
BEARER = Authentication(type=AuthenticationType.HEADER_BEARER_TOKEN)
QUERY = Authentication(type=AuthenticationType.QUERY_PARAM_TOKEN, param_name="key")
NAMED = Authentication(type=AuthenticationType.CUSTOM)
BASIC = Authentication(type=AuthenticationType.WEB_BASIC)


def engine_of(
    folder: Path, authentication: Authentication, *steps: Any, **credentials: str
) -> tuple[Engine, Scripted]:
    """An engine whose pack answers with these steps."""
    execute = Scripted(*steps)
    connection = local_connection(endpoint="http://localhost:1", credentials=credentials)
    engine = Engine(
        folder=folder, execute=execute, authentication=authentication, connection=connection
    )
    return engine, execute


@pytest.mark.parametrize(
    ("authentication", "credentials"),
    [
        (NAMED, {"username": WORD, "token": TOKEN}),
        (BASIC, {"username": WORD, "password": TOKEN}),
    ],
)
def test_a_name_is_an_ordinary_word(
    tmp_path: Path, authentication: Authentication, credentials: dict[str, str]
) -> None:
    """A cursor that has the user's name in it stays whole, on the disk too."""
    cursor = {"role": WORD, "after": f"/users?role={WORD}"}
    steps = ({"result": items(a="1"), "continuation": cursor}, last_page(cursor, b="2"))
    engine, execute = engine_of(tmp_path, authentication, *steps, last_page("t2"), **credentials)
    engine.sync()
    assert engine.position().cursor == cursor
    engine.sync()
    previous = execute.contexts[-1].previous_completion
    assert previous is not None
    assert previous.incremental_continuation == cursor


@pytest.mark.parametrize("cursor", [TOKEN, {"next": f"/items?token={TOKEN}&page=2"}, [f"x{TOKEN}"]])
def test_a_cursor_with_a_secret_is_none(tmp_path: Path, cursor: Any) -> None:
    """It is not written, and no sync asks with what is left of it: the next one is full."""
    engine, execute = engine_of(
        tmp_path, BEARER, last_page("t1", a="1"), last_page(cursor, b="2"), last_page("t3", a="1"),
        token=TOKEN,
    )  # fmt: skip
    engine.sync()
    outcome = engine.sync("incremental")
    (warning,) = list(outcome.record.warnings or [])
    assert warning.startswith("the cursor holds a credential of the connection")
    assert engine.names() == {"a": "1", "b": "2"}
    position = engine.position()
    assert position.cursor is None
    assert "a cursor that holds a credential" in position.no_cursor_reason
    assert TOKEN not in engine.everything_stored()
    record = engine.sync().record
    assert record.mode == "full"
    assert execute.contexts[-1].previous_completion is None


def test_a_parameter_that_requests_get_anyway(tmp_path: Path) -> None:
    """Nothing is lost without it: the cursor is stored, and the sync goes on from it."""
    link = f"https://api.example.com/items?key={TOKEN}&page=2"
    steps = last_page({"next": link}, a="1"), last_page("t")
    engine, _ = engine_of(tmp_path, QUERY, *steps, token=TOKEN)
    engine.sync()
    assert engine.position().cursor == {"next": link.replace(TOKEN, "[secret]")}
    assert engine.sync().record.mode == "incremental"


@pytest.mark.parametrize(
    ("tokens", "goes_on_at", "rows_kept"),
    [(["t1", TOKEN], "t1", 1), ([TOKEN, "t2"], "t2", 2), ([TOKEN, f"{TOKEN}2"], None, 0)],
)
def test_an_interrupted_sync_goes_on_where_it_can(
    tmp_path: Path, tokens: list[str], goes_on_at: str | None, rows_kept: int
) -> None:
    """After the last page whose continuation is whole; else from the beginning."""
    pages = [
        {"result": items(**{f"p{number}": "1"}), "continuation": {"token": token}}
        for number, token in enumerate(tokens)
    ]

    def fails(_: Any, __: Any) -> Any:
        raise ValueError("dropped")

    engine, execute = engine_of(tmp_path, BEARER, *pages, fails, token=TOKEN)
    engine.configure(attempts=1)
    with pytest.raises(SyncFailedError):
        engine.sync()
    assert execute.contexts[-1].continuation == {"token": tokens[-1]}  # in the run: whole
    spools = [file.read_text() for file in engine.spools.rglob("journal.ndjson")]
    assert len(spools) == bool(goes_on_at)
    assert all(TOKEN not in text for text in spools)
    asked = len(execute.contexts)
    execute.then(last_page("t9", z="9"))
    engine.sync()
    again = execute.contexts[asked].continuation
    assert again == (goes_on_at and {"token": goes_on_at})
    assert len(engine.rows()) == rows_kept + 1


@pytest.mark.parametrize("mode", ["auto", "incremental"])
def test_a_cursor_that_an_earlier_version_mangled(tmp_path: Path, mode: Any) -> None:
    """It would ask for something else: the next sync is full, says why, and blames no increment."""
    steps = last_page("t1", a="1"), last_page("t2", a="1", b="1"), last_page("t3")
    engine, execute = engine_of(tmp_path, BEARER, *steps, token=TOKEN)
    engine.sync()
    mangle_cursors(engine, "t1")
    record = engine.sync(mode).record
    assert record.mode == "full"
    assert "its cursor was stored with [secret] in place of a credential" in record.mode_reason
    assert execute.contexts[-1].previous_completion is None
    assert (record.cursor_before, engine.position().cursor) == (None, "t2")
    assert engine.sync().record.mode == "incremental"
