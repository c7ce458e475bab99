"""Which values fit a parameter, and what a pack is given for them (contract P)."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from pack_sdk import PackDefinitionError, ParameterType, make_parameter
from pack_sdk.dates import PrecannedDate, PrecannedDateRange
from pack_sdk.parameter_values import find_misfit, resolve_value

NOW = datetime(2025, 3, 12, 15, 30, tzinfo=UTC)
FITTING: dict[str, list[Any]] = {
    "string": ["", "a"],
    "number": [0, -1, 1.5, 2**63],
    "boolean": [True, False],
    "date": [
        "2025-01-31",
        "2025-01-31T12:00:00Z",
        "2025-01-31 12:00+02:00",
        "20250131",
        date(2025, 1, 31),
        datetime(2025, 1, 31, tzinfo=UTC),
        "7_days_ago",
    ],
    "html": ["<b>a</b>"],
    "image": ["https://example.com/a.png"],
    "file": ["https://example.com/a.pdf"],
    "markdown": ["**a**"],
    "email": ["a@example.com"],
}
UNFITTING: dict[str, list[Any]] = {
    "string": [1, True, ["a"], {}, date(2025, 1, 31)],
    "number": ["1", True, [1], float("nan"), float("inf"), 2**65],
    "boolean": [0, 1, "true"],
    "date": ["", "soon", "last_7_days", "2025-02-30", "0001-01-01T00:00+05:00", 20250131, True, {}],
    "html": [1, True],
    "image": [1, b"bytes"],
    "file": [1, {}],
    "markdown": [1, None],
    "email": [1, False],
}


@pytest.mark.parametrize("kind", list(ParameterType))
def test_values_that_fit(kind: ParameterType) -> None:
    """Each type takes its own values, each array a list of them, empty ones too (contract P)."""
    values = FITTING[kind.element]
    for value in [values, values[:1], []] if kind.is_array else values:
        assert find_misfit(kind, value, "p") is None


@pytest.mark.parametrize("kind", list(ParameterType))
def test_values_that_do_not_fit(kind: ParameterType) -> None:
    """The sentence names where it is and the value, in a list the place too (contract P)."""
    good = FITTING[kind.element][0]
    for value in UNFITTING[kind.element]:
        problem = find_misfit(kind, [good, value] if kind.is_array else value, "tables.T.p")
        if value is None and kind.is_sparse:
            assert problem is None
            continue
        assert problem is not None
        place = "tables.T.p[1] is " if kind.is_array else "tables.T.p is "
        assert problem.startswith(place)


@pytest.mark.parametrize("kind", [kind for kind in ParameterType if kind.is_array])
def test_only_sparse_arrays_lack_elements(kind: ParameterType) -> None:
    """A null in a sparse array is an element that is not there (contract P)."""
    problem = find_misfit(kind, [None], "p")
    assert (problem is None) == kind.is_sparse


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("number", True, "p is True; it must be a number"),
        ("boolean", "yes", "p is 'yes'; it must be a boolean"),
        ("markdown", 1, "p is 1; it must be a string (markdown)"),
        ("stringArray", "a", "p is 'a'; it must be a list (stringArray)"),
        ("numberArray", [1, "2"], "p[1] is '2'; it must be a number"),
        ("number", float("inf"), "p is inf, which JSON does not have"),
    ],
)
def test_the_wanted_type_is_named(kind: str, value: Any, message: str) -> None:
    """Whoever reads the message knows what to write (contract P)."""
    assert find_misfit(ParameterType(kind), value, "p") == message


def test_the_names_of_dates_are_listed() -> None:
    """A misspelt name gets the choices: of dates, or of ranges for an array (contract P)."""
    problem = find_misfit(ParameterType.DATE, "last_weak", "p")
    assert problem is not None
    assert all(name.value in problem for name in PrecannedDate)
    problem = find_misfit(ParameterType.DATE_ARRAY, "last_weak", "p")
    assert problem is not None
    assert all(name.value in problem for name in PrecannedDateRange)


@pytest.mark.parametrize("name", list(PrecannedDateRange))
def test_names_of_ranges_fit_arrays_of_dates_only(name: PrecannedDateRange) -> None:
    """The name stands for the whole list, not for an element of it (contract P)."""
    assert find_misfit(ParameterType.DATE_ARRAY, name.value, "p") is None
    assert find_misfit(ParameterType.SPARSE_DATE_ARRAY, name.value, "p") is None
    assert find_misfit(ParameterType.STRING_ARRAY, name.value, "p") is not None
    if name.value not in list(PrecannedDate):
        assert find_misfit(ParameterType.DATE, name.value, "p") is not None
        assert find_misfit(ParameterType.DATE_ARRAY, [name.value], "p") is not None


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2025-01-31", "2025-01-31T00:00:00+00:00"),
        ("2025-01-31T12:00:00", "2025-01-31T12:00:00+00:00"),
        ("2025-01-31T12:00:00+02:00", "2025-01-31T10:00:00+00:00"),
        (date(2025, 1, 31), "2025-01-31T00:00:00+00:00"),
        (datetime(2025, 1, 31, 12), "2025-01-31T12:00:00+00:00"),
        (
            datetime(2025, 1, 31, 12, tzinfo=timezone(timedelta(hours=-1))),
            "2025-01-31T13:00:00+00:00",
        ),
        ("yesterday", "2025-03-11T00:00:00+00:00"),
    ],
)
def test_a_date_becomes_a_datetime_in_utc(value: Any, moment: str) -> None:
    """Without a zone it is taken as UTC, a day is its first moment (contract P)."""
    resolved = resolve_value(ParameterType.DATE, value, NOW)
    assert isinstance(resolved, datetime)
    assert resolved.isoformat() == moment
    assert resolved.tzinfo is UTC


def test_an_array_of_dates_is_a_list_of_datetimes() -> None:
    """Of its elements, or of a range's start and end; what is not there stays None (P)."""
    given = resolve_value(ParameterType.SPARSE_DATE_ARRAY, ["2025-01-31", None, "today"], NOW)
    assert given == [datetime(2025, 1, 31, tzinfo=UTC), None, datetime(2025, 3, 12, tzinfo=UTC)]
    assert resolve_value(ParameterType.DATE_ARRAY, "yesterday", NOW) == [
        datetime(2025, 3, 11, tzinfo=UTC),
        datetime(2025, 3, 11, 23, 59, 59, 999_000, tzinfo=UTC),
    ]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("string", "today"), ("stringArray", ["today"]), ("number", 1), ("date", None)],
)
def test_other_values_stay_as_they_are(kind: str, value: Any) -> None:
    """Only dates are reckoned; an absent date stays absent (contract C1, P)."""
    assert resolve_value(ParameterType(kind), value, NOW) == value


@pytest.mark.parametrize("role", ["suggested_value", "ingestion_suggested_value"])
def test_a_suggestion_that_does_not_fit_is_an_error_of_the_pack(role: str) -> None:
    """It fails when the pack loads, naming parameter and key (contract P)."""
    with pytest.raises(PackDefinitionError) as caught:
        make_parameter({"name": "since", "type": "date", role: "last_7_days"})
    assert f"parameter 'since': {role} is 'last_7_days'; it must be a date" in str(caught.value)
    parameter = make_parameter({"name": "range", "type": "dateArray", role: "last_7_days"})
    assert parameter.default == "last_7_days"
