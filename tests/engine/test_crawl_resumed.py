"""A crawl that dies goes on with the pages that its batch had (contract D7, D9)."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pack_sync.engine import crawl_commit
from pack_sync.engine.sync_tables import TableFailed
from pack_sync.spool.spool import Spool
from pack_sync.warehouse.storage_errors import CatalogueError
from tests.engine.test_crawl import Forum, outcome


class Dying(Forum):
    """A forum whose crawl dies when a page of a post is asked for."""

    def page_of_comments(self, post: str, context: Any) -> Any:
        at = context.sync.continuation["at"] if context.sync.continuation else 0
        if (post, at) == ("p2", 2):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().page_of_comments(post, context)


def forum_in(folder: Path, kind: type[Forum] = Forum) -> Forum:
    """Three posts, whose crawl asks for one page at a time; the second has four comments."""
    comments = {"p2": ["p2-c1", "p2-c2", "p2-c3", "p2-c4"]}
    return kind(folder, comments=comments, requests_at_once=1)


def die_in(function: Callable[[Path], None], folder: Path) -> None:
    """Call a function in a process of its own, which must not survive it."""
    process = multiprocessing.get_context("spawn").Process(target=function, args=(folder,))
    process.start()
    process.join(240)
    assert process.exitcode == -signal.SIGKILL


def _die_in_the_second_post(folder: Path) -> None:
    forum_in(folder, Dying).run()


def _die_after_the_commit(folder: Path) -> None:
    def die(_self: Spool) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    forum = forum_in(folder)
    forum.run("Posts")
    pytest.MonkeyPatch().setattr(Spool, "discard", die)
    forum.run("Comments")


COMMENTS = [
    *[(f"p1-c{n}", "default/p1") for n in (1, 2)],
    *[(f"p2-c{n}", "default/p2") for n in (1, 2, 3, 4)],
    *[(f"p3-c{n}", "default/p3") for n in (1, 2)],
]


def test_a_killed_crawl_goes_on(tmp_path: Path) -> None:
    """At the next page of the parent at hand; what was whole is not asked for again."""
    die_in(_die_in_the_second_post, tmp_path)
    forum = forum_in(tmp_path)
    done = outcome(forum.run("Comments"))
    assert forum.calls == [("p2", None)] * 2 + [("p3", None)] * 2
    assert forum.rows() == COMMENTS
    assert done.result.record.inserted == 8
    assert not list((tmp_path / "spool").rglob("journal*"))
    assert any("resuming after 4 pages of 2 parents" in line for line in forum.logged)


def test_new_parents_do_not_come_first(tmp_path: Path) -> None:
    """Those that have pages are in the first batch, which goes on with them."""
    die_in(_die_in_the_second_post, tmp_path)
    forum = forum_in(tmp_path)
    forum.posts = ["p0", *forum.posts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pack_sync.engine.crawl.BATCH_SIZE", 2)
        forum.run()
    assert [post for post, _ in forum.calls if post in ("p1", "p2")] == ["p2", "p2"]
    assert len(forum.rows()) == 10


def test_pages_of_something_else_are_not_gone_on_with(tmp_path: Path) -> None:
    """Such as those of an incremental sync, when a full one is asked for."""
    forum_in(tmp_path).run()
    die_in(_die_in_the_second_post, tmp_path)
    forum = forum_in(tmp_path)
    forum.run("Comments", mode="full")
    assert len(forum.calls) == 8
    assert forum.rows() == COMMENTS


def test_what_was_committed_is_not_applied_again(tmp_path: Path) -> None:
    """A crawl that died between its commit and the end leaves pages of earlier positions."""
    die_in(_die_after_the_commit, tmp_path)
    forum = forum_in(tmp_path)
    assert forum.rows() == COMMENTS
    forum.run("Comments")
    assert {cursor["post"] for _, cursor in forum.calls} == {"p1", "p2", "p3"}  # all increments
    assert forum.rows() == COMMENTS


def test_rows_that_a_resumed_child_did_not_return_stay(tmp_path: Path) -> None:
    """They may have moved meanwhile; those of children that were not interrupted go (D9)."""
    forum = forum_in(tmp_path)
    forum.run()
    with forum.warehouse.write() as connection:
        for post in ("p1", "p2", "p3"):
            connection.execute(
                f"INSERT INTO forum.\"Comments\" SELECT '{post}-old', 'default/{post}', now(), 'x'"
            )
    die_in(_die_in_a_full_crawl, tmp_path)
    forum.run("Comments", mode="full")
    old = [row for row, _ in forum.rows() if row.endswith("old")]
    assert old == ["p2-old"]


def _die_in_a_full_crawl(folder: Path) -> None:
    forum_in(folder, Dying).run("Comments", mode="full")


def test_a_batch_that_cannot_be_applied_is_tried_again(tmp_path: Path) -> None:
    """With the pages that it has, when the catalogue of a lake was away for a moment."""
    forum, failures = forum_in(tmp_path), [CatalogueError("away")]
    commit = crawl_commit.commit_stage

    def fail_once(*given: Any) -> Any:
        if failures:
            raise failures.pop()
        return commit(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crawl_commit, "commit_stage", fail_once)
        done = outcome(forum.run())
    assert (len(forum.calls), done.result.record.inserted) == (8, 8)
    assert forum.rows() == COMMENTS
    assert any("trying again" in line for line in forum.logged)


def test_a_batch_that_cannot_be_applied_at_all_is_gone_on_with(tmp_path: Path) -> None:
    """By the next run, without asking for its pages again."""
    forum = forum_in(tmp_path)

    def fail(*_given: Any) -> Any:
        raise CatalogueError("away")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crawl_commit, "commit_stage", fail)
        (event,) = [event for event in forum.run() if isinstance(event, TableFailed)]
        assert "CatalogueError: away" in event.message
    forum.run("Comments")
    assert (forum.calls, forum.rows()) == ([], COMMENTS)
