"""When a sync is full, when incremental, and how one turns into the other."""

from pathlib import Path
from typing import Any

import pytest

from pack_sdk import ParameterType, make_object_schema, make_parameter
from pack_sync.engine.sync_failures import SyncFailedError
from tests.engine.sync_harness import ITEM, Engine, Scripted, items, last_page, local_connection

INCOMPLETE: dict[str, Any] = {"result": [], "completion": {"hasIncompleteResults": True}}


def synced(folder: Path, *steps: Any, **changes: Any) -> tuple[Engine, Scripted]:
    """An engine whose first, full sync brought a and b and the cursor "t1"."""
    execute = Scripted(last_page("t1", a="1", b="2"), *steps)
    engine = Engine(folder=folder, execute=execute, **changes)
    engine.sync()
    return engine, execute


def test_incomplete_results_turn_into_a_full_sync_at_once(tmp_path: Path) -> None:
    """`hasIncompleteResults` ends in a full sync in the same run, with the reason (C8)."""
    engine, execute = synced(tmp_path, INCOMPLETE, last_page("t2", a="1", c="3"))
    outcome = engine.sync()
    assert outcome.record.mode == "full"
    assert "hasIncompleteResults, so a full sync followed at once" in outcome.record.mode_reason
    assert engine.names() == {"a": "1", "c": "3"}
    assert engine.position().cursor == "t2"
    assert engine.position().last_full_at == outcome.record.started_at
    assert [line["mode"] for line in engine.ledger()] == ["full", "full"]
    assert engine.ledger()[1]["mode_reason"] == outcome.record.mode_reason
    assert ("warning", f"acme.Items: {outcome.record.mode_reason}") in engine.log
    previous = [context.previous_completion is not None for context in execute.contexts]
    assert previous == [False, True, False]


def test_nothing_of_untrusted_pages_is_applied(tmp_path: Path) -> None:
    """Rows and deletions of all pages of an untrusted sync are discarded (contract C8)."""
    untrusted = (
        {"result": items(a="wrong", x="wrong"), "deletedRowIds": ["b"], "continuation": 2},
        {**INCOMPLETE, "result": items(y="wrong")},
    )
    engine, _ = synced(tmp_path, *untrusted, last_page("t2", a="1", b="2"))
    record = engine.sync().record
    assert engine.names() == {"a": "1", "b": "2"}
    assert (record.pages, record.rows_returned, record.unchanged) == (1, 2, 2)
    assert (record.inserted, record.updated, record.deleted) == (0, 0, 0)


def test_the_cursor_beside_incomplete_results_is_discarded_too(tmp_path: Path) -> None:
    """The cursor of an untrusted sync is a result like the others (contract C8)."""
    completion = {"hasIncompleteResults": True, "incrementalContinuation": "untrusted"}
    engine, _ = synced(tmp_path, {"completion": completion}, {"result": items(a="1")})
    engine.sync()
    assert engine.position().cursor is None


def test_the_flag_is_ignored_in_a_full_sync(tmp_path: Path) -> None:
    """A full sync ends with hasIncompleteResults: applied, cursor kept, no other (C8)."""
    completion = {"hasIncompleteResults": True, "incrementalContinuation": "t1"}
    execute = Scripted({"result": items(a="1"), "completion": completion})
    engine = Engine(folder=tmp_path, execute=execute)
    engine.sync()
    assert engine.names() == {"a": "1"}
    assert engine.position().cursor == "t1"
    assert len(execute.calls) == 1


def test_a_full_sync_that_follows_may_be_flagged_without_end(tmp_path: Path) -> None:
    """The full sync that follows ignores the flag as any other does (contract C8)."""
    engine, execute = synced(tmp_path, INCOMPLETE, {**INCOMPLETE, "result": items(a="new")})
    assert engine.sync().record.mode == "full"
    assert engine.names() == {"a": "new"}
    assert len(execute.calls) == 3


def test_a_failing_full_sync_after_untrusted_results_leaves_all_alone(tmp_path: Path) -> None:
    """If the full sync fails, rows and cursor stay; the ledger has the real mode (C8)."""
    engine, execute = synced(tmp_path, INCOMPLETE, ValueError("no luck"))
    before = engine.state()
    with pytest.raises(SyncFailedError, match="no luck"):
        engine.sync()
    assert engine.state() == before
    assert (engine.ledger()[1]["status"], engine.ledger()[1]["mode"]) == ("failed", "full")
    execute.then(last_page("t2", a="1"))
    assert engine.sync().record.mode == "full"  # that the increments are incomplete is known (D9)
    assert execute.contexts[-1].previous_completion is None


def test_the_periodic_full_sync_leaves_previous_completion_out(tmp_path: Path) -> None:
    """A full sync that is due is an ordinary one without previousCompletion (C12, C13)."""
    engine, execute = synced(tmp_path, last_page("t2", a="1"))
    engine.configure(full_every_days=0)
    record = engine.sync().record
    assert record.mode == "full"
    assert "periodic full sync" in record.mode_reason
    assert execute.contexts[1].previous_completion is None
    assert engine.names() == {"a": "1"}


def test_incremental_syncs_do_not_put_off_the_full_one(tmp_path: Path) -> None:
    """Only a full sync counts as one: an incremental keeps the date of the last (C12)."""
    engine, _ = synced(tmp_path, last_page("t2"))
    full_at = engine.position().last_full_at
    record = engine.sync().record
    assert engine.position().last_full_at == full_at
    assert engine.position().last_incremental_at == record.started_at


@pytest.mark.parametrize(
    "ending", [{}, {"completion": {}}, {"completion": {"incrementalContinuation": ""}}]
)
def test_an_incremental_sync_without_a_cursor_drops_the_old_one(
    tmp_path: Path, ending: dict[str, Any]
) -> None:
    """Its rows are applied, a warning says so, the next sync is full (contract D3)."""
    engine, execute = synced(tmp_path, {**ending, "result": items(b="new", c="3")})
    outcome = engine.sync()
    assert engine.names() == {"a": "1", "b": "new", "c": "3"}
    assert engine.position().cursor is None
    assert any("ended without a cursor" in warning for warning in outcome.warnings)
    assert any(
        level == "warning" and "ended without a cursor" in line for level, line in engine.log
    )
    execute.then(last_page("t3", a="1"))
    record = engine.sync().record
    assert record.mode == "full"
    assert record.mode_reason == "its last incremental sync ended without a cursor"


def test_a_table_without_cursors_is_always_synced_in_full(tmp_path: Path) -> None:
    """No completion, no cursor, no warning: each sync is a full one (contract C12)."""
    execute = Scripted({"result": items(a="1", b="2")}, {"result": items(b="2")})
    engine = Engine(folder=tmp_path, execute=execute)
    assert engine.sync().warnings == []
    record = engine.sync().record
    assert (record.mode, record.deleted) == ("full", 1)
    assert record.mode_reason == "its last full sync ended without a cursor"


def test_a_changed_schema_makes_the_next_sync_full(tmp_path: Path) -> None:
    """The cursor does not describe rows of another schema (contract D5)."""
    engine, execute = synced(tmp_path)
    engine.schema = make_object_schema(
        properties={**ITEM.properties, "size": {"type": "number"}},
        id_property="id",
        display_property="name",
    )
    execute.then({"result": [{"id": "a", "name": "1", "size": 2.5}]})
    outcome = engine.sync()
    assert (outcome.record.mode, outcome.record.mode_reason) == (
        "full",
        "the schema changed since the last sync",
    )
    assert execute.contexts[1].previous_completion is None
    assert engine.rows() == [{"id": "a", "name": "1", "size": 2.5}]
    assert outcome.result.schema_changes == ["added size DOUBLE"]


def test_changed_parameters_make_the_next_sync_full(tmp_path: Path) -> None:
    """Other values select other rows: full, and rows of the old values go (contract D5)."""
    project = make_parameter(name="project", type=ParameterType.STRING)
    engine, execute = synced(tmp_path, parameters=[project], values={"project": "A"})
    engine.values = {"project": "B"}
    execute.then(last_page("t2", c="3"))
    assert engine.sync().record.mode_reason == "the parameters changed since the last sync"
    assert engine.names() == {"c": "3"}


@pytest.mark.parametrize("changed", [{"endpoint": "https://eu.acme.example"}, {"name": "other"}])
def test_another_account_makes_the_next_sync_full(tmp_path: Path, changed: Any) -> None:
    """Another endpoint or connection is another account (contract D5)."""
    engine, execute = synced(tmp_path)
    engine.connection = local_connection(**changed)
    execute.then(last_page("t2", c="3"))
    assert engine.sync().record.mode_reason == "the connection changed since the last sync"
    assert engine.names() == {"c": "3"}


def test_after_a_change_the_new_cursor_is_used(tmp_path: Path) -> None:
    """One full sync is enough: its cursor describes the table as it is now (contract D5)."""
    engine, execute = synced(tmp_path)
    engine.connection = local_connection(endpoint="https://eu.acme.example")
    execute.then(last_page("t2", a="2"), last_page("t3"))
    assert [engine.sync().record.mode for _ in range(2)] == ["full", "incremental"]


def test_new_credentials_do_not_cost_a_full_sync(tmp_path: Path) -> None:
    """A renewed token is the same account (contract D5)."""
    engine, execute = synced(tmp_path)
    engine.connection = local_connection(credentials={"token": "renewed"})
    execute.then(last_page("t2"))
    assert engine.sync().record.mode == "incremental"


def test_the_mode_and_its_reason_are_logged_and_kept(tmp_path: Path) -> None:
    """Each sync says in log and ledger which mode it chose and why."""
    engine, _ = synced(tmp_path, last_page("t2"))
    engine.sync()
    lines = [(line["mode"], line["mode_reason"]) for line in engine.ledger()]
    assert lines == [
        ("full", "it has never been synced"),
        ("incremental", "there is a cursor to continue from"),
    ]
    for mode, reason in lines:
        assert ("info", f"acme.Items: {mode} sync, because {reason}") in engine.log
