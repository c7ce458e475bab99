"""Backfills, which force full syncs: asked of Dagster's daemon, as the UI's dialog does."""

from collections.abc import Mapping, Sequence

import dagster as dg

from pack_sync.project import ConfigurationError


def request_backfill(
    instance: dg.DagsterInstance,
    definitions: dg.Definitions,
    tables: Mapping[dg.AssetKey, Sequence[str]],
    title: str,
) -> tuple[str, bool]:
    """Ask for a backfill of some tables; returns its id, and whether a daemon is there to do it.

    For each table the partitions to take, that is its syncs; none, all of it. Raises
    `ConfigurationError` where this version of Dagster can only be asked in its UI.
    """
    try:
        from pack_sync.dagster.internals.new_backfill import add_backfill, is_daemon_running
    except ImportError as error:
        raise ConfigurationError(
            f"a backfill cannot be requested from Dagster {dg.__version__} by a command; in the "
            "UI, select the tables under Assets, choose Materialize and launch a backfill, or run "
            "`packsync sync PACK --full`"
        ) from error
    return add_backfill(instance, definitions, tables, title), is_daemon_running(instance)
