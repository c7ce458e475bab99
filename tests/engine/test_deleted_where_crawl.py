"""Deletions by the values of properties in crawled tables (contract C9, C20, D12)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import Pack, make_object_schema
from tests.engine.test_crawl import Forum, outcome

COMMENT = make_object_schema(
    properties={
        "id": {"type": "string"},
        "topic": {"type": "string"},
        "number": {"type": "number", "precision": 0},
    },
    id_property="id",
    display_property="id",
)


def comment(row_id: str, topic: str | None = None, number: int | None = None) -> dict[str, Any]:
    """A row of `COMMENT`."""
    return {"id": row_id, "topic": topic, "number": number}


def page(*rows: Any, deleted: Sequence[Any] = ()) -> dict[str, Any]:
    """One of the pages of a child."""
    return {"result": list(rows), "deletedRowIds": list(deleted)}


@dataclass
class Topics(Forum):
    """Posts whose comments have topics; `pages` are what a post's next sync brings."""

    pages: dict[str, Sequence[Any]] = field(default_factory=dict[str, Sequence[Any]])

    def pack(self) -> Pack:
        """That of the forum, with the columns of `COMMENT`."""
        pack = super().pack()
        tables: Any = pack.sync_tables
        tables["Comments"] = replace(tables["Comments"], schema=COMMENT)
        return pack

    def page_of_comments(self, post: str, context: Any) -> Any:
        """The next one of them; an error if it is one."""
        at = context.sync.continuation["at"] if context.sync.continuation else 0
        pages = self.pages.get(post) or [page()]
        if isinstance(pages[at], Exception):
            raise pages[at]
        if at + 1 < len(pages):
            return {**pages[at], "continuation": {"at": at + 1}}
        return {**pages[at], "completion": {"incrementalContinuation": {"post": post}}}

    def ids(self) -> list[str]:
        """The ids of the comments, each behind its post."""
        return [f"{sync.removeprefix('default/')}.{row}" for row, sync in self.rows()]


@pytest.fixture
def topics(tmp_path: Path) -> Topics:
    """Two posts, with comments on the same topics, after a full sync."""
    forum = Topics(tmp_path, posts=["p1", "p2"])
    forum.pages = {
        "p1": [page(comment("a", "7", 1), comment("b", "7", 2), comment("c", "3", 1))],
        "p2": [page(comment("d", "7", 1), comment("e", "3", 1))],
    }
    forum.run()
    assert sorted(forum.ids()) == ["p1.a", "p1.b", "p1.c", "p2.d", "p2.e"]
    return forum


@pytest.mark.parametrize(
    ("deleted", "left"),
    [
        ([{"topic": "7"}], "c"),
        ([{"topic": 7, "number": 1}], "bc"),
        ([{"number": 1}, "b"], ""),
        ([{"topic": "nowhere"}], "abc"),
    ],
)
def test_a_child_deletes_rows_of_its_own(topics: Topics, deleted: Any, left: str) -> None:
    """Those of the other parent stay, though they have the same values."""
    topics.pages = {"p1": [page(deleted=deleted)]}
    record = outcome(topics.run()).record
    assert sorted(topics.ids()) == [*(f"p1.{row}" for row in left), "p2.d", "p2.e"]
    assert (record.mode, record.deleted) == ("incremental", 3 - len(left))


def test_each_child_deletes_by_its_own_values(topics: Topics) -> None:
    """Children are committed together, and their deletions are not mixed up."""
    topics.pages = {
        "p1": [page(comment("f", "7"), deleted=[{"topic": "3"}])],
        "p2": [page(comment("g", "3")), page(deleted=[{"topic": "7"}])],
    }
    topics.run()
    assert sorted(topics.ids()) == ["p1.a", "p1.b", "p1.f", "p2.e", "p2.g"]


def test_the_order_of_a_childs_pages_counts(topics: Topics) -> None:
    """Rows told before the deletion go, those of the same page or a later one stay (D1)."""
    topics.pages = {
        "p2": [
            page(comment("f", "7")),
            page(comment("g", "7"), deleted=[{"topic": "7"}]),
            page(comment("d", "7", 9)),
        ]
    }
    topics.run()
    assert sorted(topics.ids()) == ["p1.a", "p1.b", "p1.c", "p2.d", "p2.e", "p2.g"]


def test_a_child_that_fails_deletes_nothing(topics: Topics) -> None:
    """Its deletions come again, and the other child's are not held up."""
    topics.pages = {
        "p1": [page(deleted=[{"topic": "7"}]), ValueError("not today")],
        "p2": [page(deleted=[{"topic": "7"}])],
    }
    topics.run()
    assert sorted(topics.ids()) == ["p1.a", "p1.b", "p1.c", "p2.e"]
    topics.pages = {"p1": [page(deleted=[{"topic": "7"}])]}
    topics.run()
    assert sorted(topics.ids()) == ["p1.c", "p2.e"]


def test_in_a_full_sync_of_a_child_it_concerns_what_came(topics: Topics) -> None:
    """A row that came on an earlier page goes; the other child has nothing deleted."""
    topics.pages = {
        "p1": [page(comment("a", "7"), comment("c", "3")), page(deleted=[{"topic": "7"}])],
        "p2": [page(comment("d", "7", 1), comment("e", "3", 1))],
    }
    topics.run(mode="full")
    assert sorted(topics.ids()) == ["p1.c", "p2.d", "p2.e"]


def test_what_cannot_say_which_rows_fails_its_child_alone(topics: Topics) -> None:
    """The message names the property; the other child is synced."""
    topics.pages = {
        "p1": [page(deleted=[{"subject": "7"}])],
        "p2": [page(deleted=[{"topic": "7"}])],
    }
    events = topics.run()
    assert sorted(topics.ids()) == ["p1.a", "p1.b", "p1.c", "p2.e"]
    assert "subject" in "\n".join([*topics.logged, *map(str, events)])
