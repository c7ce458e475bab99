"""Builds a pack: its imports into one bundle, and its declarations into a manifest, once."""

import base64
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from pack_sdk.errors import PackDefinitionError
from pack_sdk.pack import Pack
from pack_sync.runtimes.typescript.bundle import (
    BUNDLE,
    BuiltPack,
    Bundle,
    bundle_in,
    keep_built,
    new_work_folder,
    required_entry,
)
from pack_sync.runtimes.typescript.javascript_errors import javascript_error
from pack_sync.runtimes.typescript.manifest import read_manifest
from pack_sync.runtimes.typescript.messages import Message, MessageKind
from pack_sync.runtimes.typescript.node_modules import install_node_modules, node, tools_folder
from pack_sync.runtimes.typescript.process import Limits, PackProcess

MANIFEST_SECONDS = 60.0
_INLINE_MAP = re.compile(
    rb"^//# sourceMappingURL=data:application/json;(?:charset=[^;]*;)?base64,(\S+)\s*$",
    re.MULTILINE,
)


def build_pack(folder: Path, tell: Callable[[str], None]) -> BuiltPack:
    """Build the pack in a folder and keep the result; `tell` is given lines about progress.

    `folder` may also be the file that the pack begins with. Sources are bundled, with their
    packages, which are installed if they are not; a `bundle.js` is taken as it is. No code of the
    pack runs but in a child without permissions. Raises `PackDefinitionError` that names file, line
    and column of what is wrong.
    """
    folder = folder.resolve()
    entry = required_entry(folder)
    work = new_work_folder()
    try:
        outside: Sequence[Path] = ()
        if entry.name == BUNDLE:
            _take_bundle(entry, work)
        else:
            outside = _bundle_with_packages(entry, work, tell)
        manifest = ask_manifest(bundle_in(work, folder))
        check_manifest(manifest, folder)
        return keep_built(folder, work, manifest, outside)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _bundle_with_packages(entry: Path, work: Path, tell: Callable[[str], None]) -> Sequence[Path]:
    """Bundle the sources; returns the files outside of the entry's folder that it depends on."""
    project = install_node_modules(entry.parent, tell)
    tools = tools_folder(tell)
    tell(f"bundling {entry}")
    try:
        sources = _bundle_sources(entry, work, tools)
    except PackDefinitionError:
        # Some packs import from devDependencies; most do not need them, and they are many.
        if project is None or not project.dev_names:
            raise
        project = install_node_modules(entry.parent, tell, dev=True)
        sources = _bundle_sources(entry, work, tools)
    return [*sources, *(project.files if project else [])]


def check_manifest(manifest: Mapping[str, Any], folder: Path) -> Pack:
    """The pack of a manifest. Raises `PackDefinitionError` that names the folder."""
    try:
        pack = read_manifest(manifest)
    except PackDefinitionError as error:
        raise PackDefinitionError(f"{folder}: {error}") from error
    if not pack.sync_tables:
        raise PackDefinitionError(
            f"{folder}: the pack has no sync tables; formulas and actions are not run here"
        )
    return pack


def ask_manifest(bundle: Bundle) -> Mapping[str, Any]:
    """What the pack declares of itself, asked of it in a child."""
    process = PackProcess(Limits())
    try:
        process.load(bundle.code(), bundle.name)
        head: dict[str, Any] = {
            "call": 1,
            "function": "manifest",
            "context": {"sync": {}},
            "maxLogLines": 0,
        }
        call = Message(kind=MessageKind.CALL, head=head)
        message, _ = process.call(call, MANIFEST_SECONDS, "loading the pack", lambda _: None)
    finally:
        process.close()
    if message.kind is MessageKind.FAILURE:
        error = javascript_error(message.head, bundle)
        raise PackDefinitionError(f"{bundle.folder}: the pack cannot be loaded: {error}")
    return orjson.loads(message.blob)


def _bundle_sources(entry: Path, work: Path, tools: Path) -> Sequence[Path]:
    """Bundle with our esbuild; returns the sources that are outside of the pack's folder."""
    folder = entry.parent
    script = Path(__file__).with_name("build.mjs")
    options = {"entry": str(folder / entry.name), "folder": str(folder), "tools": str(tools)}
    argument = orjson.dumps({**options, "output": str(work / "bundle.js")}).decode()
    ended = subprocess.run(  # noqa: S603 - our own script
        [node(), script, argument], capture_output=True, cwd=folder, check=False
    )
    try:
        answer: Any = orjson.loads(ended.stdout)
    except orjson.JSONDecodeError:
        said = (ended.stderr or ended.stdout).decode(errors="replace")
        raise PackDefinitionError(f"{entry} cannot be bundled: {said[-2000:]}") from None
    if errors := answer.get("errors"):
        shown = "\n".join(_shown(error, folder) for error in errors)
        unresolved = any(error["text"].startswith("Could not resolve") for error in errors)
        remedy = (
            "\nIf it is a package, add it to the dependencies in package.json; if it is a file, "
            "correct its path"
        )
        remedy = remedy if unresolved else ""
        raise PackDefinitionError(f"{entry} cannot be bundled:\n{shown}{remedy}")
    (work / "bundle.js.node.js").unlink()  # but not its source map
    inputs = [Path(name) for name in answer["inputs"]]
    return [
        file
        for file in inputs
        if not file.is_relative_to(folder) and "node_modules" not in file.parts and file.is_file()
    ]


def _shown(error: Mapping[str, Any], folder: Path) -> str:
    if not error.get("file"):
        return f"  {error['text']}"
    return f"  {folder.name}/{error['file']}:{error['line']}:{error['column']}: {error['text']}"


def _take_bundle(entry: Path, work: Path) -> None:
    """Take a compiled bundle; a source map in it goes into a file, since it need not be run."""
    code = entry.read_bytes()
    source_map = entry.with_name("bundle.js.map")
    if source_map.is_file():
        shutil.copyfile(source_map, work / "bundle.js.map")
    elif found := _INLINE_MAP.search(code):
        (work / "bundle.js.map").write_bytes(base64.b64decode(found[1]))
    (work / "bundle.js").write_bytes(_INLINE_MAP.sub(b"", code))
