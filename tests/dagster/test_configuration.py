"""The values of a table's parameters: configured, suggested, or absent; and their types."""

from datetime import date
from typing import Any

import pytest

from pack_sdk import make_parameter
from pack_sync.dagster.configuration import choose
from pack_sync.dagster.parameters import resolve_parameters
from pack_sync.project import ConfigurationError


def resolved(definition: dict[str, Any], **configured: Any) -> Any:
    """The value of a parameter `p` with this definition."""
    parameter = make_parameter({"name": "p", "optional": True, **definition})
    return resolve_parameters([parameter], configured, where="t")["p"]


def test_values_are_in_declared_order() -> None:
    """However they are written: `args` is positional (contract C1)."""
    parameters = [make_parameter(name=name, type="string") for name in ("b", "a", "c")]
    values = resolve_parameters(parameters, {"a": "1", "c": "2", "b": "3"}, where="t")
    assert list(values.items()) == [("b", "3"), ("a", "1"), ("c", "2")]


@pytest.mark.parametrize(
    ("definition", "configured", "value"),
    [
        ({}, {}, None),
        ({"suggestedValue": "s"}, {}, "s"),
        ({"defaultValue": "d"}, {}, "d"),
        ({"suggestedValue": "s", "ingestionSuggestedValue": "i"}, {}, "i"),
        ({"suggestedValue": "s", "ingestionSuggestedValue": "i"}, {"p": "c"}, "c"),
        ({"suggestedValue": "s"}, {"p": None}, "s"),
        ({"suggestedValue": "s"}, {"p": ""}, ""),
    ],
)
def test_what_is_not_configured_is_suggested_or_absent(
    definition: dict[str, Any], configured: dict[str, Any], value: Any
) -> None:
    """Configured, else ingestionSuggestedValue, else suggestedValue, else absent (contract P)."""
    assert resolved({"type": "string", **definition}, **configured) == value


def test_a_hidden_parameter_is_always_absent() -> None:
    """Even where the pack suggests a value for it (contract C19)."""
    hidden = {"type": "string", "supportsIncrementalSync": False, "suggestedValue": "s"}
    assert resolved(hidden) is None


def test_a_required_parameter_takes_its_suggested_value() -> None:
    """What the pack suggests counts as given (contract P)."""
    assert resolved({"type": "number", "optional": False, "suggestedValue": 0}) == 0


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", "a"),
        ("string", ""),
        ("number", 1),
        ("number", 0.5),
        ("number", 0),
        ("boolean", False),
        ("date", "2026-01-05"),
        ("date", date(2026, 1, 5)),
        ("html", "<p>"),
        ("markdown", "*a*"),
        ("stringArray", []),
        ("stringArray", ["a", "b"]),
        ("numberArray", [1, 2.5]),
        ("booleanArray", [True, False]),
        ("sparseStringArray", ["a", None]),
    ],
)
def test_a_value_of_the_declared_type_is_taken_as_it_is(kind: str, value: Any) -> None:
    """Types of contract P; a sparse array may hold nothing in places."""
    assert resolved({"type": kind}, p=value) == value


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("string", 1, "t.p is 1; it must be a string"),
        ("string", ["a"], "t.p is ['a']; it must be a string"),
        ("string", date(2026, 1, 5), "t.p is datetime.date(2026, 1, 5); it must be a string"),
        ("number", "1", "t.p is '1'; it must be a number"),
        ("number", True, "t.p is True; it must be a number"),
        ("boolean", 1, "t.p is 1; it must be a boolean"),
        ("boolean", "yes", "t.p is 'yes'; it must be a boolean"),
        ("date", 20260105, "t.p is 20260105; it must be a date"),
        ("stringArray", "a", "t.p is 'a'; it must be a list"),
        ("stringArray", ["a", 1], "t.p[1] is 1; it must be a string"),
        ("stringArray", [None], "t.p[0] is None; it must be a string"),
        ("sparseNumberArray", [None, "1"], "t.p[1] is '1'; it must be a number"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: str, value: Any, message: str) -> None:
    """The error names the key, down to the element, the value and the type (contract P)."""
    with pytest.raises(ConfigurationError) as refusal:
        resolved({"type": kind}, p=value)
    assert str(refusal.value).startswith(message)


def test_no_choice_at_all_is_said() -> None:
    """A list of choices that would be empty reads "none"."""
    with pytest.raises(ConfigurationError) as refusal:
        choose(["a"], [], where="t", what="parameter")
    assert str(refusal.value) == "t: there is no parameter 'a'; there are none to choose from"
