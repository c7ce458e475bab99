"""Crawled tables: one child sync for each row of the parent (contract C20, D7)."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import Pack, make_object_schema, make_parameter
from pack_sync.budgets.books import Books
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.dagster.configuration import TableConfiguration
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.engine import crawl as crawl_module
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_tables import LogLine, RunEvent, TableFailed, TableFinished, TableRuns
from pack_sync.http.connection import Connection
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.project import ConfigurationError
from pack_sync.runtimes.python.runtime import PythonRuntime
from pack_sync.settings import SyncSettings
from pack_sync.warehouse.warehouse import Warehouse
from tests.warehouses import warehouse_in


@dataclass
class Forum:
    """A pack with posts and their comments, and the warehouse that they are synced to."""

    folder: Path
    posts: list[str] = field(default_factory=lambda: ["p1", "p2", "p3"])
    comments: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    broken: set[str] = field(default_factory=set[str])
    calls: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    logged: list[str] = field(default_factory=list[str])
    lock: threading.Lock = field(default_factory=threading.Lock)
    requests_at_once: int = 8
    meet: threading.Barrier | None = None
    rate: list[str] = field(default_factory=list[str])
    books: Books | None = None

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse."""
        return warehouse_in(self.folder)

    @property
    def spools(self) -> Path:
        """Where the folders of running syncs are."""
        return self.folder / "spool"

    def pack(self) -> Pack:
        """The pack: `Posts`, and `Comments` crawled from it."""
        pack = Pack()
        schema = make_object_schema(
            properties={"id": {"type": "string"}}, id_property="id", display_property="id"
        )

        @pack.add_sync_table(name="Posts", identity_name="Post", schema=schema)
        def posts(_args: Sequence[Any], _context: Any) -> Any:
            if "posts" in self.broken:
                raise ValueError("no posts today")
            return {"result": [{"id": post} for post in self.posts]}

        @pack.add_sync_table(
            name="Comments",
            identity_name="Comment",
            schema=schema,
            parameters=[
                make_parameter(
                    name="post",
                    type="string",
                    crawl_strategy={"parentTable": {"tableName": "Posts", "propertyKey": "id"}},
                )
            ],
        )
        def comments(args: Sequence[Any], context: Any) -> Any:
            return self.page_of_comments(args[0], context)

        return pack

    def page_of_comments(self, post: str, context: Any) -> Any:
        """A page with one comment; the last page leaves a cursor."""
        previous = context.sync.previous_completion
        cursor = previous.incremental_continuation if previous else None
        with self.lock:
            self.calls.append((post, cursor))
        if self.meet is not None:
            self.meet.wait(60)
        if post in self.broken:
            raise ValueError(f"no comments for {post}")
        every = self.comments.get(post, [f"{post}-c1", f"{post}-c2"])
        index = context.sync.continuation["at"] if context.sync.continuation else 0
        page: dict[str, Any] = {"result": [{"id": every[index]}]}
        if index + 1 < len(every):
            return {**page, "continuation": {"at": index + 1}}
        return {**page, "completion": {"incrementalContinuation": {"post": post}}}

    def run(
        self, *tables: str, mode: Any = "auto", approve_deletes: bool = False
    ) -> list[RunEvent]:
        """Sync these tables, or both, in one run."""
        definition = PackTables(name="forum", pack=self.pack())
        connection = Connection(
            ConnectionSettings(
                name="default",
                max_concurrent_requests=self.requests_at_once,
                allow_http_localhost=True,
                rate=self.rate,
                pack="forum",
            ),
            definition.pack.authentication,
            [],
            books=self.books,
        )
        runs = TableRuns(max_parallel=2)
        syncs = [
            SyncJob(
                key=SyncKey(pack="forum", table=table),
                table=definition.pack.sync_tables[table],
                runtime=PythonRuntime(definition.pack),
                connection=connection,
                parameters=definition.parameters_of(table),
                spool_folder=self.spools / table,
                log=runs.log,
                crawl=definition.crawl_of(table, "default"),
                settings=SyncSettings(attempts=2, retry_wait_seconds=0),
                cancelled=runs.cancelled,
                approve_deletes=approve_deletes,
            )
            for table in tables or ("Comments", "Posts")
        ]
        self.calls.clear()
        with connection:
            events = list(runs.run(syncs, self.warehouse, ModeRequest(configured=mode)))
        self.logged = [event.message for event in events if isinstance(event, LogLine)]
        return [event for event in events if not isinstance(event, LogLine)]

    def rows(self) -> list[tuple[str, str]]:
        """The comments with the sync that owns each."""
        return self.query('SELECT id, _sync FROM forum."Comments" ORDER BY ALL')

    def query(self, sql: str) -> list[Any]:
        """The warehouse's answer."""
        with self.warehouse.read() as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def forum(tmp_path: Path) -> Forum:
    return Forum(tmp_path)


def outcome(events: list[RunEvent], table: str = "Comments") -> Any:
    """The outcome of a table that finished."""
    found = [e for e in events if isinstance(e, TableFinished) and e.key.table == table]
    assert len(found) == 1
    return found[0].outcome


def test_the_parent_is_synced_first_and_each_of_its_rows_has_a_child(forum: Forum) -> None:
    """Parent first, then the child once for each parent row, which owns its rows (C20, D2)."""
    events = forum.run()
    assert [event.key.table for event in events if isinstance(event, TableFinished)] == [
        "Posts",
        "Comments",
    ]
    assert forum.rows() == [
        (f"{post}-{comment}", f"default/{post}")
        for post in ("p1", "p2", "p3")
        for comment in ("c1", "c2")
    ]
    assert outcome(events).record.inserted == 6


def test_as_many_children_run_at_once_as_the_connection_lets_requests(forum: Forum) -> None:
    """Each waits until the others are there: fewer at once would never meet."""
    forum.requests_at_once, forum.meet = 12, threading.Barrier(12)
    forum.posts = [f"p{number}" for number in range(12)]
    forum.comments = {post: [f"{post}-c1"] for post in forum.posts}
    assert outcome(forum.run()).record.inserted == 12


def test_each_child_has_its_own_cursor(forum: Forum) -> None:
    """A child goes on from the cursor of its parent's row (D7)."""
    forum.run()
    events = forum.run("Comments")
    assert sorted(forum.calls) == [
        (post, {"post": post}) for post in ("p1", "p2", "p3") for _ in range(2)
    ]
    record = outcome(events).record
    assert (record.mode, record.unchanged, record.inserted) == ("incremental", 6, 0)


def test_a_new_parent_starts_with_a_full_sync(forum: Forum) -> None:
    """Only the new parent's child is full; the others stay incremental (D7)."""
    forum.run()
    forum.posts.append("p4")
    events = forum.run()
    assert {post for post, cursor in forum.calls if cursor is None} == {"p4"}
    assert outcome(events).record.inserted == 2
    assert "4 children: 1 fully, 3 incrementally" in outcome(events).record.mode_reason


def test_a_parent_that_has_gone_takes_its_rows_along(forum: Forum) -> None:
    """Its child's rows and cursor go, and a warning says so (D7)."""
    forum.run()
    forum.posts.remove("p2")
    events = forum.run()
    assert {sync for _, sync in forum.rows()} == {"default/p1", "default/p3"}
    assert forum.query(
        "SELECT sync FROM _sync.cursors WHERE table_name = 'Comments' ORDER BY 1"
    ) == [
        ("default/p1",),
        ("default/p3",),
    ]
    assert outcome(events).record.deleted == 2
    assert any("2 rows were removed" in warning for warning in outcome(events).warnings)


def test_the_last_parent_that_goes_takes_everything_along(forum: Forum) -> None:
    """No parents means no children, and an empty table rather than a failure (D7)."""
    forum.run()
    forum.posts.clear()
    assert outcome(forum.run(approve_deletes=True)).result.row_count == 0


def test_a_failing_child_is_tried_again_and_blocks_nothing(forum: Forum) -> None:
    """It is reported by its name; the other children are applied (C20)."""
    forum.broken.add("p2")
    events = forum.run()
    (failure,) = outcome(events).failures
    assert failure.sync == "default/p2"
    assert failure.message == "forum.Comments[default/p2]: ValueError: no comments for p2"
    assert len([post for post, _ in forum.calls if post == "p2"]) == 2
    assert {sync for _, sync in forum.rows()} == {"default/p1", "default/p3"}
    assert forum.query("SELECT sync, error_message FROM _sync.runs WHERE status = 'failed'") == [
        ("default/p2", "ValueError: no comments for p2")
    ]


def test_a_failing_child_keeps_the_rows_and_the_cursor_it_has(forum: Forum) -> None:
    """Nothing of a failed child is applied, and nothing of it is taken away (D7)."""
    forum.run()
    forum.broken.add("p2")
    forum.run(mode="full")
    assert len(forum.rows()) == 6
    forum.broken.clear()
    forum.run("Comments")
    assert ("p2", {"post": "p2"}) in forum.calls


def test_pages_of_a_try_that_failed_do_not_count(forum: Forum) -> None:
    """A second try starts from its first page; what the first brought is forgotten (C17)."""
    forum.posts = ["p1", "p2"]
    forum.comments["p1"] = ["old", "unused"]
    attempts: list[str] = []
    original = forum.page_of_comments

    def flaky(post: str, context: Any) -> Any:
        if post == "p1" and context.sync.continuation and not attempts:
            attempts.append(post)
            forum.comments["p1"] = ["new-1", "new-2"]
            raise ValueError("dropped")
        return original(post, context)

    forum.page_of_comments = flaky  # type: ignore[method-assign]
    forum.run()
    assert [row for row, sync in forum.rows() if sync == "default/p1"] == ["new-1", "new-2"]


GOES_ON = "its parent table Posts failed in this run: crawled for the rows that it had before"


def test_a_crawl_goes_on_from_the_rows_of_a_parent_that_failed(forum: Forum) -> None:
    """They are as the last sync left them; the run says so, in its log and its outcome (C20)."""
    forum.run()
    forum.broken.add("posts")
    forum.comments["p1"] = ["new-1"]
    events = forum.run(mode="full")
    assert [e.key.table for e in events if isinstance(e, TableFailed)] == ["Posts"]
    finished = outcome(events)
    assert finished.warnings[0] == GOES_ON
    assert f"forum.Comments: {GOES_ON}" in forum.logged
    assert [row for row, sync in forum.rows() if sync == "default/p1"] == ["new-1"]
    assert len(forum.rows()) == 5


def test_a_child_of_a_failed_parent_without_rows_says_so(forum: Forum) -> None:
    """There is nothing to go on from: what is to be mended is the parent (C20)."""
    forum.broken.add("posts")
    messages = [event.message for event in forum.run() if isinstance(event, TableFailed)]
    assert messages[1] == (
        "forum.Comments: its parent table Posts has never been synced; sync it first, or both "
        "together. Posts failed in this run: see there"
    )


def test_a_child_whose_parent_was_never_synced_says_so(forum: Forum) -> None:
    """The remedy is in the message (C20)."""
    (event,) = forum.run("Comments")
    assert isinstance(event, TableFailed)
    assert "its parent table Posts has never been synced; sync it first" in event.message


def test_children_are_applied_in_batches(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction for many children; what one has committed stays (D7)."""
    monkeypatch.setattr(crawl_module, "BATCH_SIZE", 2)
    forum.posts = [f"p{number}" for number in range(5)]
    record = outcome(forum.run()).record
    assert (record.inserted, record.rows_returned, record.pages) == (10, 10, 10)
    assert len(forum.query("SELECT * FROM _sync.runs WHERE table_name = 'Comments'")) == 3
    assert len(forum.rows()) == 10


def test_an_incomplete_child_is_synced_fully_at_once(forum: Forum) -> None:
    """The rule of C8 holds for each child; the pages that cannot be trusted do not count."""
    forum.run()
    original = forum.page_of_comments

    def expired(post: str, context: Any) -> Any:
        if post == "p2" and context.sync.previous_completion:
            return {"result": [{"id": "wrong"}], "completion": {"hasIncompleteResults": True}}
        return original(post, context)

    forum.page_of_comments = expired  # type: ignore[method-assign]
    forum.comments["p2"] = ["p2-c9"]
    forum.run("Comments")
    assert [row for row, sync in forum.rows() if sync == "default/p2"] == ["p2-c9"]


def test_a_crawled_parameter_cannot_be_configured(forum: Forum) -> None:
    """Its values come from the parent; the error names the table (C20)."""
    definition = PackTables(
        name="forum",
        pack=forum.pack(),
        tables={
            "Posts": TableConfiguration(),
            "Comments": TableConfiguration(parameters={"post": "p1"}),
        },
        where="defs.yaml",
    )
    with pytest.raises(ConfigurationError, match=r"Comments\.parameters\.post: .* 'Posts'"):
        definition.check()
    alone = replace(definition, tables={"Comments": TableConfiguration()})
    with pytest.raises(ConfigurationError, match="crawled from 'Posts'"):
        alone.check()
