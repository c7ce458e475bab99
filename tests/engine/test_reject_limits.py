"""A limit on rejected rows: past it the sync fails, and nothing of it is applied (S4)."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import make_object_schema
from pack_sync.commit.rejects_replay import replay_rejects
from pack_sync.engine.sync_failures import SyncFailedError, TooManyRejectedRowsError
from pack_sync.engine.sync_tables import TableFailed
from pack_sync.settings import SyncSettings
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import Engine, Scripted
from tests.engine.test_crawl import Forum

project = dagster_project.project

SIZED = make_object_schema(
    properties={"id": {"type": "string"}, "size": {"type": "number"}},
    id_property="id",
    display_property="id",
)


def a_page(good: int, rejected: int, cursor: Any = None) -> dict[str, Any]:
    """The only page of a sync with so many good rows, g0 and on, and rejected ones, x0 and on."""
    rows: list[dict[str, Any]] = [{"id": f"g{n}", "size": n} for n in range(good)]
    rows += [{"id": f"x{n}", "size": f"big{n}"} for n in range(rejected)]
    return {"result": rows, "completion": {"incrementalContinuation": cursor}}


def engine_of(folder: Path, *pages: Any, **settings: Any) -> Engine:
    """A table whose syncs return these pages; a failing sync would be tried three times."""
    return Engine(
        folder=folder,
        execute=Scripted(*pages),
        schema=SIZED,
        settings=SyncSettings(attempts=3, retry_wait_seconds=0, **settings),
    )


def kept_ids(engine: Engine) -> list[Any]:
    with engine.warehouse.read() as connection:
        rows = connection.execute("SELECT row_id FROM _sync.rejected_rows ORDER BY ALL").fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("limits", "good", "rejected", "fails"),
    [
        ({}, 0, 50, False),
        ({"max_rejected_rows": 3}, 0, 3, False),
        ({"max_rejected_rows": 3}, 100, 4, True),
        ({"max_rejected_rows": 0}, 5, 1, True),
        ({"max_rejected_rows": 0}, 5, 0, False),
        ({"max_rejected_share": 0.2}, 8, 2, False),
        ({"max_rejected_share": 0.2}, 7, 2, True),
        ({"max_rejected_share": 0.0}, 0, 0, False),
        ({"max_rejected_share": 1.0}, 0, 5, False),
        ({"max_rejected_rows": 50, "max_rejected_share": 0.1}, 1, 1, True),
        ({"max_rejected_rows": 1, "max_rejected_share": 0.5}, 98, 2, True),
    ],
)
def test_the_limits(
    limits: dict[str, Any], good: int, rejected: int, fails: bool, tmp_path: Path
) -> None:
    """More than the count, or more than the share: either fails; no limit by default (S4)."""
    engine = engine_of(tmp_path, a_page(good, rejected), **limits)
    if not fails:
        assert engine.sync().record.rejected == rejected
        return
    with pytest.raises(SyncFailedError) as raised:
        engine.sync()
    assert isinstance(raised.value.__cause__, TooManyRejectedRowsError)
    assert engine.rows() == []


def test_nothing_is_applied_and_the_cursor_stays(tmp_path: Path) -> None:
    """The next sync brings the same changes again; this one is not tried again (S4, C17)."""
    engine = engine_of(tmp_path, a_page(3, 0, "t1"), a_page(1, 2, "t2"), max_rejected_rows=1)
    engine.sync()
    before = engine.state()
    with pytest.raises(SyncFailedError):
        engine.sync()
    assert engine.state() == before
    assert engine.position().cursor == "t1"
    assert len(engine.ledger()) == 2


def test_the_message_and_the_ledger_say_how_many_why_and_what_to_do(tmp_path: Path) -> None:
    """Counts, share, the limit, first reasons, remedy; in error and ledger (S4)."""
    engine = engine_of(tmp_path, a_page(6, 2), max_rejected_rows=1)
    with pytest.raises(SyncFailedError) as raised:
        engine.sync()
    message = str(raised.value)
    for part in (
        "2 of 8 rows (25.0%) were rejected, more than max_rejected_rows: 1 allows",
        "property 'size': big0 is not a number that fits DOUBLE (2 rows like this, one is id x0)",
        "`packsync rejects acme.Items`",
        "nothing was applied",
    ):
        assert part in message
    (line,) = engine.ledger()
    assert (line["status"], line["inserted"]) == ("failed", 0)
    assert line["error_message"] in message


def test_the_rejected_rows_of_a_failed_sync_can_be_seen(tmp_path: Path) -> None:
    """They are kept whole, in place of those of an earlier failure (S4)."""
    engine = engine_of(tmp_path, a_page(1, 2), a_page(1, 3), max_rejected_rows=1)
    for expected in (["x0", "x1"], ["x0", "x1", "x2"]):
        with pytest.raises(SyncFailedError):
            engine.sync()
        assert kept_ids(engine) == expected


def test_a_failure_forgets_no_reject_of_an_applied_sync(tmp_path: Path) -> None:
    """Nothing was applied that could have put it right (S4)."""
    good = {"result": [{"id": "old", "size": 1}], "completion": {"incrementalContinuation": "t"}}
    engine = engine_of(
        tmp_path, a_page(0, 0, "t"), {**good, "result": [{"id": "old", "size": "x"}]}
    )
    engine.sync()
    engine.sync()
    engine.settings = SyncSettings(attempts=1, max_rejected_rows=0)
    engine.execute = Scripted({**good, "result": [*good["result"], *a_page(0, 1)["result"]]})
    with pytest.raises(SyncFailedError):
        engine.sync()
    assert kept_ids(engine) == ["old", "x0"]


def test_a_row_that_is_rejected_again_is_kept_once(tmp_path: Path) -> None:
    """By a sync that fails of it, though it is kept of one that was applied (S4)."""
    nameless = {"size": 1}
    first, second = a_page(1, 2), a_page(1, 3)
    for page in (first, second):
        page["result"].append(nameless)
    engine = engine_of(tmp_path, first, second, second)
    engine.sync()
    engine.configure(max_rejected_rows=2)
    for _ in range(2):
        with pytest.raises(SyncFailedError):
            engine.sync("full")
        assert kept_ids(engine) == ["x0", "x1", "x2", None]
    done = replay_rejects(engine.warehouse, engine.key(), SIZED, tmp_path)
    assert (done.remaining, done.without_id, done.of_failed_syncs) == (2, 1, 1)


def test_the_next_sync_forgets_the_rejects_of_a_failed_one(tmp_path: Path) -> None:
    """It starts from the same cursor, so it brings their changes again (S4, C6)."""
    engine = engine_of(
        tmp_path, a_page(1, 0, "t1"), a_page(0, 2, "t2"), a_page(2, 1, "t2"), max_rejected_rows=1
    )
    engine.sync()
    with pytest.raises(SyncFailedError):
        engine.sync()
    engine.sync()
    assert kept_ids(engine) == ["x0"]


def test_a_repeat_that_came_good_does_not_count(tmp_path: Path) -> None:
    """Only rows that stay rejected are held against the limit (S4, S5)."""
    page = a_page(1, 3)
    page["result"] += [{"id": f"x{n}", "size": n} for n in range(3)]
    engine = engine_of(tmp_path, page, max_rejected_rows=0)
    assert engine.sync().record.inserted == 4


@pytest.mark.parametrize(("limit", "succeeds"), [(0, False), (1, True)])
def test_the_limit_is_set_in_defs_yaml(project: DagsterProject, limit: int, succeeds: bool) -> None:
    """From there to the sync; the run's failure names the table and the remedy (S4)."""
    rows = [{"id": "a", "name": "A"}, {"name": "no id"}]
    pack = pack_of(Items=Scripted({"result": rows}))
    project.switch_on_pack("acme", pack, max_rejected_rows=limit, max_rejected_share=0.5)
    result = project.run("incremental")
    assert result.success is succeeds
    if not succeeds:
        assert "max_rejected_rows: 0 allows" in project.logged(result)


@pytest.mark.parametrize(
    "wrong", [{"max_rejected_rows": -1}, {"max_rejected_share": 1.5}, {"max_rejected_share": -0.1}]
)
def test_a_limit_that_makes_no_sense_is_refused(
    project: DagsterProject, wrong: dict[str, Any]
) -> None:
    """When Dagster loads the definitions, naming the key (S4)."""
    project.switch_on_pack("acme", pack_of(Items=Scripted()), **wrong)
    with pytest.raises(Exception, match="Error while loading") as raised:
        project.definitions()
    assert next(iter(wrong)) in str(raised.value.__cause__)


def test_a_crawl_is_stopped_by_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch is one transaction: it fails as a whole, batches before it stay (S4, D7)."""
    monkeypatch.setattr("pack_sync.engine.crawl.BATCH_SIZE", 1)
    strict = partial(SyncSettings, max_rejected_rows=0)
    monkeypatch.setattr("tests.engine.test_crawl.SyncSettings", strict)
    forum = Forum(folder=tmp_path, comments={"p2": ["c", ""]})
    failed = [event for event in forum.run() if isinstance(event, TableFailed)]
    assert "1 of 2 rows (50.0%) were rejected" in failed[0].message
    assert {sync for _, sync in forum.rows()} == {"default/p1"}
    assert forum.query("SELECT sync, row_id FROM _sync.rejected_rows") == [("default/p2", "")]
    lines = forum.query("SELECT status, error_message FROM _sync.runs WHERE status = 'failed'")
    assert "max_rejected_rows: 0 allows" in lines[0][1]


def test_rejects_of_a_resumed_sync_are_replayed(tmp_path: Path) -> None:
    """A sync that failed and went on has one id in the ledger, once failed, once not (S4, D9)."""
    first = {**a_page(1, 1), "continuation": {"page": 2}}
    engine = engine_of(tmp_path, first, ValueError("no"), a_page(0, 0, "t1"))
    engine.settings = SyncSettings(attempts=1)
    with pytest.raises(SyncFailedError):
        engine.sync()
    engine.sync()
    assert [line["status"] for line in engine.ledger()] == ["failed", "succeeded"]
    assert len({line["execution_id"] for line in engine.ledger()}) == 1
    replay = replay_rejects(engine.warehouse, engine.key(), SIZED, tmp_path)
    assert (replay.of_failed_syncs, replay.remaining) == (0, 1)
