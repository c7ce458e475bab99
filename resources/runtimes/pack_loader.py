"""Finds and imports packs: `packs/<name>/pack.py`, or any importable module."""

import importlib
import pkgutil
from collections.abc import Sequence

import packs
from pack_sdk.crawl import check_crawling
from pack_sdk.errors import PackDefinitionError
from pack_sdk.pack import Pack


def available_packs() -> Sequence[str]:
    """The names of the packs in the folder `packs/`."""
    return sorted(module.name for module in pkgutil.iter_modules(packs.__path__) if module.ispkg)


def load_pack(name: str) -> Pack:
    """The pack of that name; a name with a dot is the path of a module of your own.

    Raises `PackDefinitionError` that names the module and what is wrong: no such pack, an
    error while it is imported, no `pack` in it.
    """
    path = name if "." in name else f"packs.{name}.pack"
    if "." not in name and name not in available_packs():
        choices = ", ".join(available_packs()) or "none"
        raise PackDefinitionError(
            f"there is no pack {name!r}: the folder packs/ has {choices}. "
            f"Put it in packs/{name}/pack.py, or give the path of a module"
        )
    try:
        module = importlib.import_module(path)
    except PackDefinitionError as error:
        raise PackDefinitionError(f"{path}: {error}") from error
    except Exception as error:
        raise PackDefinitionError(
            f"{path} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    pack = getattr(module, "pack", None)
    if not isinstance(pack, Pack):
        raise PackDefinitionError(f"{path} has no `pack`; write `pack = Pack()` in it")
    if not pack.sync_tables:
        raise PackDefinitionError(f"{path}: the pack has no sync tables; add one")
    try:
        check_crawling(pack.sync_tables)
    except PackDefinitionError as error:
        raise PackDefinitionError(f"{path}: {error}") from error
    return pack
