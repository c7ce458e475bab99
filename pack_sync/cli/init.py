"""`packsync init`: a Dagster project with one small pack, ready to be synced."""

import re
import shutil
from pathlib import Path
from typing import Annotated

import typer

from pack_sync.cli.terminal import console, fail

TEMPLATE = Path(__file__).with_name("project_template")
_NAME = "NAME"
_WITH_NAME = ("pyproject.toml", "workspace.yaml", "README.md")


def init(
    name: Annotated[str, typer.Argument(help="The project's name; its folder is made here.")],
) -> None:
    """Make a Dagster project: resources, definitions, and a pack with its test."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        fail(f"{name!r} cannot be a project's name; use a letter, then letters, digits, - or _")
    folder = Path.cwd() / name
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        fail(f"{folder} is there already and not empty; choose another name, or remove it")
    shutil.copytree(
        TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
    )
    # A file named .gitignore would keep the template's own files out of our repository.
    (folder / "gitignore").rename(folder / ".gitignore")
    for file in _WITH_NAME:
        path = folder / file
        path.write_text(path.read_text().replace(_NAME, name))
    console.print(f"Made the project {name}. Next:", markup=False)
    for line in (f"cd {name}", "packsync sync planets", "packsync status", "pytest"):
        console.print(f"  {line}", markup=False, highlight=False)
