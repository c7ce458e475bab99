"""The examples of README and docs run as they stand."""

import re
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import Pack
from pack_sdk.crawl import check_crawling

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]


def blocks() -> list[Any]:
    """Every Python block of the pages, with its page and line as its name."""
    found: list[Any] = []
    for page in PAGES:
        if page.name == "tutorial.md":
            continue  # tests/project/test_tutorial.py does all of it, in its order
        text = page.read_text()
        for match in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, match.start()) + 1
            found.append(pytest.param(match[1], id=f"{page.relative_to(ROOT)}:{line}"))
    return found


@pytest.mark.parametrize("source", blocks())
def test_an_example_runs(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block is complete in itself; where it makes a pack, the pack is valid."""
    (tmp_path / "packs").symlink_to(ROOT / "packs")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(source, "example", "exec"), names)  # noqa: S102 - our own documentation
    pack = names.get("pack")
    if isinstance(pack, Pack):
        check_crawling(pack.sync_tables)


def test_there_are_examples() -> None:
    """The pages that teach have examples, or the test above would check nothing."""
    assert len(blocks()) >= 7


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture of a page exists."""
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_names_exist(page: Path) -> None:
    """Paths of our own, in backticks, lead to a file or folder."""
    named = re.findall(r"`((?:pack_sync|pack_sdk|tests|benchmarks)/[\w/.]+)`", page.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


FOR_DEVELOPERS = {"contract.md", "architecture.md", "decisions"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_users_read_no_numbers_of_rules(page: Path) -> None:
    """A page for users says a rule in words; its number is for developers."""
    if not FOR_DEVELOPERS & set(page.parts):
        assert re.findall(r"\(contract [A-Z].*?\)|\([ACDFS]\d+\)", page.read_text()) == []
