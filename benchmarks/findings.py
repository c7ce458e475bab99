"""What the benchmarks find: figures beside their targets, and tables in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One figure of the table of targets, with a value for each run.

    `row` is the table's row, `target` what the median must be at most, or at least. Values that
    are not there could not be measured: `why_not` says why.
    """

    row: int
    what: str
    target: float
    values: Sequence[float]
    at_least: bool = False
    unit: str = "x"
    digits: int = 2
    why_not: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the median meets the target; what was not measured does not."""
        if not self.values:
            return False
        value = median(self.values)
        return value >= self.target if self.at_least else value <= self.target

    @property
    def verdict(self) -> str:
        """Met or missed, and by how much of the target."""
        if not self.values:
            return f"not measured: {self.why_not}"
        distance = abs(median(self.values) / self.target - 1)
        return f"met, {distance:.0%} to spare" if self.is_met else f"**missed** by {distance:.0%}"

    @property
    def measured(self) -> str:
        """The median, and where there are several runs the least and the most."""
        return spread(self.values, self.unit, self.digits) if self.values else "-"

    @property
    def bound(self) -> str:
        """The target in words."""
        return f"{'≥' if self.at_least else '≤'} {self.target:g} {self.unit}"


@dataclass(frozen=True, kw_only=True)
class Section:
    """What one part of the benchmarks found: figures for the table of targets, and more to read.

    `text` is Markdown; `errors` are of what failed while the rest went on.
    """

    title: str
    findings: Sequence[Finding]
    text: str = ""
    notes: Sequence[str] = field(default_factory=list[str])
    errors: Sequence[str] = field(default_factory=list[str])


def told(error: Exception) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:600]}"


def spread(values: Sequence[float], unit: str = "", digits: int = 2) -> str:
    """The median of some values, with the least and the most of them."""
    shown = f"{median(values):,.{digits}f}"
    if len(values) > 1:
        shown += f" ({min(values):,.{digits}f} to {max(values):,.{digits}f})"
    return f"{shown} {unit}".rstrip()


def ratios(these: Sequence[float], those: Sequence[float]) -> list[float]:
    """Run by run, how many times as much; the runs that only one has are left out."""
    return [this / that for this, that in zip(these, those, strict=False) if that]


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """A table, its first columns to the left and all others to the right."""
    aligned = ["---"] * left + ["---:"] * (len(headings) - left)
    lines = [
        " | ".join(cell.replace("|", "\\|") for cell in line) for line in (headings, aligned, *rows)
    ]
    return "\n".join(f"| {line} |" for line in lines)
