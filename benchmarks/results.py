"""The results as a page: machine, versions, the table of targets, and each part's figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.findings import Finding, Section, markdown_table

TARGETS: Mapping[int, str] = {
    1: "Full sync, 1,000,000 rows of 12 columns, 1,000 a page",
    2: "Incremental: 10,000 changed rows and 1,000 deletes into 1 M, 10 M and 50 M rows",
    3: "Weekly full sync of 10 M rows of which 0.1 % changed",
    4: "Latency-bound: 200 tables, or one crawled over 1,000 parents, 50 ms, 16 at once",
    5: "Memory: 10 M rows against 1 M",
    6: "Database held for writing",
    7: "From `packsync sync` with nothing changed to its end",
    8: "A year of incremental syncs: 2,000 small applies on a table of 1 M rows",
}
"""The rows of issue 7's table."""


_UNMEASURED = """## Tools that were not measured

- **Sling** (1.6.5): its package on PyPI is a shell that downloads the program itself when first
  imported, and that then downloads DuckDB's command line. Neither comes where only a package
  index can be reached: `Could not locate or download sling binary`.
- **Meltano**: runs the Singer taps and targets that are measured here.
- **ingestr** (1.1.76): its package on PyPI downloads the program itself from GitHub when first
  started: `failed to download ingestr v1.1.76`.
"""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A part that ran, or the error that it ended with, and how long that took.

    `rows` are the rows of the table of targets that it has figures for.
    """

    name: str
    rows: Sequence[int]
    seconds: float
    section: Section | None = None
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether something could not be measured because of an error."""
        return self.section is None or bool(self.section.errors)


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """When, on what, with what and how it was measured."""

    began: datetime
    command: str
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    warning: str = ""


def results_page(outcomes: Sequence[Outcome], circumstances: Circumstances) -> str:
    """The page in Markdown; complete even where a part failed or was not asked for."""
    seconds = sum(outcome.seconds for outcome in outcomes)
    parts = [
        "# Results of the benchmarks",
        f"Written by `{circumstances.command}` on {circumstances.began:%Y-%m-%d %H:%M} UTC, "
        f"in {seconds / 60:.1f} minutes. Each figure is the median of runs in turns with what it "
        "is compared to, each in a process of its own, with the least and the most in brackets.",
        *([f"**{circumstances.warning}**"] if circumstances.warning else []),
        _facts(circumstances),
        "## The targets",
        _targets(outcomes),
        *(_part(outcome) for outcome in outcomes),
        _UNMEASURED,
    ]
    return "\n\n".join(parts) + "\n"


def _facts(circumstances: Circumstances) -> str:
    machine = [f"- {name}: {what}" for name, what in circumstances.machine.items()]
    names = ", ".join(f"{name} {what}" for name, what in circumstances.versions.items())
    return "\n".join([*machine, f"- Versions: {names}"])


def _targets(outcomes: Sequence[Outcome]) -> str:
    lines = list[Sequence[str]]()
    for row, title in TARGETS.items():
        lines.append([f"**{row}**", f"**{title}**", "", "", ""])
        findings = [
            finding
            for outcome in outcomes
            if outcome.section
            for finding in outcome.section.findings
            if finding.row == row
        ]
        lines += [_line(finding) for finding in findings]
        lines += [
            [str(row), f"`{outcome.name}`", "", "", f"not measured: {outcome.error}"]
            for outcome in outcomes
            if row in outcome.rows and not outcome.section
        ]
        if not any(row in outcome.rows for outcome in outcomes):
            lines.append([str(row), "", "", "", "not measured: it was not asked for"])
    return markdown_table(["#", "Work", "target", "measured", "met or missed"], lines, left=2)


def _line(finding: Finding) -> Sequence[str]:
    return [str(finding.row), finding.what, finding.bound, finding.measured, finding.verdict]


def _part(outcome: Outcome) -> str:
    how = f"`python -m benchmarks --only {outcome.name}`, {outcome.seconds:.0f} s"
    if outcome.section is None:
        return f"## {outcome.name}\n\n{how}\n\nFailed: {outcome.error}"
    errors = [f"**Failed**: {error}" for error in outcome.section.errors]
    notes = "\n".join(f"- {note}" for note in [*errors, *outcome.section.notes])
    parts = [f"## {outcome.section.title}", how, outcome.section.text, notes]
    return "\n\n".join(part for part in parts if part)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)
