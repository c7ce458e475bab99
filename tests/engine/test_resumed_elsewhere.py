"""A sync into a lake that dies on one machine goes on on another (contract D9)."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pack_sdk.fetching import FetchResponse
from pack_sync.engine.sync_tables import TableFailed, TableFinished
from pack_sync.http.pauses import LongPauseError
from pack_sync.warehouse.warehouse import Warehouse
from tests.engine.machines import Machine, in_a_shared_lake, lake_of, shared_in
from tests.engine.sync_harness import Scripted, items, last_page
from tests.engine.test_crawl import Forum, outcome
from tests.engine.test_two_at_once import run
from tests.warehouses import object_store

pytestmark = in_a_shared_lake


@pytest.fixture(params=["folder", "bucket"])
def data_path(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Where the lake's files are."""
    if request.param == "folder":
        yield str(tmp_path / "files")
        return
    with object_store(monkeypatch) as address:
        yield address


def page(number: int, of: int = 6) -> Any:
    """A page of one row, with a continuation unless it is the last."""
    row = {f"r{number}": "é\n\n"}
    return (
        last_page("t", **row) if number == of else {"result": items(**row), "continuation": number}
    )


def _sync_and_die(folder: Path, data_path: str) -> None:
    """In a process of its own: three pages, and death in the fourth."""

    def execute(_args: Any, context: Any) -> Any:
        number = (context.sync.continuation or 0) + 1
        while number == 4:
            names = machine.shared.names("spools")
            if names and names[-1].endswith("0000000003.pages"):
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.05)
        return page(number)

    machine = Machine(folder=folder, name="one", data_path=data_path, execute=execute)
    run(machine)


def test_a_killed_sync_goes_on_elsewhere(tmp_path: Path, data_path: str) -> None:
    """At the page after the last that was uploaded; after the commit nothing is left (D9)."""
    died = multiprocessing.get_context("spawn").Process(
        target=_sync_and_die, args=(tmp_path, data_path)
    )
    died.start()
    died.join(240)
    assert died.exitcode == -signal.SIGKILL
    rest = Scripted(page(4), page(5), page(6))
    two = Machine(folder=tmp_path, name="two", data_path=data_path, execute=rest)
    with two.warehouse.write() as connection:  # what DuckLake takes for orphans
        connection.execute("CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)")
    two.configure(lease_wait_seconds=60)  # Postgres hears of the death a moment later
    (event,) = run(two, "full")
    assert isinstance(event, TableFinished), event
    assert rest.contexts[0].sync.continuation == 3
    assert two.names() == {f"r{number}": "é\n\n" for number in range(1, 7)}
    assert two.shared.names("spools") == []


def test_the_machine_with_the_most_pages_is_gone_on_from(tmp_path: Path) -> None:
    """Whoever has more, here or elsewhere; and it is one machine's pages alone (D9)."""
    steps = {
        "one": [page(1), page(2), ConnectionError("gone")],
        "two": [page(3), page(4), ConnectionError("gone")],
    }
    for name, given in steps.items():
        machine = Machine(
            folder=tmp_path, name=name, data_path=str(tmp_path / "files"), execute=Scripted(*given)
        )
        assert isinstance(run(machine)[0], TableFailed)
    rest = Scripted(page(5), page(6))
    one = Machine(folder=tmp_path, name="one", data_path=str(tmp_path / "files"), execute=rest)
    (event,) = run(one)
    assert isinstance(event, TableFinished), event
    assert [context.sync.continuation for context in rest.contexts] == [4, 5]
    assert len(one.names()) == 6
    assert one.shared.names("spools") == []
    assert not list(one.spools.rglob("journal*"))


@dataclass
class Elsewhere(Forum):
    """A forum that a machine with a spool of its own syncs into a shared lake."""

    machine: str = "one"
    data_path: str = ""

    @property
    def warehouse(self) -> Warehouse:
        """The lake."""
        return lake_of(self.folder, self.data_path)

    @property
    def spools(self) -> Path:
        """The machine's own folder."""
        return self.folder / self.machine


class Dying(Elsewhere):
    """Its machine dies in the third page of the second post, once the pages before are uploaded."""

    def page_of_comments(self, post: str, context: Any) -> Any:
        """A page."""
        at = context.sync.continuation["at"] if context.sync.continuation else 0
        while (post, at) == ("p2", 2):
            names = shared_in(self.warehouse).names("spools/forum/Comments")
            if names and names[-1].endswith("0000000004.pages"):
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.05)
        return super().page_of_comments(post, context)


def forum_on(kind: type[Elsewhere], machine: str, folder: Path, data_path: str) -> Elsewhere:
    """Three posts, whose crawl asks for one page at a time; the second has four comments."""
    comments = {"p2": ["p2-c1", "p2-c2", "p2-c3", "p2-c4"]}
    return kind(folder, comments=comments, requests_at_once=1, machine=machine, data_path=data_path)


def _crawl_and_die(folder: Path, data_path: str) -> None:
    forum_on(Dying, "one", folder, data_path).run()


def test_a_killed_crawl_goes_on_elsewhere(tmp_path: Path, data_path: str) -> None:
    """At the next page of the parent at hand; whole ones are not asked for again (D7, D9)."""
    died = multiprocessing.get_context("spawn").Process(
        target=_crawl_and_die, args=(tmp_path, data_path)
    )
    died.start()
    died.join(240)
    assert died.exitcode == -signal.SIGKILL
    two = forum_on(Elsewhere, "two", tmp_path, data_path)
    # Which waits for the lease: Postgres hears of the death a moment later.
    outcome(two.run("Comments", mode="full"))
    assert two.calls == [("p2", None)] * 2 + [("p3", None)] * 2
    assert len(two.rows()) == 8
    assert shared_in(two.warehouse).names("spools") == []


def long_pause() -> LongPauseError:
    """The service wants no requests for two hours."""
    answer = FetchResponse(status=429)
    return LongPauseError(answer, "acme.Items", seconds=7200, longest_seconds=300)


def test_a_paused_sync_goes_on_elsewhere(tmp_path: Path) -> None:
    """Its pages do not age before the service takes requests again, on no machine (F5, D9)."""
    one, two = (
        Machine(folder=tmp_path, name=name, data_path=str(tmp_path / "files"), execute=steps)
        for name, steps in {
            "one": Scripted(page(1), page(2), long_pause()),
            "two": Scripted(page(3, of=3)),
        }.items()
    )
    for machine in (one, two):
        machine.configure(resume_within_minutes=0.0001)
    (event,) = run(one)
    assert isinstance(event, TableFailed)
    assert "2 pages are kept" in event.message
    (event,) = run(two)
    assert isinstance(event, TableFinished), event
    assert len(two.names()) == 3
    assert two.shared.names("spools") == []


class Paused(Elsewhere):
    """The service wants a pause, in the second page of the second post."""

    def page_of_comments(self, post: str, context: Any) -> Any:
        """A page."""
        if post == "p2" and context.sync.continuation:
            raise long_pause()
        return super().page_of_comments(post, context)


def test_a_paused_child_goes_on_elsewhere(tmp_path: Path) -> None:
    """A parent that has more pages than fit between two pauses comes to its end (F5, D9)."""
    data_path = str(tmp_path / "files")
    forum_on(Paused, "one", tmp_path, data_path).run()
    two = forum_on(Elsewhere, "two", tmp_path, data_path)
    assert len(shared_in(two.warehouse).names("spools")) == 2  # of its page, and the pause
    outcome(two.run("Comments"))
    assert [post for post, _ in two.calls].count("p2") == 3
    assert len(two.rows()) == 8
    assert shared_in(two.warehouse).names("spools") == []
