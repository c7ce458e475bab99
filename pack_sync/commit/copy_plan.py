"""What a copy of a warehouse would bring, and whether the other warehouse may take it.

It may when it is empty, or holds an earlier copy of the same warehouse and nothing since: a table
that was synced there is never overwritten.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from pack_sync.commit.copied_rows import count_rows, read_form
from pack_sync.ledger.copied_tables import CopyRecord, read_copies
from pack_sync.ledger.held_summary import held_stages
from pack_sync.ledger.ledger_copy import ledger_identity, ledger_states
from pack_sync.ledger.ledger_versions import upgrade_ledger
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.storage_errors import StorageError
from pack_sync.warehouse.warehouse import SYSTEM_SCHEMA, Warehouse


class CopyRefusedError(StorageError):
    """One of two warehouses is not fit for a copy; nothing was changed in it."""


@dataclass(frozen=True, kw_only=True)
class PlannedTable:
    """A table of the source, and what there is of it in the target.

    `rows` is None where there is no table yet, only what the ledger tells of its syncs; `ledger`
    is the state of that. `copied` says how an earlier copy was, `copied_rows` what rows it has.
    """

    key: SyncKey
    rows: int | None
    ledger: str
    copied: CopyRecord | None = None
    copied_rows: int | None = None

    @property
    def is_due(self) -> bool:
        """Whether the target has it not yet, or not as the source has it now."""
        before = self.copied
        return before is None or (self.ledger, self.rows, self.rows) != (
            before.ledger,
            before.rows,
            self.copied_rows,
        )


@dataclass(frozen=True, kw_only=True)
class CopyPlan:
    """What is to be copied from a warehouse to another.

    `identity` is the source's, `held` its held syncs and where their rows are, `left_out` what
    it has besides synced tables.
    """

    source: Warehouse
    target: Warehouse
    identity: str
    tables: Sequence[PlannedTable]
    held: Sequence[tuple[SyncKey, str]]
    left_out: Sequence[str]

    @property
    def due(self) -> Sequence[PlannedTable]:
        """The tables that the target has not, or not as they are now."""
        return [table for table in self.tables if table.is_due]


def plan_copy(source: Warehouse, target: Warehouse) -> CopyPlan:
    """What there is to copy now.

    Brings the ledgers of both up to this version's first, and changes nothing else. Raises
    `CopyRefusedError`, or another `StorageError`.
    """
    if source.database == target.database:
        raise CopyRefusedError(f"{source.database} cannot be copied to itself")
    if not source.exists():
        raise CopyRefusedError(f"{source.database} does not exist, so nothing can be copied")
    for each in (source, target):
        if each.served:
            raise CopyRefusedError(
                f"{each.database} is open in `packsync serve`; end that while it is copied"
            )
    upgrade_ledger(source)
    upgrade_ledger(target)
    with source.read() as connection:
        identity = ledger_identity(connection)
        if identity is None:
            raise CopyRefusedError(f"{source.database} has no synced tables to copy")
        tables = [
            PlannedTable(key=key, rows=_rows_of(connection, source, key), ledger=state)
            for key, state in ledger_states(connection).items()
        ]
        held = held_stages(connection)
        left_out = _others(connection, source, [table.key for table in tables])
    with target.read() as connection:
        _refuse_unfit(connection, source, target, identity)
        tables = _with_copies(connection, target, tables)
    return CopyPlan(
        source=source,
        target=target,
        identity=identity,
        tables=tables,
        held=held,
        left_out=left_out,
    )


def _rows_of(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, key: SyncKey
) -> int | None:
    form = read_form(connection, warehouse.database.name, key)
    return form and count_rows(connection, form, warehouse.database.name)


def _others(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, keys: Sequence[SyncKey]
) -> Sequence[str]:
    """What a warehouse has besides its synced tables and the ledger: users' tables and views."""
    found = connection.execute(
        """
        SELECT 'table', schema_name, table_name FROM duckdb_tables()
        WHERE database_name = $database AND NOT internal
        UNION ALL
        SELECT 'view', schema_name, view_name FROM duckdb_views()
        WHERE database_name = $database AND NOT internal
        ORDER BY ALL
        """,
        {"database": warehouse.database.name},
    ).fetchall()
    synced = {_folded(key) for key in keys}
    return [
        f"{kind} {schema}.{name}"
        for kind, schema, name in found
        if schema != SYSTEM_SCHEMA
        and (kind == "view" or (schema.casefold(), name.casefold()) not in synced)
    ]


def _refuse_unfit(
    connection: duckdb.DuckDBPyConnection, source: Warehouse, target: Warehouse, identity: str
) -> None:
    """Raise `CopyRefusedError` unless the open target is empty, or an earlier copy."""
    own = ledger_identity(connection)
    if own is None:
        return
    if own == identity:
        raise CopyRefusedError(
            f"{target.database} and {source.database} have one ledger: they are the same "
            "warehouse, or one has copies of the other's files"
        )
    copies = read_copies(connection)
    for key, state in ledger_states(connection).items():
        copied = copies.get(key)
        if copied is None or copied.source != identity:
            origin = f"was copied from {copied.source_address}" if copied else "was synced there"
            raise CopyRefusedError(
                f"{target.database} is neither empty nor a copy of {source.database}: its table "
                f"{key} {origin}. Copy to an empty warehouse"
            )
        if copied.ledger != state:
            raise CopyRefusedError(
                f"{key} was synced, or its ledger changed, in {target.database} after it was "
                f"copied there at {copied.copied_at:%Y-%m-%d %H:%M} UTC; to copy it again would "
                "undo that. Go on with that warehouse, or copy to an empty one"
            )


def _with_copies(
    connection: duckdb.DuckDBPyConnection, target: Warehouse, tables: Sequence[PlannedTable]
) -> Sequence[PlannedTable]:
    """The tables, with what the open target has of them. Raises `CopyRefusedError`."""
    copies = read_copies(connection)
    ours = {_folded(key) for key in copies}
    found: list[PlannedTable] = []
    for table in tables:
        rows = _rows_of(connection, target, table.key)
        if rows is not None and _folded(table.key) not in ours:
            raise CopyRefusedError(
                f"{target.database} has a table {table.key} that no copy made. Drop or rename "
                "it, or copy to an empty warehouse"
            )
        found.append(replace(table, copied=copies.get(table.key), copied_rows=rows))
    return found


def _folded(key: SyncKey) -> tuple[str, str]:
    """The names as DuckDB compares them."""
    return key.pack.casefold(), key.table.casefold()
