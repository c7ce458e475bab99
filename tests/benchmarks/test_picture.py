"""The picture in the README has the figures of the results."""

import re
from xml.etree import ElementTree

import pytest

from benchmarks.picture import PICTURE, RESULTS, bars, picture

SVG = "{http://www.w3.org/2000/svg}"
PAGE = """
| | seconds for all rows | times |
| --- | ---: | ---: |
| Pack Sync | 2.00 (1.50 to 2.50) | 1 |
| slow & old | 1,000.0 | 500 |

| into 1,000,000 rows | seconds | of it applying |
| --- | ---: | ---: |
| Pack Sync | 0.50 | |
"""


def drawn(svg: str) -> list[tuple[str, float]]:
    """The text at the end of each bar, and the bar's width."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - made by us
    widths = [float(bar.attrib["width"]) for bar in root.iter(f"{SVG}rect")][1:]
    texts = [text.text or "" for text in root.iter(f"{SVG}text") if "class" not in text.attrib]
    return list(zip(texts[1::2], widths, strict=True))


def test_the_picture_is_that_of_the_results() -> None:
    """Made anew it is the same; if not: `python -m benchmarks.picture`."""
    assert PICTURE.read_text() == picture(RESULTS.read_text())


def test_each_figure_of_the_picture_stands_in_the_results_and_is_as_long() -> None:
    """Read from the picture as it is, without what made it."""
    results, found = RESULTS.read_text(), drawn(PICTURE.read_text())
    assert len(found) >= 4
    for text, _ in found:
        assert f"| {text} |" in results
    values = [float(re.split(r"[ (]", text)[0].replace(",", "")) for text, _ in found]
    first = next(i for i in range(1, len(values)) if values[i] < values[i - 1])  # of the next panel
    assert found[first - 1][1] / found[0][1] == pytest.approx(
        values[first - 1] / values[0], rel=0.02
    )


def test_bars_are_as_long_as_their_seconds() -> None:
    """In each panel on a scale of its own, the shortest first."""
    assert drawn(picture(PAGE)) == [
        ("2.00 (1.50 to 2.50)", 0.8),
        ("1,000.0", 400.0),
        ("0.50", 400.0),
    ]


def test_a_table_that_cannot_be_read_is_told() -> None:
    """Rather than a picture without it."""
    with pytest.raises(ValueError, match="no table of the results has the heading 'hours'"):
        bars(PAGE, "hours")
    with pytest.raises(ValueError, match="Pack Sync: 'soon' is no figure of seconds"):
        bars(PAGE.replace("0.50", "soon"), "into 1,000,000 rows")
