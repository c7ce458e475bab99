"""Names of packs, tables and syncs: whatever they hold, they are names (contract S1, C18)."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pack_sdk import Pack, PackDefinitionError
from pack_sdk.json_values import is_storable_name
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.identifiers import folder_name, quote_identifier, quote_literal
from tests.commit.sync_bench import SyncBench, a_page, a_schema, counts_of
from tests.warehouses import only_a_file, warehouse_in

NAMES = ['"; drop table x; --', "'; drop table x; --", "a b", 'a"b', "a'b", "a.b", "select", "é😀",
         "?", "%s", "{}", "\\", "main", "temp", "system", "memory", "warehouse", "changed",
         "deleted", "_stage2", "rows", "old", "1"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_any_name_of_pack_table_and_sync_will_do(name: str, tmp_path: Path) -> None:
    """Rows land and go, the position and the rejects are found, nothing else is touched.

    That holds for the name of the database, `warehouse`, and for names of the engine's own.
    """
    bench = SyncBench(folder=tmp_path)
    bystander = SyncKey(pack="bystander", table="x")
    bench.full(a_page({"id": "keep"}), key=bystander)
    bench.key = SyncKey(pack=name, table=name, sync=name)
    bench.full(a_page({"id": "a"}, {"id": "b"}, {"id": "c", "size": "x"}), cursor=1)
    applied = bench.full(a_page({"id": "a", "size": 1}, {"id": "d", "size": "x"}), cursor=2)
    assert counts_of(applied) == {"updated": 1, "deleted": 1, "rejected": 1}
    assert bench.rows() == [{"id": "a", "name": None, "size": 1.0}]
    assert bench.position().cursor == 2
    assert [found[0] for found in bench.rejected()] == ["d"]
    assert bench.query("SELECT id FROM bystander.x") == [("keep",)]
    assert bench.warehouse.frame(name, name).shape == (1, 6)


@only_a_file
def test_a_warehouse_named_as_a_pack(tmp_path: Path) -> None:
    """A file `acme.duckdb` that holds the pack acme: catalogue and schema share the name."""
    warehouse = warehouse_in(tmp_path, "acme.duckdb")
    bench = SyncBench(folder=tmp_path)
    bench.full(a_page({"id": "a"}))
    bench.warehouse.path.rename(warehouse.path)
    assert warehouse.frame("acme", "Tasks").shape == (1, 6)


@pytest.mark.parametrize("text", [*NAMES, "", "''", '""', "a\nb", "--", "/*"])
def test_quoting(text: str, tmp_path: Path) -> None:
    """A text comes back as it was; a name names what it says."""
    with warehouse_in(tmp_path, "w.duckdb").write() as connection:
        assert connection.execute(f"SELECT {quote_literal(text)}").fetchone() == (text,)
        if text:
            relation = connection.execute(f"SELECT 1 AS {quote_identifier(text)}")
            assert [column[0] for column in relation.description or []] == [text]


PIECES = [*NAMES, "'", '"', ";", "--", "/*", "*/", "\n", "\t", "$$", "/", "..", ":", "\u202e"]
ANY_NAME = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(ANY_NAME.map("".join).filter(lambda name: is_storable_name(name) and name.strip() != ""))
def test_no_name_harms(name: str) -> None:
    """Whatever pack, table, sync and property are called: rows land, and nothing else changes."""
    with TemporaryDirectory() as folder:
        schema = a_schema(**{f"{name} ": "string"})
        bench = SyncBench(folder=Path(folder), schema=schema)
        bench.full(a_page({"id": "keep"}), key=SyncKey(pack="bystander", table="x"))
        before = bench.query("FROM bystander.x")
        bench.key = SyncKey(pack=name, table=name, sync=name)
        bench.full(a_page({"id": "a", f"{name} ": "'; drop table x"}), cursor=1)
        assert bench.rows() == [{"id": "a", f"{name} ": "'; drop table x"}]
        assert bench.query("FROM bystander.x") == before


@pytest.mark.parametrize("name", ["", "a\0b", "\ud800", "x\udfff"])
def test_a_name_that_no_database_holds(name: str) -> None:
    """It is refused when the pack is defined, by a message that can be shown (contract S1)."""
    with pytest.raises(PackDefinitionError) as refused:
        Pack().add_sync_table(
            name=name, identity_name="Thing", schema=a_schema(), execute=lambda *_: None
        )
    assert str(refused.value).encode()
    with pytest.raises(PackDefinitionError, match=r"NUL or half|is empty") as refused:
        Pack().add_sync_table(
            name="Things",
            identity_name="Thing",
            schema=a_schema(**{name: "string"}),
            execute=lambda *_: None,
        )
    assert str(refused.value).encode()


@pytest.mark.parametrize("name", [*NAMES, "..", ".", "../x", "a/b", "/etc", "", "x" * 999, "CON:"])
def test_a_folder_of_any_name(name: str, tmp_path: Path) -> None:
    """It is one folder below its parent, and no two names have the same one."""
    folder = tmp_path / folder_name(name)
    folder.mkdir()
    assert folder.resolve().parent == tmp_path.resolve()
    assert folder_name(name) not in {folder_name(other) for other in NAMES if other != name}
