"""Building packs from a compiled bundle, and the cache that definitions load from."""

import base64
import json
from pathlib import Path

import pytest

from pack_sdk import PackDefinitionError
from pack_sync.project import Project
from pack_sync.runtimes import loader
from pack_sync.runtimes.loader import build_if_needed, load_pack, load_runtime, pack_name
from pack_sync.runtimes.typescript import bundle, deno
from pack_sync.runtimes.typescript.build import build_pack
from pack_sync.runtimes.typescript.bundle import PackNotBuiltError, load_built
from pack_sync.runtimes.typescript.deno import RuntimeMissingError
from pack_sync.runtimes.typescript.runtime import TypeScriptRuntime
from tests.runtimes.typescript.packs import one_table

BUNDLE = one_table("return {result: [{id: '1'}]}")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setattr(bundle, "builds_folder", lambda: tmp_path / "builds")
    return tmp_path / "state"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a pack that is a compiled bundle."""
    folder = tmp_path / "packs" / "tracker"
    folder.mkdir(parents=True)
    (folder / "bundle.js").write_text(BUNDLE)
    return folder


def quietly(line: str) -> None:
    """Progress is of no interest here."""


def test_what_is_built_is_loaded(folder: Path) -> None:
    """Without a build nothing runs: the error names the command."""
    with pytest.raises(PackNotBuiltError, match=r"is not built, .* run `packsync build`"):
        load_pack(str(folder))
    built = build_pack(folder, quietly)
    assert load_built(folder) == built
    assert list(load_pack(str(folder)).sync_tables) == ["Tasks"]
    assert isinstance(load_runtime(str(folder)), TypeScriptRuntime)


def test_a_change_asks_for_a_build(folder: Path) -> None:
    """Of the bundle, or of its source map; other files are none of its sources."""
    build_pack(folder, quietly)
    (folder / "notes.txt").write_text("x")
    load_built(folder)
    (folder / "bundle.js").write_text(BUNDLE + "// changed\n")
    with pytest.raises(PackNotBuiltError):
        load_built(folder)
    build_pack(folder, quietly)
    (folder / "bundle.js").write_text(BUNDLE)
    load_built(folder)


def test_a_build_on_demand(folder: Path) -> None:
    """It is made once; Python packs need none."""
    build_if_needed(str(folder), quietly)
    place = load_built(folder).bundle.file
    before = place.stat().st_mtime_ns
    build_if_needed(str(folder), quietly)
    assert place.stat().st_mtime_ns == before
    build_if_needed("demo", quietly)


def test_loading_runs_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A built pack loads where there is no Deno; only a sync needs it."""
    build_pack(folder, quietly)
    monkeypatch.setattr(deno, "start", None)
    assert load_pack(str(folder)).sync_tables


def test_without_deno(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    monkeypatch.setitem(__import__("sys").modules, "deno", None)
    deno.deno_path.cache_clear()
    with pytest.raises(RuntimeMissingError, match=r'pip install "pack-sync\[typescript\]"'):
        build_pack(folder, quietly)
    deno.deno_path.cache_clear()


@pytest.mark.parametrize(
    ("bundle", "message"),
    [
        ("const a = ;", "the pack cannot be loaded: SyntaxError: Unexpected token ';'"),
        ("\nnull.x;", r"loaded: TypeError: .*null.* \(eval bundle.js:2:6\)|bundle.js:2:6"),
        ("exports.other = 1;", "the bundle exports no `pack`"),
        ("exports.pack = {syncTables: []}", "the pack has no sync tables; formulas and actions"),
        (BUNDLE.replace('"example.com"', '"https://x"'), "the network domain 'https://x' is not"),
        (BUNDLE.replace('"Tasks"', '"My Tasks"', 1), "'My Tasks': a name has no spaces"),
    ],
)
def test_a_bundle_that_is_no_pack(folder: Path, bundle: str, message: str) -> None:
    """The error names the folder and what is wrong; nothing is kept."""
    (folder / "bundle.js").write_text(bundle)
    with pytest.raises(PackDefinitionError, match=message) as caught:
        build_pack(folder, quietly)
    assert str(caught.value).startswith(str(folder))
    with pytest.raises(PackNotBuiltError):
        load_built(folder)


def test_a_folder_without_a_pack(tmp_path: Path) -> None:
    """Building and loading say what is missing."""
    for act in (lambda: build_pack(tmp_path, quietly), lambda: load_pack(str(tmp_path))):
        with pytest.raises(PackDefinitionError, match="has no pack in TypeScript: none of"):
            act()


def test_a_source_map_in_the_bundle(folder: Path) -> None:
    """It is taken out of the code, and leads to the pack's own file and line."""
    source_map = {"version": 3, "sources": ["pack.ts"], "names": [], "mappings": "AAAA;AACA,KAAK"}
    encoded = base64.b64encode(json.dumps(source_map).encode()).decode()
    comment = f"//# sourceMappingURL=data:application/json;base64,{encoded}\n"
    (folder / "bundle.js").write_text(BUNDLE + comment)
    built = build_pack(folder, quietly)
    assert b"sourceMappingURL" not in built.bundle.code()
    assert built.bundle.source_map is not None
    assert json.loads(built.bundle.source_map.read_text()) == source_map


def test_packs_of_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a bundle below packs/ is a pack like any other, by its name."""
    monkeypatch.setattr(loader, "current_project", lambda: Project(root=folder.parent.parent))
    build_if_needed("tracker", quietly)
    assert list(loader.available_packs()) == ["tracker"]
    assert list(load_pack("tracker").sync_tables) == ["Tasks"]


def test_names_of_packs() -> None:
    """The last part of a folder's path or a module's."""
    assert [pack_name(name) for name in ("a", "x/a", "/x/a/", "x.a")] == ["a"] * 4


def test_the_founding_module_is_not_shadowed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a pack.py is a pack in Python, whatever else is in it."""
    (folder / "pack.py").write_text("")
    monkeypatch.setattr(loader, "current_project", lambda: Project(root=folder.parent.parent))
    assert loader.typescript_folder("tracker") is None
