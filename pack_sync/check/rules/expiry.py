"""The rule about cursors that the service has forgotten."""

from collections.abc import Iterator

from pack_sdk.errors import StatusCodeError
from pack_sync.check.findings import Evidence, rule
from pack_sync.check.rules.increments import SEEDS
from pack_sync.check.story import Story
from pack_sync.check.table_state import some
from pack_sync.check.table_under_test import TableUnderTest
from pack_sync.check.traces import Trace

_TOO_MANY_REQUESTS = 429

_REMEDY = (
    "Where the service says that the cursor is of no use (410, 412, or 400 with a reason), "
    'return {"completion": {"hasIncompleteResults": True}}, on any page of an increment: a full '
    "sync follows at once."
)


@rule(
    "expired-cursor",
    says="A cursor that the service has forgotten leads to a full sync.",
    remedy=_REMEDY,
)
def expired_cursor(table: TableUnderTest) -> Iterator[Evidence]:
    """All tokens expire before an increment, or after its first page."""
    if not table.is_incremental or table.broke("increment-fails"):
        return
    for midway in (False, True):
        problem = _problem(table, midway=midway)
        if problem:
            when = "after the first page of an increment" if midway else "before an increment"
            yield table.evidence(f"the cursor expired {when}: {problem}", "handler")
            return


def _told(error: Exception) -> str:
    what = "let the status pass" if isinstance(error, StatusCodeError) else "failed"
    return f"the increment {what}, {type(error).__name__}: {error}"


def _problem(table: TableUnderTest, *, midway: bool) -> str:
    with table.lab(SEEDS[0]) as lab:
        story = Story(lab, table.still.volatile).begin()
        usual = {_TOO_MANY_REQUESTS, *_refusals(table.still.first)}
        lab.advance(hours=1)
        for _ in range(4):
            story.step("update", "delete")
        if story.failed is not None or (midway and not _has_pages(story)):
            return ""
        expired: list[bool] = []

        def expire() -> None:
            if not expired:
                expired.append(lab.service.world.expire_tokens())

        if midway:
            trace = story.increment(after_answer=expire)
        else:
            expire()
            trace = story.increment()
        if trace.error is not None:
            return "" if story.fails_anyway(trace.error) else _told(trace.error)
        refused = [status for status in _refusals(trace) if status not in usual]
        found = story.difference() if story.failed is None and refused and not midway else None
        if found and not trace.incomplete:
            wrong = [*found.missing, *found.stale, *found.left]
            return (
                f"the service answered {refused[0]}, the increment ended as if all was well, and "
                f"rows differ from a full sync: {some(wrong)}"
            )
    return ""


def _refusals(trace: Trace) -> list[int]:
    """The statuses that say that a request is wrong."""
    return [e.response.status for e in trace.exchanges if 400 <= e.response.status < 500]


def _has_pages(story: Story) -> bool:
    """Whether an increment takes more than one page now."""
    return len(story.lab.sync(story.cursor).pages) > 1
