"""Where a pack's packages are declared and locked, and which commands install them.

A repository may hold one pack or many: its package.json and lock file are in the pack's folder or
in one above it, where a workspace's are too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, cast

import orjson
import yaml

from pack_sdk.errors import PackDefinitionError
from pack_sync.project import current_project

SDK = "@codahq/packs-sdk"
SDK_VERSION = "1.17.5"

_NPM = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
_YARN_CLASSIC = ("npx", "--yes", "yarn@1.22.22", "install", "--frozen-lockfile", "--ignore-scripts")
_YARN = ("npx", "--yes", "@yarnpkg/cli-dist@4.18.1", "install", "--immutable", "--mode=skip-build")
_PNPM_OF = {"9": "9", "6": "8", "5": "7"}
"""Which pnpm reads which version of a lock file."""

LOCK_FILES = ("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml")


@dataclass(frozen=True, kw_only=True)
class NpmProject:
    """A folder whose package.json declares what a pack imports.

    `names` are its dependencies and `dev_names` its devDependencies, with those of the workspace
    that the pack is in. `lock` is the lock file beside it, None if there is none.
    """

    folder: Path
    names: frozenset[str]
    dev_names: frozenset[str]
    lock: Path | None

    @property
    def files(self) -> Sequence[Path]:
        """What says which packages are installed, and in which versions."""
        return [file for file in (self.folder / "package.json", self.lock) if file]

    def install_command(self, *, dev: bool) -> Sequence[str]:
        """The command that installs what is locked, in `folder`; with or without `dev_names`.

        Raises `PackDefinitionError` for a lock file that no known version writes.
        """
        name = self.lock.name if self.lock else ""
        if name == "yarn.lock":
            if "__metadata:" in self._lock_text():
                return _YARN  # it installs all: leaving some out would need a plugin
            return (*_YARN_CLASSIC, *(() if dev else ("--production",)))
        if name == "pnpm-lock.yaml":
            return (*self._pnpm(), *(() if dev else ("--prod",)))
        if name:
            return (*_NPM, *(() if dev else ("--omit=dev",)))
        plain = ("npm", "install", "--no-save", "--no-package-lock", *_NPM[2:])
        return (*plain, *(() if dev else ("--omit=dev",)))

    def _pnpm(self) -> Sequence[str]:
        found = re.search(r"^lockfileVersion:\s*['\"]?(\d+)", self._lock_text(), re.MULTILINE)
        version = _PNPM_OF.get(found[1]) if found else None
        if version is None:
            raise PackDefinitionError(
                f"{self.lock}: this version of pnpm's lock file is not known. Install the packages "
                f"with pnpm in {self.folder} yourself, then build again"
            )
        return (
            "npx",
            "--yes",
            f"pnpm@{version}",
            "install",
            "--frozen-lockfile",
            "--ignore-scripts",
        )

    def _lock_text(self) -> str:
        return self.lock.read_text(errors="replace") if self.lock else ""


def npm_project(folder: Path) -> NpmProject | None:
    """What declares the packages of the pack in a folder; None if nothing does.

    The next package.json upwards; or that of a folder above whose workspaces it belongs to. One
    above the pack's folder counts only if it has to do with packs, as a project in Python may have
    one for something else. Raises `PackDefinitionError` for one that is no JSON.
    """
    places = list(_upwards(folder.resolve()))
    own = next((place for place in places if (place / "package.json").is_file()), None)
    if own is None:
        return None
    content = _package(own)
    declared = [content]
    root = own
    for above in places[places.index(own) + 1 :]:
        path = own.relative_to(above).as_posix()
        if any(fnmatch(path, pattern) for pattern in _workspaces(above)):
            root = above
            if (above / "package.json").is_file():
                declared.append(_package(above))
            break
    names = frozenset(name for each in declared for name in each.get("dependencies", {}))
    dev_names = frozenset(name for each in declared for name in each.get("devDependencies", {}))
    if own != folder.resolve() and SDK not in names | dev_names:
        return None
    locks = (root / name for name in LOCK_FILES)
    lock = next((file for file in locks if file.is_file()), None)
    return NpmProject(folder=root, names=names, dev_names=dev_names - names, lock=lock)


def _workspaces(folder: Path) -> Sequence[str]:
    """The patterns of the folders that a package.json or a pnpm-workspace.yaml names."""
    found: Any = _package(folder).get("workspaces") if _has_package(folder) else None
    if isinstance(found, dict):
        found = cast("Mapping[str, Any]", found).get("packages")
    patterns: list[str] = [*(found or [])]
    file = folder / "pnpm-workspace.yaml"
    if file.is_file():
        content: Mapping[str, Any] = yaml.safe_load(file.read_text()) or {}
        patterns += content.get("packages") or []
    return [pattern.removeprefix("./").rstrip("/") for pattern in patterns]


def _has_package(folder: Path) -> bool:
    return (folder / "package.json").is_file()


def _upwards(folder: Path) -> Iterator[Path]:
    """The folder and those above it, as far as its repository or project goes."""
    end = current_project().root
    for place in (folder, *folder.parents):
        yield place
        if place == end or (place / ".git").exists():
            return


def _package(folder: Path) -> Mapping[str, Any]:
    file = folder / "package.json"
    try:
        return orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise PackDefinitionError(
            f"{file}:{error.lineno}:{error.colno}: this is no JSON ({error.msg}); correct it"
        ) from None
