"""The choices of a parameter (contract P, `autocomplete`)."""

from collections.abc import Callable
from typing import Any

import pytest

from pack_sdk import InvalidResultError, PackDefinitionError, ParameterType, make_parameter
from pack_sdk.choices import Choice, autocomplete_choices, simple_autocomplete


def call(function: Callable[..., Any]) -> Any:
    """Call an autocomplete function as a runtime would."""
    return function("context", "se", {"team": "A"})


def takes_nothing() -> list[Any]:
    """An autocomplete function that cannot be called with all that it gets."""
    return []


def choices(autocomplete: Any, search: str = "", kind: str = "string") -> list[Choice]:
    """The choices of a parameter with this autocomplete."""
    parameter = make_parameter(name="p", type=kind, autocomplete=autocomplete)
    return autocomplete_choices(parameter.autocomplete, parameter.type, search, call)


@pytest.mark.parametrize(
    ("kind", "autocomplete", "expected"),
    [
        ("string", ["a", "b"], [("a", "a"), ("b", "b")]),
        ("number", [1, 2.5], [("1", 1), ("2.5", 2.5)]),
        ("boolean", [True], [("true", True)]),
        ("stringArray", [{"display": "A", "value": "a"}, "b"], [("A", "a"), ("b", "b")]),
        ("number", [{"value": 7}], [("7", 7)]),
        ("string", [], []),
        ("string", None, []),
    ],
)
def test_a_list_of_choices(kind: str, autocomplete: Any, expected: list[Any]) -> None:
    """Values, `{display, value}` or a mixture, made into pairs; an array's are of its element."""
    assert choices(autocomplete, kind=kind) == expected


def test_a_list_is_searched() -> None:
    """In what is displayed, in any case of letters (contract P)."""
    options = [{"display": "Open", "value": "o"}, {"display": "In PrOgress", "value": "p"}, "done"]
    assert choices(options, "RO") == [("In PrOgress", "p")]
    assert simple_autocomplete(None, ["a", 1]) == [("a", "a"), ("1", 1)]


def test_a_function_is_asked() -> None:
    """With context, search and the other parameters; what it returns is not searched again."""
    seen: list[Any] = []

    def ask(*args: Any) -> Any:
        seen.append(args)
        return ["a", {"display": "B", "value": "b"}]

    assert choices(ask, "se") == [("a", "a"), ("B", "b")]
    assert seen == [("context", "se", {"team": "A"})]
    assert autocomplete_choices(bool, ParameterType.STRING, "", lambda _: None) == []


def test_a_function_is_not_called_when_the_pack_loads() -> None:
    """Choices may need the network: they are looked up only on request (contract P)."""

    def ask(context: Any, search: str, parameters: Any) -> Any:
        raise AssertionError((context, search, parameters))

    assert make_parameter(name="p", type="string", autocomplete=ask).autocomplete is ask


@pytest.mark.parametrize(
    ("kind", "autocomplete", "message"),
    [
        ("string", "abc", "autocomplete is 'abc'; it must be a list"),
        ("string", {"a": 1}, "it must be a list"),
        ("string", ["a", 1], "autocomplete[1] is 1; it must be a string"),
        ("numberArray", ["1"], "autocomplete[0] is '1'; it must be a number"),
        ("string", [{"display": "A"}], 'needs a "value"'),
        ("string", [None], "autocomplete[0] is None"),
        ("string", takes_nothing, "is called with (context, search, parameters)"),
    ],
)
def test_choices_that_cannot_work_are_errors_of_the_pack(
    kind: str, autocomplete: Any, message: str
) -> None:
    """They fail when the pack loads, naming the parameter (contract P)."""
    with pytest.raises(PackDefinitionError) as caught:
        make_parameter(name="p", type=kind, autocomplete=autocomplete)
    assert "parameter 'p': " in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize("returned", ["abc", [1], {"result": []}, [{"display": "A"}], 5])
def test_a_function_that_returns_no_choices_is_an_error(returned: Any) -> None:
    """The sentence names what is wrong with the returned value (contract P)."""
    with pytest.raises(InvalidResultError, match="autocomplete"):
        autocomplete_choices(lambda *_: returned, ParameterType.STRING, "", call)
