"""What is wrong, by ledgers that real syncs have written, and by budgets and consents."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import make_object_schema as object_schema
from pack_sdk.errors import StatusCodeError
from pack_sdk.fetching import FetchResponse
from pack_sdk.rates import parse_rates
from pack_sync.budgets.book import Usage
from pack_sync.commit.ledger_facts import TableFacts, read_facts
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.http.budget import BudgetSpentError
from pack_sync.ledger.ledger_versions import create_ledger
from pack_sync.ledger.sync_runs import RunRecord, record_run
from pack_sync.notify.changes import Condition
from pack_sync.notify.conditions import (
    WatchedAccount,
    WatchedTable,
    account_conditions,
    table_conditions,
)
from tests.engine.sync_harness import Engine, Scripted, last_page

NOW = datetime.now(UTC)
ITEMS = WatchedTable(pack="acme", table="Items", syncs=["default"], stale_after=timedelta(hours=10))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A table whose syncs bring what a test says."""
    return Engine(folder=tmp_path, execute=Scripted())


def scripted(engine: Engine, *steps: Any) -> None:
    """What the next syncs bring."""
    engine.execute = Scripted(*steps)


def found(engine: Engine, at: datetime | None = None) -> dict[str, Condition]:
    """What is wrong with the table, by its kind."""
    now = at or datetime.now(UTC)
    with engine.warehouse.read() as connection:
        facts = read_facts(connection, now)
    conditions = list(table_conditions(ITEMS, facts.get(("acme", "Items"), TableFacts()), now))
    by_kind = {str(each.kind): each for each in conditions}
    assert len(by_kind) == len(conditions)
    return by_kind


def fail(engine: Engine) -> None:
    """A sync that is to fail."""
    with pytest.raises(SyncFailedError):
        engine.sync()


def test_nothing_is_wrong_before_the_first_sync_and_after_a_good_one(engine: Engine) -> None:
    """Neither without a ledger nor with one."""
    assert found(engine) == {}
    scripted(engine, last_page("1", a="x"))
    engine.sync()
    assert found(engine) == {}


def test_failures_are_counted_since_the_last_success(engine: Engine) -> None:
    """Since when is the first of them; what they say, the last."""
    bad = [ValueError("one"), ValueError("two"), ValueError("three")]
    scripted(engine, bad[0], last_page("1", a="x"), *bad[1:], last_page("2", a="y"))
    fail(engine)
    engine.sync()
    fail(engine)
    fail(engine)
    failed = found(engine)["failed"]
    assert failed.text == "2 runs failed, the last with: ValueError: three"
    assert failed.since == engine.ledger()[2]["finished_at"]
    engine.sync()
    assert found(engine) == {}


def test_waiting_for_a_budget_is_no_failure(engine: Engine) -> None:
    """The account's condition says it; another pause of the service is one."""
    spent = BudgetSpentError(
        "GET x was not sent: it waits for the budget of acme (default): 9 of 9 used",
        seconds=900,
        longest_seconds=300,
    )
    scripted(engine, spent, StatusCodeError(FetchResponse(status=429)))
    fail(engine)
    assert found(engine) == {}
    fail(engine)
    assert found(engine).keys() == {"failed"}


def test_rejected_rows_are_told_without_their_values(engine: Engine) -> None:
    """The most frequent reason, and no row; over when they are stored."""
    page: Any = last_page("1", a="x")
    page["result"] += [{"id": "b", "name": ["private value"]}, {"id": "c", "name": "y"}]
    scripted(engine, page, last_page("2", b="good"))
    engine.schema = object_schema(
        properties={"id": {"type": "string"}, "name": {"type": "number"}},
        id_property="id",
        display_property="name",
    )
    page["result"] = [{"id": "a", "name": 1}, {"id": "b", "name": "private value"}]
    engine.sync()
    rejected = found(engine)["rejected"]
    assert rejected.text.startswith("1 row could not be stored; the most frequent reason: ")
    assert "name" in rejected.text
    assert "private" not in f"{rejected}"
    scripted(
        engine, {"result": [{"id": "b", "name": 2}], "completion": {"incrementalContinuation": "2"}}
    )
    engine.sync()
    assert found(engine) == {}


def test_a_held_sync_is_told_until_it_is_settled(engine: Engine) -> None:
    """Here by a full sync that brings the rows again."""
    scripted(engine, last_page("1", a="x"), last_page("2"), last_page("3", a="x"))
    engine.sync()
    with pytest.raises(Exception, match="would delete"):
        engine.sync("full")
    held = found(engine)
    assert held.keys() == {"held"}
    assert held["held"].text == "A full sync was not applied: it would delete 1 of 1 row."
    engine.sync("full")
    assert found(engine) == {}


def test_a_change_of_the_schema_is_told_for_some_days(engine: Engine) -> None:
    """The first schema is none; each change is an event of its own."""
    scripted(engine, *(last_page(str(number), a="x") for number in range(3)))
    engine.sync()
    engine.schema = object_schema(
        properties={"id": {"type": "string"}, "name": {"type": "string"}, "b": {"type": "string"}},
        id_property="id",
        display_property="name",
    )
    engine.sync()
    changed = found(engine)
    assert changed.keys() == {"schema_changed"}
    engine.sync()
    assert found(engine)["schema_changed"].key == changed["schema_changed"].key
    assert "schema_changed" not in found(engine, NOW + timedelta(days=4))


def test_increments_that_missed_rows_are_told_until_the_next_audit(engine: Engine) -> None:
    """With the counts of the check."""
    scripted(
        engine, last_page("1", a="x"), last_page("2", a="y", b="x"), last_page("3", a="y", b="x")
    )
    engine.sync()
    engine.sync("full")
    incomplete = found(engine)
    assert incomplete.keys() == {"increments_incomplete"}
    assert "missed 1 rows, left 1 stale and failed to delete 0" in (
        incomplete["increments_incomplete"].text
    )
    engine.sync("full")
    assert found(engine) == {}


def write_runs(engine: Engine, moments: Sequence[tuple[datetime, int]], **more: Any) -> None:
    """Lines of the ledger: successful runs that ended then, with so many changed rows."""
    with engine.warehouse.write() as connection:
        create_ledger(connection)
        for number, (at, rows) in enumerate(moments):
            fields: dict[str, Any] = {
                "execution_id": f"run-{len(moments)}-{number}",
                "dagster_run_id": None,
                "pack": "acme",
                "table_name": "Items",
                "sync": "default",
                "mode": "incremental",
                "mode_reason": "",
                "status": "succeeded",
                "started_at": at,
                "finished_at": at,
                "updated": rows,
            }
            record_run(connection, RunRecord(**{**fields, **more}))


def test_a_table_is_stale_when_its_policy_says_so(engine: Engine) -> None:
    """By its last success; a failure since then makes it no fresher."""
    write_runs(engine, [(NOW - timedelta(hours=11), 1)])
    write_runs(engine, [(NOW - timedelta(hours=1), 0)] * 2, status="failed", error_message="x")
    wrong = found(engine, NOW)
    assert wrong.keys() == {"failed", "stale"}
    assert wrong["stale"].since == NOW - timedelta(hours=1)
    assert "more than 10 hours ago" in wrong["stale"].text
    write_runs(engine, [(NOW, 1)])
    assert found(engine, NOW) == {}


def weekdays(days: int) -> list[tuple[datetime, int]]:
    """Hourly runs of so many days before now that change rows, but not on two days of seven."""
    return [
        (NOW - timedelta(hours=hour), 0 if (hour // 24) % 7 in (5, 6) else 3)
        for hour in reversed(range(days * 24))
    ]


def test_no_rows_on_a_weekend_is_usual_and_a_week_is_not(engine: Engine) -> None:
    """What is usual is learned from the ledger; it is over with the first changed row."""
    usual = weekdays(28)
    write_runs(engine, usual)
    quiet = [(NOW + timedelta(hours=hour), 0) for hour in range(1, 24 * 6)]
    write_runs(engine, quiet[:50])
    assert "no_rows" not in found(engine, quiet[49][0])
    write_runs(engine, quiet[50:])
    silent = found(engine, quiet[-1][0])
    assert silent.keys() == {"no_rows"}
    assert "for 6 days; usually no longer than 49 hours" in silent["no_rows"].text
    assert silent["no_rows"].since == NOW
    write_runs(engine, [(NOW + timedelta(days=6), 1)])
    assert found(engine, NOW + timedelta(days=6)) == {}


def test_what_is_usual_takes_two_weeks_to_know(engine: Engine) -> None:
    """Before that the first quiet night would be told."""
    write_runs(engine, [(NOW - timedelta(hours=hour), 3) for hour in range(24 * 5, 0, -1)])
    write_runs(engine, [(NOW + timedelta(hours=hour), 0) for hour in range(24)])
    assert found(engine, NOW + timedelta(hours=24)) == {}


def test_a_crawl_fails_if_a_child_does(engine: Engine) -> None:
    """Though the children that were committed after it are lines that succeeded."""
    write_runs(
        engine,
        [(NOW - timedelta(minutes=2), 0)],
        sync="default/7",
        status="failed",
        error_message="child 7",
        dagster_run_id="r1",
    )
    write_runs(engine, [(NOW - timedelta(minutes=1), 1)], dagster_run_id="r1")
    assert found(engine, NOW)["failed"].run_id == "r1"
    write_runs(engine, [(NOW, 1)], dagster_run_id="r2")
    assert found(engine, NOW) == {}


def account(
    used: int = 0, rate: str = "1000/day", end_in_days: float | None = None
) -> WatchedAccount:
    """An account that has used so many requests, and whose consent ends then."""
    (parsed,) = parse_rates([rate])
    end = None if end_in_days is None else NOW.timestamp() + end_in_days * 86_400
    return WatchedAccount(
        pack="acme",
        connection="default",
        usages=[Usage(rate=parsed, used=used, spent_at=None)],
        end_at=end,
        ends_soon=end_in_days is not None and end_in_days < 14,
    )


def test_a_budget_is_short_from_nine_tenths_to_eight() -> None:
    """One number for both would tell of it again and again; of seconds nobody is told."""
    short = "budget_short|acme (default)|"
    for used, told, expected in [
        (899, frozenset[str](), []),
        (900, frozenset[str](), [short]),
        (850, frozenset({short}), [short]),
        (850, frozenset[str](), []),
        (799, frozenset({short}), []),
    ]:
        keys = [each.key for each in account_conditions(account(used), NOW, told)]
        assert keys == expected, used
    assert list(account_conditions(account(5, rate="5/s"), NOW, frozenset())) == []


def test_a_consent_that_ends_is_told_and_how_to_renew_it() -> None:
    """Days before; and it stays when it has ended."""
    assert list(account_conditions(account(end_in_days=20), NOW, frozenset())) == []
    (ending,) = account_conditions(account(end_in_days=3), NOW, frozenset())
    (ended,) = account_conditions(account(end_in_days=-3), NOW, frozenset())
    assert "ends at" in ending.text
    assert "has ended at" in ended.text
    assert ending.key == ended.key
    assert "`packsync connect acme default --reconnect`" in ending.remedy
