"""Finds packs: a folder of the project's `packs/`, a ready one, a folder elsewhere, or a module.

A folder with a `pack.py` is a pack in Python, one with a `pack.ts`, another of
`bundle.ENTRIES` or a compiled `bundle.js` a pack in TypeScript. What is above gets a `Pack` and a
`PackRuntime`, whichever it is.
"""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from pack_sdk.crawl import check_crawling
from pack_sdk.errors import PackDefinitionError
from pack_sdk.pack import Pack
from pack_sync.project import current_project
from pack_sync.runtimes.python.pack_traceback import place_in_pack
from pack_sync.runtimes.python.runtime import PythonRuntime
from pack_sync.runtimes.runtime import PackRuntime
from pack_sync.runtimes.typescript.build import build_pack
from pack_sync.runtimes.typescript.bundle import (
    PackNotBuiltError,
    entry_of,
    load_built,
    required_entry,
)
from pack_sync.runtimes.typescript.manifest import read_manifest
from pack_sync.runtimes.typescript.runtime import TypeScriptRuntime

READY_PACKS = Path(__file__).resolve().parent.parent / "packs"
"""The folder of the packs that come with the library."""


def available_packs() -> Sequence[str]:
    """The names of the packs in the folder `packs/`."""
    return _packs_in(current_project().packs_folder)


def ready_packs() -> Sequence[str]:
    """The names of the packs that come with the library."""
    return _packs_in(READY_PACKS)


def _packs_in(place: Path) -> Sequence[str]:
    if not place.is_dir():
        return []
    return sorted(
        each.name for each in place.iterdir() if (each / "pack.py").is_file() or entry_of(each)
    )


def typescript_folder(name: str) -> Path | None:
    """Where the TypeScript pack of that name is; None if it is one in Python, or none."""
    folder = _folder_of(name)
    if folder is None or (folder / "pack.py").is_file():
        return None
    return folder if "/" in name or entry_of(folder) else None


def pack_folder(name: str) -> Path | None:
    """The folder that the pack of that name is in; None if its module has no file.

    Raises `PackDefinitionError` for a pack that is not there.
    """
    folder = typescript_folder(name)
    if folder is not None:
        return folder if folder.is_dir() else folder.parent
    found: str | None = getattr(_module_of(name), "__file__", None)
    return Path(found).parent if found else None


def _folder_of(name: str) -> Path | None:
    """The folder that a name means, whether it is there or not; None for a module's name."""
    if "/" in name:
        return current_project().path(name)
    if "." in name:
        return None
    own, ready = current_project().packs_folder / name, READY_PACKS / name
    return ready if name in ready_packs() and not own.is_dir() else own


_UNTOLD = {"pack", "main", "index", "bundle", "src", "..", "."}
"""Names in the path of a file that say nothing of the pack."""


def pack_name(name: str) -> str:
    """What a pack is called if nothing else is said: the last part of its folder or module.

    A module called `pack`, as ours are, has the name of the folder it is in.
    """
    if "/" not in name:
        return name.removesuffix(".pack").rpartition(".")[2]
    path = Path(name)
    if path.suffix not in (".ts", ".js"):
        return path.name
    named = [part for part in (*path.parts[:-1], path.stem) if part not in _UNTOLD]
    return named[-1] if named else path.stem


def load_pack(name: str) -> Pack:
    """The pack of that name.

    A name with a slash is the path of a folder with a `pack.py`, a `pack.ts` or a `bundle.js`, or
    of the file that a pack in TypeScript begins with, from the project's root; a name with a dot is
    the path of a Python module, or of a package with a module `pack`. Raises
    `PackDefinitionError` that names folder or module and what is wrong: no such pack, an error
    while it is imported, no `pack` in it, a TypeScript pack that is not built.
    """
    folder = typescript_folder(name)
    if folder is None:
        pack, path = _import_pack(name)
    else:
        pack, path = read_manifest(load_built(folder).manifest), str(folder)
    try:
        check_crawling(pack.sync_tables)
    except PackDefinitionError as error:
        raise PackDefinitionError(f"{path}: {error}") from error
    return pack


def constant_of_pack(name: str, constant: str) -> Any:
    """What the module of a pack in Python calls so; None if it has none, or the pack is no such.

    Raises `PackDefinitionError` for a pack that cannot be loaded.
    """
    if typescript_folder(name) is not None:
        return None
    _, path = _import_pack(name)
    return getattr(sys.modules[path], constant, None)


def load_runtime(name: str) -> PackRuntime:
    """What runs the code of the pack of that name; raises as `load_pack` does."""
    pack = load_pack(name)
    folder = typescript_folder(name)
    if folder is None:
        return PythonRuntime(pack)
    return TypeScriptRuntime(pack, load_built(folder).bundle)


def build_if_needed(name: str, tell: Callable[[str], None]) -> None:
    """Build the pack of that name if it is one in TypeScript without a build of its sources.

    `tell` is given lines about progress. Raises `PackDefinitionError`.
    """
    folder = typescript_folder(name)
    if folder is None:
        return
    try:
        load_built(folder)
    except PackNotBuiltError:
        build_pack(folder, tell)


def _import_pack(name: str) -> tuple[Pack, str]:
    """The pack of a module or folder, and the path of its module."""
    module = _module_of(name)
    path = module.__name__
    pack = getattr(module, "pack", None)
    is_package = hasattr(module, "__path__")
    if not isinstance(pack, Pack) and is_package and importlib.util.find_spec(".pack", path):
        path = f"{path}.pack"
        pack = getattr(_imported(path), "pack", None)
    if not isinstance(pack, Pack):
        raise PackDefinitionError(f"{path} has no `pack`; write `pack = Pack()` in it")
    if not pack.sync_tables:
        raise PackDefinitionError(f"{path}: the pack has no sync tables; add one")
    return pack, path


def _module_of(name: str) -> ModuleType:
    """The module of a pack in Python. Raises `PackDefinitionError`."""
    folder = _folder_of(name)
    if folder is None:
        return _imported(name)
    if not (folder / "pack.py").is_file():
        own = ", ".join(available_packs()) or "none"
        ready = ", ".join(ready_packs()) or "none"
        raise PackDefinitionError(
            f"there is no pack {name!r}: the folder packs/ has {own}, and Pack Sync comes with "
            f"{ready}. "
            f"Put it in packs/{name}/pack.py, or pack.ts, or give the path of a module or folder"
        )
    return _imported(f"{_package_of(folder.parent)}.{folder.name}.pack")


def _package_of(folder: Path) -> str:
    """The package whose modules are the folders in this one.

    `packs` for the project's own folder, if that is what `import packs` finds: then a pack is
    the same module for whoever imports it. Else a package of ours, so that somebody's
    `packs` elsewhere is not in the way.
    """
    if folder == READY_PACKS:
        return "pack_sync.packs"
    spec = importlib.util.find_spec("packs")
    found = (spec.submodule_search_locations or []) if spec else []
    if folder.resolve() in [Path(each).resolve() for each in found]:
        return "packs"
    name = f"packs_in_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name


def _imported(path: str) -> ModuleType:
    importlib.invalidate_caches()  # a pack may be newer than what the import system has listed
    try:
        return importlib.import_module(path)
    except PackDefinitionError as error:
        raise PackDefinitionError(f"{path}: {error}{_placed(error)}") from error
    except (Exception, SystemExit) as error:  # the latter from a script, no module
        raise PackDefinitionError(
            f"{path} cannot be imported: {type(error).__name__}: {error}{_placed(error)}"
        ) from error


def _placed(error: BaseException) -> str:
    place = "" if isinstance(error, SyntaxError) else place_in_pack(error)
    return f" ({place})" if place else ""


def code_version_of(name: str) -> str:
    """A short hash of the code of the pack of that name, which changes with it.

    Of a pack in TypeScript it is that of the bundle. Of one in Python it is that of all Python
    files in its folder of `packs/`, or of a package of your own; of a single module, of its file
    alone. What those import from elsewhere is not looked at.
    """
    digest = hashlib.sha256()
    for source in _sources(name):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def files_of(name: str) -> Sequence[Path]:
    """The Python files of the pack of that name, that of its module first; or its TypeScript ones.

    Of one in TypeScript it is the file that it begins with. Raises `PackDefinitionError`.
    """
    folder = typescript_folder(name)
    if folder is not None:
        return [required_entry(folder)]
    own = str(getattr(_module_of(name), "__file__", ""))
    return sorted(_sources(name), key=lambda file: str(file) != own)


def _sources(name: str) -> Sequence[Path]:
    folder = typescript_folder(name)
    if folder is not None:
        return [load_built(folder).bundle.file]
    found: str | None = getattr(_module_of(name), "__file__", None)
    if found is None:
        return []
    file = Path(found)
    alone = "." in name and file.name != "__init__.py"
    return [file] if alone else sorted(file.parent.rglob("*.py"))
