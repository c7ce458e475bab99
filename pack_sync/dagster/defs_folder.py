"""The folder `defs/`, read so that a file of one pack that cannot be read stops no other."""

import importlib
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import dagster as dg
import yaml
from pydantic import ValidationError

from pack_sync.dagster.broken_packs import (
    asset_name,
    broken_pack_definitions,
    is_validating,
    one_line,
)
from pack_sync.dagster.component import PackSyncComponent
from pack_sync.dagster.file_errors import what_is_wrong
from pack_sync.dagster.shared_names import refuse_shared_names
from pack_sync.project import ConfigurationError
from pack_sync.runtimes.loader import pack_name

_FILES = ("defs.yaml", "defs.yml", "component.yaml")
_TYPE = "PackSyncComponent"


@dataclass(frozen=True, kw_only=True)
class BrokenFile:
    """A pack whose file cannot be read: the pack's name, as far as it can be told, and why."""

    name: str
    reason: str


Part: TypeAlias = dg.ComponentTree | dg.Definitions | BrokenFile


def load_packs(*, path_within_project: Path) -> dg.Definitions:
    """All that is below `defs/`, as `dg.load_from_defs_folder` loads it.

    The difference: a `defs.yaml` of a pack that cannot be read is a failure of that pack alone.
    It becomes one asset that says what is wrong, unless definitions are loaded to be checked. An
    error in what is no pack is raised as Dagster raises it.
    """
    try:
        return dg.load_from_defs_folder(path_within_project=path_within_project)
    except Exception:
        parts = list(readable_parts(dg.ComponentTree.for_project(path_within_project)))
        if is_validating():
            reasons = [part.reason for part in parts if isinstance(part, BrokenFile)]
            if reasons:  # without what Dagster writes, which quotes the values in the file
                raise ConfigurationError("\n".join(reasons)) from None
            raise
    packs = [pack for part in parts for pack in _packs_of(part)]
    refuse_shared_names(packs)
    taken = {asset_name(pack.shown_name).casefold() for pack in packs}
    return dg.Definitions.merge(*(_definitions_of(part, taken) for part in parts))


def _packs_of(part: Part) -> Sequence[PackSyncComponent]:
    if not isinstance(part, dg.ComponentTree):
        return []
    with _quiet():
        return part.get_all_components(PackSyncComponent)


def _definitions_of(part: Part, taken: set[str]) -> dg.Definitions:
    """What a part defines; a file that cannot be read, by a name that is not taken."""
    if isinstance(part, BrokenFile):
        name = part.name
        while asset_name(name).casefold() in taken:
            name += "_"
        taken.add(asset_name(name).casefold())
        return broken_pack_definitions(name, part.reason)
    if isinstance(part, dg.ComponentTree):
        with _quiet():
            return part.build_defs_at_path(part.defs_module_path)
    return part


def readable_parts(tree: dg.ComponentTree) -> Generator[Part]:
    """The parts of a tree that cannot be read as a whole, and the files because of which.

    Raises what Dagster raises where it is because of what is no pack.
    """
    folder = tree.defs_module_path
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith((".", "__")):
            yield from _parts_of(tree, path)
        elif path.suffix == ".py":
            module = f"{tree.defs_module_name}.{path.stem}".removesuffix(".__init__")
            with _quiet():
                found = dg.load_definitions_from_module(importlib.import_module(module))
            yield found


@contextmanager
def _quiet() -> Generator[None]:
    """Without warnings of new parts of Dagster, which its own function uses as well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        yield


def _parts_of(parent: dg.ComponentTree, folder: Path) -> Generator[Part]:
    """A folder as a tree of its own; if it cannot be read, its parts."""
    file = next((folder / name for name in _FILES if (folder / name).is_file()), None)
    if file is None and not any(folder.rglob("*.py")) and not any(folder.rglob("*.y*ml")):
        return  # Dagster takes an empty folder for an error
    module = importlib.import_module(f"{parent.defs_module_name}.{folder.name}")
    tree = dg.ComponentTree.from_module(defs_module=module, project_root=parent.project_root)
    try:
        tree.load_root_component()
    except Exception as error:
        if file is None:
            yield from readable_parts(tree)
        elif not _may_be_pack(file):
            raise
        else:
            yield BrokenFile(name=_name_in(file), reason=f"{file}: {_told(error)}")
    else:
        yield tree


def _told(error: Exception) -> str:
    cause, model = error.__cause__, PackSyncComponent.get_model_cls()
    if isinstance(cause, ValidationError) and model and _is_of_dagster(cause):
        return what_is_wrong(cause, model.model_json_schema())
    return one_line(error)


def _is_of_dagster(error: ValidationError) -> bool:
    """Whether Dagster has added to it where in the file each mistake is."""
    return all("source_position" in each.get("ctx", {}) for each in error.errors())


def _may_be_pack(file: Path) -> bool:
    """Whether a file is one of a pack; one that is no YAML is taken for one."""
    text = file.read_text(errors="replace")
    try:
        return _TYPE in str([document["type"] for document in yaml.safe_load_all(text)])
    except (yaml.YAMLError, LookupError, TypeError):
        return True


def _name_in(file: Path) -> str:
    """What a file calls its pack, else the name of its folder."""
    try:
        content: Any = yaml.safe_load(file.read_text())
        attributes = content["attributes"]
        return str(attributes.get("name") or pack_name(attributes["pack"]))
    except (OSError, ValueError, yaml.YAMLError, LookupError, TypeError, AttributeError):
        return file.parent.name
