"""Built packs: one JavaScript file each, kept by the content of their sources.

They are in `.dagster/typescript/packs`. Definitions load from here: nothing is built, fetched or
run for them.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pack_sdk.errors import PackDefinitionError
from pack_sync.runtimes.typescript.deno import state_folder

BUILD_VERSION = 2
"""Counts changes of how packs are built and read: earlier results are then of no use."""

BUNDLE = "bundle.js"
"""A pack that is compiled already."""

ENTRIES = ("pack.ts", "src/pack.ts", "main.ts", "src/main.ts", "index.ts", "src/index.ts", BUNDLE)
"""With which file a pack begins, the first that is there."""

HELPERS = Path(__file__).resolve().parent / "helpers" / "incremental.ts"
"""Helpers for incremental syncs, which a pack may have beside it."""

_SOURCES = {".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"}
_LEFT_OUT = {"node_modules", "_upload_build", "__pycache__"}


class PackNotBuiltError(PackDefinitionError):
    """The pack has no build of its present sources; the message names the command."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A pack's code as it is run.

    `file` is the code, `folder` where the pack's own files are, as errors show them.
    `source_map` is the file that leads from the one to the others, if there is one.
    """

    file: Path
    folder: Path
    source_map: Path | None = None

    @property
    def name(self) -> str:
        """What stack traces call the code."""
        return "bundle.js"

    def code(self) -> bytes:
        """The JavaScript."""
        return self.file.read_bytes()


@dataclass(frozen=True, kw_only=True)
class BuiltPack:
    """A bundle, and what the pack declares of itself (see `manifest.read_manifest`)."""

    bundle: Bundle
    manifest: Mapping[str, Any]


def entry_of(folder: Path) -> Path | None:
    """The file with which the pack in a folder begins; None if it has no TypeScript pack.

    A file is its own entry.
    """
    if folder.is_file():
        return folder if folder.suffix in _SOURCES - {".json"} else None
    return next((folder / name for name in ENTRIES if (folder / name).is_file()), None)


def required_entry(folder: Path) -> Path:
    """As `entry_of`. Raises `PackDefinitionError` if there is none."""
    entry = entry_of(folder)
    if entry is None:
        raise PackDefinitionError(
            f"{folder} has no pack in TypeScript: none of {', '.join(ENTRIES)}. If it begins with "
            "another file, give the path of that file"
        )
    return entry


def load_built(folder: Path) -> BuiltPack:
    """The build of the folder's present sources. Raises `PackNotBuiltError`."""
    required_entry(folder)
    place = _place_of(folder)
    manifest_file = place / "manifest.json"
    try:
        content: Any = orjson.loads(manifest_file.read_bytes())
    except FileNotFoundError:
        content = None
    if content is None or content["outside"] != hashes(Path(file) for file in content["outside"]):
        raise PackNotBuiltError(
            f"the pack in {folder} is not built, or its sources have changed since; run "
            "`packsync build`"
        )
    return BuiltPack(bundle=bundle_in(place, folder), manifest=content["manifest"])


def keep_built(
    folder: Path, work: Path, manifest: Mapping[str, Any], outside: Sequence[Path]
) -> BuiltPack:
    """Keep what was built in the folder `work`: `bundle.js`, perhaps with a source map.

    `outside` are sources of the pack that are not in its folder.
    """
    content = {"manifest": manifest, "outside": hashes(outside)}
    (work / "manifest.json").write_bytes(orjson.dumps(content))
    place = _place_of(folder)
    with tempfile.TemporaryDirectory(prefix="replaced-", dir=place.parent) as replaced:
        if place.exists():  # a build of the same sources: gone for a moment only
            place.rename(Path(replaced) / place.name)
        work.replace(place)
    return BuiltPack(bundle=bundle_in(place, folder), manifest=manifest)


def bundle_in(place: Path, folder: Path) -> Bundle:
    """The bundle that was built into the folder `place`, of the pack in `folder`."""
    source_map = place / "bundle.js.map"
    return Bundle(
        file=place / "bundle.js",
        folder=(folder if folder.is_dir() else folder.parent).resolve(),
        source_map=source_map if source_map.is_file() else None,
    )


def builds_folder() -> Path:
    """Where the builds are, a folder each."""
    return state_folder() / "packs"


def new_work_folder() -> Path:
    """An empty folder to build in, on the same disk as the cache."""
    parent = builds_folder()
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="building-", dir=parent))


def hashes(files: Iterator[Path] | Sequence[Path]) -> dict[str, str]:
    """What the files hold now, in short; nothing for one that is gone."""
    return {str(file): _hash(file) for file in files}


def _place_of(folder: Path) -> Path:
    total = hashlib.sha256(f"{BUILD_VERSION} {folder.resolve()}".encode())
    for file in _sources(folder):
        total.update(f"{file} {_hash(file)}\n".encode())
    return builds_folder() / f"{folder.name}-{total.hexdigest()[:24]}"


def _sources(folder: Path) -> Sequence[Path]:
    entry = entry_of(folder)
    if folder.is_file():
        return sorted(_below(folder.parent))
    if entry is not None and entry.name == BUNDLE:
        return [file for file in (entry, folder / "bundle.js.map") if file.is_file()]
    return sorted(_below(folder))


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _LEFT_OUT or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _below(path)
        elif path.suffix in _SOURCES:
            yield path


def _hash(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
