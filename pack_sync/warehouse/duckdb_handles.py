"""DuckDB instances, lent: starting one costs 25 ms of processor time, attaching a file to it one.

An instance has nothing but an empty database in memory. Who borrows it has it alone, attaches
files, and detaches them before giving it back. One in which DuckDB failed is closed
instead: DuckDB may refuse all further work there.
"""

import atexit
import ctypes
import gc
import os
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from weakref import WeakSet

import duckdb

from pack_sync.warehouse.extensions import load_into, packaged
from pack_sync.warehouse.identifiers import quote_identifier, quote_literal

STAGE = "_stage"
"""The name by which a stage is attached, see `pack_sync.stage`."""

ALWAYS_ATTACHED = ("memory", "system", "temp")
"""The databases of an instance that are no files."""

_MOST_IDLE = 16
"""As many as tables are usually at work side by side; each takes some 6 MB."""
_CHANGEABLE = (
    "temp_directory",
    "memory_limit",
    "force_compression",
    "disabled_optimizers",
    "fsync_mode",
    "write_buffer_row_group_count",
    "checkpoint_threshold",
    "threads",
)

_AT_THE_START: dict[str, str | bool | int | float | list[str]] = {
    # DuckDB would fetch an extension to open what is not a database of its own.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # Of packages: they are no less to be trusted than DuckDB's own code, which is in one too. To
    # check the signature of one takes 80 ms, to load it 5.
    "allow_unsigned_extensions": True,
}

_IS_2 = int(duckdb.__version__.partition(".")[0]) >= 2

OF_THE_WAREHOUSE = {"checkpoint_threshold": "1MB"}
"""Settings of an instance that writes the warehouse, which is closed soon: more than this is
written to the file at once, and not first to its log. DuckDB counts 16 bytes for any text."""

OF_A_STAGE = {
    "force_compression": "uncompressed",
    # The default is 5, which leaves 0.15 s of writing to the commit; rows come by the page.
    "write_buffer_row_group_count": "1",
    **({"fsync_mode": "NONE"} if _IS_2 else {}),
}
"""Settings of an instance that writes a scratch file: once, to be read once and thrown away."""


FOR_FEW_ROWS = {
    "disabled_optimizers": "common_subexpressions,statistics_propagation",
    # After a fork DuckDB 1.5 aborts as the child exits, if the parent's had no threads of its own.
    **({"threads": "1"} if _IS_2 else {}),
}
"""Settings of an instance that works with few rows: waking threads, and planning for many rows,
takes a sixth of the processor time of a small sync."""


class Instance:
    """A DuckDB instance that is lent; `connection` is its own, `cursor()` makes more.

    It has those of the `extensions` that come from packages. Raises `MissingExtensionError` when
    one cannot be loaded.
    """

    def __init__(self, extensions: Collection[str] = ()) -> None:
        self.connection = duckdb.connect(config=_AT_THE_START)
        self.closed = False
        self.extensions = set[str]()
        _alive.add(self)
        self.settings: Mapping[str, str] = {}
        try:
            for name in extensions:
                if packaged(name) is not None:
                    self.load(name)
            # There is no way back. And the time zone is that of its cursors, too.
            self.connection.execute(
                "SET GLOBAL allow_unsigned_extensions = false; SET GLOBAL TimeZone = 'UTC'"
            )
        except BaseException:
            self.close()
            raise

    def load(self, extension: str) -> None:
        """Load an extension, if it has not been yet. Raises `MissingExtensionError`."""
        if extension not in self.extensions:
            load_into(self.connection, extension)
            self.extensions.add(extension)

    def set_up(self, settings: Mapping[str, str]) -> None:
        """Give it these settings, and its own defaults for the others.

        Raises `duckdb.NotImplementedException` when it has a folder of temporary files already.
        """
        if settings == self.settings:
            return
        changes = [
            f"SET {name} = {quote_literal(settings[name])}" if name in settings else f"RESET {name}"
            for name in _CHANGEABLE
            if settings.get(name) != self.settings.get(name)
        ]
        self.connection.execute("; ".join(changes))
        self.settings = dict(settings)

    def prepare_for_many_rows(self) -> None:
        """If it was borrowed `FOR_FEW_ROWS`, have it work with many after all."""
        few = FOR_FEW_ROWS.items()
        self.set_up(
            {name: value for name, value in self.settings.items() if (name, value) not in few}
        )

    def attach(self, path: Path | str, database: str, *options: str) -> None:
        """Open a file by this name; one that is not there is made, unless `READ_ONLY`."""
        given = f"({', '.join(options)})" if options else ""
        self.connection.execute(
            f"ATTACH {quote_literal(str(path))} AS {quote_identifier(database)} {given}"
        )

    def detach(self, database: str) -> None:
        """Detach a database, which writes its checkpoint and closes its file."""
        self.connection.execute(f"USE memory; DETACH {quote_identifier(database)}")

    def close(self) -> None:
        """End it, and close all files that are attached to it."""
        self.closed = True
        self.connection.close()


_idle: list[Instance] = []
_alive: WeakSet[Instance] = WeakSet()
_guard = threading.Lock()


def borrow_instance(extensions: Collection[str] = (), **settings: str | None) -> Instance:
    """An instance, to be given back with `return_instance` or closed.

    It has those of the `extensions` that come from packages; one that has most of the settings
    already is taken before others. Raises as `Instance` does.

    `settings` are DuckDB's; None leaves one at its default. `temp_directory` must be among them:
    the default would be a folder below the working directory.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    while (instance := _take_idle(extensions, given)) is not None:
        try:
            instance.set_up(given)
        except duckdb.NotImplementedException:  # what it spilled ties it to another folder
            instance.close()
        else:
            return instance
    instance = Instance(extensions)
    instance.set_up(given)
    return instance


def return_instance(instance: Instance) -> None:
    """Take back an instance that has nothing attached any more."""
    with _guard:
        if len(_idle) < _MOST_IDLE:
            _idle.append(instance)
            return
    instance.close()


def database_name(path: Path) -> str:
    """The name that DuckDB gives to the database in a file; views in it may hold it."""
    name = path.name.partition(".")[0]
    return f"{name}_db" if name.casefold() in ("main", *ALWAYS_ATTACHED) else name


def _take_idle(extensions: Collection[str], settings: Mapping[str, str]) -> Instance | None:
    """One that has them, and as few others as can be: what has more may be missed elsewhere."""
    needed = {name for name in extensions if packaged(name) is not None}
    with _guard:
        fit = [each for each in _idle if each.extensions >= needed]
        if not fit:
            return None
        taken = min(fit, key=lambda each: (len(each.extensions), _differing(each, settings)))
        _idle.remove(taken)
        return taken


def _differing(instance: Instance, settings: Mapping[str, str]) -> int:
    """How many settings would have to be changed: each takes its time."""
    return len(instance.settings.items() ^ settings.items())


def _forget_parents() -> None:
    """In a forked process: its parent's instances have their threads there.

    They can be neither used nor ended here, so they are never freed.
    """
    for instance in _idle:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(instance.connection))
    _idle.clear()


os.register_at_fork(after_in_child=_forget_parents)


@atexit.register
def _close_all() -> None:
    while (instance := _take_idle((), {})) is not None:
        instance.close()
    if _alive:  # in the traceback of an error: DuckDB would print that it is never freed
        gc.collect()
