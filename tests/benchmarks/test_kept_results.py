"""Runs are held against those kept before: what is worse than the noise of both is told."""

from pathlib import Path

import pytest

from benchmarks.findings import Finding
from benchmarks.kept_results import compare, keep, kept_file, read_kept


def finding(*values: float, at_least: bool = False) -> Finding:
    """A figure of row 1."""
    return Finding(row=1, what="times the floor", target=2, values=values, at_least=at_least)


@pytest.mark.parametrize(
    ("values", "kept", "at_least", "is_worse"),
    [
        ([1.5], [1.0, 1.0, 1.1], False, True),
        ([0.5], [1.0, 1.0, 1.1], False, False),  # better
        ([0.5], [1.0, 1.0, 1.1], True, True),  # where more is better
        ([1.5], [1.0, 1.0, 1.1], True, False),
        ([1.5], [1.0, 0.7, 1.4], False, False),  # what is kept is as far apart
        ([1.2, 1.5, 1.7], [1.0, 1.0, 1.1], False, False),  # what is measured is as far apart
        ([1.45, 1.5, 1.55], [1.0, 1.0, 1.1], False, True),
        ([1.05], [1.0, 1.0, 1.0], False, False),  # by less than a tenth
        ([1.15], [1.0, 1.0, 1.0], False, True),
    ],
)
def test_worse_is_what_is_off_by_more_than_the_spread_of_both(
    values: list[float], kept: list[float], at_least: bool, is_worse: bool
) -> None:
    """And by more than a tenth."""
    found = compare([finding(*values, at_least=at_least)], {"1: times the floor": kept})
    assert bool(found.worse) is is_worse
    assert (found.compared, found.too_few) == (1, 0)


def test_what_is_worse_is_told_with_both_figures() -> None:
    """In one line, and how many were compared in another."""
    found = compare([finding(3.0)], {"1: times the floor": [1.0, 1.0, 1.1]})
    assert found.text.splitlines() == [
        "worse: 1: times the floor: 3.00 x, kept 1.00 (1.00 to 1.10) x",
        "1 figures compared with those kept, 1 worse",
    ]


def test_nothing_is_said_of_figures_that_are_not_known_well_enough(tmp_path: Path) -> None:
    """Of fewer than three runs nobody knows the spread; the last five are kept."""
    file = tmp_path / "kept" / "quick.json"
    for run in range(7):
        found = compare([finding(9.0), finding()], read_kept(file))
        assert (found.compared, found.too_few) == ((1, 0) if run >= 3 else (0, 1))
        keep(file, [finding(1.0 + run, 0.5 + run, 1.5 + run), finding()])
    assert read_kept(file) == {"1: times the floor": [3, 4, 5, 6, 7]}
    assert "kept fewer than 3 times: run it with --keep" in compare([finding(9.0)], {}).text


def test_each_kind_of_machine_has_a_file() -> None:
    """By its processor and how many cores it has."""
    file = kept_file({"Processor": "AMD EPYC 7763 (64-Core), 2 cores"}, "quick")
    assert file.name == "quick-amd-epyc-7763-64-core-2-cores.json"
