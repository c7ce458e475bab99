"""Our own source keeps to a few rules that no linter setting covers as a whole."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    path
    for folder in ("pack_sdk", "pack_sync", "packs", "resources", "sync_assets")
    for path in (ROOT / folder).rglob("*.py")
)

FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load",
    "yaml.full_load", "pandas.read_pickle", "tempfile.mktemp", "ssl._create_unverified_context",
}  # fmt: skip
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle"}


def offences(source: str) -> Iterator[str]:
    """What the rules forbid: code or objects made of foreign data, shells, unchecked TLS."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            yield from (n for n in names if n.partition(".")[0] in FORBIDDEN_MODULES)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in FORBIDDEN_CALLS or name.removeprefix("builtins.") in FORBIDDEN_CALLS:
                yield name
            yield from (
                f"{name}({word.arg}={ast.unparse(word.value)})"
                for word in node.keywords
                if ast.unparse(word) in ("shell=True", "verify=False", "check_hostname=False")
            )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_foreign_becomes_code(path: Path) -> None:
    """No eval, exec, pickle or shell, and no TLS without a certificate, anywhere in our code."""
    assert list(offences(path.read_text())) == []


@pytest.mark.parametrize(
    "line",
    [
        "eval('1')", "import pickle", "from pickle import loads", "import os; os.system('ls')",
        "import yaml; yaml.load(x)", "subprocess.run('ls', shell=True)", "builtins.exec('1')",
        "httpx.get('https://x', verify=False)",
    ],
)  # fmt: skip
def test_the_search_finds_what_it_looks_for(line: str) -> None:
    """Or the test above would check nothing."""
    assert len(list(offences(line))) == 1


RULE = re.compile(r"\bcontract [A-Z]\d*\b|\((?:[ACDFSP]\d+[a-z]?)(?:, [ACDFSP]\d+)*\)")
"""How a rule of docs/contract.md is cited."""


def said(source: str) -> Iterator[str]:
    """The texts of a module that are no docstrings: what users may get to see."""
    tree = ast.parse(source)
    documenting = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and id(node) not in documenting:
            yield text


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_users_are_not_told_the_numbers_of_rules(path: Path) -> None:
    """Messages say a rule in plain words; its number is for docstrings and comments."""
    if "tests" not in path.parts:
        assert [text for text in said(path.read_text()) if RULE.search(text)] == []
