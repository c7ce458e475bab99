"""`docs/contract.md` tells the truth about where the contract's rules live."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROWS = re.findall(
    r"^\| ([A-Z]\d+) \| .* \| (.*) \| (.*) \|$", (ROOT / "docs/contract.md").read_text(), re.M
)


def test_the_table_has_every_section() -> None:
    """Rules of execution, schemas, fetching, authentication and decisions are all there."""
    assert {rule[0] for rule, _, _ in ROWS} == {"A", "C", "D", "F", "S"}
    assert len(ROWS) == len({rule for rule, _, _ in ROWS})


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
