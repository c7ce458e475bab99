"""`docs/contract.md` has every rule, and tells the truth about where each lives."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "contract.md").read_text()
RULES, MISSING, PLACES = re.split(r"^## (?:Not built yet|Where each rule lives)$", PAGE, flags=re.M)
STATED = re.findall(r"^\| ([A-Z]\d+[a-z]?) \|", RULES, re.M)
ROWS = re.findall(r"^\| ([A-Z]\d+[a-z]?) \| .* \| (.*) \| (.*) \|$", PLACES, re.M)


def test_every_rule_has_its_place() -> None:
    """The rules that are stated are those of the table, each once."""
    assert {rule[0] for rule in STATED} == {"A", "C", "D", "F", "S"}
    assert len(STATED) == len(set(STATED))
    assert sorted(rule for rule, _, _ in ROWS) == sorted(STATED)


def test_what_is_missing_is_of_a_rule() -> None:
    """The list of what is not built yet names rules that there are."""
    missing = re.findall(r"^\| ([A-Z]\d+[a-z]?) \|", MISSING, re.M)
    assert set(missing) <= set(STATED)


@pytest.mark.parametrize(("rule", "where", "tests"), ROWS, ids=[row[0] for row in ROWS])
def test_a_rule_lives_where_the_table_says(rule: str, where: str, tests: str) -> None:
    """The files exist, and each of the tests cites the rule's number."""
    named = re.findall(r"`([^`]+)`", where)
    assert named
    for path in named:
        assert (ROOT / path).is_file(), f"{rule}: there is no {path}"
    for path in re.findall(r"`([^`]+)`", tests):
        text = (ROOT / path).read_text()
        assert re.search(rf"\b{rule}\b", text), f"{rule}: {path} does not cite it"
