"""The values of a table's parameters: as configured, and as a sync passes them (contract P)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import Parameter, ParameterType, make_parameter
from pack_sdk.parameters import values_at
from pack_sync.dagster.parameters import known_parameters, resolve_parameters
from pack_sync.project import ConfigurationError
from tests.engine.sync_harness import Engine, Scripted, last_page

WHERE = "defs.yaml.tables.Tasks.parameters"
TEAM = make_parameter(name="team", type="string", description="The team's key.")
LIMIT = make_parameter(name="limit", type="number", optional=True, suggested_value=100)
SINCE = make_parameter(name="since", type="date", optional=True)
HIDDEN = make_parameter(
    name="status",
    type="string",
    optional=True,
    supports_incremental_sync=False,
    suggested_value="open",
)
ALL = [TEAM, LIMIT, SINCE, HIDDEN]


def resolved(configured: dict[str, Any], parameters: list[Parameter] = ALL) -> dict[str, Any]:
    """The values of these parameters."""
    return resolve_parameters(parameters, configured, where=WHERE)


def test_every_parameter_has_a_value_in_declared_order() -> None:
    """Configured, suggested, or None; a hidden one is None whatever is suggested (C1, C19, P)."""
    assert list(resolved({"since": "2025-01-31", "team": "A"}).items()) == [
        ("team", "A"),
        ("limit", 100),
        ("since", "2025-01-31"),
        ("status", None),
    ]
    assert resolved({"team": "A", "limit": None}) == resolved({"team": "A"})


def test_the_suggestion_for_ingestion_counts_first() -> None:
    """As this is ingestion (contract P)."""
    parameter = make_parameter(
        name="span", type="dateArray", suggested_value="last_week",
        ingestion_suggested_value="last_365_days",
    )  # fmt: skip
    assert resolved({}, [parameter]) == {"span": "last_365_days"}


@pytest.mark.parametrize(
    ("configured", "message"),
    [
        ({}, f"{WHERE}: the parameter 'team' (string) is required: The team's key."),
        ({"team": None}, f"{WHERE}: the parameter 'team' (string) is required"),
        ({"team": 5}, f"{WHERE}.team is 5; it must be a string"),
        ({"team": "A", "limit": True}, f"{WHERE}.limit is True; it must be a number"),
        ({"team": "A", "since": "last week"}, f"{WHERE}.since is 'last week'; it must be a date"),
        ({"tema": "A"}, f"{WHERE}: there is no parameter 'tema'; choose from team, limit, since"),
        ({"team": "A", "status": "x"}, f"{WHERE}.status: this parameter cannot be set"),
    ],
)
def test_errors_name_file_key_value_and_wanted_type(
    configured: dict[str, Any], message: str
) -> None:
    """So that whoever reads them knows where to write what (contract P)."""
    with pytest.raises(ConfigurationError) as caught:
        resolved(configured)
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", [kind for kind in ParameterType if kind.is_array])
def test_arrays_are_checked_element_by_element(kind: ParameterType) -> None:
    """The place is in the error; null is for sparse arrays only (contract P)."""
    parameter = make_parameter(name="p", type=kind)
    with pytest.raises(ConfigurationError, match=r"parameters\.p\[1\] is \{\}; it must be a"):
        resolved({"p": [_good(kind), {}]}, [parameter])
    if kind.is_sparse:
        assert resolved({"p": [None]}, [parameter]) == {"p": [None]}
    else:
        with pytest.raises(ConfigurationError, match=r"parameters\.p\[0\] is None"):
            resolved({"p": [None]}, [parameter])


def _good(kind: ParameterType) -> Any:
    return {"number": 1, "boolean": True, "date": "2025-01-31"}.get(kind.element.value, "a")


def test_discovery_does_without_required_values() -> None:
    """But not with wrong ones (contract P)."""
    assert known_parameters(ALL, {}, where=WHERE) == {
        "team": None,
        "limit": 100,
        "since": None,
        "status": None,
    }
    with pytest.raises(ConfigurationError, match="limit is 'x'"):
        known_parameters(ALL, {"limit": "x"}, where=WHERE)
    with pytest.raises(ConfigurationError, match="incremental"):
        known_parameters(ALL, {"status": "x"}, where=WHERE)


def test_dates_are_reckoned_from_the_time_of_the_sync() -> None:
    """As datetimes in UTC; other values stay as they are (contract P)."""
    now = datetime(2025, 3, 12, 15, tzinfo=UTC)
    values = {"team": "today", "limit": 5, "since": "yesterday", "status": None}
    assert values_at(ALL, values, now) == {
        "team": "today",
        "limit": 5,
        "since": datetime(2025, 3, 11, tzinfo=UTC),
        "status": None,
    }


def test_a_sync_passes_dates_and_keeps_its_cursor(tmp_path: Path) -> None:
    """Reckoned from when the sync began, on every page and for the check of the parameters.

    The next sync is incremental although the date has moved: the cursor depends on what is
    configured (contract P, D5).
    """
    checked: list[Any] = []

    def check(_: Any, parameters: Any) -> None:
        checked.append(parameters)

    execute = Scripted({"continuation": 1}, last_page(1), last_page(2), last_page(3))
    span = make_parameter(name="span", type="dateArray")
    engine = Engine(
        folder=tmp_path,
        execute=execute,
        parameters=[span],
        values={"span": "last_7_days"},
        validate_parameters=check,
    )
    engine.sync()
    for call in execute.calls:
        (start, end), began = call.args[0], call.context.sync.started_at
        assert end.date() == began.date()
        assert end - start == timedelta(days=8, milliseconds=-1)
        assert call.context.sync.parameters == {"span": [start, end]} == checked[0]
    before = engine.position().fingerprint
    assert engine.sync().record.mode == "incremental"
    assert engine.position().fingerprint == before
    engine.values = {"span": "last_30_days"}
    assert engine.sync().record.mode == "full"


def test_a_pack_may_change_its_values(tmp_path: Path) -> None:
    """Every page gets its own (contract C1)."""

    def spoil(args: Any, context: Any) -> Any:
        args[0].append("x")
        context.sync.parameters["teams"].clear()
        return {"continuation": 1}

    execute = Scripted(spoil, last_page(1))
    engine = Engine(
        folder=tmp_path,
        execute=execute,
        parameters=[make_parameter(name="teams", type="stringArray")],
        values={"teams": ["a"]},
    )
    engine.sync()
    assert execute.calls[1].args == [["a"]]
    assert execute.calls[1].context.sync.parameters == {"teams": ["a"]}
