"""The pack's descriptions of a table and its columns, as DuckDB's comments on them.

The ledger has those that were written. To look for the comments themselves takes DuckDB longer the
more tables there are, and nearly always nothing has changed.
"""

from collections.abc import Mapping, Sequence

import duckdb

from pack_sync.commit.target_table import TargetTable
from pack_sync.ledger.ledger_tables import DESCRIPTIONS, to_json
from pack_sync.stage.column_types import Column
from pack_sync.warehouse.identifiers import quote_identifier, quote_literal

_OF_THE_TABLE = ""
"""What stands for the table among its columns, none of which is without a name."""


def describe_table(
    connection: duckdb.DuckDBPyConnection,
    table: TargetTable,
    description: str,
    columns: Sequence[Column],
    *,
    written: Mapping[str, str],
    anew: bool,
) -> None:
    """Write what differs from the descriptions that were `written`; all of them if `anew`.

    A comment of somebody else's stays where the pack has no description. Runs inside the caller's
    transaction.
    """
    wanted = {column.name: column.description for column in columns if column.description}
    if description:
        wanted[_OF_THE_TABLE] = description
    if wanted == written and not (anew and wanted):
        return
    known: Mapping[str, str] = {} if anew else written
    changed = {name: text for name, text in wanted.items() if known.get(name) != text}
    names = {column.name for column in columns} | {_OF_THE_TABLE}
    gone = [name for name in written if name not in wanted and name in names]
    comments = [_comment(table, name, quote_literal(text)) for name, text in changed.items()]
    comments += [_comment(table, name, "NULL") for name in gone]
    if comments:
        connection.execute("; ".join(comments))
    forget_descriptions(connection, table)
    connection.execute(
        f"INSERT INTO {DESCRIPTIONS} VALUES (?, ?, ?)",
        [table.key.pack, table.key.table, to_json(wanted)],
    )


def forget_descriptions(connection: duckdb.DuckDBPyConnection, table: TargetTable) -> None:
    """Have the next commit write all descriptions: columns were made anew, without them."""
    connection.execute(
        f"DELETE FROM {DESCRIPTIONS} WHERE pack = ? AND table_name = ?",
        [table.key.pack, table.key.table],
    )


def _comment(table: TargetTable, name: str, text: str) -> str:
    if name == _OF_THE_TABLE:
        return f"COMMENT ON TABLE {table.name} IS {text}"
    return f"COMMENT ON COLUMN {table.name}.{quote_identifier(name)} IS {text}"
