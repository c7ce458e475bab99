"""Every setting once: its name, type, default, bounds, and a sentence that says what it does.

The component reads them from a `defs.yaml`, the resources take them in Python, the engine works by
them: all three inherit these fields, so that a default or a bound is the same everywhere, and what
an editor or Dagster's UI shows is the sentence here. `docs/reference/settings.md` is made of them.

Those of connections and of notifications are in `pack_sync.connection_settings` and
`pack_sync.notify_settings`; what belongs to Dagster alone, such as tags and owners, in
`pack_sync.dagster`.
"""

import sys
import zlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Settings(BaseModel):
    """What all groups of settings have in common: they do not change, and know no other keys."""

    # Without the input: an error about a connection must not quote its credentials.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DeleteGuard(Settings):
    """Which full syncs are held until somebody approves what they would delete."""

    max_deleted_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="A full sync that would delete a larger share of the rows than this (0 to 1), "
        "and more than max_deleted_rows, is held for approval.",
    )
    max_deleted_rows: int = Field(
        default=100,
        ge=0,
        description="A full sync that would delete at most this many rows is not held for its "
        "share; a table with at most three times as many rows is a small table, see below.",
    )
    small_table_deleted_share: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="In a small table, a full sync that would delete a larger share than this, and "
        "more than small_table_deleted_rows, is held for approval.",
    )
    small_table_deleted_rows: int = Field(
        default=3,
        ge=0,
        description="In a small table, a full sync that would delete at most this many rows is not "
        "held for its share.",
    )
    hold_empty: bool = Field(
        default=True,
        description="Hold a full sync that returns no rows for a table that has some.",
    )

    def holds(self, deletes: int, rows_before: int) -> bool:
        """Whether to hold what would delete so many of the rows that were there before."""
        if deletes > self.max_deleted_rows and deletes > self.max_deleted_share * rows_before:
            return True
        # In a table that small, a page that is missing may have fewer rows than max_deleted_rows.
        small = rows_before <= 3 * self.max_deleted_rows
        floor, share = self.small_table_deleted_rows, self.small_table_deleted_share
        return small and deletes > floor and deletes > share * rows_before


class SyncSettings(DeleteGuard):
    """How the syncs of a pack behave."""

    page_timeout_seconds: float = Field(
        default=60, gt=0, description="Longest time for one page, that is one call of `execute`."
    )
    attempts: int = Field(
        default=3, ge=1, description="How many times a failing sync is tried in all."
    )
    retry_wait_seconds: float = Field(
        default=5, ge=0, description="Wait before the second attempt; doubles for each further one."
    )
    full_every_days: float = Field(
        default=7,
        ge=0,
        description="Sync a table in full once its last full sync is this many days old.",
    )
    resume_within_minutes: float = Field(
        default=60,
        ge=0,
        description="Resume an interrupted sync if its last page is at most this many minutes old; "
        "0 starts anew every time.",
    )
    lease_wait_seconds: float = Field(
        default=600,
        ge=0,
        description="How long a full sync that was asked for waits for another run of the same "
        "sync to end.",
    )
    max_parallel_tables: int = Field(
        default=4, ge=1, description="How many tables of the pack a run syncs at the same time."
    )
    show_changed_rows: bool = Field(
        default=True,
        description="Show a few changed rows in each materialization; switch it off where rows "
        "are private.",
    )
    max_rejected_rows: int | None = Field(
        default=None,
        ge=0,
        description="A sync that rejects more rows than this fails; no limit if unset.",
    )
    max_rejected_share: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="A sync that rejects a larger share of its rows than this (0 to 1) fails; no "
        "limit if unset.",
    )

    @property
    def full_every(self) -> timedelta:
        """How old the last full sync may get."""
        return timedelta(days=self.full_every_days)

    @property
    def resume_within(self) -> timedelta:
        """How old the last page of an interrupted sync may be; zero never resumes."""
        return timedelta(minutes=self.resume_within_minutes)


class TableSyncSettings(Settings):
    """One of several syncs that fill a table."""

    connection: str = Field(
        default="", description="One of `connections`; the table's connection if unset."
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="Parameter values that differ from the table's."
    )


class TableSettings(Settings):
    """One table: what to ask it for, and with which connection."""

    table: str | None = Field(
        default=None, description="The pack's table; the entry's own name if unset."
    )
    dynamic_url: str | None = Field(
        default=None,
        description="Which one of a dynamic table; `packsync discover` lists what there is.",
    )
    syncs: Mapping[str, TableSyncSettings] = Field(
        default_factory=dict,
        description="Several syncs that fill the table, by name: the partitions of its asset.",
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="Values of the table's parameters, by name."
    )
    connection: str = Field(default="default", description="One of `connections`.")
    confirm_deletes: int = Field(
        default=1,
        ge=1,
        description="How many full syncs in a row must lack a row before it is deleted; 2 where "
        "paging is known to skip rows.",
    )
    bad_values: Literal["reject", "null"] | None = Field(
        default="reject",
        description="What becomes of a row with a value that does not fit its column: `reject`; "
        "or `null` to store it with NULL there, unless the value is the id or required.",
    )
    ignore_next_link: bool = Field(
        default=False,
        description="Do not warn where a full sync ends although the service names a further "
        "page, for a pack that does so on purpose.",
    )
    conditional_requests: bool = Field(
        default=True,
        description="Keep answers that have an `ETag` or `Last-Modified`, and ask for them again "
        "only if they have changed; switch it off for a service that errs about that.",
    )
    op_tags: dict[str, Any] = Field(
        default_factory=dict,
        description="Tags of the table's op beside the pack's, for executors, such as "
        "`dagster-k8s/config` with its memory; where each table has an op, by `op_per_table`.",
    )


class ScheduleSettings(Settings):
    """When the tables of a pack are synced: cron strings in a time zone."""

    enabled: bool = Field(default=False, description="Whether the schedules start switched on.")
    time_zone: str = Field(
        default="UTC", description='Time zone of the cron strings, such as "Europe/Berlin".'
    )
    incremental: str | None = Field(
        default=None,
        description="When tables that have a cursor are synced; every 4 hours if unset, at a "
        "minute that differs from pack to pack.",
    )
    without_cursor: str | None = Field(
        default=None,
        description="When tables without a cursor are synced; daily after 2 o'clock if unset.",
    )
    full_refresh: str | None = Field(
        default=None,
        description="When every table is synced in full; Sundays after 3 o'clock if unset.",
    )

    @field_validator("incremental", "without_cursor", "full_refresh")
    @classmethod
    def _spell_out(cls, cron: str | None) -> str | None:
        return CRON_NAMES.get(cron.strip().lower(), cron) if cron else cron

    def cron(self, which: str, pack: str) -> str:
        """When one of the three schedules of a pack ticks, as a cron string of five fields.

        Those that are not set tick at another minute for each pack, always the same, so that
        not all packs begin in the same second.
        """
        minute = zlib.crc32(pack.encode()) % _MINUTES
        return getattr(self, which) or _DEFAULT_CRONS[which].format(minute=minute)


_MINUTES = 50
_DEFAULT_CRONS = {
    "incremental": "{minute} */4 * * *",
    "without_cursor": "{minute} 2 * * *",
    "full_refresh": "{minute} 3 * * 0",
}

CRON_NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""What may be written instead of five fields."""


class FreshnessSettings(Settings):
    """How old a table may get; by the slower of its schedules unless hours are given."""

    enabled: bool = Field(default=True, description="Whether the tables have a freshness policy.")
    warn_after_hours: float | None = Field(
        default=None,
        gt=0,
        description="Warn when a table is this old; one and a half times the time between its "
        "syncs if unset.",
    )
    fail_after_hours: float | None = Field(
        default=None,
        gt=0,
        description="Call a table stale when it is this old; two and a half times the time "
        "between its syncs if unset.",
    )


class WarehouseSettings(Settings):
    """The database that holds the synced tables."""

    path: str = Field(
        description="The DuckDB file, which the first sync makes; a relative path starts at the "
        "project's folder. Or the address of a lake: `ducklake:` and the catalogue, which is a "
        "DuckDB file, `sqlite:FILE` or `postgres:CONNECTION`."
    )
    data_path: str | None = Field(
        default=None,
        description="Where the files of a lake are: a folder, or an address in an object store, "
        "such as `s3://bucket/lake`; beside a catalogue that is a file if unset.",
    )
    spool_folder: str = Field(
        default=".dagster/spool",
        description="Folder in which the pages of running syncs are kept; relative as `path` is. "
        "Answers for conditional requests are beside it, in a folder whose name ends in "
        "`-answers`.",
    )
    lock_wait_seconds: float = Field(
        default=60,
        ge=0,
        description="How long to wait while another process has the file open or writes to the "
        "lake, or while the lake's Postgres or object store does not answer.",
    )
    memory_limit: str | None = Field(
        default=None,
        description='DuckDB\'s memory limit, such as "2GB", for the warehouse and for each table '
        "whose rows are being typed; without one, DuckDB takes up to 80 % of the machine's memory.",
    )


class LakeUpkeepSettings(Settings):
    """When the files of a lake are written together, and what old ones are kept."""

    cron: str = Field(default="30 4 * * *", description="When the job runs.")
    time_zone: str = Field(
        default="UTC", description='Time zone of the cron string, such as "Europe/Berlin".'
    )
    keep_days: float = Field(
        default=7,
        ge=0,
        description="How long what was replaced or deleted stays readable, in days.",
    )
    enabled: bool = Field(default=True, description="Whether the schedule starts switched on.")


if __name__ == "__main__":
    from pack_sync.settings_page import reference

    sys.stdout.write(reference())
