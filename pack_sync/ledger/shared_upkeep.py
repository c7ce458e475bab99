"""Shared files of a lake that nobody comes for any more: pages of syncs, rows of held ones.

A sync looks after its own. Left are those of tables that are synced no more, and of processes that
died before the ledger named their file, or after it had forgotten it.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pack_sync.ledger.held_summary import held_stages
from pack_sync.ledger.lease_store import lease_store
from pack_sync.spool.mirror import PAGES_FOLDER, longest_use, pause_of, place_of
from pack_sync.state.shared_files import shared_files
from pack_sync.warehouse.warehouse import Warehouse

HELD_FOLDER = "held"
"""Where staged rows of held syncs are among the shared files."""

_AT_LEAST = timedelta(days=1)
"""As pages in a folder of one machine; and no upload of a held sync takes so long."""


def remove_old_files(warehouse: Warehouse, keep: timedelta) -> int:
    """Remove what is older than `keep`, and than a day, and of no use; returns how many files.

    Pages of use are those of a running sync, and those that a sync may still go on from. Rows of
    use are those of a sync that is held. Raises `StorageError`.
    """
    files = shared_files(warehouse.database)
    if files is None:
        return 0
    keep = max(keep, _AT_LEAST)
    pages, stages = files.ages(PAGES_FOLDER), files.ages(HELD_FOLDER)
    # After the files, so that what has been taken into use by now is known.
    running = {place_of(*lease.key.names) for lease in lease_store(warehouse).running(keep)}
    with warehouse.read() as connection:
        held = {stage for _, stage in held_stages(connection)}
    old = [name for name, at in stages.items() if name not in held and _is_older(at, keep)]
    old += _old_pages(pages, running, keep)
    files.remove(old)
    return len(old)


def _old_pages(pages: Mapping[str, datetime], running: set[str], keep: timedelta) -> list[str]:
    """The pages of the spools whose last page is too old, but for those of running syncs."""
    spools: dict[str, dict[str, datetime]] = defaultdict(dict)
    for name, at in pages.items():
        spools[name.rpartition("/")[0]][name] = at
    return [
        name
        for spool, found in spools.items()
        if not any(spool.startswith(f"{place}/") for place in running)
        and _is_older(_last_use(found), max(keep, longest_use(spool)))
        for name in found
    ]


def _last_use(pages: Mapping[str, datetime]) -> datetime:
    """When the last page came, or the pause after it ended."""
    return max(*pages.values(), pause_of(pages) or datetime.min.replace(tzinfo=UTC))


def _is_older(at: datetime, than: timedelta) -> bool:
    return datetime.now(UTC) - at > than
