"""Each rule finds the faults that are planted for it, at their lines, and accuses no clean pack."""

from collections import Counter
from pathlib import Path

import pytest

from pack_sync.check.findings import RULES, Finding
from pack_sync.check.running import check_pack
from tests.check.faults import FAULTS, NO_DELETIONS
from tests.check.packs import PACKS, Base, Planted, write_pack


def line_of(finding: Finding) -> str:
    """The line that a finding is at."""
    return Path(finding.place.file).read_text().splitlines()[finding.place.line - 1]


@pytest.mark.parametrize("planted", FAULTS, ids=str)
def test_a_planted_fault_is_found(planted: Planted, tmp_path: Path) -> None:
    """By its rule, at its line, and nothing else is called an error."""
    pack = write_pack(tmp_path, planted.base, planted.changes, planted.fake_changes)
    findings = check_pack(str(pack)).findings
    found = [finding for finding in findings if finding.code == planted.code]
    assert any(planted.at in line_of(finding) for finding in found), [*map(str, findings)]
    assert {f.code for f in findings if f.level == "error"} <= {planted.code}


@pytest.mark.parametrize("base", PACKS)
def test_a_clean_pack_is_not_accused(base: Base, tmp_path: Path) -> None:
    """Not even of what is only advice."""
    report = check_pack(str(write_pack(tmp_path, base)))
    assert [*map(str, report.findings)] == []
    assert [table.unchecked for table in report.tables] == [None]


def test_a_pack_whose_rows_nobody_deletes_is_not_advised(tmp_path: Path) -> None:
    """Nothing tells of deletions, and there are none."""
    fake_changes = [
        ('                deleted_key=("deleted",),\n', ""),
        ("    return ListService(", "    service = ListService("),
        (
            "        seed=seed,\n    )\n",
            "        seed=seed,\n    )\n"
            "    step = service.world.step\n"
            "    service.world.step = lambda *kinds: step(*(k for k in kinds if k != 'delete'))\n"
            "    return service\n",
        ),
    ]
    pack = write_pack(tmp_path, "tasks", NO_DELETIONS, fake_changes)
    assert [*map(str, check_pack(str(pack)).findings)] == []


def test_an_answer_that_there_is_none_refuses_no_cursor(tmp_path: Path) -> None:
    """404 for what is not there is in each sync: rows that stay are no harm of it."""
    optional = (
        '    rows = response.body["tasks"]\n',
        '    rows = response.body["tasks"]\n'
        "    try:\n"
        '        context.fetcher.fetch(url="https://api.example.com/limits")\n'
        "    except StatusCodeError as error:\n"
        "        if error.status_code != 404:\n"
        "            raise\n",
    )
    fake_changes = [
        ('                deleted_key=("deleted",),\n', ""),
        ("    return ListService(", "    service = ListService("),
        ("import ChangeFilter,", "import ChangeFilter, StatusCode,"),
        (
            "        seed=seed,\n    )\n",
            "        seed=seed,\n    )\n"
            '    service.route("GET", "/limits")(lambda request: StatusCode(404, {}))\n'
            "    return service\n",
        ),
    ]
    pack = write_pack(tmp_path, "tasks", [*NO_DELETIONS, optional], fake_changes)
    assert [str(each) for each in check_pack(str(pack)).findings if each.level == "error"] == []


def test_a_row_that_names_a_deleted_one_does_not_tell_of_it(tmp_path: Path) -> None:
    """As its predecessor, or in a list: the deleted row is in no answer itself."""
    follows = '"follows": f"event-{random.randint(1, 23):06}"'
    others = '"others": [f"event-{random.randint(1, 23):06}" for _ in range(3)]'
    fake_changes = [
        ('f"Ev{number}"', 'f"event-{number:06}"'),
        ('"minutes": random', f'{follows}, {others}, "minutes": random'),
        ("{**fields,", f"{{**fields, {follows}, {others},"),
        (
            'changed = events.changes(place["since"], place["upto"])',
            'changed = events.changes(place["since"], place["upto"], deleted=False)',
        ),
    ]
    pack = write_pack(tmp_path, "events", fake_changes=fake_changes)
    assert [each.code for each in check_pack(str(pack)).findings] == ["deletions-not-reported"]


def test_every_rule_has_planted_faults() -> None:
    """Two at least, or nobody knows that it works."""
    counts = Counter(planted.code for planted in FAULTS)
    assert {code: counts[code] for code in RULES if counts[code] < 2} == {}
