"""Finding and importing packs, and what is said when that fails."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pack_sdk import Pack, PackDefinitionError
from pack_sync.runtimes.loader import available_packs, code_version_of, load_pack

GOOD = """
from pack_sdk import Pack
pack = Pack()
pack.add_sync_table(
    name="Tasks",
    identity_name="Task",
    schema={"type": "object", "idProperty": "id", "displayProperty": "id",
            "properties": {"id": {"type": "string"}}},
    execute=lambda args, context: None,
)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Makes an importable module of a source text; its name."""
    folder = tmp_path / "some_packs"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))  # pyright: ignore[reportUnknownMemberType]

    def make(source: str) -> str:
        (folder / "mine.py").write_text(source)
        return "some_packs.mine"

    yield make
    for name in [name for name in sys.modules if name.startswith("some_packs")]:
        del sys.modules[name]


def test_the_packs_of_the_folder() -> None:
    """Every folder below packs/ is one; the demo is among them, sorted."""
    found = available_packs()
    assert "demo" in found
    assert list(found) == sorted(found)


def test_a_pack_of_the_folder() -> None:
    """By its name: `packs/<name>/pack.py`."""
    pack = load_pack("demo")
    assert isinstance(pack, Pack)
    assert pack.sync_tables
    assert load_pack("packs.demo.pack") is pack


def test_a_module_of_one_s_own(module: Callable[[str], str]) -> None:
    """By its path, which has a dot in it."""
    assert list(load_pack(module(GOOD)).sync_tables) == ["Tasks"]


@pytest.mark.parametrize("name", ["nonesuch", "", "demo "])
def test_no_such_pack(name: str) -> None:
    """The error has the packs that there are and says where to put one."""
    with pytest.raises(PackDefinitionError) as caught:
        load_pack(name)
    assert f"there is no pack {name!r}: the folder packs/ has " in str(caught.value)
    assert "demo" in str(caught.value)
    assert f"packs/{name}/pack.py" in str(caught.value)


@pytest.mark.parametrize("name", ["no.such.module", ".relative", "a..b"])
def test_no_such_module(name: str) -> None:
    """The error has the path that cannot be imported."""
    with pytest.raises(PackDefinitionError) as caught:
        load_pack(name)
    assert str(caught.value).startswith(f"{name} cannot be imported: ")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import no_such_library", "some_packs.mine cannot be imported: ModuleNotFoundError"),
        ("from pack_sdk import Nothing", "some_packs.mine cannot be imported: ImportError"),
        ("def", "some_packs.mine cannot be imported: SyntaxError"),
        ("1 / 0", "some_packs.mine cannot be imported: ZeroDivisionError: division by zero"),
        ("", "some_packs.mine has no `pack`; write `pack = Pack()` in it"),
        ("pack = 'x'", "some_packs.mine has no `pack`"),
        (
            "from pack_sdk import Pack; pack = Pack()",
            "some_packs.mine: the pack has no sync tables; add one",
        ),
        (
            "from pack_sdk import Pack; Pack().add_network_domain('https://x')",
            "some_packs.mine: the network domain 'https://x' is not a host name",
        ),
    ],
)
def test_a_module_that_is_no_pack(source: str, message: str, module: Callable[[str], str]) -> None:
    """Whatever goes wrong while it is imported is said with the module's name."""
    with pytest.raises(PackDefinitionError) as caught:
        load_pack(module(source))
    assert str(caught.value).startswith(message)
    if "cannot be imported" in message:
        assert caught.value.__cause__ is not None


def test_the_code_version_changes_with_the_source(
    tmp_path: Path, module: Callable[[str], str]
) -> None:
    """Of a module of one's own it is that file's, whatever else lies beside it (D9)."""
    name = module(GOOD)
    before = code_version_of(name)
    (tmp_path / "some_packs" / "other.py").write_text("")
    assert code_version_of(name) == before
    module(GOOD + "# changed")
    assert code_version_of(name) != before


def test_the_code_version_of_a_package_is_that_of_all_its_files(
    tmp_path: Path, module: Callable[[str], str]
) -> None:
    """A pack's helpers are its code too (D9)."""
    module(GOOD)
    package = tmp_path / "some_packs" / "large"
    package.mkdir()
    (package / "__init__.py").write_text(GOOD)
    before = code_version_of("some_packs.large")
    (package / "helper.py").write_text("x = 1")
    assert code_version_of("some_packs.large") != before


def test_a_package_of_one_s_own(tmp_path: Path, module: Callable[[str], str]) -> None:
    """By its path alone, if it has a module `pack` as the folders of packs/ have."""
    module("")
    package = tmp_path / "some_packs" / "tracker"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "pack.py").write_text(GOOD)
    (package / "help.py").write_text("")
    assert list(load_pack("some_packs.tracker").sync_tables) == ["Tasks"]
    before = code_version_of("some_packs.tracker")
    (package / "help.py").write_text("A = 1")
    assert code_version_of("some_packs.tracker") != before


MISTAKES = {
    "schema = {**OWNER, 'from_key': 'owner'}": "a schema is no mapping: write make_schema(schema, ",
    "schema = dict(OWNER)": "a schema is no mapping",
    "schema = make_object_schema(OWNER, id_property=['id'])": "schema.id_property is ['id']",
    "schema = make_object_schema(OWNER, id_property={})": "schema.id_property is {}; it must be",
    "schema = make_object_schema(OWNER, display_property=['id'])": "schema.display_property is ['i",
    "schema = make_schema(OWNER, from_key=['id'])": "schema.from_key is ['id']; it must be one",
    "schema = make_object_schema(properties=[OWNER])": "write a mapping of names to schemas",
    "schema = make_object_schema(properties={1: OWNER})": "schema.properties has the name 1",
    "make_parameter('x')": "a parameter is 'x'; write keywords, or one mapping",
    "make_parameter(name='x', type='string', crawl_strategy=5)": "crawl_strategy is {",
    "make_parameter(name='x', type='string', crawl_strategy={'parent_table': {'table_name': ['a'],"
    " 'property_key': 'b'}})": "crawl_strategy is {",
    "pack.add_sync_table('Tasks')": "a sync table is 'Tasks'; write keywords",
    "pack.add_sync_table(name='A', identity_name=['A'], schema=OWNER)": "`identity_name` is ['A']",
    "add(parameters={'a': 1})": "`parameters` is {'a': 1}; write a list",
    "add(parameters=[5])": "a parameter is 5",
    "pack.add_network_domain(['example.com'])": "the network domain ['example.com'] is not",
    "pack.set_authentication(5)": "authentication is 5",
    "pack.set_authentication(type='OAuth2', token_url=['x'])": "the token_url ['x']; it must be",
    "pack.set_authentication(type='OAuth2', scopes=5)": "the scopes 5; write a list",
    "pack.set_authentication(type='WebBasic', network_domain=[[]])": "write a list, or one",
    "{}['rows']": "KeyError: 'rows'",
    "sorted([1, 'a'])": "TypeError: '<' not supported",
}
"""What authors write, and what it says; most were a `TypeError` from our own code."""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_has_file_and_line(module: Callable[[str], str], mistake: str) -> None:
    """Whatever is wrong while the pack is imported: the pack's own place, and the remedy."""
    source = f"""from pack_sdk import *
pack = Pack()
OWNER = make_object_schema(id_property="id", display_property="id", properties={{
    "id": {{"type": "string"}}}})
def add(**fields):
    pack.add_sync_table(name="A", identity_name="A", schema=OWNER, execute=max, **fields)

{mistake}
"""
    with pytest.raises(PackDefinitionError) as caught:
        load_pack(module(source))
    message = str(caught.value)
    assert MISTAKES[mistake] in message
    line = r"line 6, in add" if mistake.startswith("add(") else "line 8"
    assert re.search(rf"some_packs/mine\.py, {line}\)$", message)
