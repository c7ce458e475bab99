"""What one sync of one table needs, put together from pack and configuration."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pack_sdk.schemas import Schema
from pack_sdk.sync_table import SyncTable
from pack_sync.budgets.book import Urgency
from pack_sync.commit.change_samples import OnChanges
from pack_sync.commit.row_sample import SampleColumns
from pack_sync.engine.fingerprint import fingerprint_of
from pack_sync.engine.lease_keeper import LeaseKeeper
from pack_sync.http.conditional_requests import ConditionalRequests
from pack_sync.http.connection import Connection
from pack_sync.http.fetch_statistics import FetchStatistics
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.single_request import Spender
from pack_sync.ledger.sync_key import DEFAULT_SYNC, SyncKey
from pack_sync.runtimes.runtime import PackRuntime
from pack_sync.settings import DeleteGuard, SyncSettings
from pack_sync.stage.row_conversion import BadValues
from pack_sync.state.shared_files import SharedFiles

LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]
Log: TypeAlias = Callable[[LogLevel, str], None]


@dataclass(frozen=True, kw_only=True)
class CrawlSource:
    """Where a crawled table's parameters come from (contract C20).

    `properties` maps parameter names to properties of `parent_table`; `parent_sync` limits
    the parent's rows to those of one of its syncs, None means all. `schemas` has what the pack
    says of the parent's properties; none of them, where the parent's schema must be asked for.
    """

    parent_table: str
    properties: Mapping[str, str]
    parent_sync: str | None = None
    schemas: Mapping[str, Schema] = field(default_factory=dict[str, Schema])


@dataclass(frozen=True, kw_only=True)
class SyncJob:
    """One sync of one table: which table, run by what, with which values.

    `parameters` has a value for every parameter of the table, in declared order.
    `configured_syncs` names all syncs of the table: a full refresh removes the rows of others.
    `by_sync` says that the rows of each are counted (contract C18).
    `approve_deletes` applies this run's full sync however many rows it deletes (contract D8).
    `confirm_deletes` is how many full syncs in a row must lack a row before it is deleted (D9).
    `bad_values` says what becomes of a row with a value that cannot be stored (contract S4).
    `ignore_next_link` says that it may end where the service names a further page (D11).
    `lease` keeps others from running the same sync at once. `shared_files` are where its pages are
    kept for other workers, None where each has its own.
    `row_limit` ends a sync early, after the page that reaches that many rows (contract D6);
    `page_limit` ends it after so many pages.
    `dynamic_url` is what a dynamic table was chosen by (contract C23). `schema_asked` says
    that the table's schema is the one that the pack's `get_schema` returned for this sync.
    `answers_folder` is where answers are kept for conditional requests, None if they are not (F9).
    `spool_folder` is the sync's own folder for pages; `code_version` changes with the pack's
    code, so that pages which other code made are not resumed (D9). `log` must be safe
    to call from another thread; `cancelled` asks the sync to stop at the next page. `by_person`
    says that somebody started it, who goes before schedules where the account's budget is short.
    `on_changes` is shown what is about to be changed, in the transaction.
    """

    key: SyncKey
    table: SyncTable
    runtime: PackRuntime
    connection: Connection
    parameters: Mapping[str, Any]
    spool_folder: Path
    log: Log
    answers_folder: Path | None = None
    configured_syncs: Sequence[str] = (DEFAULT_SYNC,)
    by_sync: bool = False
    crawl: CrawlSource | None = None
    dynamic_url: str | None = None
    code_version: str = ""
    schema_asked: bool = False
    row_limit: int | None = None
    page_limit: int | None = None
    approve_deletes: bool = False
    confirm_deletes: int = 1
    bad_values: BadValues = "reject"
    ignore_next_link: bool = False
    lease: LeaseKeeper | None = None
    shared_files: SharedFiles | None = None
    settings: SyncSettings = field(default_factory=SyncSettings)
    dagster_run_id: str | None = None
    by_person: bool = True
    cancelled: threading.Event = field(default_factory=threading.Event)
    on_changes: OnChanges | None = None

    @property
    def awaits_schema(self) -> bool:
        """Whether the pack must still be asked for the table's schema (contract C23)."""
        return self.table.dynamic is not None and not self.schema_asked

    @property
    def delete_guard(self) -> DeleteGuard | None:
        """Which full syncs are held, None if this run approves all deletes (contract D8)."""
        return None if self.approve_deletes else self.settings

    def fetcher(self, spent: FetchStatistics | None = None) -> SyncFetcher:
        """A fetcher of the sync's requests; `spent` is what earlier tries have done."""

        def tell(why: str) -> None:
            self.log("info", f"{self.key}: {why}")

        return SyncFetcher(
            self.connection,
            spent=spent,
            spender=Spender(tell=tell),
            conditional=self._conditional_requests(),
        )

    def _conditional_requests(self) -> ConditionalRequests | None:
        if self.answers_folder is None:
            return None
        return ConditionalRequests(
            answers=self.connection.answers_in(self.answers_folder),
            redactor=self.connection.redactor,
            code_version=self.code_version,
        )

    def urgency(self, *, full: bool) -> Urgency:
        """Who goes first where the account's budget is short."""
        if self.by_person:
            return Urgency.PERSON_FULL if full else Urgency.PERSON_INCREMENTAL
        return Urgency.SCHEDULED_FULL if full else Urgency.SCHEDULED_INCREMENTAL

    @property
    def sample_columns(self) -> SampleColumns:
        """What a sample of changed rows shows; nothing if none is wanted."""
        return (
            SampleColumns.of(self.table.schema)
            if self.settings.show_changed_rows
            else SampleColumns()
        )

    @cached_property
    def fingerprint(self) -> dict[str, str]:
        """What the cursor depends on (contract D5), as far as it is known."""
        return fingerprint_of(
            None if self.awaits_schema else self.table.schema,
            self.parameters,
            self.connection.settings.name,
            self.connection.settings.endpoint,
            self.dynamic_url,
        )
