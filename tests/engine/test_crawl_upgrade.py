"""Children of a crawl by an earlier version keep their names, cursors and rows (D7, S7)."""

import json
from pathlib import Path
from typing import Any

import pytest

from pack_sync.engine.fingerprint import fingerprint_of
from pack_sync.engine.sync_tables import TableFinished
from tests.engine.crawl_harness import CrawledProperty
from tests.warehouses import LEDGER_POSITIONS

NUMBER = {"type": "number"}
MOMENT = {"type": "string", "codaType": "datetime"}


def as_by_an_earlier_version(crawl: CrawledProperty, names: dict[str, tuple[str, Any]]) -> None:
    """Give children the names and the parameters that they had there."""
    for name, (former, value) in names.items():
        parameters = fingerprint_of(None, {"key": value}, "default", None)["parameters"]
        crawl.change(
            f"""
            UPDATE acme."Cards" SET _sync = 'default/{former}' WHERE _sync = 'default/{name}';
            UPDATE {LEDGER_POSITIONS} SET
                sync = 'default/{former}',
                fingerprint = json_merge_patch(fingerprint, '{{"parameters": "{parameters}"}}')
            WHERE sync = 'default/{name}'
            """
        )


def syncs(crawl: CrawledProperty) -> list[str]:
    """Which syncs the children's rows and cursors are of."""
    owners = crawl.query('SELECT DISTINCT _sync FROM acme."Cards" ORDER BY 1')
    cursors = crawl.query("SELECT sync FROM _sync.cursors WHERE table_name = 'Cards' ORDER BY 1")
    assert owners == cursors
    return [name for (name,) in owners]


def record_of(ended: dict[str, Any]) -> Any:
    """What the run did with the children."""
    cards = ended["Cards"]
    assert isinstance(cards, TableFinished)
    return cards.outcome.record


CASES: list[Any] = [
    pytest.param(NUMBER, False, {"1": ("1", "1.0", 1.0), "1.5": ("1.5", "1.5", 1.5)}, id="numbers"),
    pytest.param(NUMBER, True, {"1": ("1", "1.0", 1.0), "2": ("2", "2.0", 2.0)}, id="numeric ids"),
    pytest.param(
        {"type": "number", "codaType": "currency"},
        False,
        {"12": ("12", "12.0", 12.0), "12.5": ("12.5", "12.5", 12.5)},
        id="amounts",
    ),
    pytest.param(
        MOMENT,
        False,
        {
            '"2024-01-02T03:04:05+05:00"': (
                "2024-01-01T22:04:05Z",
                "2024-01-01 22:04:05+00",
                "2024-01-01 22:04:05+00",
            )
        },
        id="moments",
    ),
    pytest.param(
        {"type": "number", "codaType": "date"},
        False,
        {"1704153600": ("1704153600", "2024-01-02", "2024-01-02")},
        id="dates in seconds",
    ),
    pytest.param(
        {"type": "array", "items": NUMBER},
        False,
        {"[1, 2.5]": ("[1,2.5]", "[1.0,2.5]", [1.0, 2.5])},
        id="arrays",
    ),
]
"""By a value of the parent's, as JSON: its child's name now, its former name and parameter."""


@pytest.mark.parametrize(("key", "key_is_id", "cases"), CASES)
def test_a_child_of_an_earlier_version_goes_on(
    tmp_path: Path, key: dict[str, Any], key_is_id: bool, cases: dict[str, tuple[str, str, Any]]
) -> None:
    """It has its cursor, and no row is deleted, doubled or written again."""
    values: list[Any] = [json.loads(value) for value in cases]
    crawl = CrawledProperty(folder=tmp_path, key=key, values=values, key_is_id=key_is_id)
    crawl.run()
    rows = crawl.children()
    cursors = {str(argument): f"c{argument}" for argument, _ in crawl.calls}
    as_by_an_earlier_version(crawl, {new: (old, value) for new, old, value in cases.values()})
    former = sorted(f"default/{old}" for _, old, _ in cases.values())
    assert syncs(crawl) == former
    for mode in ("auto", "auto", "full", "auto"):
        record = record_of(crawl.run(mode=mode))
        counts = (record.inserted, record.updated, record.deleted, record.unchanged)
        assert counts == (0, 0, 0, len(cases))
        assert syncs(crawl) == former
        if mode != "full":
            assert {str(argument): cursor for argument, cursor in crawl.calls} == cursors
    assert crawl.children() == rows
    gone = crawl.with_values(*values[1:])
    gone.run(mode="full", approve_deletes=True)
    assert len(gone.children()) == len(cases) - 1


def test_a_name_that_stood_for_several_numbers_is_no_ones(tmp_path: Path) -> None:
    """What was rounded to one number may be of either; both begin anew."""
    crawl = CrawledProperty(folder=tmp_path, key=NUMBER, values=[2**53 + 1], key_is_id=True)
    crawl.run()
    rounded = float(2**53 + 1)
    as_by_an_earlier_version(crawl, {f"{2**53 + 1}": (f"{rounded}", rounded)})
    crawl.with_values(2**53 + 1, 2**53 + 3).run(approve_deletes=True)
    assert syncs(crawl) == [f"default/{2**53 + 1}", f"default/{2**53 + 3}"]


def test_a_column_that_changes_its_type_keeps_its_children(tmp_path: Path) -> None:
    """Whole numbers become fractions when one is; 1 stays 1, and goes on from its cursor."""
    crawl = CrawledProperty(folder=tmp_path, key={**NUMBER, "precision": 0}, values=[1])
    crawl.run()
    wider = crawl.with_values(1, 2.5)
    record = record_of(wider.run())
    assert wider.query('SELECT typeof(key) FROM acme."Boards"') == [("DOUBLE",)] * 2
    assert sorted(wider.calls, key=str) == [(1, "c1"), (2.5, None)]
    assert (record.deleted, record.inserted) == (0, 1)
