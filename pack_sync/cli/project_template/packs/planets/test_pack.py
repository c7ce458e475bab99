"""Tests of the pack: it is called as a sync calls it, without Dagster and without a database."""

from pack_sdk.testing import MockFetcher, execute_sync_table
from packs.planets.pack import PLANETS, pack


def test_all_pages_are_returned() -> None:
    """Each planet once, in order."""
    rows = execute_sync_table(pack, "Planets", fetcher=MockFetcher())
    assert rows.ids == [planet["name"] for planet in PLANETS]
