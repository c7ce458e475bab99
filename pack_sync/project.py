"""The Dagster project that this process works for: where its packs, its state and its code are.

A project is what `dg` takes for one: a folder whose `dg.toml`, or the table `[tool.dg]` in its
`pyproject.toml`, has `directory_type = "project"`. The library lies in site-packages and keeps
nothing there: state and tokens are below the project.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


class NoProjectError(Exception):
    """There is no Dagster project here; the message says where was looked and what to do."""


class ConfigurationError(Exception):
    """The configuration is wrong; the message names the file, the key and the choices."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """A Dagster project.

    `definitions_module` is the module that Dagster loads, and `code_location` what it calls that;
    both are empty for a folder that no configuration makes a project.
    """

    root: Path
    definitions_module: str = ""
    code_location: str = ""

    @property
    def state_folder(self) -> Path:
        """Where what is not to be committed is kept: tokens, pages of running syncs, builds."""
        return self.root / ".dagster"

    @property
    def packs_folder(self) -> Path:
        """Where the project's own packs are, a folder each."""
        return self.root / "packs"

    def path(self, name: str | Path) -> Path:
        """A path as configuration has it: a relative one starts at the project's folder."""
        return self.root / name


_in_use: list[Project] = []


def use_project(root: Path) -> None:
    """Work for the project in this folder from now on, whatever the working directory is."""
    _in_use[:] = [project_at(root) or Project(root=root)]


def current_project() -> Project:
    """The project that this process works for.

    The one whose definitions were loaded here, else the one around the working directory, else
    that directory itself.
    """
    if _in_use:
        return _in_use[0]
    return project_around(Path.cwd()) or Project(root=Path.cwd())


def find_project() -> Project:
    """The project around the working directory, for commands that need one.

    Raises `NoProjectError`.
    """
    found = project_around(Path.cwd())
    if found is None:
        raise NoProjectError(
            f"{Path.cwd()} is not in a Dagster project: neither it nor a folder above has a "
            'pyproject.toml with `directory_type = "project"` in [tool.dg]. Change to your '
            "project's folder, or make a project with `packsync init NAME`."
        )
    return found


def project_around(folder: Path) -> Project | None:
    """The project that a folder is in; None if there is none."""
    for each in (folder, *folder.parents):
        if (found := project_at(each)) is not None:
            return found
    return None


@cache
def project_at(root: Path) -> Project | None:
    """The project whose root is this folder; None if it is no project."""
    for file, table in (("dg.toml", ()), ("pyproject.toml", ("tool", "dg"))):
        settings = _read(root / file, table)
        if settings.get("directory_type") == "project":
            return _project(root, settings.get("project", {}))
    return None


def _read(file: Path, table: tuple[str, ...]) -> Mapping[str, Any]:
    try:
        content: Any = tomllib.loads(file.read_text())
    except (OSError, tomllib.TOMLDecodeError):
        return {}
    for name in table:
        content = content.get(name, {})
    return content


def _project(root: Path, settings: Mapping[str, Any]) -> Project:
    module = settings.get("root_module") or root.name.replace("-", "_")
    return Project(
        root=root,
        definitions_module=settings.get("code_location_target_module") or f"{module}.definitions",
        code_location=settings.get("code_location_name") or root.name,
    )
