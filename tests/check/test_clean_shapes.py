"""No clean table is accused, whichever way its service tells of changes."""

from pathlib import Path

import pytest

from pack_sync.check.checked_table import TableReport, check_table
from pack_sync.check.loading import load_pack_under_test
from tests.check.packs import changed
from tests.check.shapes import SHAPES, SHAPES_FAKE

TABLES = [
    "SeparateDeletions",
    "Feed",
    "People",
    "Linked",
    "Batches",
    "Notes",
    "SeveralIds",
    "Continued",
]
UNTOLD = ["Newest", "ByKey", "Graph"]
"""Their service does not tell which rows were deleted."""


@pytest.mark.parametrize("table", TABLES)
def test_a_clean_table_is_not_accused(table: str, tmp_path: Path) -> None:
    """By errors or advice."""
    report = check_shape(table, tmp_path)
    assert [*map(str, report.findings)] == []
    assert report.unchecked is None


@pytest.mark.parametrize("table", UNTOLD)
def test_deletions_that_no_increment_can_tell(table: str, tmp_path: Path) -> None:
    """They are advice, once, and nothing else is said."""
    [finding] = check_shape(table, tmp_path).findings
    assert (finding.code, finding.level) == ("deletions-not-reported", "advice")
    assert "stay until the next full sync: " in finding.says


def test_pages_at_another_address_that_are_forgotten(tmp_path: Path) -> None:
    """The first page is at the list's own address, and the second is not the last."""
    last = ('"continuation": body["token"]}', '"continuation": None if token else body["token"]}')
    assert [each.code for each in check_shape("Continued", tmp_path, last).findings] == [
        "paging-forgotten"
    ]


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ('{"number": each["number"]}', []),
        ('{"nested.number": str(each["number"])}', []),
        ('{"number": each["id"]}', ["deleted-id-differs"]),
        ('{"kind": each["kind"]}', ["increments-differ"]),
    ],
)
def test_deletions_by_values(told: str, found: list[str], tmp_path: Path) -> None:
    """Those that leave a row, or take others along, are found; right ones are not accused."""
    change = ('[each["id"] for each in', f"[{told} for each in")
    findings = check_shape("SeparateDeletions", tmp_path, change).findings
    assert [each.code for each in findings] == found


def check_shape(table: str, folder: Path, *changes: tuple[str, str]) -> TableReport:
    """Check a table of the shapes, with these changes."""
    pack = folder / "shapes"
    (pack / "tests").mkdir(parents=True)
    (pack / "__init__.py").write_text("")
    (pack / "pack.py").write_text(changed(SHAPES.lstrip(), changes))
    (pack / "tests" / "fake.py").write_text(SHAPES_FAKE.lstrip())
    return check_table(load_pack_under_test(str(pack)).table(table))


def test_the_demo_pack_is_clean() -> None:
    """And its fake, which has a world of its own, serves the check."""
    report = check_table(load_pack_under_test("packs.demo.pack").table("Projects"))
    assert [*map(str, report.findings)] == []
    assert report.unchecked is None
