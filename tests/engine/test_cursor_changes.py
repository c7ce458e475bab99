"""Cursors changed by hand: what the next sync then does, and what is refused (contract C6, D5)."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import Authentication, AuthenticationType, Parameter, make_parameter
from pack_sync.engine.cursor_changes import (
    CursorChange,
    CursorChangeRefusedError,
    reset_cursor,
    rewind_cursor,
    set_cursor,
)
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync import run_sync
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.ledger.cursor_history import CursorEntry, read_history
from pack_sync.ledger.ledger_versions import upgrade_ledger
from tests.engine.sync_harness import (
    Engine,
    Scripted,
    last_page,
    local_connection,
    mangle_cursors,
)
from tests.ledger.earlier_ledger import WRITTEN, make_earlier_warehouse
from tests.warehouses import not_served, only_a_file

PARAMETER: Parameter = make_parameter(name="team", type="string", optional=True)


@pytest.fixture
def execute() -> Scripted:
    """Steps to come."""
    return Scripted()


@pytest.fixture
def engine(tmp_path: Path, execute: Scripted) -> Engine:
    """A table that takes a parameter."""
    return Engine(folder=tmp_path, execute=execute, parameters=[PARAMETER])


def changed(
    engine: Engine, change: Callable[..., CursorChange], *values: Any, reason: str = "why"
) -> CursorChange:
    """Change the cursor by hand."""
    with engine.prepared() as sync:
        return change(engine.warehouse, sync, *values, reason=reason)


def refusal(engine: Engine, change: Callable[..., CursorChange], *values: Any) -> str:
    """The message with which a change is refused; and that it changed nothing."""
    before = engine.state()
    with pytest.raises(CursorChangeRefusedError) as refused:
        changed(engine, change, *values)
    assert engine.state() == before
    return str(refused.value)


def history(engine: Engine) -> list[CursorEntry]:
    """The cursors, newest first."""
    with engine.warehouse.read() as connection:
        return read_history(connection, engine.key())


def previous(execute: Scripted) -> Any:
    """The cursor that the last call of `execute` was given, "full" if there was none."""
    completion = execute.contexts[-1].sync.previous_completion
    return completion.incremental_continuation if completion else "full"


def synced(engine: Engine, execute: Scripted, *cursors: Any) -> None:
    """A full sync, then incremental ones, ending with these cursors."""
    for number, cursor in enumerate(cursors):
        execute.then(last_page(cursor, **{f"row{number}": "x"}))
        engine.sync()


@pytest.mark.parametrize("cursor", [{}, {"since": "2026-01-01"}, "text", 0, False, [], ""])
def test_the_next_sync_goes_on_from_the_cursor_that_was_set(
    engine: Engine, execute: Scripted, cursor: Any
) -> None:
    """Any JSON value but null; the rows and the time of the last full sync stay (C6)."""
    synced(engine, execute, "t1")
    before = engine.position()
    change = changed(engine, set_cursor, cursor, reason="the source was restored")
    assert change.before == before
    after = engine.position()
    assert change.after == after
    assert (after.cursor, type(after.cursor)) == (cursor, type(cursor))
    assert (after.last_full_at, after.fingerprint) == (before.last_full_at, before.fingerprint)
    assert engine.names() == {"row0": "x"}
    execute.then(last_page("t2"))
    assert engine.sync().record.mode == "incremental"
    assert previous(execute) == cursor


def test_a_change_is_in_the_history_with_time_and_reason(engine: Engine, execute: Scripted) -> None:
    """So is what it replaced (C6)."""
    synced(engine, execute, "t1", "t2")
    began = datetime.now(UTC)
    changed(engine, set_cursor, "mine", reason="because")
    newest, *earlier = history(engine)
    assert (newest.cursor, newest.reason) == ("mine", "by hand: because")
    assert newest.execution_id == engine.position().execution_id
    assert began <= newest.recorded_at <= datetime.now(UTC)
    assert [(entry.cursor, entry.reason) for entry in earlier] == [
        ("t2", "incremental sync"),
        ("t1", "full sync"),
    ]


def test_a_sync_that_runs_meanwhile_is_superseded(engine: Engine, execute: Scripted) -> None:
    """It applies nothing: the cursor set by hand is newer than where it began (C6)."""
    synced(engine, execute, "t1")

    def set_meanwhile(_args: Any, _context: Any) -> Any:
        thread = threading.Thread(target=lambda: changed(engine, set_cursor, "mine"))
        thread.start()
        thread.join()
        return last_page("t2", late="x")

    execute.then(set_meanwhile)
    with pytest.raises(SyncFailedError, match="was committed while this one ran"):
        engine.sync()
    assert engine.position().cursor == "mine"
    assert engine.names() == {"row0": "x"}


def test_rewinding_brings_again_what_came_since(engine: Engine, execute: Scripted) -> None:
    """By steps of the history, of which a rewind is one: the way back is a rewind too (C6)."""
    synced(engine, execute, "t1", "t2", "t3")
    assert changed(engine, rewind_cursor, 2).after.cursor == "t1"
    execute.then(last_page("t4"))
    assert engine.sync().record.mode == "incremental"
    assert previous(execute) == "t1"
    assert changed(engine, rewind_cursor, 2).after.cursor == "t3"


def test_rewinding_to_a_time(engine: Engine, execute: Scripted) -> None:
    """To the cursor that was current then, to the moment (C6)."""
    synced(engine, execute, "t1", "t2", "t3")
    t3, t2, t1 = (entry.recorded_at for entry in history(engine))
    assert changed(engine, rewind_cursor, t3 - timedelta(microseconds=1)).after.cursor == "t2"
    assert changed(engine, rewind_cursor, t2).after.cursor == "t2"
    message = refusal(engine, rewind_cursor, t1 - timedelta(microseconds=1))
    assert f"the history begins at {t1:%Y-%m-%d %H:%M:%S} UTC, later than that" in message
    message = refusal(engine, rewind_cursor, datetime.now(UTC))
    assert "the cursor of that time is the present one" in message


def test_there_is_no_rewinding_beyond_the_history(engine: Engine, execute: Scripted) -> None:
    """Nor to a time when there was no cursor (C6, D3)."""
    execute.then(last_page("t1"), {"result": []}, last_page("t2"))
    for _ in range(3):
        engine.sync()
    assert "the history goes back 2 steps" in refusal(engine, rewind_cursor, 3)
    assert "had no cursor after" in refusal(engine, rewind_cursor, 1)


def test_a_reset_makes_the_next_sync_full(engine: Engine, execute: Scripted) -> None:
    """And says why; the rows stay until then (C6, C10)."""
    synced(engine, execute, "t1")
    changed(engine, reset_cursor, reason="I do not trust it")
    assert engine.names() == {"row0": "x"}
    assert "has no cursor as it is (its cursor was reset by hand" in refusal(engine, reset_cursor)
    execute.then(last_page("t2", b="y"))
    record = engine.sync().record
    assert record.mode_reason == "its cursor was reset by hand: I do not trust it"
    assert (previous(execute), record.deleted, engine.names()) == ("full", 1, {"b": "y"})


def test_a_reset_can_be_taken_back(engine: Engine, execute: Scripted) -> None:
    """The cursor is in the history (C6)."""
    synced(engine, execute, "t1")
    changed(engine, reset_cursor)
    assert changed(engine, rewind_cursor, 1).after.cursor == "t1"


@not_served
@pytest.mark.parametrize(
    ("change", "values"), [(set_cursor, ["t"]), (rewind_cursor, [1]), (reset_cursor, [])]
)
def test_a_sync_that_never_ran_has_nothing_to_change(
    engine: Engine, change: Callable[..., CursorChange], values: list[Any]
) -> None:
    """There are no rows to go on from, and no warehouse is made of it (C6)."""
    assert "has never been synced" in refusal(engine, change, *values)
    assert not engine.warehouse.path.exists()


def test_a_sync_without_a_full_one_takes_no_cursor(tmp_path: Path) -> None:
    """A look with a row limit leaves a position but no set of rows to go on from (D6)."""
    execute = Scripted({"result": [{"id": "a"}], "continuation": 1})
    engine = Engine(folder=tmp_path, execute=execute)
    with engine.prepared() as sync:
        run_sync(replace(sync, row_limit=1), engine.warehouse, ModeRequest())
    assert "no full sync of it has completed yet" in refusal(engine, set_cursor, "t")


def test_a_cursor_is_not_set_for_another_configuration(engine: Engine, execute: Scripted) -> None:
    """The next sync is full whatever the cursor; a reset is possible, going back is not (D5)."""
    synced(engine, execute, "t1", "t2")
    engine.values = {"team": "red"}
    for change, value in ((set_cursor, "t"), (rewind_cursor, 1)):
        message = refusal(engine, change, value)
        assert "the parameters changed since the last sync, so the next sync is full" in message
        assert "packsync sync acme.Items" in message
    synced(engine, execute, "t3")
    assert "was for another schema, parameters or account" in refusal(engine, rewind_cursor, 1)
    assert changed(engine, set_cursor, "t2").after.cursor == "t2"
    engine.values = {}
    assert changed(engine, reset_cursor).after.cursor is None


def secret_engine(folder: Path, kind: AuthenticationType, *steps: Any, **fields: Any) -> Engine:
    """An engine whose connection has the token `tok-8c1f/39+aa`."""
    return Engine(
        folder=folder,
        execute=Scripted(*steps),
        authentication=Authentication(type=kind, **fields),
        connection=local_connection(credentials={"token": "tok-8c1f/39+aa"}),
    )


def test_a_secret_in_a_reason_is_not_kept(tmp_path: Path) -> None:
    """Neither in the history nor in the reason for the next full sync (A4)."""
    engine = secret_engine(tmp_path, AuthenticationType.HEADER_BEARER_TOKEN, last_page("t1"))
    engine.sync()
    for change, values in ((set_cursor, ["t2"]), (reset_cursor, [])):
        changed(engine, change, *values, reason="tok-8c1f/39+aa was renewed")
        assert history(engine)[0].reason == "by hand: [secret] was renewed"
    assert "holds a credential" in refusal(engine, set_cursor, {"next": "?t=tok-8c1f/39+aa"})
    assert "39+aa" not in engine.everything_stored()


@pytest.mark.parametrize(
    ("cursor", "why"),
    [
        ("tok-8c1f/39+aa", "holds a credential of the connection, which is not stored"),
        ({"next": "/items?page=2&t=tok-8c1f/39+aa"}, "holds a credential of the connection"),
        ("[secret]", r"has [secret] in place of something secret, so no sync can go on"),
        ({"next": "/items?page=2&t=[secret]"}, "Rewind takes one of the history as it is stored"),
    ],
)
def test_a_cursor_with_a_secret(tmp_path: Path, cursor: Any, why: str) -> None:
    """Given whole or as it was shown, it is refused with the remedy (A4)."""
    engine = secret_engine(tmp_path, AuthenticationType.HEADER_BEARER_TOKEN, last_page("t1"))
    engine.sync()
    message = refusal(engine, set_cursor, cursor)
    assert why in message
    assert "use reset" in message


@pytest.mark.parametrize("secret", ["tok-8c1f/39+aa", "[secret]"])
def test_a_secret_that_requests_get_anyway(tmp_path: Path, secret: str) -> None:
    """A `next` link of such a service is set as a sync stores it, without the credential (C6)."""
    engine = secret_engine(
        tmp_path, AuthenticationType.QUERY_PARAM_TOKEN, last_page("t1"), last_page("t2"),
        param_name="key",
    )  # fmt: skip
    engine.sync()
    after = changed(engine, set_cursor, f"/items?key={secret}&page=2").after
    assert after.cursor == "/items?key=[secret]&page=2"
    assert engine.sync().record.mode == "incremental"


def test_no_way_back_to_a_mangled_cursor(tmp_path: Path) -> None:
    """Earlier versions stored what was left of a cursor when its credential was taken out."""
    steps = last_page("t1"), last_page("t2", a="x")
    engine = secret_engine(tmp_path, AuthenticationType.HEADER_BEARER_TOKEN, *steps)
    engine.sync()
    engine.sync("full")
    mangle_cursors(engine, "t1")
    assert "was stored with [secret] in place of something" in refusal(engine, rewind_cursor, 1)


@only_a_file
def test_a_warehouse_of_an_earlier_version(tmp_path: Path) -> None:
    """Its history is read, and written on; what its cursors were for is not known (C6, D5)."""
    engine = Engine(folder=tmp_path, execute=Scripted(last_page("t2", a="x")))
    make_earlier_warehouse(engine.warehouse.path)
    (entry,) = history(engine)
    assert (entry.cursor, entry.recorded_at, entry.fingerprint) == ("t1", WRITTEN, None)
    upgrade_ledger(engine.warehouse)
    engine.sync("full")
    assert "did not record them; if you know that it is right, use set" in refusal(
        engine, rewind_cursor, 1
    )
    assert changed(engine, set_cursor, "t1").after.cursor == "t1"
    assert [entry.cursor for entry in history(engine)] == ["t1", "t2", "t1"]
