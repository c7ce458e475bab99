"""Packages from the npm registry, for tests that skip where they cannot be had."""

import subprocess
from pathlib import Path
from shutil import which

import pytest
from filelock import FileLock

from pack_sync.runtimes.typescript.deno import state_folder


def npm_package(name: str, version: str) -> Path:
    """A folder in whose `node_modules` the package is, installed once; no script of it is run."""
    folder = state_folder() / f"{name.strip('@').replace('/', '-')}-for-tests"
    folder.mkdir(parents=True, exist_ok=True)
    npm = which("npm")
    with FileLock(folder / "lock"):  # the tests' processes share it
        if not (folder / "node_modules" / name).exists():
            if npm is None:
                pytest.skip("needs npm")
            command = [npm, "install", "--no-save", "--no-package-lock", "--ignore-scripts"]
            installed = subprocess.run(  # noqa: S603
                [*command, f"{name}@{version}"], cwd=folder, capture_output=True, check=False
            )
            if installed.returncode:
                pytest.skip(f"needs the registry of npm: {installed.stderr.decode()[-500:]}")
    return folder
