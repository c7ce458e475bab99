"""Held children of a crawl: they wait alone, the others are applied (contract C20, D7, D8)."""

from pathlib import Path

import pytest

from pack_sync.commit.approval import approve_held
from pack_sync.commit.held_syncs import HeldSync, discard_held, read_held
from tests.engine.test_crawl import Forum, outcome
from tests.engine.test_held import is_kept


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
    assert is_kept(forum.warehouse, second)
    discard_held(forum.warehouse, second)
    assert not is_kept(forum.warehouse, second)
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
    assert (held(forum), is_kept(forum.warehouse, found)) == ([], False)


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


@pytest.fixture
def large(tmp_path: Path) -> Forum:
    """Seven posts; the first two have most of the comments."""
    forum = Forum(tmp_path, posts=[f"p{n}" for n in range(7)])
    few, many = range(1), range(5)
    forum.comments = {p: [f"{p}-{n}" for n in (many if p in "p0p1" else few)] for p in forum.posts}
    forum.run()
    assert len(forum.rows()) == 15
    return forum


def test_too_many_rows_do_not_go_with_their_parents(large: Forum) -> None:
    """Two parents are few, their rows are not: they stay until somebody approves (D8)."""
    large.posts = large.posts[2:]
    large.comments["p6"] = ["p6-0", "p6-new"]
    outcome(large.run())
    done = outcome(large.run())  # it does not pass by itself
    (failure,) = done.failures
    assert "2 rows of Posts are gone, and 10 of " in failure.message
    assert "packsync sync forum.Comments --approve-deletes" in failure.message
    assert len(comments(large, "p0")) == 5
    assert done.record.deleted == 0
    assert large.query('SELECT count(*) FROM forum."Posts"') == [(5,)]
    approved = outcome(large.run(approve_deletes=True))
    assert (approved.failures, approved.record.deleted) == ([], 10)
    assert {sync for _, sync in large.rows()} == {f"default/p{n}" for n in range(2, 7)}


def test_parents_that_come_back_end_it(large: Forum) -> None:
    """Their rows and cursors are as they were, so nothing is fetched in full again (D7, D8)."""
    everything, large.posts = large.posts, large.posts[2:]
    assert outcome(large.run()).failures
    large.posts = everything
    done = outcome(large.run())
    assert (done.failures, done.record.mode) == ([], "incremental")


def test_without_any_parent_nothing_goes(large: Forum) -> None:
    """As a full sync that brings nothing (D8): here it is the parents' that is held already."""
    with large.warehouse.write() as connection:
        connection.execute('DELETE FROM forum."Posts"')
    (failure,) = outcome(large.run("Comments")).failures
    assert "15 of 15 rows" in failure.message
    assert len(large.rows()) == 15
