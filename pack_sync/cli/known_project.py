"""What commands that only look at the warehouse know of the project, without loading Dagster.

To load a project's definitions takes a second or two, nearly all of it imports. So what such
commands need of them is kept in a file of the project, and holds as long as all that it was made of
is unchanged: the files, the environment, the installed packages; a day at most, because code may
read what is not seen here. What changes anything loads the definitions.
"""

import hashlib
import os
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from pack_sync import __version__
from pack_sync.ledger.ledger_versions import upgrade_ledger
from pack_sync.project import ConfigurationError, Project, find_project, use_project
from pack_sync.warehouse.warehouse import Warehouse

_LONGEST_SECONDS = 24 * 3600
_OF_THE_SHELL = {"_", "OLDPWD", "SHLVL", "COLUMNS", "LINES"}
_NOT_CODE = {"__pycache__", "node_modules"}


@dataclass(frozen=True, kw_only=True)
class KnownTable:
    """A configured table: its syncs, by name, and whether they are crawled."""

    syncs: Sequence[str]
    crawled: bool


@dataclass(frozen=True, kw_only=True)
class KnownPack:
    """A pack's configured tables.

    `not_synced` is a sentence about the others, empty if there are none. `rated` are the settings
    of the connections that have a rate, without anything secret.
    """

    tables: Mapping[str, KnownTable]
    not_synced: str
    rated: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class KnownProject:
    """The packs by name, and how to open the DuckDB file that their tables are in.

    Without `warehouse` it is to be asked of the definitions: it is no file, or one of their own.
    """

    packs: Mapping[str, KnownPack]
    warehouse: Mapping[str, Any] | None

    @classmethod
    def read(cls) -> Self | None:
        """What is kept of the project around the working directory; None if it may be outdated.

        Raises `NoProjectError`.
        """
        project = find_project()
        try:
            kept: Any = orjson.loads(_file(project).read_bytes())
            if _is_old(kept["made_at"]) or kept["circumstances"] != circumstances():
                return None
            if kept["state"] != _state(kept["made_of"]):
                return None
            packs = {name: _pack(pack) for name, pack in kept["packs"].items()}
            known = cls(packs=packs, warehouse=kept["warehouse"])
        except (OSError, ValueError, LookupError, TypeError):  # none, or of another version
            return None
        use_project(project.root)
        return known

    def keep(self, project: Project, folders: Iterable[Path], made_in: str) -> None:
        """Keep it, as made of the modules that are loaded now, and of what is in these folders.

        `made_in` are the `circumstances` before they were loaded.
        """
        made_of = sorted({str(path) for path in _sources(project, folders)})
        kept = {"made_of": made_of, "state": _state(made_of)}
        kept |= {"circumstances": made_in, "made_at": time.time()}
        with suppress(OSError):  # a disk that is full: then the next command loads them again
            _write(_file(project), orjson.dumps(asdict(self) | kept))

    def open_warehouse(self) -> Warehouse:
        """The warehouse."""
        if self.warehouse is None:
            from pack_sync.cli.context import open_warehouse

            return open_warehouse()
        warehouse = Warehouse.at(**self.warehouse)
        upgrade_ledger(warehouse)
        return warehouse


def known_project() -> KnownProject:
    """What is kept of the project, else what its definitions say.

    Raises `NoProjectError`, and `ConfigurationError` where no pack can be used.
    """
    known = KnownProject.read()
    if known is None:
        from pack_sync.cli.loaded_project import load_project

        known = load_project()
    return known


def open_warehouse() -> Warehouse:
    """The project's warehouse, for a command that looks at it; its packs may all be broken."""
    known = KnownProject.read()
    if known is None:
        from pack_sync.cli.loaded_project import load_project

        with suppress(ConfigurationError):
            known = load_project()
    return (known or KnownProject(packs={}, warehouse=None)).open_warehouse()


def chosen_names(what: str | None) -> tuple[str | None, str | None]:
    """Of `PACK.TABLE` or `PACK` the names as they are spelled; exits with the choices if none is.

    Both are None where nothing is chosen.
    """
    if what is None:
        return None, None
    name, _, table = what.partition(".")
    known = KnownProject.read()
    pack = known.packs.get(name) if known else None
    spelled = {each.casefold(): each for each in pack.tables} if pack else {}
    if pack and (not table or table.casefold() in spelled):
        return name, spelled.get(table.casefold())
    from pack_sync.cli.context import choose_pack, choose_table

    _, definition = choose_pack(name)
    return definition.name, choose_table(definition, table) if table else None


def _pack(kept: Mapping[str, Any]) -> KnownPack:
    tables = {name: KnownTable(**table) for name, table in kept["tables"].items()}
    return KnownPack(tables=tables, not_synced=kept["not_synced"], rated=kept["rated"])


def _file(project: Project) -> Path:
    return project.state_folder / "known_project.json"


def _is_old(made_at: float) -> bool:
    return not 0 <= time.time() - made_at < _LONGEST_SECONDS


def circumstances() -> str:
    """A hash of what definitions depend on beside files. To load them may change it."""
    digest = hashlib.sha256(f"{__version__} {sys.version} {sys.prefix} {Path.cwd()}".encode())
    for name, value in sorted(os.environ.items()):
        if name not in _OF_THE_SHELL:
            digest.update(f"{name}={value}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _state(paths: Sequence[str]) -> str:
    """A hash of the sizes and times of files and folders."""
    digest = hashlib.sha256()
    for path in paths:
        try:
            found = os.stat(path)  # noqa: PTH116 - some hundred: `Path` takes three times as long
            digest.update(f"{path} {found.st_mtime_ns} {found.st_size}\0".encode())
        except OSError:
            digest.update(f"{path} is not there\0".encode())
    return digest.hexdigest()


def _sources(project: Project, folders: Iterable[Path]) -> Iterator[Path]:
    """The files and folders that a project's definitions are made of."""
    names = ("pyproject.toml", "dg.toml", "dagster.yaml", ".env")
    yield from (project.root / name for name in names)
    installed = [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")]
    yield from map(Path, installed)  # a folder changes as something is installed there
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and not file.startswith(tuple(installed)):
            yield Path(file)
    for folder in (project.packs_folder, *folders):
        yield from _below(folder)


def _below(folder: Path) -> Iterator[Path]:
    for top, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f not in _NOT_CODE and not f.startswith(".")]
        yield Path(top)
        yield from (Path(top, file) for file in files)


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as written:
        written.write(content)
    Path(written.name).replace(file)  # whole for whoever reads it meanwhile
