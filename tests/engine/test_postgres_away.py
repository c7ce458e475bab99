"""The Postgres of a lake is away while a sync goes on, and comes back, as when it is restarted."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pack_sync.engine.sync_tables import RunEvent, TableFailed, TableFinished
from pack_sync.warehouse.storage_errors import CatalogueError
from pack_sync.warehouse.warehouse import Warehouse
from tests.crash.killing import PID_FILE, kill_postgres
from tests.crash.own_postgres import OwnPostgres
from tests.engine.machines import Machine, in_a_shared_lake
from tests.engine.sync_harness import Scripted, last_page
from tests.engine.test_two_at_once import run

pytestmark = in_a_shared_lake

Away = Callable[[], None]


class OwnLake(Machine):
    """A machine whose lake is in a Postgres of its own, which may be killed."""

    patience: float = 60

    @property
    def warehouse(self) -> Warehouse:
        """The lake."""
        given = os.environ["TEST_POSTGRES"]
        address = f"ducklake:postgres:{make_conninfo(given, dbname=self.name)}"
        return Warehouse.at(address, data_path=self.data_path, lock_wait_seconds=self.patience)


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    """A Postgres that stays away when it is killed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_POSTGRES", "")
        patch.setenv(PID_FILE, "")
        with OwnPostgres(pause_seconds=None) as own:
            yield own


@pytest.fixture
def lake(postgres: OwnPostgres, tmp_path: Path, request: pytest.FixtureRequest) -> OwnLake:
    """A lake with one row, whose syncs are tried once."""
    del postgres  # which runs
    name = f"t{abs(hash(request.node.name))}"
    with psycopg.connect(os.environ["TEST_POSTGRES"], autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    lake = OwnLake(
        folder=tmp_path,
        name=name,
        data_path=str(tmp_path / "files"),
        execute=Scripted(last_page("t1", a="1")),
    )
    assert isinstance(run(lake)[0], TableFinished)
    return lake


@pytest.fixture
def go_away(postgres: OwnPostgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Away]:
    """Kills Postgres; it is started again once it has been asked for three times in vain."""
    connect, failures = psycopg.connect, list[Exception]()

    def counted(*given: Any, **options: Any) -> Any:
        try:
            return connect(*given, **options)
        except psycopg.OperationalError as error:
            failures.append(error)
            if len(failures) == 3:
                postgres.start_again()
            raise

    monkeypatch.setattr(psycopg, "connect", counted)
    yield kill_postgres
    assert len(failures) >= 3


def ended(events: list[RunEvent]) -> TableFinished:
    """How a run of one table ended, which must be well."""
    (event,) = events
    assert isinstance(event, TableFinished), event
    return event


def test_away_when_a_sync_begins(lake: OwnLake, go_away: Away) -> None:
    """It waits for its lease, and then goes on: one attempt is enough."""
    lake.execute = Scripted(last_page("t2", b="2"))
    go_away()
    ended(run(lake))
    assert lake.names() == {"a": "1", "b": "2"}


def test_away_when_a_sync_commits(lake: OwnLake, go_away: Away) -> None:
    """It waits with its pages, and commits them once; the lease is no trouble."""

    def last(_args: Any, _context: Any) -> Any:
        go_away()
        return last_page("t2", b="2")

    lake.execute = last
    done = ended(run(lake))
    assert done.outcome.record.inserted == 1
    assert lake.names() == {"a": "1", "b": "2"}
    assert [line["status"] for line in lake.ledger()] == ["succeeded"] * 2
    assert lake.log == []
    lake.execute = Scripted(last_page("t3", c="3"))
    ended(run(lake))


def test_away_for_too_long(
    lake: OwnLake, postgres: OwnPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says so; the next sync goes on with the pages that this one had."""
    monkeypatch.setattr(OwnLake, "patience", 0.5)

    def last(_args: Any, _context: Any) -> Any:
        kill_postgres()
        return last_page("t2", b="2")

    lake.execute = last
    (event,) = run(lake)
    assert isinstance(event, TableFailed)
    assert "CatalogueError: the catalogue of the lake" in event.message
    postgres.start_again()
    monkeypatch.setattr(OwnLake, "patience", 60)
    lake.execute = Scripted()  # nothing is asked for again
    ended(run(lake))
    assert lake.names() == {"a": "1", "b": "2"}


def test_refused(lake: OwnLake, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Postgres refuses is told at once: it is there."""
    tries, connect = list[str](), psycopg.connect

    def counted(given: str, **options: Any) -> Any:
        tries.append(given)
        return connect(given, **options)

    lake.name = "no such database"
    monkeypatch.setattr(psycopg, "connect", counted)
    with pytest.raises(CatalogueError, match="does not exist"), lake.warehouse.read():
        pass
    assert len(tries) == 2
