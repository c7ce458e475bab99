"""Numbers in columns of the type DECIMAL(38, 9) are shown as people write them (contract S6)."""

from pathlib import Path
from typing import Any

import pytest

from pack_sdk import make_object_schema
from pack_sync.commit.change_samples import ChangeSampler
from pack_sync.commit.delete_guard import LargeDeleteError
from pack_sync.commit.row_sample import SampleColumns
from pack_sync.settings import DeleteGuard
from tests.commit.sync_bench import SyncBench, a_page

SCHEMA = make_object_schema(
    id_property="id",
    display_property="id",
    properties={
        "id": {"type": "number"},
        "price": {"type": "number", "codaType": "currency"},
        "name": {"type": "string", "required": True},
    },
)
BIG = 2**64 + 1


def row(id_: Any, price: Any = 12.5, name: str | None = "n") -> dict[str, Any]:
    """A row."""
    return {"id": id_, "price": price, "name": name}


@pytest.fixture
def bench(tmp_path: Path) -> SyncBench:
    """A table with two rows, one of which has an id that only a DECIMAL holds."""
    bench = SyncBench(folder=tmp_path, schema=SCHEMA)
    bench.full(a_page(row(BIG), row(7, 1200)), cursor={"a": 1})
    assert bench.query("SELECT DISTINCT typeof(id) FROM acme.Tasks") == [("DECIMAL(38,9)",)]
    return bench


def test_samples(bench: SyncBench) -> None:
    """What is new, what changes, and what goes."""
    sampler = ChangeSampler(5)
    columns = SampleColumns(names=["id", "price"])
    page = a_page(row(BIG, 13), row(10**20, 0.5))
    result = bench.full(page, on_changes=sampler, sample=columns)
    assert [dict(values) for values in sampler.sample.inserted] == [
        {"id": f"{10**20}", "price": "0.5", "name": "n"}
    ]
    (updated,) = sampler.sample.updated
    assert (updated.row_id, dict(updated.columns)) == (f"{BIG}", {"price": ("12.5", "13")})
    assert [values["id"] for values in sampler.sample.deleted] == ["7"]
    assert {"id": f"{BIG}", "price": "13"} in [dict(values) for values in result.sample.rows]


def test_audits_and_rejected_rows(bench: SyncBench) -> None:
    """The ids that an audit found, and those of rows that are kept with their reasons."""
    page = a_page(row(BIG, 13), row(7.5), row(10**21, name=None))
    record = bench.full(page, cursor={"a": 1}).record
    assert record.audit_samples == {"missed": ["7.5"], "stale": [f"{BIG}"], "undeleted": ["7"]}
    assert [kept[0] for kept in bench.rejected()] == [f"{10**21}"]
    # With its id it is known to be the same row when it comes again, and is well.
    bench.incremental(a_page(row(10**21)))
    assert bench.rejected() == []


def test_rows_that_were_not_returned(bench: SyncBench) -> None:
    """Ids of rows that stay until another full sync agrees; that one finds them again."""
    first = bench.full(a_page(row(7)), confirm_deletes=2)
    assert any(f"(id {BIG})" in warning for warning in first.record.warnings or ())
    assert bench.query("SELECT row_id FROM _sync.absent_rows") == [(f"{BIG}",)]
    assert bench.full(a_page(row(7)), confirm_deletes=2).record.deleted == 1


def test_rows_that_a_held_sync_would_delete(bench: SyncBench) -> None:
    """Their numbers are exact; what JSON has no room for is a text."""
    with pytest.raises(LargeDeleteError) as raised:
        bench.full(a_page(row(10**22)), guard=DeleteGuard(max_deleted_rows=1))
    (large,) = raised.value.deletes
    assert sorted(large.sample, key=str) == [row(f"{BIG}"), row(7, 1200)]
