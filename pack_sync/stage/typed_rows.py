"""The table `rows` of a stage: the rows of a spool, typed, in order of arrival.

Usual rows are typed by the quick SQL of `SplitRows`, or of `RowConversion` if DuckDB's reader
cannot tell their fields apart. What that suspects is judged by the thorough SQL, which has the
last word on values and problems. Where much is suspected, all is typed by the thorough one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from pack_sdk.schemas import Schema
from pack_sync.spool.spool import Spool
from pack_sync.stage.column_types import Column, may_widen, stored_schema
from pack_sync.stage.deduplication import RowCounts
from pack_sync.stage.row_conversion import BadValues, RowConversion
from pack_sync.stage.split_rows import SplitRows, can_split
from pack_sync.warehouse.identifiers import quote_literal

MAX_ROW_BYTES = 256 * 1024 * 1024
"""The longest row, as JSON text, that DuckDB is let to read."""

_MANY = 1 / 8
"""With so large a part of the rows suspected, to judge each costs more than to type all anew."""

_LEAST_ROW_BYTES = 1024 * 1024

_FILES_AT_ONCE = 4


class TypedRows:
    """Fills the table `rows` of a stage.

    Columns of whole numbers get more room if there are values that need it (`stored_schema`):
    then all rows are typed once more. Once all rows are loaded, `counts` says how many there are,
    as rows of one sync, and `empty_columns` the numbers of the columns without any value.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        schema: Schema,
        *,
        bad_values: BadValues = "reject",
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._bad_values: BadValues = bad_values
        self._wide: frozenset[str] = frozenset()
        self._exact: frozenset[str] = frozenset()
        self.conversion = RowConversion(schema, bad_values=bad_values)
        self.columns: Sequence[Column] = self.conversion.columns
        self._split = SplitRows(stored_schema(schema)) if can_split(schema) else None
        self._thorough = False
        self._files_typed = 0
        self._in_transaction = False
        self.counts = RowCounts(good=0, rejected=0, bad_values=0, repeated=0)
        self.empty_columns: Sequence[int] = ()

    def load_early(self, spool: Spool, sync: str | None) -> None:
        """Type the spool's whole files, before all its pages are there.

        All of it is one transaction, which `load` commits: DuckDB then writes rows to the file by
        the row group, and not first to its log.
        """
        while self._files_typed < len(files := spool.whole_files):
            if not self._in_transaction:
                self._connection.begin()
                self._in_transaction = True
            is_first = not self._files_typed
            until = self._files_typed + _FILES_AT_ONCE
            self._add(files[self._files_typed : until], sync, _reader_options(spool))
            if is_first and _are_many(*self._count_typed()):
                self._start_again(thorough=True)

    def load(self, spool: Spool, sync: str | None) -> None:
        """Type the rest of the spool. Raises `RuntimeError` when rows are missing."""
        judged = self._load(spool, sync)
        while judged and (too_narrow := self._too_narrow()):
            self._widen(too_narrow)
            self._load(spool, sync)

    def _look(self) -> tuple[int, int]:
        """How many rows are typed, and how many of them suspected.

        In the same statement, as each takes its time to be planned: the other counts, which columns
        are empty, and which of their wider types would round their values.
        """
        columns, key = self.conversion.columns, f"c{self.conversion.id_index}"
        # The last of the wider types holds them all.
        may_round = [number for number, column in enumerate(columns) if len(column.wider) > 1]
        looks = [
            "count(*)",
            "count(*) FILTER (suspected)",
            "count(problem)",
            "count(nulled)",
            f"count({key}) - count(DISTINCT {key})",
        ]
        looks += [f"count(c{number})" for number in range(len(columns))]
        looks += [f"coalesce(bool_or({_is_rounded(n, columns[n])}), false)" for n in may_round]
        ((typed, suspected, rejected, bad_values, repeated, *found),) = self._connection.execute(
            f"SELECT {', '.join(looks)} FROM rows"
        ).fetchall()
        self.counts = RowCounts(
            good=typed - rejected, rejected=rejected, bad_values=bad_values, repeated=repeated
        )
        counts, rounded = found[: len(columns)], found[len(columns) :]
        self.empty_columns = [number for number, count in enumerate(counts) if not count]
        would_round = {number for number, yes in zip(may_round, rounded, strict=True) if yes}
        self.columns = [
            replace(column, wider=column.wider[1:]) if number in would_round else column
            for number, column in enumerate(columns)
        ]
        return typed, suspected

    def _load(self, spool: Spool, sync: str | None) -> bool:
        """Type what is not typed yet; whether the thorough SQL has judged any of the rows."""
        self._add_all(spool, sync)
        typed, suspected = self._look()
        if _are_many(typed, suspected):
            self._start_again(thorough=True)
            self._add_all(spool, sync)
            typed, suspected = self._look()
        if self._in_transaction:
            self._connection.commit()
            self._in_transaction = False
        if typed != spool.row_count:
            raise RuntimeError(
                f"the spool {spool.folder} holds {spool.row_count:,} rows, but {typed:,} were read"
            )
        if suspected:
            self._judge_suspects(spool)
            self._look()
        return self._thorough or suspected > 0

    def _add_all(self, spool: Spool, sync: str | None) -> None:
        files = spool.files
        if not files:
            self._create()
        while self._files_typed < len(files):
            self._add(files[self._files_typed :], sync, _reader_options(spool))

    def _count_typed(self) -> tuple[int, int]:
        """How many rows are typed, and how many of them suspected."""
        ((typed, suspected),) = self._connection.execute(
            "SELECT count(*), count(*) FILTER (suspected) FROM rows"
        ).fetchall()
        return typed, suspected

    def _too_narrow(self) -> list[str]:
        """The properties with numbers that do not fit, and fit a wider column."""
        names = self._that_may_widen()
        unfit = "(problem IS NOT NULL OR nulled IS NOT NULL)"
        if not names or not self._count(unfit):
            return []
        wider = RowConversion(self._schema, *self._widened(names))
        checks = (f"bool_or({self.conversion.too_narrow(name, wider)})" for name in names)
        ((*found,),) = self._connection.execute(
            f"SELECT {', '.join(checks)} FROM rows WHERE {unfit} AND json_type(line) = 'OBJECT'"
        ).fetchall()
        return [
            name
            for name, needed in zip(names, found, strict=True)
            if needed and not (name in self._wide and self._would_round(name, wider))
        ]

    def _that_may_widen(self) -> list[str]:
        last = {str(self._schema.id_property), *self._exact}  # has all the room that there is
        narrow = stored_schema(self._schema).properties
        return [
            name
            for name, prop in narrow.items()
            if may_widen(prop) and not (name in self._wide and name in last)
        ]

    def _widened(self, names: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
        """What is wide, and what is exact, once these have more room than now."""
        return self._wide | frozenset(names), self._exact | (self._wide & frozenset(names))

    def _would_round(self, name: str, wider: RowConversion) -> bool:
        """Whether the wider column would round numbers that the present one holds."""
        number = list(self._schema.properties).index(name)
        there, then = (each.columns[number].sql_type for each in (self.conversion, wider))
        back = f"TRY_CAST(TRY_CAST(c{number} AS {then}) AS {there})"
        return self._count(f"{back} IS DISTINCT FROM c{number} AND problem IS NULL") > 0

    def _widen(self, names: Sequence[str]) -> None:
        self._wide, self._exact = self._widened(names)
        room = self._wide, self._exact
        self.conversion = RowConversion(self._schema, *room, bad_values=self._bad_values)
        if self._split is not None:
            self._split = SplitRows(stored_schema(self._schema, *room))
        self._thorough = False
        self._files_typed = 0

    def _create(self) -> None:
        types = (column.sql_type for column in self.conversion.columns)
        columns = ", ".join(f"c{i} {sql_type}" for i, sql_type in enumerate(types))
        self._connection.execute(
            f"CREATE OR REPLACE TABLE rows ({columns}, sync VARCHAR, suspected BOOLEAN, "
            "problem VARCHAR, nulled VARCHAR, line JSON)"
        )

    def _add(self, paths: Sequence[Path], sync: str | None, options: str) -> None:
        """Type files, or forget all that were typed if they cannot be read as those were."""
        if not self._files_typed:
            self._create()
        files = f"[{', '.join(quote_literal(str(path)) for path in paths)}]"
        try:
            # The order of arrival is the order of rowid: DuckDB keeps it when it inserts.
            self._connection.execute(
                "INSERT INTO rows BY NAME "
                f"SELECT *, ? AS sync FROM ({self._typed(files, options)})",
                [sync],
            )
        except duckdb.InvalidInputException:
            if self._split is None or self._thorough:
                raise
            self._split = None
            self._start_again()
        else:
            self._files_typed += len(paths)

    def _typed(self, files: str, options: str) -> str:
        if self._thorough:
            typed = self.conversion.thorough(_lines(files, options))
            return f"SELECT *, false AS suspected FROM ({typed})"
        if self._split is not None:
            return self._split.select(files, options)
        return self.conversion.quick(_lines(files, options))

    def _start_again(self, *, thorough: bool = False) -> None:
        """Forget what is typed, and type it another way."""
        self._thorough = thorough
        self._files_typed = 0
        if self._in_transaction:
            self._connection.rollback()
            self._connection.begin()

    def _judge_suspects(self, spool: Spool) -> None:
        """Give each suspected row what the thorough SQL makes of it."""
        names = [f"c{number}" for number in range(len(self.conversion.columns))]
        given = ", ".join(
            f"{name} = judged.{name}" for name in (*names, "problem", "nulled", "line")
        )
        for path, first, end in _rows_of_files(spool):
            among = f"suspected AND rowid >= {first} AND rowid < {end}"
            if not self._count(among):
                continue
            lines = f"""(
                SELECT * FROM (
                    SELECT json, row_number() OVER () + {first - 1} AS row
                    FROM {_lines(f"[{quote_literal(str(path))}]", _reader_options(spool))}
                )
                WHERE row IN (SELECT rowid FROM rows WHERE {among})
            )"""
            self._connection.execute(
                f"""
                UPDATE rows SET {given}, suspected = false
                FROM ({self.conversion.thorough(lines)}) AS judged WHERE rows.rowid = judged.row
                """
            )

    def _count(self, condition: str) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM rows WHERE {condition}").fetchone()
        return row[0] if row else 0


def _are_many(typed: int, suspected: int) -> bool:
    return suspected > _MANY * typed


def _is_rounded(number: int, column: Column) -> str:
    """SQL that is true where the first wider type of a column would round a row's value."""
    value = f"c{number}"
    back = f"TRY_CAST(CAST({value} AS {column.wider[0]}) AS {column.sql_type})"
    return f"{back} IS DISTINCT FROM {value} AND problem IS NULL"


def _reader_options(spool: Spool) -> str:
    """How DuckDB reads these rows: each thread takes room for twice the longest row there may be.

    None is longer than its page.
    """
    longest = min(max(spool.longest_page, _LEAST_ROW_BYTES), MAX_ROW_BYTES)
    return f"maximum_object_size = {longest}"


def _lines(files: str, options: str) -> str:
    """A relation of the rows of files as JSON, in order."""
    return f"read_ndjson_objects({files}, {options})"


def _rows_of_files(spool: Spool) -> Iterator[tuple[Path, int, int]]:
    """Each file of a spool with the number of its first row, and of that after its last."""
    first = {page.file: page.first_row for page in reversed(list(spool.pages()))}
    starts = [first[path.name] for path in spool.files]
    yield from zip(spool.files, starts, [*starts[1:], spool.row_count], strict=True)
