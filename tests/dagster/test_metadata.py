"""The metadata of a materialization, made from what a sync did."""

from pathlib import Path
from typing import Any

import pytest

from pack_sdk import make_object_schema
from pack_sync.dagster.metadata import materialization_metadata
from tests.engine.sync_harness import Engine, Scripted, items, last_page


def metadata_of(folder: Path, *steps: Any) -> dict[str, Any]:
    """The metadata of the last of some syncs."""
    engine = Engine(folder=folder, execute=Scripted(*steps))
    for _ in steps[:-1]:
        engine.sync()
    return dict(materialization_metadata(engine.sync()))


@pytest.mark.parametrize(
    ("cursor", "shown"),
    [
        (None, "none"),
        ({}, "none → {}"),
        ("t1", 'none → "t1"'),
        ({"since": "2026-01-05", "n": 1}, 'none → {"since":"2026-01-05","n":1}'),
        ("x" * 198, f'none → "{"x" * 198}"'),
        ("x" * 199, f'none → "{"x" * 199}…'),
        ("x" * 5_000, f'none → "{"x" * 199}…'),
    ],
)
def test_a_cursor_is_shown_as_json_and_not_too_long(
    tmp_path: Path, cursor: Any, shown: str
) -> None:
    """At most 200 characters of it; `{}` is a cursor too (contract C6)."""
    assert metadata_of(tmp_path, last_page(cursor, a="1"))["sync/cursor"] == shown


def test_counts_are_those_of_the_sync(tmp_path: Path) -> None:
    """Rejected and repeated rows are counted besides what was written (contract S4, S5)."""
    page = {
        "result": [*items(a="1", b="2"), {"id": "a", "name": "3"}, {"name": "nobody"}, "no row"],
        "completion": {"incrementalContinuation": "t1"},
    }
    metadata = metadata_of(tmp_path, page)
    wanted = {"inserted": 2, "rejected": 2, "rows_returned": 5, "pages": 1}
    assert {name: metadata[f"sync/{name}"] for name in wanted} == wanted
    assert metadata["dagster/row_count"] == 2
    assert metadata["sync/details"].endswith("; 1 repeated id")


def test_what_needs_a_look_comes_first(tmp_path: Path) -> None:
    """Then what has changed; what it took is at the end, and there is little of it."""
    page = {"result": [*items(a="1"), {"name": "nobody"}], "completion": None}
    names = list(metadata_of(tmp_path, page))
    assert names[:3] == ["sync/warnings", "sync/mode", "sync/mode_reason"]
    assert names.index("sync/changed_rows") < names.index("sync/rows_returned")
    assert len(names) <= 18


def test_a_cursor_that_stays_is_shown_once(tmp_path: Path) -> None:
    """Else before and after."""
    assert metadata_of(tmp_path, last_page("t1"), last_page("t1"))["sync/cursor"] == '"t1"'
    (tmp_path / "other").mkdir()
    moved = metadata_of(tmp_path / "other", last_page("t1"), last_page("t2"))
    assert moved["sync/cursor"] == '"t1" → "t2"'


def test_what_should_be_looked_at_is_a_list_of_warnings(tmp_path: Path) -> None:
    """Rejected rows are named with the table that keeps them (contract S4)."""
    metadata = metadata_of(tmp_path, {"result": [{"name": "nobody"}]})
    assert metadata["sync/warnings"].value.startswith("- 1 row was rejected")
    assert "_sync.rejected_rows" in metadata["sync/warnings"].value


def test_a_sync_without_trouble_has_no_warnings(tmp_path: Path) -> None:
    """There is no empty entry to look at."""
    metadata = metadata_of(tmp_path, last_page("t1", a="1"))
    assert "sync/warnings" not in metadata


def test_a_changed_schema_is_shown(tmp_path: Path) -> None:
    """The column that a sync added is named in its metadata."""
    engine = Engine(
        folder=tmp_path, execute=Scripted(last_page("t1", a="1"), last_page("t2", a="1"))
    )
    engine.sync()
    engine.schema = make_object_schema(
        properties={
            "id": {"type": "string"},
            "name": {"type": "string"},
            "colour": {"type": "string"},
        },
        id_property="id",
        display_property="name",
    )
    changes = materialization_metadata(engine.sync("full"))["sync/schema_changes"].value
    assert changes.startswith("- ")
    assert "colour" in changes
