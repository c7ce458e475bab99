"""Finds packs: a folder of `packs/`, a folder elsewhere, or an importable module.

A folder with a `pack.py` is a pack in Python, one with a `pack.ts` or a compiled `bundle.js`
a pack in TypeScript. What is above gets a `Pack` and a `PackRuntime`, whichever it is.
"""

import hashlib
import importlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import packs
from pack_sdk.crawl import check_crawling
from pack_sdk.errors import PackDefinitionError
from pack_sdk.pack import Pack
from resources.runtimes.python_runtime import PythonRuntime
from resources.runtimes.runtime import PackRuntime
from resources.runtimes.typescript.build import build_pack
from resources.runtimes.typescript.cache import PackNotBuiltError, entry_of, load_built
from resources.runtimes.typescript.manifest import read_manifest
from resources.runtimes.typescript.session import TypeScriptRuntime

PROJECT = Path(__file__).resolve().parent.parent.parent
"""What a path of a pack starts from."""


def available_packs() -> Sequence[str]:
    """The names of the packs in the folder `packs/`."""
    return sorted(
        folder.name
        for place in packs.__path__
        for folder in Path(place).iterdir()
        if (folder / "__init__.py").is_file() or entry_of(folder)
    )


def typescript_folder(name: str) -> Path | None:
    """Where the TypeScript pack of that name is; None if it is one in Python, or none."""
    if "/" in name:
        return PROJECT / name
    for place in packs.__path__:
        folder = Path(place) / name
        if "." not in name and not (folder / "pack.py").is_file() and entry_of(folder):
            return folder
    return None


def pack_name(name: str) -> str:
    """What a pack is called if nothing else is said: the last part of its folder or module.

    A module called `pack`, as ours are, has the name of the folder it is in.
    """
    return Path(name).name if "/" in name else name.removesuffix(".pack").rpartition(".")[2]


def load_pack(name: str) -> Pack:
    """The pack of that name.

    A name with a slash is the path of a folder with a `pack.ts` or a `bundle.js`, from the
    project's root; a name with a dot is the path of a Python module, or of a
    package with a module `pack`. Raises
    `PackDefinitionError` that names folder or module and what is wrong: no such pack, an error
    while it is imported, no `pack` in it, a TypeScript pack that is not built.
    """
    folder = typescript_folder(name)
    path = _module_of(name) if folder is None else str(folder)
    pack = _import_pack(path) if folder is None else read_manifest(load_built(folder).manifest)
    try:
        check_crawling(pack.sync_tables)
    except PackDefinitionError as error:
        raise PackDefinitionError(f"{path}: {error}") from error
    return pack


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


def _module_of(name: str) -> str:
    if "." in name:
        return name
    if name not in available_packs():
        choices = ", ".join(available_packs()) or "none"
        raise PackDefinitionError(
            f"there is no pack {name!r}: the folder packs/ has {choices}. "
            f"Put it in packs/{name}/pack.py, or pack.ts, or give the path of a module or folder"
        )
    return f"packs.{name}.pack"


def _import_pack(path: str) -> Pack:
    module = _imported(path)
    pack = getattr(module, "pack", None)
    is_package = hasattr(module, "__path__")
    if not isinstance(pack, Pack) and is_package and importlib.util.find_spec(".pack", path):
        pack = getattr(_imported(f"{path}.pack"), "pack", None)
    if not isinstance(pack, Pack):
        raise PackDefinitionError(f"{path} has no `pack`; write `pack = Pack()` in it")
    if not pack.sync_tables:
        raise PackDefinitionError(f"{path}: the pack has no sync tables; add one")
    return pack


def _imported(path: str) -> ModuleType:
    try:
        return importlib.import_module(path)
    except PackDefinitionError as error:
        raise PackDefinitionError(f"{path}: {error}") from error
    except Exception as error:
        raise PackDefinitionError(
            f"{path} cannot be imported: {type(error).__name__}: {error}"
        ) from error


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


def _sources(name: str) -> Sequence[Path]:
    folder = typescript_folder(name)
    if folder is not None:
        return [load_built(folder).bundle.file]
    found: str | None = getattr(importlib.import_module(_module_of(name)), "__file__", None)
    if found is None:
        return []
    file = Path(found)
    alone = "." in name and file.name != "__init__.py"
    return [file] if alone else sorted(file.parent.rglob("*.py"))
