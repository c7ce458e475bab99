"""The figures of runs before, kept for each kind of machine, and what is worse than they were.

A figure is worse if its median is off the kept one, to the worse side, by more than the spread of
both together (most less least, of the values now and of those kept) and by more than a tenth.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson

from benchmarks.findings import Finding, spread

FOLDER = Path(__file__).parent / "kept"
_RUNS = 5  # kept of each figure; older ones go
_FEWEST = 3  # of fewer values the spread is not known
_MARGIN = 0.1

Kept = dict[str, list[float]]
"""The values of each figure by its name, the newest last."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is worse, in a line each; how many figures were compared, and how many could not be."""

    worse: Sequence[str]
    compared: int
    too_few: int

    @property
    def text(self) -> str:
        """All of it, to be printed."""
        counts = f"{self.compared} figures compared with those kept, {len(self.worse)} worse"
        if self.too_few:
            counts += f"; {self.too_few} kept fewer than {_FEWEST} times: run it with --keep"
        return "\n".join([*self.worse, counts])


def kept_file(machine: Mapping[str, str], size: str) -> Path:
    """Where the figures of this size are kept for machines with this processor."""
    kind = re.sub(r"[^a-z0-9]+", "-", machine["Processor"].lower()).strip("-")
    return FOLDER / f"{size}-{kind}.json"


def read_kept(file: Path) -> Kept:
    """The figures that are kept; none if there is no such file."""
    return orjson.loads(file.read_bytes()) if file.exists() else {}


def keep(file: Path, findings: Sequence[Finding]) -> None:
    """Add the figures of a run, in its medians, to those kept."""
    kept = read_kept(file)
    for finding in findings:
        if finding.values:
            values = kept.setdefault(_name(finding), [])
            kept[_name(finding)] = [*values, round(median(finding.values), 4)][-_RUNS:]
    file.parent.mkdir(exist_ok=True)
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    file.write_bytes(orjson.dumps(kept, option=options))


def compare(findings: Sequence[Finding], kept: Kept) -> Comparison:
    """What is worse now than what is kept."""
    measured = [finding for finding in findings if finding.values]
    known = [finding for finding in measured if len(kept.get(_name(finding), [])) >= _FEWEST]
    worse = [
        f"worse: {_name(finding)}: {finding.measured}, kept {_shown(finding, kept)}"
        for finding in known
        if _is_worse(finding, kept[_name(finding)])
    ]
    return Comparison(worse=worse, compared=len(known), too_few=len(measured) - len(known))


def _name(finding: Finding) -> str:
    return f"{finding.row}: {finding.what}"


def _shown(finding: Finding, kept: Kept) -> str:
    return spread(kept[_name(finding)], finding.unit, finding.digits)


def _is_worse(finding: Finding, before: Sequence[float]) -> bool:
    usual = median(before)
    distance = median(finding.values) - usual
    noise = max(finding.values) - min(finding.values) + max(before) - min(before)
    return (-distance if finding.at_least else distance) > max(noise, _MARGIN * usual)
