"""Which rows a sync changes: found by key, by timestamps first, and by what it must compare."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from pack_sdk import make_object_schema
from pack_sdk.dictionaries import PropertyDefinition
from pack_sdk.schemas import Schema
from pack_sync.commit import finding_changes, row_comparison
from pack_sync.commit.finding_changes import find_changes
from pack_sync.commit.row_changes import RowChanges, make_changes
from pack_sync.commit.target_table import TargetTable
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.spool.page import Page
from pack_sync.spool.spool import Spool
from pack_sync.stage.stage import Stage
from pack_sync.stage.stage_file import attach_stage
from pack_sync.stage.staged_pages import StagePart
from pack_sync.warehouse.openings import note_opening, opening_of
from tests.warehouses import only_a_file, warehouse_in

KEY = SyncKey(pack="acme", table="Tasks")
TEXT: PropertyDefinition = {"type": "string"}
WITH_TIME = make_object_schema(
    id_property="id",
    properties={"id": {**TEXT, "required": True}, "name": TEXT, "at": {**TEXT, "hint": "datetime"}},
)
WITHOUT_TIME = make_object_schema(
    id_property="id", properties={"id": {**TEXT, "required": True}, "name": TEXT, "at": TEXT}
)
WITH_NUMBERS = make_object_schema(
    id_property="id",
    properties={
        "id": {"type": "number", "required": True},
        "name": TEXT,
        "at": {**TEXT, "hint": "datetime"},
    },
)
AT = datetime(2026, 1, 1, tzinfo=UTC)
NOON, ONE = "2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z"


class Watched:
    """A connection whose statements are kept."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.statements: list[str] = []
        self._connection = connection

    def execute(self, statement: str, *values: Any) -> duckdb.DuckDBPyConnection:
        """As that of the connection."""
        self.statements.append(statement)
        return self._connection.execute(statement, *values)


class Syncs:
    """Applies rows as syncs of one table."""

    def __init__(self, folder: Path, schema: Schema) -> None:
        self.warehouse = warehouse_in(folder, "w.duckdb")
        self._folder = folder
        self._schema = schema
        self._number = 0
        self.without = ""
        """The optimizers that the last one went without."""
        self.looks = 0
        """How often the last one looked for rows in the table to find what changes."""

    def __call__(
        self,
        *rows: tuple[Any, str, str | None],
        sync: str = "default",
        deleted: Any = (),
        full: bool = False,
    ) -> RowChanges:
        """Apply one page of rows (id, name, at) and deleted ids."""
        self._number += 1
        spool = Spool.begin(self._folder / "spool")
        lines = b"".join(
            orjson.dumps(dict(zip(("id", "name", "at"), row, strict=True))) + b"\n" for row in rows
        )
        spool.append(Page(rows=lines, row_count=len(rows), deleted_row_ids=list(deleted)))
        spool.close()
        part = StagePart(sync=sync, complete=full)
        with Stage(self._folder / "stage.duckdb", self._schema) as stage:
            stage.load(spool, [part])
            stage.close()
            with self.warehouse.write() as connection:
                table = TargetTable(connection, KEY)
                table.fit_columns(stage.columns)
                attach_stage(connection, stage.path)
                watched: Any = Watched(connection)
                note_opening(watched, opening_of(connection))
                changes = find_changes(watched, table, stage)
                self.without = str(
                    connection.execute("SELECT current_setting('disabled_optimizers')").fetchone()
                )
                self.looks = " ".join(watched.statements).count(f"{table.name} AS old")
                left = make_changes(
                    connection, table, stage, changes, execution_id=f"run{self._number}", at=AT
                )
                assert left == table.row_count()
        return changes

    def rows(self) -> list[tuple[Any, ...]]:
        """Id, name, sync and last run of all rows."""
        with self.warehouse.read() as connection:
            return connection.execute(
                "SELECT id, name, _sync, _run_id FROM acme.Tasks ORDER BY ALL"
            ).fetchall()


@pytest.fixture(params=[WITH_TIME, WITHOUT_TIME], ids=["with timestamps", "without"])
def apply(request: pytest.FixtureRequest, tmp_path: Path) -> Syncs:
    """A table that does not exist yet."""
    return Syncs(tmp_path, request.param)


def counts(changes: RowChanges) -> tuple[int, int, int, int]:
    """Inserted, updated, unchanged, deleted."""
    return changes.inserted, changes.updated, changes.unchanged, changes.deleted


@only_a_file
def test_a_large_table_is_compared_by_all_threads(
    apply: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with all optimizers; a small one with the settings that a small sync has.

    A lake has all of them always.
    """
    monkeypatch.setattr(finding_changes, "_MANY_ROWS", 2)
    for rows, many in [(2, False), (3, False), (4, True)]:
        apply(*((str(number), "1", NOON) for number in range(rows)))
        assert ("statistics_propagation" not in apply.without) == many


def test_only_rows_that_differ_are_written(apply: Syncs) -> None:
    """By a timestamp or by another column, to NULL and from it; the others keep their run."""
    changes = apply(("a", "1", NOON), ("b", "1", NOON), ("c", "1", NOON), ("d", "1", None))
    assert counts(changes) == (4, 0, 0, 0)
    changes = apply(
        ("a", "1", NOON), ("b", "1", ONE), ("c", "2", NOON), ("d", "1", NOON), ("e", "1", ONE)
    )
    assert counts(changes) == (1, 3, 1, 0)
    assert [(row[0], row[1], row[3]) for row in apply.rows()] == [
        ("a", "1", "run1"),
        ("b", "1", "run2"),
        ("c", "2", "run2"),
        ("d", "1", "run2"),
        ("e", "1", "run2"),
    ]
    assert counts(apply(("e", "1", None))) == (0, 1, 0, 0)
    assert counts(apply(("e", "1", None), deleted=["a", "nothing"])) == (0, 0, 1, 1)
    assert [row[0] for row in apply.rows()] == ["b", "c", "d", "e"]


@pytest.mark.parametrize("full", [False, True])
def test_rows_of_other_syncs_stay(apply: Syncs, full: bool) -> None:
    """The same id belongs to each of two syncs: neither changes the other's (contract D2)."""
    apply(("a", "east", NOON), ("b", "east", NOON), sync="east")
    assert counts(apply(("a", "west", NOON), sync="west")) == (1, 0, 0, 0)
    changes = apply(("a", "new", NOON), sync="west", deleted=["b"], full=full)
    assert counts(changes) == (0, 1, 0, 0)
    assert [row[:3] for row in apply.rows()] == [
        ("a", "east", "east"),
        ("a", "new", "west"),
        ("b", "east", "east"),
    ]


def test_a_full_sync_deletes_what_it_did_not_bring(apply: Syncs) -> None:
    """Its own rows only, and nothing that it did bring (contract C10)."""
    apply(("a", "1", NOON), ("b", "1", NOON))
    apply(("a", "1", NOON), sync="o'ther")
    assert counts(apply(("b", "1", NOON), ("c", "1", NOON), full=True)) == (1, 0, 1, 1)
    assert [row[0::2] for row in apply.rows()] == [
        ("a", "o'ther"),
        ("b", "default"),
        ("c", "default"),
    ]
    assert counts(apply(full=True)) == (0, 0, 0, 2)


def test_ids_that_were_there_twice_are_counted_and_mended(apply: Syncs) -> None:
    """Whoever wrote the second row: a changed one replaces both, and the count of rows is right."""
    apply(("a", "1", NOON), ("b", "1", NOON))
    with apply.warehouse.write() as connection:
        connection.execute("INSERT INTO acme.Tasks FROM acme.Tasks WHERE id = 'a'")
    assert apply(("b", "1", NOON)).repeated_ids == 0
    assert apply(("a", "1", NOON)).repeated_ids == 1
    changes = apply(("a", "2", ONE))
    assert (changes.repeated_ids, changes.inserted) == (1, 0)
    assert [row[:2] for row in apply.rows()] == [("a", "2"), ("b", "1")]
    with apply.warehouse.write() as connection:
        connection.execute(
            'INSERT INTO acme.Tasks SELECT * REPLACE (NULL AS "at") '
            "FROM acme.Tasks WHERE id = 'a'"
        )
    assert counts(apply(("a", "2", ONE)))[0] == 0
    assert [row[:2] for row in apply.rows()] == [("a", "2"), ("b", "1")]


@pytest.mark.parametrize("full", [True, False])
def test_an_id_that_was_there_twice_doubles_no_other_row(apply: Syncs, full: bool) -> None:
    """Counted as two changes it would hide that another row is unchanged, which came again then."""
    apply(("a", "1", NOON), ("b", "1", NOON))
    with apply.warehouse.write() as connection:
        connection.execute("INSERT INTO acme.Tasks FROM acme.Tasks WHERE id = 'a'")
    assert counts(apply(("a", "2", ONE), ("b", "1", NOON), full=full)) == (0, 1, 1, 0)
    assert [row[:2] for row in apply.rows()] == [("a", "2"), ("b", "1")]


def test_other_columns_are_read_only_where_timestamps_do_not_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large table they would take most of the time."""
    apply = Syncs(tmp_path, WITH_TIME)
    apply(*((str(number), "1", NOON) for number in range(5)))
    compared: list[int] = []
    comparison = row_comparison.RowComparison
    differs: Any = comparison._differs  # pyright: ignore[reportPrivateUsage]

    def watched(self: Any, columns: Any) -> str:
        compared.append(len(columns))
        return differs(self, columns)

    monkeypatch.setattr(comparison, "_differs", watched)
    apply(("1", "2", ONE), ("2", "2", ONE))
    assert compared == [1]
    apply(("1", "2", ONE), ("2", "3", ONE))
    assert compared == [1, 1, 3]


def test_deleted_ids_are_looked_for_with_those_that_came(tmp_path: Path) -> None:
    """To look for few ids takes as long as for many, and a request for each file of a lake."""
    apply = Syncs(tmp_path, WITH_TIME)
    apply(*((str(number), "1", NOON) for number in range(5)))
    assert counts(apply(("1", "2", ONE), ("7", "1", ONE), deleted=["2", "8"])) == (1, 1, 0, 1)
    assert apply.looks == 1
    assert [row[:2] for row in apply.rows()] == [
        ("0", "1"),
        ("1", "2"),
        ("3", "1"),
        ("4", "1"),
        ("7", "1"),
    ]
    assert counts(apply(("1", "3", ONE), deleted=["3"])) == (0, 1, 0, 1)
    assert apply.looks == 2, "the other columns of the row whose timestamp is the same"


def test_a_deleted_number_that_no_row_can_have_deletes_none(tmp_path: Path) -> None:
    """Rounded to a whole number, or cut off, it would be the id of another row."""
    apply = Syncs(tmp_path, WITH_NUMBERS)
    apply((1, "1", NOON), (2, "1", NOON), (3, "1", NOON))
    assert counts(apply((1, "2", ONE), deleted=[1.5, 2.4, 3, 10**25])) == (0, 1, 0, 1)
    assert [row[0] for row in apply.rows()] == [1, 2]


def test_a_deleted_fraction_deletes_its_row_though_whole_numbers_came(tmp_path: Path) -> None:
    """The table has fractions from before; the stage, by what came, has none."""
    apply = Syncs(tmp_path, WITH_NUMBERS)
    apply((1, "1", NOON), (1.5, "1", NOON), (2, "1", NOON))
    assert counts(apply((1, "2", ONE), deleted=[1.5])) == (0, 1, 0, 1)
    assert counts(apply(deleted=[2.5, 2])) == (0, 0, 0, 1)
    assert [row[0] for row in apply.rows()] == [1]
