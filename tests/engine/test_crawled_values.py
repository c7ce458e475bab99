"""What a child of a crawl is called with: the value that its parent's row had (contract S7)."""

import json
from pathlib import Path
from typing import Any

import pytest

from pack_sync.engine.sync_tables import TableFinished
from tests.engine.crawl_harness import CrawledProperty, Language

NUMBER, STRING = {"type": "number"}, {"type": "string"}
BIG = 2**53 + 1
MOMENT = "2024-01-02T03:04:05+05:00"
STRUCT = {
    "type": "object",
    "properties": {
        "n": NUMBER,
        "at": {"type": "string", "codaType": "datetime"},
        "since": {"type": "number", "codaType": "datetime"},
        "amount": {"type": "number", "codaType": "currency"},
        "tags": {"type": "array", "items": NUMBER},
        "none": STRING,
    },
}


def of(kind: str, hint: str, **more: Any) -> dict[str, Any]:
    """The schema of a property with a hint."""
    return {"type": kind, "codaType": hint, **more}


VALUES: list[Any] = [
    pytest.param(NUMBER, 1, 1, id="a whole number"),
    pytest.param(NUMBER, 1.0, 1, id="a whole number as a fraction"),
    pytest.param(NUMBER, 1.5, 1.5, id="a fraction"),
    pytest.param(NUMBER, -0.0, 0, id="minus zero"),
    pytest.param(NUMBER, 2**53 - 1, 2**53 - 1, id="the largest safe number"),
    pytest.param(NUMBER, 1e-7, 1e-7, id="a small fraction"),
    pytest.param(NUMBER, 1e300, 1e300, id="a number that is written with an exponent"),
    pytest.param({**NUMBER, "precision": 0}, 7, 7, id="precision 0"),
    pytest.param(of("number", "percent"), 1, 1, id="a percentage"),
    pytest.param(of("number", "scale", maximum=5), 3, 3, id="a scale"),
    pytest.param(of("number", "currency"), 12, 12, id="a whole amount"),
    pytest.param(of("number", "currency"), 12.5, 12.5, id="an amount"),
    pytest.param(of("number", "date"), 1704153600, 1704153600, id="a date in seconds"),
    pytest.param(of("number", "datetime"), 1704153600.5, 1704153600.5, id="a moment in seconds"),
    pytest.param(of("number", "datetime"), -62198755200, -62198755200, id="a moment before Christ"),
    pytest.param(of("number", "datetime"), 1704153600000, 1704153600000, id="a far moment"),
    pytest.param(of("number", "time"), 34200, 34200, id="a time in seconds"),
    pytest.param(of("number", "duration"), 2, 2, id="a duration in days"),
    pytest.param(of("number", "duration"), 0.1, 0.1, id="a duration of less than a day"),
    pytest.param({"type": "boolean"}, True, True, id="true"),
    pytest.param({"type": "boolean"}, False, False, id="false"),
    pytest.param(STRING, "1.0", "1.0", id="digits in a text"),
    pytest.param(STRING, 'a"/ö☃', 'a"/ö☃', id="a text"),
    pytest.param(of("string", "date"), "2024-01-02", "2024-01-02", id="a date"),
    pytest.param(of("string", "date"), "2024-01-02T22:00:00Z", "2024-01-02", id="a day"),
    pytest.param(of("string", "datetime"), MOMENT, "2024-01-01T22:04:05Z", id="a moment"),
    pytest.param(
        of("string", "datetime"),
        "2024-01-02T03:04:05.1Z",
        "2024-01-02T03:04:05.100Z",
        id="milliseconds",
    ),
    pytest.param(
        of("string", "datetime"),
        "2024-01-02T03:04:05.123456Z",
        "2024-01-02T03:04:05.123456Z",
        id="microseconds",
    ),
    pytest.param(of("string", "time"), "09:30:00", "09:30:00", id="a time"),
    pytest.param(of("string", "time"), "09:30:00.5", "09:30:00.500", id="a fine time"),
    pytest.param(of("string", "duration"), "6 hrs 1 min", "PT6H1M", id="a duration"),
    pytest.param(of("string", "duration"), "1 day 2 hours", "P1DT2H", id="a duration of days"),
    pytest.param({"type": "array", "items": NUMBER}, [1, 2.5], [1, 2.5], id="numbers"),
    pytest.param(
        {"type": "array", "items": of("string", "datetime")},
        [MOMENT],
        ["2024-01-01T22:04:05Z"],
        id="moments",
    ),
    pytest.param(
        STRUCT,
        {"n": 3, "at": MOMENT, "since": 60, "amount": 2, "tags": [1], "none": None},
        {
            "n": 3,
            "at": "2024-01-01T22:04:05Z",
            "since": 60,
            "amount": 2,
            "tags": [1],
            "none": None,
        },
        id="an object",
    ),
    pytest.param(
        {"type": "object", "properties": {}, "includeUnknownProperties": True},
        {"a": 1, "b": [1.5, {"c": None}], "d": "2024-01-02", "e": BIG},
        {"a": 1, "b": [1.5, {"c": None}], "d": "2024-01-02", "e": BIG},
        id="an open object",
    ),
]


@pytest.mark.parametrize(("key", "value", "called_with"), VALUES)
def test_a_value_travels_through_its_column(
    tmp_path: Path, key: dict[str, Any], value: Any, called_with: Any
) -> None:
    """It reaches the child as the JSON value it was, with the same type."""
    crawl = CrawledProperty(folder=tmp_path, key=key, values=[value])
    crawl.run()
    ((argument, _),) = crawl.calls
    assert (argument, type(argument)) == (called_with, type(called_with))
    assert str(argument) == str(called_with)


@pytest.mark.parametrize(
    ("key", "value", "as_json"),
    [(*each.values[:2], each.values[2]) for each in VALUES],
    ids=[each.id for each in VALUES],
)
def test_a_value_reaches_a_typescript_pack(
    tmp_path: Path, key: dict[str, Any], value: Any, as_json: Any
) -> None:
    """As in Python; JavaScript knows one kind of number."""
    pytest.importorskip("deno", reason="packs in TypeScript need the extra `typescript`")
    crawl = CrawledProperty(folder=tmp_path, key=key, values=[value], language="typescript")
    crawl.run()
    ((_, text, _),) = crawl.children()
    assert json.loads(text.replace(f'"{BIG}"', f"{BIG}")) == as_json


@pytest.mark.parametrize(
    "value",
    [BIG, -BIG, 2**63 + 1, 2**64 + 1, 10**28 + 1, 12.5, "12345678901234567.123456789"],
)
@pytest.mark.parametrize("language", ["python", "typescript"])
def test_numbers_that_a_double_does_not_hold(
    tmp_path: Path, value: Any, language: Language
) -> None:
    """Every digit arrives; as a text where the language's own numbers would round."""
    if language == "typescript":
        pytest.importorskip("deno", reason="packs in TypeScript need the extra `typescript`")
    for key, key_is_id in ((of("number", "currency"), False), (NUMBER, True)):
        folder = tmp_path / str(key_is_id)
        folder.mkdir()
        crawl = CrawledProperty(
            folder=folder, key=key, values=[value, 1], key_is_id=key_is_id, language=language
        )
        crawl.run()
        wanted = {
            ("python", False): "int",
            ("python", True): "str",
            ("typescript", False): "string",
            ("typescript", True): "string",
        }[(language, isinstance(value, str))]
        if value == 12.5:
            wanted = {"python": "float", "typescript": "number"}[language]
        one = {"python": "int", "typescript": "number"}[language]
        found = {url: kind for url, _, kind in crawl.children()}
        assert found == {"/boards/1": one, f"/boards/{value}": wanted}


def test_zero_and_minus_zero_are_one_child(tmp_path: Path) -> None:
    """They are one number, and one child of one name."""
    crawl = CrawledProperty(folder=tmp_path, key=NUMBER, values=[0.0, -0.0, 0])
    crawl.run()
    assert crawl.calls == [(0, None)]


def test_a_date_parameter_is_a_moment(tmp_path: Path) -> None:
    """Whatever the parent's property is made of: text, or seconds (contract P)."""
    for index, (key, value) in enumerate(
        [(of("string", "date"), "2024-01-02"), (of("number", "datetime"), 1704153600)]
    ):
        folder = tmp_path / str(index)
        folder.mkdir()
        crawl = CrawledProperty(folder=folder, key=key, values=[value], parameter_type="date")
        crawl.run()
        assert [str(argument) for argument, _ in crawl.calls] == ["2024-01-02 00:00:00+00:00"]


def test_a_text_that_is_no_date_is_a_clear_failure(tmp_path: Path) -> None:
    """The message names table, parameter and value (contract P)."""
    crawl = CrawledProperty(
        folder=tmp_path, key=STRING, values=["soon", "2024-01-02"], parameter_type="date"
    )
    ended = crawl.run()["Cards"]
    assert isinstance(ended, TableFinished)
    (failure,) = ended.outcome.failures
    assert "acme.Cards[default/soon]" in failure.message
    assert "parameter key is 'soon'; it must be a date: ISO 8601" in failure.message
    assert len(crawl.children()) == 1
