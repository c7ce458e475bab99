"""Rows in a terminal: as a table that fits it, or one below the other."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pack_sync.stage.column_types import Column

_WIDEST = 60
"""So much of a value is shown in a table."""
_NARROWEST = 12
"""So much of a value must fit, or the rows are shown one below the other."""
_LONGEST_TYPE = 18
_BETWEEN = 2
"""What is between two columns."""
_NUMBERS = ("BIGINT", "INTEGER", "DOUBLE", "DECIMAL")


def print_rows(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> None:
    """Show rows with the names of their columns, and the types below them; of no rows, only these.

    Where the terminal is too narrow for a table, each row is a list of its values.
    """
    cells = [[shown(value) for value in row] for row in rows]
    widths = _widths(columns, cells, console.width)
    if not rows:
        _print_records(console, columns, [["" for _ in columns]], ["columns"])
    elif widths is None:
        names = [f"row {number:,}" for number in range(1, len(rows) + 1)]
        _print_records(console, columns, cells, names)
    else:
        console.print(_table(columns, cells, widths))


def shown(value: Any) -> str:
    """A value on one line; nested ones as JSON."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list):
        value = json.dumps(value, default=plain, ensure_ascii=False, separators=(",", ":"))
    return printable(str(plain(value)))


def plain(value: Any) -> Any:
    """A value that JSON lacks, as people write it: a DECIMAL 7 is 7, not 7.000000000."""
    if not isinstance(value, Decimal):
        return value if isinstance(value, str | int | float | None) else str(value)
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def printable(text: str) -> str:
    r"""The text without what would move the cursor: a line break is `\n`."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def _widths(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], room: int
) -> list[int] | None:
    """How wide each column is; None if they do not fit. The widest give way."""
    widths: list[int] = []
    least: list[int] = []
    for at, column in enumerate(columns):
        longest = max((cell_len(row[at]) for row in cells), default=0)
        heading = max(cell_len(column.name), cell_len(_type(column)))
        widths.append(max(heading, min(longest, _WIDEST)))
        least.append(max(heading, min(longest, _NARROWEST)))
    room -= _BETWEEN * len(columns)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        at = max(range(len(widths)), key=lambda at: (widths[at] > least[at], widths[at]))
        widths[at] -= 1
    return widths


def _table(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], widths: Sequence[int]
) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for column, width in zip(columns, widths, strict=True):
        heading = Text.assemble(
            Text(column.name, "bold"), "\n", Text(_type(column), "not bold dim")
        )
        right = column.sql_type.startswith(_NUMBERS) and not column.sql_type.endswith("]")
        table.add_column(heading, justify="right" if right else "left", width=width, no_wrap=True)
    for row in cells:
        table.add_row(*(_cell(text, width) for text, width in zip(row, widths, strict=True)))
    return table


def _print_records(
    console: Console,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    names: Sequence[str],
) -> None:
    for name, row in zip(names, rows, strict=True):
        console.print(Text(name, "bold"))
        record = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        for column, text in zip(columns, row, strict=True):
            value = Text(text, _style(text), overflow="fold")
            record.add_row(Text(column.name), Text(_type(column), "dim"), value)
        console.print(record)


def _type(column: Column) -> str:
    """The type; of a nested one, its beginning."""
    text = column.sql_type.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
    return text if len(text) <= _LONGEST_TYPE else text[: _LONGEST_TYPE - 1] + "…"


def _cell(text: str, width: int) -> Text:
    if cell_len(text) > width:
        text = set_cell_size(text, width - 1).rstrip() + "…"
    return Text(text, _style(text))


def _style(text: str) -> str:
    return "dim" if text == "NULL" else ""
