"""What is wrong now, as conditions: pure functions of what the ledger and the accounts say."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pack_sdk.wording import counted
from pack_sync.budgets.book import Usage
from pack_sync.commit.full_sync_audit import Audit
from pack_sync.commit.ledger_facts import Activity, Failing, TableFacts
from pack_sync.http.budget import WAITS_FOR_BUDGET, describe_usage
from pack_sync.notify.changes import Condition

_ERROR_SHOWN = 300
_LONG_RATE_SECONDS = 3_600
_SHORT_AT, _ENOUGH_AT = 0.9, 0.8
"""A budget is short from the first share on, until it is below the second."""

_FEWEST_CHANGES, _FEWEST_EMPTY_RUNS = 10, 3
_SHORTEST_HISTORY = timedelta(days=14)  # so that it has seen weekends
_LONGER_THAN_USUAL = 1.5


@dataclass(frozen=True, kw_only=True)
class WatchedTable:
    """A configured table; it is stale when it is older than `stale_after`, if that is set."""

    pack: str
    table: str
    syncs: Sequence[str]
    stale_after: timedelta | None

    @property
    def subject(self) -> str:
        """How messages call it."""
        return f"{self.pack}.{self.table}"


def table_conditions(table: WatchedTable, facts: TableFacts, now: datetime) -> Iterator[Condition]:
    """What is wrong with a table at `now` (UTC)."""
    name = table.subject
    failing = [each for each in facts.failing if each.sync in table.syncs and not _waits(each)]
    if failing:
        yield _failed(table, failing)
    yield from _waiting_rows(name, facts)
    if (change := facts.schema_change) is not None:
        yield Condition(
            kind="schema_changed",
            subject=name,
            since=change.at,
            text="The table's schema is another one than before, and all rows were synced anew.",
            remedy="See that those who read the table know; the run shows the columns.",
            run_id=change.run_id,
            mark=change.execution_id,
        )
    yield from _audit(table, facts)
    activities = [each for each in facts.activities if each.sync in table.syncs]
    # If one was never synced, nothing says since when the table is stale.
    if len(activities) == len(table.syncs):
        yield from _stale(table, activities, now)
    yield from _no_rows(table, activities)


def _waiting_rows(name: str, facts: TableFacts) -> Iterator[Condition]:
    """Rows that somebody must decide on: a held sync's, and rejected ones."""
    if (held := facts.held) is not None:
        yield Condition(
            kind="held",
            subject=name,
            since=held.since,
            text=f"A full sync was not applied: it would delete {held.deletes:,} of "
            f"{counted(held.rows_before, 'row', 'rows')}.",
            remedy="`packsync held` shows them, and how to approve or discard it.",
            run_id=held.run_id,
        )
    if (rejected := facts.rejected) is not None:
        yield Condition(
            kind="rejected",
            subject=name,
            since=rejected.since,
            text=f"{counted(rejected.rows, 'row', 'rows')} could not be stored; the most frequent "
            f"reason: {shortened(rejected.reason)}",
            remedy=f"`packsync rejects {name}` shows them. Correct the pack's schema, then "
            f"`packsync rejects replay {name}`; or correct them at the service.",
        )


def _waits(failing: Failing) -> bool:
    """Whether the sync only waits for its account's budget, which is a condition of its own."""
    return WAITS_FOR_BUDGET in failing.error


def _failed(table: WatchedTable, failing: Sequence[Failing]) -> Condition:
    last = max(failing, key=lambda each: each.runs)
    of_sync = f" of the sync {last.sync}" if len(table.syncs) > 1 else ""
    others = f" {counted(len(failing) - 1, 'other sync fails', 'other syncs fail')} too." * (
        len(failing) > 1
    )
    return Condition(
        kind="failed",
        subject=table.subject,
        since=min(each.since for each in failing),
        text=f"{counted(last.runs, 'run', 'runs')}{of_sync} failed, the last with: "
        f"{shortened(last.error)}{others}",
        remedy="The next sync tries again. `packsync status` shows what fails; the run's log has "
        "the whole error.",
        run_id=last.run_id,
    )


def _audit(table: WatchedTable, facts: TableFacts) -> Iterator[Condition]:
    total = sum((line.audit for line in facts.audits), Audit())
    if total.faults:
        yield Condition(
            kind="increments_incomplete",
            subject=table.subject,
            since=max(line.finished_at for line in facts.audits if line.audit.faults),
            text=f"A full sync found that increments had missed {total.missed:,} rows, left "
            f"{total.stale:,} stale and failed to delete {total.undeleted:,}. It has corrected "
            "them.",
            remedy=f"`packsync audit {table.pack} {table.table} --ids` names the rows. Sync in "
            "full more often (`full_every_days`), or correct the pack's cursor.",
        )


def _stale(
    table: WatchedTable, activities: Sequence[Activity], now: datetime
) -> Iterator[Condition]:
    oldest = min((each.last_success for each in activities), default=now)
    if table.stale_after is None or now - oldest <= table.stale_after:
        return
    yield Condition(
        kind="stale",
        subject=table.subject,
        since=oldest + table.stale_after,
        text=f"The last successful sync ended at {moment(oldest)}, more than "
        f"{hours(table.stale_after)} ago.",
        remedy="`packsync list` says whether its schedules are on, and what keeps them.",
    )


def _no_rows(table: WatchedTable, activities: Sequence[Activity]) -> Iterator[Condition]:
    for each in activities:
        if each.last_change is None or each.first_change is None or not each.usual_gap_seconds:
            continue
        usual = timedelta(seconds=each.usual_gap_seconds)
        enough = (
            each.changes >= _FEWEST_CHANGES
            and each.empty_runs >= _FEWEST_EMPTY_RUNS
            and each.last_change - each.first_change >= _SHORTEST_HISTORY
        )
        if enough and each.last_success - each.last_change > _LONGER_THAN_USUAL * usual:
            yield Condition(
                kind="no_rows",
                subject=table.subject,
                since=each.last_change,
                text=f"{counted(each.empty_runs, 'sync', 'syncs')} in a row changed no row, for "
                f"{hours(each.last_success - each.last_change)}; usually no longer than "
                f"{hours(usual)}.",
                remedy="See at the service whether that is so; if not, the account may have lost "
                "a permission, or the pack's cursor stands still.",
                run_id=each.run_id,
            )
            return


@dataclass(frozen=True, kw_only=True)
class WatchedAccount:
    """An account: how its rates stand, and when its consent ends (seconds since 1970)."""

    pack: str
    connection: str
    usages: Sequence[Usage] = ()
    end_at: float | None = None
    ends_soon: bool = False

    @property
    def subject(self) -> str:
        """How messages call it."""
        return f"{self.pack} ({self.connection})"


def account_conditions(
    account: WatchedAccount, now: datetime, told: AbstractSet[str]
) -> Iterator[Condition]:
    """What is wrong with an account; `told` are the keys of what somebody has been told."""
    was_short = f"budget_short|{account.subject}|" in told
    limit = _ENOUGH_AT if was_short else _SHORT_AT
    short = [
        usage
        for usage in account.usages
        if usage.rate.seconds >= _LONG_RATE_SECONDS and usage.used >= limit * usage.rate.requests
    ]
    if short:
        yield Condition(
            kind="budget_short",
            subject=account.subject,
            since=now,
            text=f"{'; '.join(describe_usage(usage) for usage in short)}.",
            remedy="Syncs that find it spent end, and go on from the pages they have. Sync less "
            "often, or ask the service for more and change `rate`.",
        )
    if account.ends_soon and account.end_at is not None:
        end = datetime.fromtimestamp(account.end_at, UTC)
        yield Condition(
            kind="consent_ending",
            subject=account.subject,
            since=now,
            text=f"The consent of the connected account {'ends' if end > now else 'has ended'} at "
            f"{moment(end)}.",
            remedy=f"Connect it again: `packsync connect {account.pack} {account.connection} "
            "--reconnect`.",
        )


def run_failed(pack: str, run_id: str, at: datetime) -> Condition:
    """A run of a pack failed, and no table of it is known to have."""
    return Condition(
        kind="failed",
        subject=pack,
        since=at,
        text="The last run of the pack failed outside of its syncs: the pack cannot be loaded, "
        "lacks credentials, or the run's process died.",
        remedy="The run's log says which.",
        run_id=run_id,
    )


def moment(at: datetime) -> str:
    """A time as it is shown: `2026-03-01 14:05 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def hours(span: timedelta) -> str:
    """A time span as it is shown.

    >>> hours(timedelta(hours=30)), hours(timedelta(days=4))
    ('30 hours', '4 days')
    """
    whole = round(span / timedelta(hours=1))
    if whole >= 72:
        return counted(round(whole / 24), "day", "days")
    return counted(whole, "hour", "hours") if whole else "less than an hour"


def shortened(text: str) -> str:
    """A text on one line, and not longer than anybody reads."""
    line = " ".join(text.split())
    return line if len(line) <= _ERROR_SHOWN else f"{line[: _ERROR_SHOWN - 1]}…"
