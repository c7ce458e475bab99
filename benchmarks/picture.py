"""The results as one picture, made from the figures in RESULTS.md.

    python -m benchmarks.picture

Writes docs/images/benchmarks.svg, which is readable on light and dark pages. Each bar is a
median; the line in it goes from the least to the most. `python -m benchmarks` makes it anew
with its page.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.source_server import PROJECT

RESULTS = Path(__file__).with_name("RESULTS.md")
PICTURE = PROJECT / "docs" / "images" / "benchmarks.svg"

_PANELS = {
    r"seconds for all rows": "Full sync of 1,000,000 rows of 12 columns, seconds",
    r"into 1,000,000 rows": "10,000 changed rows and 1,000 deletes into 1,000,000, seconds",
}
"""The heading by which the table is known, and what stands above its bars."""

_OURS = "Pack Sync"
_NAMES = {"the floor": "a script without checks", "hand-written": "hand-written SQL"}
_FIGURE = re.compile(r"([\d.,]+)(?: \(([\d.,]+) to ([\d.,]+)\))?")
_WIDTH, _BARS_AT, _BARS, _LINE, _BAR = 840, 210, 400, 30, 18
_STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.page { fill: #ffffff }
.bar { fill: #8c959f }
.ours { fill: #0969da }
.range { stroke: #1f2328; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.page { fill: #0d1117 }
.bar { fill: #6e7681 }
.ours { fill: #4493f8 }
.range { stroke: #e6edf3 }
}
"""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A line of a table: who, the seconds with their spread, and the same as the table says it."""

    name: str
    text: str
    median: float
    least: float
    most: float


def bars(page: str, heading: str) -> list[Bar]:
    """The first two columns of the table with this heading. Raises `ValueError` if none has it."""
    lines = page.splitlines()
    start = next((i for i, line in enumerate(lines) if f"| {heading} |" in line), None)
    if start is None:
        raise ValueError(f"no table of the results has the heading {heading!r}")
    found = list[Bar]()
    for line in lines[start + 2 :]:
        if not line.startswith("| "):
            break
        name, seconds = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:3])
        figures = _FIGURE.fullmatch(seconds)
        if figures is None:
            raise ValueError(f"{name}: {seconds!r} is no figure of seconds")
        texts = (text or figures[1] for text in figures.groups())
        median, least, most = (float(text.replace(",", "")) for text in texts)
        bar = Bar(name=name, text=seconds, median=median, least=least, most=most)
        found.append(bar)
    return found


def picture(page: str) -> str:
    """The picture of a page of results, as SVG."""
    drawn, top = list[str](), 12
    for heading, title in _PANELS.items():
        drawn.append(_text(20, top + 18, title, "title"))
        top += 34
        found = bars(page, heading)
        scale = _BARS / max(bar.most for bar in found)
        for bar in sorted(found, key=lambda bar: bar.median):
            drawn += _drawn(bar, top, scale)
            top += _LINE
        top += 10
    size = f'width="{_WIDTH}" height="{top}" viewBox="0 0 {_WIDTH} {top}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            "<title>Seconds of Pack Sync and of other tools, with their spread</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="page" width="{_WIDTH}" height="{top}" rx="6"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def _drawn(bar: Bar, top: int, scale: float) -> list[str]:
    y, kind = f"{top + _BAR / 2:.0f}", "ours" if bar.name == _OURS else "bar"
    least, most = (_BARS_AT + value * scale for value in (bar.least, bar.most))
    return [
        _text(20, top + 14, _NAMES.get(bar.name, bar.name)),
        f'<rect class="{kind}" x="{_BARS_AT}" y="{top}" '
        f'width="{bar.median * scale:.1f}" height="{_BAR}"/>',
        f'<line class="range" x1="{least:.1f}" x2="{most:.1f}" y1="{y}" y2="{y}"/>',
        _text(max(most, _BARS_AT + bar.median * scale) + 8, top + 14, bar.text),
    ]


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text{shown} x="{x:.0f}" y="{y:.0f}">{escape(text)}</text>'


def write_picture() -> None:
    """Make the picture of RESULTS.md."""
    PICTURE.write_text(picture(RESULTS.read_text()))


if __name__ == "__main__":
    write_picture()
