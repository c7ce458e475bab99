"""Held children of a crawl: they wait alone, the others are applied (contract C20, D7, D8)."""

from pathlib import Path

import pytest

from pack_sync.commit.approval import approve_held
from pack_sync.commit.held_syncs import HeldSync, discard_held, read_held
from tests.engine.test_crawl import Forum, outcome


@pytest.fixture
def forum(tmp_path: Path) -> Forum:
    """Three posts; the comments of the second vanish, and one of the third is new."""
    forum = Forum(tmp_path)
    forum.run()
    forum.comments = {"p2": [""], "p3": ["p3-c1", "p3-c2", "p3-c3"]}
    return forum


def held(forum: Forum) -> list[HeldSync]:
    """What is held of the comments."""
    with forum.warehouse.read() as connection:
        return read_held(connection, "forum", "Comments", "default")


def comments(forum: Forum, post: str) -> list[str]:
    """The stored comments of a post."""
    return [row for row, sync in forum.rows() if sync == f"default/{post}"]


def test_a_held_child_waits_alone(forum: Forum) -> None:
    """It is reported like a failed child; the rest of its batch is committed (C20, D8)."""
    forum.posts.append("p4")
    forum.comments["p2"] = ["other"]
    forum.comments["p4"] = ["p4-c1"]
    with forum.warehouse.write() as connection:  # enough rows that the guard takes notice
        connection.execute(
            "INSERT INTO forum.\"Comments\" SELECT 'old' || i, 'default/p2', now(), 'x' "
            "FROM range(200) t(i)"
        )
    done = outcome(forum.run(mode="full"))
    (failure,) = done.failures
    assert failure.sync == "default/p2"
    assert "would delete 202 of 202 rows; it brought 1" in failure.message
    assert "--sync 'default/p2'" in failure.message
    assert len(comments(forum, "p2")) == 202
    assert comments(forum, "p3") == ["p3-c1", "p3-c2", "p3-c3"]
    assert comments(forum, "p4") == ["p4-c1"]
    assert (done.result.table.held.count, done.result.table.held.deletes) == (1, 202)
    assert forum.query("SELECT sync FROM _sync.runs WHERE status = 'held'") == [("default/p2",)]


def test_one_of_two_held_children_is_approved_and_the_other_discarded(forum: Forum) -> None:
    """Each is a decision of its own, although their staged rows are one file (D8)."""
    forum.comments = {"p1": [""], "p2": [""]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Forum, "page_of_comments", _nothing_of("p1", "p2"))
        forum.run(mode="full")
    first, second = held(forum)
    assert first.stage == second.stage
    assert approve_held(forum.warehouse, first).record.deleted == 2
    assert (comments(forum, "p1"), len(comments(forum, "p2"))) == ([], 2)
    assert second.stage.exists()
    discard_held(forum.warehouse, second)
    assert not second.stage.exists()
    assert len(comments(forum, "p2")) == 2


def test_a_parent_that_goes_takes_what_is_held_along(forum: Forum) -> None:
    """Its child's rows go, and nothing is left to decide (D7, D8)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Forum, "page_of_comments", _nothing_of("p2"))
        forum.run(mode="full")
    (found,) = held(forum)
    forum.posts.remove("p2")
    forum.comments = {}
    forum.run()
    assert (held(forum), found.stage.exists()) == ([], False)


def _nothing_of(*posts: str):  # noqa: ANN202 - a method in place of Forum's
    original = Forum.page_of_comments

    def page(self: Forum, post: str, context: object) -> object:
        return {"result": []} if post in posts else original(self, post, context)

    return page


def test_the_children_of_a_held_parent_are_crawled(forum: Forum) -> None:
    """The parent's rows are as they were, so its children go on (C20, D8)."""
    kept = forum.posts.copy()
    forum.posts.clear()
    forum.comments = {"p1": ["p1-c9"]}
    done = outcome(forum.run())
    assert done.record.inserted == 1
    assert forum.query('SELECT id FROM forum."Posts" ORDER BY 1') == [(post,) for post in kept]
