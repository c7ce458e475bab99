"""Parameters of a sync table (contract, section P; C19, C20)."""

from typing import Any

import pytest

from pack_sdk import PackDefinitionError, ParameterType, make_parameter
from pack_sdk.parameters import UNSET, check_order


def test_both_spellings_make_the_same_parameter() -> None:
    """Names may be camelCase or snake_case (contract P)."""
    camel = make_parameter(
        {"name": "since", "type": "date", "optional": True, "suggestedValue": "today"}
    )
    snake = make_parameter(name="since", type="date", optional=True, suggested_value="today")
    assert camel == snake
    assert camel.type is ParameterType.DATE


@pytest.mark.parametrize("name", ["a", "A9_", "x" * 50, "größe", "名前", "é"])
def test_good_names(name: str) -> None:
    """A letter, then letters, digits and _, at most 50 (contract P)."""
    assert make_parameter(name=name, type="string").name == name


@pytest.mark.parametrize("name", ["", "9a", "_a", "a b", "a-b", "²a", "x" * 51, "a\n", None, 5])
def test_bad_names(name: Any) -> None:
    """Any other name is an error that shows it (contract P)."""
    with pytest.raises(PackDefinitionError) as caught:
        make_parameter(name=name, type="string")
    assert f"parameter {name!r}: a name is a letter" in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"type": "text"}, "parameter 'p' has the type 'text'; choose one of string"),
        ({}, "parameter 'p' has the type None"),
        (
            {"type": "string", "optinal": True},
            "unknown key 'optinal'; did you mean 'optional'? It may have",
        ),
        (
            {"type": "string", "suggestedValue": 1, "suggested_value": 1},
            "'suggested_value' in both spellings",
        ),
        (
            {"type": "string", "crawlStrategy": {"parentTable": {"tableName": "T"}}},
            "parameter 'p': crawl_strategy is {",
        ),
    ],
)
def test_errors_name_the_parameter(fields: dict[str, Any], message: str) -> None:
    """What is wrong is said with the parameter's name and the choices (contract P)."""
    with pytest.raises(PackDefinitionError) as caught:
        make_parameter({"name": "p", **fields})
    assert message in str(caught.value)


def test_a_required_parameter_cannot_be_hidden() -> None:
    """`supportsIncrementalSync: false` on a required parameter is an error (contract C19)."""
    with pytest.raises(
        PackDefinitionError, match=r"'p' is required.*; make it optional or drop the flag"
    ):
        make_parameter({"name": "p", "type": "string", "supportsIncrementalSync": False})


def test_an_optional_parameter_can_be_hidden() -> None:
    """The flag hides an optional parameter, and only then (contract C19)."""
    hidden = make_parameter(name="p", type="string", optional=True, supports_incremental_sync=False)
    assert hidden.hidden
    assert not make_parameter(name="p", type="string", optional=True).hidden


@pytest.mark.parametrize(
    ("fields", "default"),
    [
        ({}, UNSET),
        ({"suggestedValue": 1}, 1),
        ({"defaultValue": 1}, 1),
        ({"defaultValue": 1, "suggestedValue": 2}, 2),
        ({"suggestedValue": 1, "ingestionSuggestedValue": 2}, 2),
        ({"suggestedValue": 1, "ingestionSuggestedValue": None}, None),
        ({"suggestedValue": None}, None),
    ],
)
def test_which_default_counts(fields: dict[str, Any], default: Any) -> None:
    """`ingestionSuggestedValue` is used first, then `suggestedValue`; None is a value (P)."""
    parameter = make_parameter({"name": "p", "type": "number", **fields})
    assert parameter.default is default
    assert parameter.has_default is (default is not UNSET)


@pytest.mark.parametrize(
    "strategy",
    [
        {"parentTable": {"tableName": "Projects", "propertyKey": "id"}},
        {"parent_table": {"table_name": "Projects", "property_key": "id"}},
    ],
)
def test_crawl_strategy(strategy: Any) -> None:
    """The parent table and its property, in both spellings (contract C20)."""
    parameter = make_parameter(name="project", type="string", crawl_strategy=strategy)
    assert parameter.crawl_parent_table == "Projects"
    assert parameter.crawl_property_key == "id"


def test_without_crawl_strategy_there_is_no_parent() -> None:
    """A parameter is an ordinary one unless it says otherwise (contract C20)."""
    parameter = make_parameter(name="p", type="string", crawl_strategy=None)
    assert parameter.crawl_parent_table is None


@pytest.mark.parametrize("type_", list(ParameterType))
def test_arrays_know_their_element(type_: ParameterType) -> None:
    """Each type exists also as an array and a sparse array of it (contract P)."""
    assert not type_.element.is_array
    assert type_.is_array == (type_.element is not type_)
    if type_.is_array:
        stem = type_.element.value.capitalize() + "Array"
        expected = "sparse" + stem if type_.is_sparse else type_.element.value + "Array"
        assert type_.value == expected


def test_required_parameters_come_first() -> None:
    """Optional parameters follow required ones; the error names both (contract P)."""
    optional = make_parameter(name="o", type="string", optional=True)
    required = make_parameter(name="r", type="string")
    check_order([required, optional])
    with pytest.raises(PackDefinitionError, match="required parameter 'r' follows the optional"):
        check_order([optional, required])


def test_names_are_unique() -> None:
    """A parameter that is declared twice is an error (contract P)."""
    parameter = make_parameter(name="p", type="string")
    with pytest.raises(PackDefinitionError, match="'p' is declared twice"):
        check_order([parameter, parameter])
