"""The parameters that a test of a pack gives, and its choices."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pack_sdk import Parameter, make_parameter
from pack_sdk.testing import Clock, MockFetcher, discover_choices, execute_sync_table
from tests.pack_sdk.sync_samples import Steps, pack_of

TEAM = make_parameter(name="team", type="string")
LIMIT = make_parameter(name="limit", type="number", optional=True, suggested_value=100)
SINCE = make_parameter(name="since", type="date", optional=True)
HIDDEN = make_parameter(
    name="status", type="string", optional=True, supports_incremental_sync=False,
    suggested_value="open",
)  # fmt: skip
ALL = [TEAM, LIMIT, SINCE, HIDDEN]


def args_of(given: Any, parameters: list[Parameter] = ALL, **options: Any) -> list[Any]:
    """The `args` that `execute` gets."""
    steps = Steps(None)
    pack = pack_of(steps, parameters=parameters)
    execute_sync_table(pack, "Items", given, fetcher=MockFetcher(), **options)
    return list(steps.calls[0][0])


@pytest.mark.parametrize(
    ("given", "args"),
    [
        (["A"], ["A", 100, None, None]),
        (["A", 5, None, None], ["A", 5, None, None]),
        ({"team": "A", "limit": 5}, ["A", 5, None, None]),
        ({"limit": None, "team": "A"}, ["A", 100, None, None]),
    ],
)
def test_values_by_name_or_position(given: Any, args: list[Any]) -> None:
    """What is left out is suggested or None; what is hidden is always None (C1, C19, P)."""
    assert args_of(given) == args


def test_a_table_that_there_is_not() -> None:
    """The error names those that there are."""
    pack = pack_of(Steps(None))
    with pytest.raises(ValueError, match="no table 'Itmes'; choose from Items"):
        execute_sync_table(pack, "Itmes", fetcher=MockFetcher())
    with pytest.raises(ValueError, match="no table 'Itmes'; choose from Items"):
        discover_choices(pack, "Itmes", "team")


def test_dates_are_reckoned_from_the_clock() -> None:
    """As a sync that begins then would do it (contract P)."""
    clock = Clock(datetime(2025, 3, 12, 15, tzinfo=UTC))
    given = {"team": "A", "since": "yesterday"}
    assert args_of(given, clock=clock)[2] == datetime(2025, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "'team' .string. is required"),
        ({"tema": "A"}, "no parameter 'tema'; choose from team, limit"),
        ({"team": 1}, "parameter 'team' is 1; it must be a string"),
        ({"team": "A", "since": "last_7_days"}, "parameter 'since' is 'last_7_days'"),
        ({"team": "A", "status": "open"}, "'status' is hidden, so a sync always passes None"),
        (["A", 1, None, None, 2], "5 values for 4 parameters"),
    ],
)
def test_values_that_could_not_be_configured(given: Any, message: str) -> None:
    """A test cannot sync with what no configuration could say (contract C19, P)."""
    with pytest.raises(ValueError, match=message):
        args_of(given)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_choices_are_looked_up(asynchronous: bool) -> None:
    """Of a function, `def` or `async def`, with search and the values of the others (P)."""
    seen: list[Any] = []

    def ask(context: Any, search: str, parameters: Any) -> Any:
        seen.append((search, parameters))
        return context.fetcher.fetch(url="https://api.example.com/teams").body

    async def ask_async(context: Any, search: str, parameters: Any) -> Any:
        seen.append((search, parameters))
        return (await context.fetcher.fetch(url="https://api.example.com/teams")).body

    autocomplete = ask_async if asynchronous else ask
    team = make_parameter(name="team", type="string", autocomplete=autocomplete)
    pack = pack_of(Steps(), parameters=[team, LIMIT, SINCE])
    fetcher = MockFetcher(["A", {"display": "Team B", "value": "B"}])
    found = discover_choices(pack, "Items", "team", "t", {"limit": 5}, fetcher=fetcher)
    assert found == [("A", "A"), ("Team B", "B")]
    assert seen == [("t", {"limit": 5, "since": None})]
