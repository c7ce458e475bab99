"""Checking a table against the real account: the first pages of a full sync, and nothing stored."""

from contextlib import closing
from dataclasses import replace
from typing import Any

from pack_sdk.testing import FakeService
from pack_sync.check.checked_table import TableReport
from pack_sync.check.findings import CannotCheckError, Finding
from pack_sync.check.loading import load_source
from pack_sync.check.rules import rules_in_order
from pack_sync.check.table_under_test import (
    FirstSyncs,
    PackUnderTest,
    TableUnderTest,
)
from pack_sync.check.traces import Trace, TracedPage
from pack_sync.engine.attempt import Attempt
from pack_sync.engine.dynamic_schema import ask_schema
from pack_sync.engine.full_or_incremental import ModeDecision
from pack_sync.engine.page_loop import open_session, state_of
from pack_sync.engine.sync_failures import EndlessContinuationError
from pack_sync.engine.sync_job import SyncJob
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.single_request import Spender

PAGES = 5
"""So many pages of a table are read at most."""


def check_live(pack_name: str, sync: SyncJob) -> TableReport:
    """Check a table by the rules that need no made-up service.

    `pack_name` is the pack's name as commands take it. A table that is crawled is left out.
    """
    name = sync.table.name
    if sync.crawl is not None:
        why = f"it is crawled from {sync.crawl.parent_table}, and --live asks for no parent's rows"
        return TableReport(table=name, unchecked=why)
    pack = sync.runtime.pack
    under_test = PackUnderTest(
        name=pack_name,
        pack=pack,
        runtime=sync.runtime,
        load_afresh=lambda: sync.runtime,
        source=load_source(pack_name),
        make_fake=_no_fake,
        is_python=True,
    )
    table = TableUnderTest(pack=under_test, declared=sync.table, given=_first_pages(sync))
    for rule in rules_in_order():
        if rule.live and not table.broke_basic:
            table.found += rule.findings(table)
    return TableReport(table=name, findings=_redacted(sync, table.found))


def _first_pages(sync: SyncJob) -> FirstSyncs:
    attempt = Attempt(
        decision=ModeDecision(mode="full", reason="a check"),
        fetcher=SyncFetcher(sync.connection, spender=Spender()),
    )
    trace = Trace(started_at=attempt.started_at)
    try:
        sync = ask_schema(sync, attempt)
        with closing(open_session(sync, attempt)) as session:
            continuation: Any = None
            while len(trace.pages) < PAGES:
                state = state_of(sync, attempt, continuation)
                page = session.execute(list(state.parameters.values()), state)
                unread = attempt.fetcher.next_page_unread
                trace.pages.append(
                    TracedPage(
                        called_with=continuation, page=page, exchanges=(), next_page_unread=unread
                    )
                )
                if page.continuation is None:
                    break
                if page.continuation == continuation:
                    raise EndlessContinuationError(f"the continuation {continuation!r} comes again")
                continuation = page.continuation
    except Exception as error:
        trace.error = error
    schema = sync.table.schema
    return FirstSyncs(first=trace, second=trace, schema=schema, log=[], service=FakeService())


def _redacted(sync: SyncJob, found: list[Finding]) -> list[Finding]:
    redact = sync.connection.redactor.redact
    return [replace(finding, says=redact(finding.says)) for finding in found]


def _no_fake(_seed: int) -> FakeService:
    raise CannotCheckError("--live has no made-up service")
