"""A preview: the first rows of a table as a sync would store them, and nothing stored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pack_sdk.wording import counted
from pack_sync.engine.attempt import Attempt
from pack_sync.engine.collect import collect
from pack_sync.engine.dynamic_schema import ask_schema
from pack_sync.engine.full_or_incremental import ModeDecision
from pack_sync.engine.sync_job import SyncJob
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.request_observer import RequestObserver
from pack_sync.http.single_request import Spender
from pack_sync.spool.spool import Spool
from pack_sync.stage.column_types import Column
from pack_sync.stage.deduplication import StageCounts
from pack_sync.stage.stage import Stage
from pack_sync.stage.staged_pages import StagePart


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Some rows, by column, and some rejected ones: page, reason and the row as it came.

    `bad_values` are in the same form the rows of which some values would be NULL instead.
    `has_more` says that there are or may be other rows. `counts`, `pages` and `rows_returned` are
    of all that was fetched.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    rejects: Sequence[tuple[int, str, str]]
    bad_values: Sequence[tuple[int, str, str]]
    has_more: bool
    counts: StageCounts
    pages: int
    rows_returned: int


class NoSuchPageError(Exception):
    """The sync ended before the page that was asked for; the message says after how many."""


def preview_rows(
    sync: SyncJob,
    folder: Path,
    limit: int,
    tell: Callable[[str], object],
    *,
    page: int | None = None,
    observer: RequestObserver | None = None,
) -> Preview:
    """Fetch pages until there are `limit` rows, or up to that `page`, and type them in `folder`.

    Of a `page` no other page's rows are shown. `tell` is told why requests wait for long,
    `observer` of the requests. Raises `AttemptFailedError`, and `NoSuchPageError`.
    """
    attempt = Attempt(
        decision=ModeDecision(mode="full", reason="a preview"),
        fetcher=SyncFetcher(sync.connection, spender=Spender(tell=tell), observer=observer),
    )
    spool = Spool.begin(folder / "spool")
    try:
        limits = {"row_limit": limit} if page is None else {"page_limit": page}
        sync = ask_schema(replace(sync, **limits), attempt)
        collected = collect(sync, attempt, spool)
    finally:
        spool.close()
    if page is not None and spool.page_count < page:
        ended = counted(spool.page_count, "page", "pages")
        raise NoSuchPageError(f"there is no page {page}: the sync ended after {ended}")
    with Stage(folder / "stage.duckdb", sync.table.schema, bad_values=sync.bad_values) as stage:
        counts = stage.load(spool, [StagePart(sync=sync.key.sync, complete=True)])
        rows, rejects, bad_values = stage.sample(limit, page)
        return Preview(
            columns=stage.columns,
            rows=rows,
            rejects=rejects,
            bad_values=bad_values,
            has_more=collected.cut_short or counts.upserts > len(rows),
            counts=counts,
            pages=spool.page_count,
            rows_returned=spool.row_count,
        )
