"""Values that do not fit their columns, where their rows are stored without them (S4, S4a)."""

from pathlib import Path
from typing import Any

import pytest

from pack_sdk.schemas import Schema
from pack_sync.commit.approval import approve_held
from pack_sync.commit.held_syncs import read_held
from pack_sync.commit.rejects_replay import replay_rejects
from pack_sync.engine.fingerprint import schema_part
from pack_sync.engine.sync_failures import SyncFailedError
from tests.commit.sync_bench import a_schema
from tests.engine.sync_harness import Engine, Scripted

SCHEMA = a_schema(
    size="number",
    at={"type": "string", "hint": "datetime"},
    needed={"type": "number", "required": True},
    owner={"type": "object", "properties": {"name": {"type": "string"}}},
)


def engine_of(folder: Path, *pages: Any, schema: Schema = SCHEMA, **settings: Any) -> Engine:
    """An engine whose pack returns these pages, one a sync."""
    return Engine(folder=folder, execute=Scripted(*pages), schema=schema, **settings)


def last_page(*rows: dict[str, Any], cursor: str = "c") -> dict[str, Any]:
    """A page of these rows that ends its sync."""
    return {"result": list(rows), "completion": {"incrementalContinuation": cursor}}


def query(engine: Engine, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query of the warehouse."""
    with engine.warehouse.read() as connection:
        return connection.execute(sql).fetchall()


def kept(engine: Engine) -> list[tuple[str, str]]:
    """The values that are kept beside their rows: the row's id and the reason."""
    return query(engine, "SELECT row_id, reason FROM _sync.bad_values ORDER BY row_id")


def a_row(row_id: str, **values: Any) -> dict[str, Any]:
    """A row that has what it needs."""
    return {"id": row_id, "needed": 1, **values}


def test_a_bad_value_is_null_and_kept_with_its_reason(tmp_path: Path) -> None:
    """With `bad_values: null`; all reasons of a row are told (S4)."""
    rows = [a_row("1", size=1), a_row("2", size="big", at="soon"), a_row("3", size=3)]
    engine = engine_of(tmp_path, last_page(*rows), bad_values="null")
    outcome = engine.sync()
    assert query(engine, 'SELECT id, size, "at" FROM acme."Items" ORDER BY id') == [
        ("1", 1.0, None),
        ("2", None, None),
        ("3", 3.0, None),
    ]
    ((row_id, reason),) = kept(engine)
    assert row_id == "2"
    assert "'size': big is not a number" in reason
    assert "'at': soon is not a string (datetime)" in reason
    assert outcome.record.rejected == 0
    (warning,) = outcome.record.warnings or [""]
    assert "1 row was stored without values" in warning
    assert "_sync.bad_values" in warning


def test_what_a_row_needs_still_rejects_it(tmp_path: Path) -> None:
    """Its id, and what is required (S4)."""
    rows = [a_row("1"), {"id": "2", "needed": "x"}, {"id": "3"}, {"needed": 1, "size": "x"}]
    engine = engine_of(tmp_path, last_page(*rows), bad_values="null")
    assert engine.sync().record.rejected == 3
    assert kept(engine) == []


def test_a_value_that_comes_good_is_no_longer_kept(tmp_path: Path) -> None:
    """By an increment that brings its row, and by any full sync (S4)."""
    bad = [a_row("1", size="x"), a_row("2", size="y")]
    engine = engine_of(
        tmp_path,
        last_page(*bad, cursor="a"),
        last_page(a_row("1", size=1), cursor="b"),
        last_page(a_row("1", size=1), a_row("2", size=2)),
        bad_values="null",
    )
    engine.sync()
    assert [row_id for row_id, _ in kept(engine)] == ["1", "2"]
    engine.sync()
    assert [row_id for row_id, _ in kept(engine)] == ["2"]
    engine.sync("full")
    assert kept(engine) == []
    assert query(engine, 'SELECT id, size FROM acme."Items" ORDER BY id') == [
        ("1", 1.0),
        ("2", 2.0),
    ]


def test_without_the_setting_the_row_is_rejected(tmp_path: Path) -> None:
    """Rejecting is the default (S4)."""
    engine = engine_of(tmp_path, last_page(a_row("1", size="x"), a_row("2")))
    assert engine.sync().record.rejected == 1
    assert kept(engine) == []


def test_a_list_for_an_object_rejects_nothing_and_is_told(tmp_path: Path) -> None:
    """The original SDK accepts it; there is no place for it in the column (S4a)."""
    rows = [
        a_row("1", owner=[{"name": "a"}, {"name": "b"}]),
        a_row("2", owner=[{"name": "c"}]),
        a_row("3", owner=[]),
    ]
    engine = engine_of(tmp_path, last_page(*rows))
    assert engine.sync().record.rejected == 0
    assert query(engine, 'SELECT id, owner FROM acme."Items" ORDER BY id') == [
        ("1", None),
        ("2", {"name": "c"}),
        ("3", None),
    ]
    ((row_id, reason),) = kept(engine)
    assert row_id == "1"
    assert "is not an object" in reason


def test_a_reference_may_be_an_id_alone(tmp_path: Path) -> None:
    """As a value or as an object without what its row requires elsewhere (S4a)."""
    reference = {
        "type": "object",
        "hint": "reference",
        "identity": {"name": "People"},
        "id_property": "uid",
        "display_property": "name",
        "properties": {
            "uid": {"type": "string"},
            "name": {"type": "string", "required": True},
        },
    }
    schema = a_schema(one=reference, many={"type": "array", "items": reference})
    rows = [
        {"id": "1", "one": {"uid": "u1"}, "many": ["u1", {"uid": "u2"}]},
        {"id": "2", "one": "u3"},
    ]
    engine = engine_of(tmp_path, last_page(*rows), schema=schema)
    assert engine.sync().record.rejected == 0
    assert query(engine, 'SELECT id, one, many FROM acme."Items" ORDER BY id') == [
        (
            "1",
            {"uid": "u1", "name": None},
            [{"uid": "u1", "name": None}, {"uid": "u2", "name": None}],
        ),
        ("2", {"uid": "u3", "name": None}, None),
    ]


def test_one_element_of_xml_is_a_list_of_one(tmp_path: Path) -> None:
    """Where there may be many (S4a)."""
    item = {"type": "object", "properties": {"n": {"type": "number"}}}
    schema = a_schema(items={"type": "array", "items": item})
    rows = [{"id": "1", "items": {"n": 1}}, {"id": "2", "items": [{"n": 1}, {"n": 2}]}]
    engine = engine_of(tmp_path, last_page(*rows), schema=schema)
    assert engine.sync().record.rejected == 0
    assert query(engine, 'SELECT id, items FROM acme."Items" ORDER BY id') == [
        ("1", [{"n": 1.0}]),
        ("2", [{"n": 1.0}, {"n": 2.0}]),
    ]


def test_many_unusual_dates_are_typed_as_one_is(tmp_path: Path) -> None:
    """Whether most rows have them or one does, the other values of the row are there (S4b)."""
    usual = [a_row(str(n), at="2024-01-02T03:04:05Z", size=n) for n in range(40)]
    unusual = [a_row(f"u{n}", at="Tue, 2 Jan 2024 04:04:05 +0100", size=n) for n in range(30)]
    for name, rows in (("few", [*usual, unusual[0]]), ("many", [*usual, *unusual])):
        engine = engine_of(tmp_path / name, last_page(*rows))
        (tmp_path / name).mkdir()
        assert engine.sync().record.rejected == 0
        assert query(
            engine,
            'SELECT count(*), count("at"), count(DISTINCT "at"), count(size) FROM acme."Items"',
        ) == [(len(rows), len(rows), 1, len(rows))]


def test_a_value_is_kept_for_as_long_as_its_row_lacks_it(tmp_path: Path) -> None:
    """Also if its row comes again and is rejected, by an increment or in full (S4)."""
    engine = engine_of(
        tmp_path,
        last_page(a_row("1", size="x"), a_row("2")),
        last_page({"id": "1", "needed": "q", "size": 1}, cursor="b"),
        last_page({"id": "1", "needed": "q", "size": 1}, a_row("2")),
        bad_values="null",
    )
    for mode in ("full", "auto", "full"):
        engine.sync(mode)
        assert query(engine, "SELECT size FROM acme.\"Items\" WHERE id = '1'") == [(None,)]
        assert [row_id for row_id, _ in kept(engine)] == ["1"], mode


def test_a_row_that_waits_to_be_deleted_keeps_its_line(tmp_path: Path) -> None:
    """With `confirm_deletes: 2`; the line goes with the row (S4, D9)."""
    engine = engine_of(
        tmp_path,
        last_page(a_row("1", size="x"), a_row("2"), a_row("3")),
        last_page(a_row("2"), a_row("3")),
        last_page(a_row("2"), a_row("3")),
        bad_values="null",
        confirm_deletes=2,
    )
    lines: list[int] = []
    for _ in range(3):
        engine.sync("full")
        lines.append(len(kept(engine)))
    assert lines == [1, 1, 0]


def test_approving_a_held_sync_that_is_behind_keeps_what_is_true(tmp_path: Path) -> None:
    """Of rows that it stores, and of no row that it deletes (S4, D8)."""
    good = [a_row(f"{n:02}", size=n) for n in range(20)]
    engine = engine_of(
        tmp_path,
        last_page(*good, a_row("b1", size="x"), a_row("b2", size="x")),
        last_page(a_row("b1", size=5), a_row("00", size="z")),
        last_page(a_row("01", size="k"), cursor="later"),
        bad_values="null",
    )
    engine.sync()
    with pytest.raises(SyncFailedError):
        engine.sync("full")
    engine.sync("incremental")
    with engine.warehouse.read() as connection:
        (held,) = read_held(connection)
    approve_held(engine.warehouse, held)
    assert query(engine, 'SELECT id, size FROM acme."Items" WHERE size IS NULL ORDER BY id') == [
        (row_id, None) for row_id, _ in kept(engine)
    ]
    assert "00" in [row_id for row_id, _ in kept(engine)]


def test_a_replay_keeps_what_it_stores_without(tmp_path: Path) -> None:
    """A list for an object, of a row that was rejected for another value (S4, S4a)."""
    row = a_row("1", size="5 kg", owner=[{"name": "a"}, {"name": "b"}])
    engine = engine_of(tmp_path, last_page(a_row("2")), last_page(row, cursor="b"))
    engine.sync()
    engine.sync()
    owner = {"type": "object", "properties": {"name": {"type": "string"}}}
    mended = a_schema(size="string", at="string", needed="number", owner=owner)
    replay_rejects(engine.warehouse, engine.key(), mended, tmp_path)
    assert [row_id for row_id, _ in kept(engine)] == ["1"]


def test_a_replay_stores_rows_without_their_bad_values(tmp_path: Path) -> None:
    """As a sync does with the setting that the table has by then; what is needed rejects (S4)."""
    rows = [a_row("1", size="x", at="soon"), a_row("2", at="soon"), {"id": "3", "needed": "y"}]
    engine = engine_of(tmp_path, last_page(*rows, a_row("4")))
    assert engine.sync().record.rejected == 3
    done = replay_rejects(engine.warehouse, engine.key(), SCHEMA, tmp_path, bad_values="null")
    assert (done.applied, done.without_values, done.remaining) == (2, 2, 1)
    assert query(engine, 'SELECT id, size, "at" FROM acme."Items" ORDER BY id') == [
        (row_id, None, None) for row_id in ("1", "2", "4")
    ]
    (first, why), (second, _) = kept(engine)
    assert (first, second) == ("1", "2")
    assert "x is not a number" in why
    assert "soon is not a string (datetime)" in why
    assert query(engine, "SELECT row_id FROM _sync.rejected_rows") == [("3",)]


WHOLE = {"type": "number", "precision": 0}


@pytest.mark.parametrize(
    ("definition", "given", "stored"),
    [
        ({"type": "array", "items": WHOLE}, [1.5, "x", 2], [1.5, None, 2]),
        (
            {"type": "object", "properties": {"n": WHOLE, "on": {"type": "boolean"}}},
            {"n": 1.5, "on": "perhaps"},
            {"n": 1.5, "on": None},
        ),
        (
            {"type": "array", "items": {"type": "object", "properties": {"a": WHOLE, "b": WHOLE}}},
            [{"a": "x", "b": 1}, {"a": 2, "b": 0.5}],
            [{"a": None, "b": 1}, {"a": 2, "b": 0.5}],
        ),
        ({"type": "array", "items": WHOLE}, [1.5, 2**53 + 1, "x"], [1.5, 2**53 + 1, None]),
    ],
)
def test_a_fraction_beside_a_bad_value_is_stored(
    definition: dict[str, Any], given: Any, stored: Any, tmp_path: Path
) -> None:
    """The column of whole numbers widens for it; the bad value alone is NULL (S4, S7)."""
    rows = [a_row("1", v=given), a_row("2")]
    schema = a_schema(v=definition, needed="number")
    engine = engine_of(tmp_path, last_page(*rows), schema=schema, bad_values="null")
    engine.sync()
    assert query(engine, "SELECT v FROM acme.\"Items\" WHERE id = '1'") == [(stored,)]
    assert [row_id for row_id, _ in kept(engine)] == ["1"]


def test_every_distinct_reason_of_a_value_is_told(tmp_path: Path) -> None:
    """Of lists and objects, each once, and of very many some (S4)."""
    entry = {"type": "object", "properties": {"n": {"type": "number"}, "on": {"type": "boolean"}}}
    schema = a_schema(
        tags={"type": "array", "items": {"type": "number"}},
        entry=entry,
        entries={"type": "array", "items": entry},
    )
    rows = [
        {"id": "1", "tags": ["x", 1, "y", "x"]},
        {"id": "2", "entry": {"n": "p", "on": "q"}, "tags": ["z"]},
        {"id": "3", "entries": [{"n": "p", "on": "q"}, {"n": 1}, {"n": "r", "on": "q"}]},
        {"id": "4", "tags": [f"bad{n}" for n in range(10)]},
        {"id": "5", "tags": [f"bad{n:02}" for n in range(40)]},
    ]
    engine = engine_of(tmp_path, last_page(*rows), schema=schema, bad_values="null")
    engine.sync()
    number, boolean = "is not a number that fits DOUBLE", "is not a boolean that fits BOOLEAN"
    reasons = {row_id: reason.split("; ") for row_id, reason in kept(engine)}
    assert reasons == {
        "1": [f"property 'tags[]': {value} {number}" for value in "xy"],
        "2": [
            f"property 'tags[]': z {number}",
            f"property 'entry.n': p {number}",
            f"property 'entry.on': q {boolean}",
        ],
        "3": [
            f"property 'entries[].n': p {number}",
            f"property 'entries[].n': r {number}",
            f"property 'entries[].on': q {boolean}",
        ],
        "4": [f"property 'tags[]': bad{n} {number}" for n in range(10)],
        "5": [*(f"property 'tags[]': bad{n:02} {number}" for n in range(10)), "and more"],
    }


def test_a_replay_by_another_schema_is_not_undone_by_a_sync_that_runs(tmp_path: Path) -> None:
    """An old process may bring an increment meanwhile; the next sync is full all the same (D5)."""
    mended = a_schema(needed="string")
    folder = tmp_path / "replay"
    folder.mkdir()

    def meanwhile(*_: Any) -> Any:
        replay_rejects(
            engine.warehouse, engine.key(), mended, folder, schema_fingerprint=schema_part(mended)
        )
        return last_page(a_row("3"))

    every = last_page(a_row("1"), a_row("2"), a_row("3"))
    engine = engine_of(
        tmp_path, last_page(a_row("1"), {"id": "2", "needed": "1.5x"}), meanwhile, every
    )
    engine.sync()
    assert engine.sync().record.mode == "incremental"
    after = engine.sync().record
    assert after.mode == "full"
    assert "replayed by another schema" in after.mode_reason
    assert query(engine, 'SELECT id, needed FROM acme."Items" ORDER BY id') == [
        (row_id, 1.0) for row_id in "123"
    ]
