"""The original SDK from the npm registry, for tests that build packs; they skip without it."""

from pathlib import Path

import pytest
from filelock import FileLock

from pack_sdk import PackDefinitionError
from pack_sync.runtimes.typescript.deno import state_folder
from pack_sync.runtimes.typescript.node_modules import install_node_modules

SDK_FOLDER = state_folder() / "sdk-for-tests"
"""Where it is installed once: that takes 20 s."""


def with_sdk(folder: Path) -> Path:
    """The folder, in which the SDK can be imported; skips the test if there is no npm."""
    SDK_FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(SDK_FOLDER / "lock"):  # the tests' processes share it
            install_node_modules(SDK_FOLDER, lambda _: None)
    except PackDefinitionError as error:
        pytest.skip(f"needs npm and its registry: {error}")
    folder.mkdir(exist_ok=True)
    (folder / "node_modules").symlink_to(SDK_FOLDER / "node_modules")
    return folder
