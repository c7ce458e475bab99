"""Finding the made-up service that a pack is checked against."""

import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from pack_sdk.pack import Pack
from pack_sdk.testing import FakeService
from pack_sync.check.findings import CannotCheckError
from pack_sync.check.known_lists import fake_of_recordings
from pack_sync.check.source import shown_path

FAKE_FILES = ("tests/fake.py", "fake.py")
"""Where a pack's own fake may be, in its folder."""

RECORDINGS = "tests/recordings"
"""Where its recordings are."""

MakeFake = Callable[[int], FakeService]


def find_fake(name: str, pack: Pack, folder: Path | None) -> MakeFake:
    """What makes the service for a seed.

    The pack's own fake, if it has one; else a service like the one that was recorded; an empty one
    for a pack that may reach no network.
    Raises `CannotCheckError` where there is neither, or where the fake is none.
    """
    own = [folder / file for file in FAKE_FILES] if folder else []
    for path in own:
        if path.is_file():
            return _own_fake(path)
    if folder and any((folder / RECORDINGS).rglob("*.json")):
        return fake_of_recordings(name, folder / RECORDINGS)
    if not pack.network_domains:
        return lambda _: FakeService()
    place = shown_path(folder / FAKE_FILES[0]) if folder else FAKE_FILES[0]
    raise CannotCheckError(
        f"there is no made-up service for the pack {name}: write {place} with a function "
        "`make_fake(seed)` that returns a FakeService, keep a recording with `packsync record`, or "
        "give the service's specification with --openapi FILE"
    )


def _own_fake(path: Path) -> MakeFake:
    module = _load(path)
    make = getattr(module, "make_fake", None)
    if not callable(make) or not inspect.signature(make).parameters:
        raise CannotCheckError(
            f"{path} has no function `make_fake(seed)`; it returns a FakeService"
        )

    def made(seed: int) -> FakeService:
        service = make(seed)
        if not isinstance(service, FakeService):
            raise CannotCheckError(
                f"make_fake of {path} returned a {type(service).__name__}, and no FakeService"
            )
        return service

    return made


def _load(path: Path) -> ModuleType:
    """The module of a file, whose folder is a package: it may import what is beside it."""
    folder = path.resolve().parent
    package = ModuleType(f"fake_of_{folder.name}_{abs(hash(path.resolve()))}")
    package.__path__ = [str(folder)]
    name = f"{package.__name__}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CannotCheckError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules |= {package.__name__: package, name: module}
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise CannotCheckError(
            f"{path} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    return module
