"""What notifications are about: the packs of a code location, looked at once."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import dagster as dg

from pack_sdk.authentication import AuthenticationType
from pack_sdk.errors import PackError
from pack_sync.budgets.book import Usage
from pack_sync.commit.ledger_facts import TableFacts, TableName, read_facts
from pack_sync.connect.lifetime import ends_soon
from pack_sync.connect.obtained import kept_tokens
from pack_sync.dagster.pack_resource import PackResource
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.schedules import PACK_TAG
from pack_sync.dagster.sync_op import definitions_by_op
from pack_sync.notify.changes import Condition, Seen
from pack_sync.notify.conditions import (
    WatchedAccount,
    WatchedTable,
    account_conditions,
    run_failed,
    table_conditions,
)
from pack_sync.notify.message import without_secrets
from pack_sync.project import ConfigurationError
from pack_sync.redaction import Redactor
from pack_sync.warehouse.storage_errors import StorageError
from pack_sync.warehouse.warehouse import Warehouse

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


@dataclass(kw_only=True)
class Look:
    """One look at packs at a time (UTC); `told` is what somebody has been told of already.

    What is seen is without the secrets of the packs' accounts.
    """

    instance: dg.DagsterInstance
    warehouse: Warehouse
    now: datetime
    told: frozenset[str]
    _conditions: list[Condition] = field(default_factory=list[Condition])
    _subjects: set[str] = field(default_factory=set[str])
    _unknown: set[str] = field(default_factory=set[str])
    _redactor: Redactor = field(default_factory=lambda: Redactor([]))

    def at(
        self,
        packs: Sequence[tuple[PackTables, PackResource]],
        broken: AbstractSet[str] = frozenset(),
    ) -> Seen:
        """What is wrong with the packs; of `broken` ones only the runs can be seen."""
        with self.warehouse.read() as connection:
            facts = read_facts(connection, self.now)
        for definition, resource in packs:
            for table in _tables_of(definition):
                found = facts.get((table.pack, table.table), TableFacts())
                self._conditions += table_conditions(table, found, self.now)
                self._subjects.add(table.subject)
            for name in _connections_of(definition):
                self._account(definition, resource, name)
        for name in (*(definition.name for definition, _ in packs), *sorted(broken)):
            self._subjects.add(name)
            self._conditions += _failed_run(self.instance, name, facts)
        self._unknown |= broken
        return Seen(
            conditions=[without_secrets(each, self._redactor) for each in self._conditions],
            subjects=self._subjects,
            unknown=self._unknown,
        )

    def _account(self, definition: PackTables, resource: PackResource, name: str) -> None:
        """Look at an account; what cannot be read now leaves it unknown."""
        database, subject = self.warehouse.database, f"{definition.name} ({name})"
        self._subjects.add(subject)
        end_at = None
        self._redactor.learn(resource.configured(name, complete=False).credentials.values())
        try:
            budget = resource.budget(name, database)
            usages: Sequence[Usage] = ()
            if budget is not None:
                with closing(budget):
                    usages = budget.usage()
            if definition.pack.authentication.type is not AuthenticationType.NONE:
                connection = resource.connection(name, database)
                self._redactor.learn(connection.settings.credentials.values())
                tokens = kept_tokens(connection)
                self._redactor.learn([tokens.access_token, tokens.refresh_token] if tokens else [])
                end_at = tokens.end_at if tokens else None
        except ConfigurationError:  # no account is connected; the runs' failures say so
            return
        except (PackError, StorageError):
            self._unknown.add(subject)
            return
        account = WatchedAccount(
            pack=definition.name,
            connection=name,
            usages=usages,
            end_at=end_at,
            ends_soon=ends_soon(end_at),
        )
        self._conditions += account_conditions(account, self.now, self.told)


def packs_of(repository: dg.RepositoryDefinition, only: str | None = None) -> Sequence[PackTables]:
    """The packs of a code location that can be synced, or `only` the one of that name."""
    definitions = {
        definition.name: definition
        for assets in repository.assets_defs_by_key.values()
        if assets.is_executable and (definition := definitions_by_op.get(assets.op)) is not None
    }
    return [each for name, each in definitions.items() if only in (None, name)]


def broken_packs_of(repository: dg.RepositoryDefinition, only: str | None = None) -> set[str]:
    """The packs that cannot be synced, which have schedules and no tables."""
    named = {schedule.tags.get(PACK_TAG) for schedule in repository.schedule_defs}
    names = {name for name in named if name and only in (None, name)}
    return names - {definition.name for definition in packs_of(repository)}


def last_ended_run(instance: dg.DagsterInstance) -> float:
    """When the last run that has ended did, in seconds since 1970; 0 if none has."""
    found = instance.get_run_records(
        dg.RunsFilter(statuses=_ENDED), limit=1, order_by="update_timestamp"
    )
    return found[0].update_timestamp.timestamp() if found else 0.0


def _tables_of(definition: PackTables) -> Iterator[WatchedTable]:
    for table in definition.configured_tables:
        policy = definition.specs[table].freshness_policy
        window = getattr(policy, "fail_window", None)  # one by a cron string has none
        stale_after: timedelta | None = window.to_timedelta() if window else None
        yield WatchedTable(
            pack=definition.name,
            table=table,
            syncs=list(definition.syncs_of(table)),
            stale_after=stale_after,
        )


def _connections_of(definition: PackTables) -> Sequence[str]:
    return sorted(
        {
            sync.connection
            for table in definition.configured_tables
            for sync in definition.syncs_of(table).values()
        }
    )


def _failed_run(
    instance: dg.DagsterInstance, pack: str, facts: Mapping[TableName, TableFacts]
) -> Iterator[Condition]:
    """The last run of a pack, if it failed and the ledger does not say in which table."""
    last = instance.get_run_records(dg.RunsFilter(tags={PACK_TAG: pack}, statuses=_ENDED), limit=1)
    if not last or last[0].dagster_run.status is not dg.DagsterRunStatus.FAILURE:
        return
    run_id = last[0].dagster_run.run_id
    known = {
        found
        for (of_pack, _), each in facts.items()
        if of_pack == pack
        for found in (
            *(failing.run_id for failing in each.failing),
            each.held.run_id if each.held else None,
        )
    }
    if run_id not in known:
        yield run_failed(pack, run_id, last[0].update_timestamp.astimezone(UTC))
