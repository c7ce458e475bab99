"""No clean table is accused, whichever way its service tells of changes."""

from pathlib import Path

import pytest

from pack_sync.check.running import check_table, load_pack_under_test
from tests.check.shapes import SHAPES, SHAPES_FAKE

TABLES = [
    "Newest", "SeparateDeletions", "Feed", "ByKey", "People", "Graph", "Linked", "Batches", "Notes",
    "SeveralIds",
]  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_a_clean_table_is_not_accused(table: str, tmp_path: Path) -> None:
    """By errors or advice."""
    pack = tmp_path / "shapes"
    (pack / "tests").mkdir(parents=True)
    (pack / "__init__.py").write_text("")
    (pack / "pack.py").write_text(SHAPES.lstrip())
    (pack / "tests" / "fake.py").write_text(SHAPES_FAKE.lstrip())
    report = check_table(load_pack_under_test(str(pack)).table(table))
    assert [*map(str, report.findings)] == []
    assert report.unchecked is None


def test_the_demo_pack_is_clean() -> None:
    """And its fake, which has a world of its own, serves the check."""
    report = check_table(load_pack_under_test("packs.demo.pack").table("Projects"))
    assert [*map(str, report.findings)] == []
    assert report.unchecked is None
