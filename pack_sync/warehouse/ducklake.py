"""A warehouse in a lake: Parquet files in a folder or an object store, and a catalogue of them.

Readers never wait for writers. What DuckLake does not keep apart by itself is kept apart here: of
two transactions that compare the same position and then add rows, it would let both commit. So
writers take turns.
"""

import re
import weakref
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb
import tenacity

from pack_sync.warehouse.addresses import LAKE
from pack_sync.warehouse.catalogue_errors import explain_catalogue
from pack_sync.warehouse.catalogues import Catalogue, catalogue_at
from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.identifiers import quote_literal
from pack_sync.warehouse.object_stores import (
    SCHEMES,
    be_patient,
    extension_for,
    give_credentials,
    unreachable_files,
)
from pack_sync.warehouse.openings import database_in_use, opening_of
from pack_sync.warehouse.storage_errors import (
    AddressError,
    ConflictError,
    explained_failures,
)
from pack_sync.warehouse.turns import StillOurs

_ROWS_IN_CATALOGUE = "ducklake_default_data_inlining_row_limit"
"""DuckLake's setting: inserts and deletes of so many rows go to the catalogue, and not to files.

It is 0 but for lines that are only added: of rows in the catalogue, deleted ones came back (DuckDB
1.5.5). An option of `ATTACH` would leave no exception.
"""

_FEW = 100
"""How many rows one insert may bring to the catalogue."""

_BEING_MADE = re.compile(
    r"Failed to initialize DuckLake.*(duplicate key|already exists|is locked)", re.DOTALL
)
"""What DuckLake says to whoever makes a lake that somebody else is making too."""

_NO_LAKE = "creating a new DuckLake is explicitly disabled"
"""What it says where a lake is to be attached, and there is none."""

_OF_A_STORE = re.compile(r"^(HTTP Error|IO Error: (Azure|.*\bHTTP))", re.DOTALL)
"""How DuckDB begins what it says of an object store."""


@dataclass(frozen=True)
class DuckLake:
    """A lake: its catalogue, and where its files are, a folder or an address in an object store.

    `data_path` None is a folder beside a catalogue that is a file, and what the catalogue has
    noted where it is none. `name` is as what it is attached.
    """

    catalogue: Catalogue
    data_path: str | None = None
    name: str = field(default="lake", compare=False)

    @classmethod
    def at(cls, address: str, data_path: str | None = None) -> "DuckLake":
        """The lake of an address. Raises `AddressError`."""
        scheme = urlsplit(data_path or "").scheme
        if scheme and scheme not in SCHEMES:
            raise AddressError(
                f"`data_path` {data_path!r} is neither a folder nor an address in an object store "
                f"that Pack Sync knows: {', '.join(f'{each}://' for each in SCHEMES)}"
            )
        return cls(catalogue_at(address.removeprefix(LAKE)), data_path)

    def below(self, folder: Path) -> "DuckLake":
        """The same lake, whose relative paths start at a folder."""
        data_path = self.data_path
        if data_path is not None and not self._in_object_store:
            data_path = str(folder / data_path)
        return replace(self, catalogue=self.catalogue.below(folder), data_path=data_path)

    def attached_as(self, name: str) -> "DuckLake":
        """The same lake, attached by another name."""
        return replace(self, name=name)

    @property
    def path(self) -> Path:
        """The catalogue's file, or the folder of the files; what is left to name if neither is."""
        local = None if self._in_object_store else self.data_path
        return self.catalogue.path or Path(local or self.name)

    @property
    def is_file(self) -> bool:
        """No, though its catalogue may be."""
        return False

    @property
    def extensions(self) -> frozenset[str]:
        """What an instance needs."""
        stores = {extension_for(str(self.data_path))} if self._in_object_store else set[str]()
        return frozenset({"ducklake", *self.catalogue.extensions, *stores})

    def __str__(self) -> str:
        return f"{LAKE}{self.catalogue}"

    def exists(self, wait_seconds: float) -> bool:
        """Whether there is a lake in the catalogue."""
        return self.catalogue.exists(wait_seconds)

    def attach(self, instance: Instance, *, read_only: bool, wait_seconds: float) -> None:
        """Attach the lake, with the credentials of its object store."""
        for extension in self.extensions:
            instance.load(extension)
        instance.connection.execute(f"SET GLOBAL {_ROWS_IN_CATALOGUE} = 0")
        data_path = self.data_path
        if data_path is not None and self._in_object_store:
            give_credentials(instance, data_path)
            be_patient(instance, data_path, wait_seconds)
        if data_path is None and self.catalogue.path is not None:
            data_path = f"{self.catalogue.path}.files"
        options = ["READ_ONLY"] if read_only else []
        if data_path is not None:
            options.append(f"DATA_PATH {quote_literal(data_path)}")
        try:
            _others_may_make_it(wait_seconds)(
                self._attach, instance, options, wait_seconds, data_path
            )
        except duckdb.Error as error:
            explained = self._explain_files(str(error), data_path)
            if explained is None:
                raise
            raise explained from error

    def _attach(
        self, instance: Instance, options: list[str], wait_seconds: float, data_path: str | None
    ) -> None:
        """Attach the lake; a new one is made only where no other lake has files.

        In each of two lakes in one place, the other's files would count as left by killed syncs.
        """
        attach = partial(self.catalogue.attach, instance, self.name, wait_seconds=wait_seconds)
        only_existing = [*options, "CREATE_IF_NOT_EXISTS false"]
        with _no_lake_is_fine():
            return attach(options=only_existing)
        if data_path is not None and (found := _a_file_below(instance, data_path)):
            with _no_lake_is_fine():  # if somebody else has just made it, the file is this lake's
                return attach(options=only_existing)
            raise AddressError(
                f"{self} has no lake yet, and none is made in {data_path}, which has Parquet files "
                f"of something else, such as {found}. Each lake needs a place of its own: set "
                "`data_path` to an empty one; or, if the files are of a lake that is no more, "
                "remove them"
            )
        attach(options=options)

    def turn_to_write(
        self, wait_seconds: float, table: str | None
    ) -> AbstractContextManager[StillOurs]:
        """No other process of ours writes to the lake, or to the table, while the block runs."""
        return self.catalogue.turn_to_write(wait_seconds, table)

    @contextmanager
    def explained_failures(self) -> Generator[None]:
        """Raise a `StorageError` for what DuckDB says of the lake or its files."""
        try:
            with explained_failures(self.path, of_system=False):
                yield
        except duckdb.Error as error:
            explained = explain_catalogue(error, self.catalogue)
            if explained is not None:
                raise explained from error
            # What Azure's library raises is no kind of error of DuckDB's.
            of_store = type(error) is duckdb.Error or _OF_A_STORE.search(str(error))
            if self._in_object_store and of_store:
                raise unreachable_files(str(self.data_path), error) from error
            if "Transaction conflict" not in str(error):
                raise
            raise ConflictError(
                f"somebody else changed the same table of {self} meanwhile; nothing was applied, "
                f"and the next try goes on: {str(error).partition(chr(10))[2] or error}"
            ) from error

    def _explain_files(self, text: str, data_path: str | None) -> AddressError | None:
        """What to tell when the files of the lake are not where `data_path` says."""
        told = re.search(r'DATA_PATH.*match existing data path.*"([^"]+)"', text)
        if told is not None:
            told_of = f"says that the lake's files are in {told[1]}, and not in {data_path}"
        elif "data_path is not set" in text:
            told_of = "has no lake yet, and nothing says where its files are to be"
        elif data_path is None and re.search("httpfs|azure|(s3|gc?s|az)://", text):
            told_of = "says that the lake's files are in an object store, whose address is missing"
        else:
            return None
        return AddressError(
            f"the catalogue of {self} {told_of}: set the warehouse's `data_path` to where they are "
            "(of `packsync warehouse copy`, `--data-path` and `--from-data-path`)"
        )

    @property
    def _in_object_store(self) -> bool:
        return bool(urlsplit(self.data_path or "").scheme)


@contextmanager
def _no_lake_is_fine() -> Generator[None]:
    try:
        yield
    except duckdb.InvalidInputException as error:
        if _NO_LAKE not in str(error):
            raise


def _a_file_below(instance: Instance, data_path: str) -> str | None:
    pattern = quote_literal(f"{data_path.rstrip('/')}/**/*.parquet")
    found = instance.connection.execute(f"SELECT file FROM glob({pattern}) LIMIT 1").fetchone()
    return None if found is None else str(found[0])


def _others_may_make_it(wait_seconds: float) -> tenacity.Retrying:
    """Attaching again, where others are just making the same lake: of them one succeeds."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(
            lambda error: (
                isinstance(error, duckdb.Error) and _BEING_MADE.search(str(error)) is not None
            )
        ),
        wait=tenacity.wait_random_exponential(multiplier=0.05, max=1),
        stop=tenacity.stop_after_delay(wait_seconds),
        reraise=True,
    )


_kinds: "weakref.WeakKeyDictionary[object, str | None]" = weakref.WeakKeyDictionary()
"""Of which openings of lakes it is known."""


def is_lake(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a connection is to a lake, where some statements are others."""
    return database_in_use(connection)[1] == "ducklake"


def keeps_lines_in_catalogue(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a connection is to a lake whose catalogue may have rows of tables.

    In one of SQLite, DuckDB 1.5.5 now and then crashed when it read such rows in several threads.
    """
    return _catalogue_kind(connection) not in (None, "sqlite")


def _catalogue_kind(connection: duckdb.DuckDBPyConnection) -> str | None:
    """DuckLake's word for the kind of a lake's catalogue, None where there is no lake."""
    if not is_lake(connection):
        return None
    opening = opening_of(connection)
    if opening not in _kinds:
        lake = quote_literal(database_in_use(connection)[0])
        found = connection.execute(f"SELECT catalog_type FROM ducklake_settings({lake})").fetchone()
        _kinds[opening] = None if found is None else found[0]
    return _kinds[opening]


def add_lines(
    connection: duckdb.DuckDBPyConnection, insert: str, values: Sequence[Any] | Mapping[str, Any]
) -> None:
    """Execute an INSERT into a table whose rows are hardly ever deleted.

    In most lakes a few rows are kept in the catalogue, in the same transaction: they are no file
    that everybody has to write and read. Upkeep brings them to files.
    """
    if not keeps_lines_in_catalogue(connection):
        connection.execute(insert, values)
        return
    connection.execute(f"SET SESSION {_ROWS_IN_CATALOGUE} = {_FEW}")
    connection.execute(insert, values)  # a connection on which it fails is used no more
    connection.execute(f"SET SESSION {_ROWS_IN_CATALOGUE} = 0")
