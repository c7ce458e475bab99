"""Loading a pack to check it: its tables, its code, its source and its made-up service."""

import sys
from collections.abc import Sequence
from pathlib import Path

from pack_sync.check.blind_spots import read_blind_spots
from pack_sync.check.fakes import MakeFake, find_fake
from pack_sync.check.javascript_clock import with_service_clock
from pack_sync.check.python_source import PythonSource, python_files
from pack_sync.check.source import Source
from pack_sync.check.table_under_test import PackUnderTest
from pack_sync.check.typescript_source import TypeScriptSource, typescript_files
from pack_sync.runtimes.loader import files_of, load_pack, load_runtime, typescript_folder
from pack_sync.runtimes.runtime import PackRuntime


def load_pack_under_test(name: str, make_fake: MakeFake | None = None) -> PackUnderTest:
    """A pack, ready to be checked. Raises as `check_pack` does."""
    pack = load_pack(name)
    files = files_of(name)
    return PackUnderTest(
        name=name,
        pack=pack,
        runtime=with_service_clock(load_runtime(name)),
        load_afresh=lambda: _load_afresh(name, files),
        source=load_source(name),
        make_fake=make_fake or find_fake(name, pack, files[0].parent if files else None),
        is_python=typescript_folder(name) is None,
        blind_spots=read_blind_spots(name, pack),
    )


def load_source(name: str) -> Source:
    """The source of a pack. Raises `PackDefinitionError`."""
    folder = typescript_folder(name)
    if folder is not None:
        return TypeScriptSource(typescript_files(folder))
    return PythonSource(python_files(files_of(name)))


def _load_afresh(name: str, files: Sequence[Path]) -> PackRuntime:
    """The pack's code once more: modules of its files are imported anew, beside the old ones."""
    paths = {str(file) for file in files}
    old = {
        key: module
        for key, module in sys.modules.items()
        if getattr(module, "__file__", None) in paths
    }
    for key in old:
        del sys.modules[key]
    try:
        return with_service_clock(load_runtime(name))
    finally:
        for key in [k for k, m in sys.modules.items() if getattr(m, "__file__", None) in paths]:
            del sys.modules[key]
        sys.modules.update(old)
