"""The stage: which of the rows of a sync count (contract S4, S5, D1, D4)."""

from pathlib import Path

import pytest

from pack_sdk import make_object_schema
from pack_sync.runtimes.python.row_lines import to_lines
from pack_sync.spool.page import Page
from pack_sync.stage import stage_file
from pack_sync.stage.stage import Stage
from pack_sync.stage.stage_file import attach_stage
from pack_sync.stage.staged_pages import StagePart
from pack_sync.warehouse.warehouse import Warehouse
from tests.commit.sync_bench import a_page, a_schema, spooled, stage_pages

SCHEMA = a_schema(v={"type": "number", "precision": 0})
NUMBERED = make_object_schema(
    id_property="id",
    display_property="id",
    properties={"id": {"type": "number", "precision": 0}},
)


def test_an_empty_sync_stages_nothing(tmp_path: Path) -> None:
    """No rows and no deletions are fine (contract C2)."""
    staged = stage_pages(tmp_path, SCHEMA, a_page())
    assert (staged.upserts, staged.rejects, staged.deletes) == ([], [], [])
    assert staged.counts.upserts == staged.counts.rejected == staged.counts.deletes == 0


def test_the_last_of_rows_with_the_same_id_counts(tmp_path: Path) -> None:
    """On one page and across pages; the repeats are counted (contract S5)."""
    staged = stage_pages(
        tmp_path,
        SCHEMA,
        a_page({"id": "a", "v": 1}, {"id": "b", "v": 1}, {"id": "a", "v": 2}),
        a_page({"id": "c", "v": 1}, {"id": "a", "v": 3}),
    )
    assert staged.upserts == [("b", 1), ("c", 1), ("a", 3)]
    assert (staged.counts.upserts, staged.counts.duplicates) == (3, 2)


def test_a_rejected_row_replaces_no_good_one(tmp_path: Path) -> None:
    """A good row with the same id counts, whether it came before or after (S4, S5).

    The rejected row stays one only where no good row came after it; else it is a repeat.
    """
    staged = stage_pages(
        tmp_path,
        SCHEMA,
        a_page({"id": "a", "v": 1}, {"id": "a", "v": "x"}),
        a_page({"id": "b", "v": "x"}, {"id": "b", "v": 2}),
    )
    assert staged.upserts == [("a", 1), ("b", 2)]
    assert [(reject[1], reject[3]) for reject in staged.rejects] == [("a", '{"id":"a","v":"x"}')]
    assert (staged.counts.rejected, staged.counts.duplicates) == (1, 1)


def test_the_order_of_arrival_is_kept_over_files_and_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 320,000 rows in many files the last with an id wins, wherever it is (S5, D1)."""
    monkeypatch.setattr("pack_sync.spool.spool.ROWS_FILE_BYTES", 1_000_000)
    count, a_thousand = 320_000, range(1000)
    pages = [
        Page(
            rows=to_lines([{"id": str(n % 1000), "v": start + n} for n in a_thousand]),
            row_count=1000,
        )
        for start in range(0, count, 1000)
    ]
    assert len(spooled(tmp_path / "files", pages).files) > 5
    staged = stage_pages(tmp_path, SCHEMA, *pages)
    assert staged.upserts == [(str(n), count - 1000 + n) for n in a_thousand]
    assert staged.counts.duplicates == count - 1000


def test_distinct_rows_stay_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The staged rows are in the order in which they came (contract D1)."""
    monkeypatch.setattr("pack_sync.spool.spool.ROWS_FILE_BYTES", 500_000)
    pages = [
        a_page(*({"id": str(n), "v": n} for n in range(start, start + 10_000)))
        for start in range(0, 310_000, 10_000)
    ]
    staged = stage_pages(tmp_path, SCHEMA, *pages)
    assert [row[1] for row in staged.upserts] == list(range(310_000))


def test_on_one_page_deletes_come_first(tmp_path: Path) -> None:
    """A row and a deletion of its id on one page: the row counts (contract D1)."""
    staged = stage_pages(tmp_path, SCHEMA, a_page({"id": "a", "v": 1}, deleted=["a", "b"]))
    assert staged.upserts == [("a", 1)]
    assert staged.deletes == ["b"]


def test_across_pages_deletes_and_rows_apply_as_they_came(tmp_path: Path) -> None:
    """Deleted later: gone. Returned later: there, in its new version (contract D1, D4)."""
    staged = stage_pages(
        tmp_path,
        SCHEMA,
        a_page({"id": "a", "v": 1}, {"id": "b", "v": 1}, {"id": "c", "v": 1}),
        a_page({"id": "b", "v": 2}, deleted=["a", "b"]),
        a_page({"id": "a", "v": 3}, deleted=["c"]),
        a_page(deleted=["c"]),
    )
    assert staged.upserts == [("b", 2), ("a", 3)]
    assert staged.deletes == ["c"]
    assert staged.counts.deletes == 1


@pytest.mark.parametrize(
    ("actions", "upserts", "deletes"),
    [
        ("r d", [], ["a"]),
        ("d r", [("a", 1)], []),
        ("r d r", [("a", 2)], []),
        ("d r d", [], ["a"]),
        ("r d d", [], ["a"]),
        ("d d", [], ["a"]),
        ("r r d", [], ["a"]),
        ("r d r d", [], ["a"]),
        ("d x", [], ["a"]),
        ("r x", [("a", 0)], []),
    ],
)
def test_every_order_of_rows_and_deletions(
    actions: str, upserts: list[tuple[str, int]], deletes: list[str], tmp_path: Path
) -> None:
    """A page each: r a row, d a deletion, x a row that is rejected (contract D1, S4)."""
    pages = [
        a_page(deleted=["a"])
        if action == "d"
        else a_page({"id": "a", "v": number if action == "r" else "x"})
        for number, action in enumerate(actions.split())
    ]
    staged = stage_pages(tmp_path, SCHEMA, *pages)
    assert (staged.upserts, staged.deletes) == (upserts, deletes)


def test_many_deletions(tmp_path: Path) -> None:
    """More than one batch of the journal, most of them of rows of this sync (D1, D4)."""
    rows = [{"id": str(n), "v": n} for n in range(25_000)]
    deleted = [str(n) for n in range(1, 26_000)]
    staged = stage_pages(tmp_path, SCHEMA, a_page(*rows), a_page(deleted=deleted))
    assert staged.upserts == [("0", 0)]
    assert len(staged.deletes) == 25_999
    assert staged.counts.deletes == len(deleted)


def test_a_deleted_id_as_number_and_as_text(tmp_path: Path) -> None:
    """For a text id a number is its JSON text, for a number id a text is its number (S6)."""
    (tmp_path / "text").mkdir()
    page = a_page({"id": 7}, {"id": "8"}, {"id": "1.5"})
    staged = stage_pages(tmp_path / "text", a_schema(), page, a_page(deleted=["7", 8, 1.5]))
    assert (staged.upserts, staged.deletes) == ([], ["1.5", "7", "8"])
    (tmp_path / "number").mkdir()
    page = a_page({"id": 7}, {"id": "8"})
    staged = stage_pages(tmp_path / "number", NUMBERED, page, a_page(deleted=["7", 8]))
    assert (staged.upserts, staged.deletes) == ([], [7, 8])


def test_deletions_that_cannot_be_an_id_are_counted(tmp_path: Path) -> None:
    """What no id of the table can be deletes nothing and is not silent (C9, S6)."""
    page = a_page({"id": 1}, deleted=["x", "1.5.1", "", None, True, [1], 2])
    staged = stage_pages(tmp_path, NUMBERED, page)
    assert staged.deletes == [2]
    assert staged.counts.unusable_deletions == 6


def test_null_and_true_delete_no_row_of_that_name(tmp_path: Path) -> None:
    """Only strings and numbers are ids: None is not the text "null" (C9, S6)."""
    staged = stage_pages(
        tmp_path, a_schema(), a_page({"id": "null"}, {"id": "true"}), a_page(deleted=[None, True])
    )
    assert staged.upserts == [("null",), ("true",)]
    assert staged.counts.unusable_deletions == 2


def test_rejected_rows_know_their_page(tmp_path: Path) -> None:
    """Pages without rows do not shift the numbers; the row is kept as it came (S4)."""
    staged = stage_pages(
        tmp_path,
        SCHEMA,
        a_page(),
        a_page({"id": "a", "v": "x"}, {"id": "b", "v": 1}),
        a_page(deleted=["q"]),
        a_page(),
        a_page({"id": "c", "v": 1}),
        a_page({"v": 1}, {"id": "d", "v": "y", "extra": [1]}),
        a_page(),
    )
    assert [(page, id_, line) for page, id_, _, line in staged.rejects] == [
        (2, "a", '{"id":"a","v":"x"}'),
        (6, "d", '{"id":"d","v":"y","extra":[1]}'),
        (6, None, '{"v":1}'),
    ]
    assert (staged.counts.rejected, staged.counts.upserts) == (3, 2)


def test_a_spool_that_lost_rows_is_noticed(tmp_path: Path) -> None:
    """The rows read must be as many as were written, or the sync would delete others (C10)."""
    spool = spooled(tmp_path / "spool", [a_page({"id": "a"}, {"id": "b"})])
    spool.files[0].write_bytes(b'{"id":"a"}\n')
    with (
        Stage(tmp_path / "stage.duckdb", a_schema()) as stage,
        pytest.raises(RuntimeError, match="holds 2 rows, but 1 were read"),
    ):
        stage.load(spool, [StagePart(sync="default", complete=True)])


@pytest.mark.parametrize("name", ["a'b", "a[1]", "a*b", 'a"b', "a b;--", "é"])
def test_any_name_of_a_folder_will_do(name: str, tmp_path: Path) -> None:
    """Paths hold names of packs and tables: they are no SQL and no patterns."""
    folder = tmp_path / name
    folder.mkdir()
    assert stage_pages(folder, a_schema(), a_page({"id": "a"})).upserts == [("a",)]


def test_a_stage_is_made_again_from_the_spool(tmp_path: Path) -> None:
    """A file that an earlier stage left is replaced (D9)."""
    stage_pages(tmp_path, SCHEMA, a_page({"id": "a", "v": 1}))
    assert stage_pages(tmp_path, SCHEMA, a_page({"id": "b", "v": 2})).upserts == [("b", 2)]


def test_a_large_stage_is_applied_by_all_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warehouse is opened for few rows, which one thread is enough for."""
    stage_pages(tmp_path, SCHEMA, a_page({"id": "a", "v": 1}))
    for least, few in [(1_000_000_000, True), (0, False)]:
        monkeypatch.setattr(stage_file, "_LARGE_BYTES", least)
        with Warehouse.at(tmp_path / "w.duckdb").write() as connection:
            attach_stage(connection, tmp_path / "stage.duckdb")
            found = connection.execute("SELECT current_setting('disabled_optimizers')").fetchall()
            assert (found != [("",)]) == few


def test_a_table_of_many_columns(tmp_path: Path) -> None:
    """Typed as any other, though DuckDB plans it otherwise; the bad value is named (S4)."""
    kinds = ["string", "number", "boolean"]
    schema = a_schema(**{f"p{i}": kinds[i % 3] for i in range(300)})
    values = [(f"v{i}", float(i), True)[i % 3] for i in range(300)]
    good = {f"p{i}": value for i, value in enumerate(values)}
    staged = stage_pages(
        tmp_path, schema, a_page({"id": "a", **good}, {"id": "b", **good, "p298": "x"})
    )
    assert staged.upserts == [("a", *values)]
    assert [reject[2] for reject in staged.rejects] == [
        "property 'p298': x is not a number that fits DOUBLE"
    ]
