"""The asset check `account_lasts`: it warns before a connected account ends (contract A6)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from pack_sdk.authentication import AuthenticationType
from pack_sdk.errors import PackError
from pack_sync.connect.lifetime import ends_soon, has_ended, moment
from pack_sync.connect.obtained import kept_tokens
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.sync_jobs import OpenPack
from pack_sync.project import ConfigurationError
from pack_sync.warehouse.database import Database

ACCOUNT_LASTS = "account_lasts"
_DESCRIPTION = "The account of the table's connection does not end within the next 14 days."


def accounts_by_table(definition: PackTables) -> Mapping[str, str]:
    """The connections whose accounts may end, each by the first of its tables: one check is enough.

    Only a consent of OAuth2 has an end that is known.
    """
    if definition.pack.authentication.type is not AuthenticationType.OAUTH2:
        return {}
    first: dict[str, str] = {}
    for table in definition.configured_tables:
        first.setdefault(definition.connection_of(table), table)
    return {table: connection for connection, table in first.items()}


def account_check_specs(
    definition: PackTables, tables: Sequence[str]
) -> Iterator[dg.AssetCheckSpec]:
    """The checks as Dagster lists them, of an op with these tables."""
    for table in accounts_by_table(definition):
        if table in tables:
            key = definition.key_of(table)
            yield dg.AssetCheckSpec(ACCOUNT_LASTS, asset=key, description=_DESCRIPTION)


def account_results(
    context: dg.AssetExecutionContext, definition: PackTables, pack: OpenPack, database: Database
) -> Iterator[dg.AssetCheckResult]:
    """The results of those of the checks that the op has selected. No service is asked."""
    for table, connection in accounts_by_table(definition).items():
        asset = definition.key_of(table)
        if dg.AssetCheckKey(asset, ACCOUNT_LASTS) in context.selected_asset_check_keys:
            yield _account_lasts(asset, connection, pack, database)


def _account_lasts(
    asset: dg.AssetKey, name: str, pack: OpenPack, database: Database
) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {"sync/connection": name}
    try:
        connection = pack.connection(name, database)
        tokens = kept_tokens(connection)
    except (ConfigurationError, PackError) as error:  # the table's failure says it too
        return _result(asset, metadata, str(error), dg.AssetCheckSeverity.ERROR)
    end_at = tokens.end_at if tokens else None
    if end_at is not None:
        metadata["sync/account_ends"] = dg.MetadataValue.timestamp(end_at)
    if not ends_soon(end_at):
        return _result(asset, metadata)
    ended = has_ended(end_at)
    when = f"{'has ended' if ended else 'ends'} at {moment(end_at or 0)}"
    command = f"packsync connect {connection.settings.pack} {name} --reconnect"
    severity = dg.AssetCheckSeverity.ERROR if ended else dg.AssetCheckSeverity.WARN
    text = f"the account of the connection {name} {when}; connect it again: {command}"
    return _result(asset, metadata, text, severity)


def _result(
    asset: dg.AssetKey,
    metadata: Mapping[str, Any],
    problem: str | None = None,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN,
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=ACCOUNT_LASTS,
        passed=problem is None,
        severity=severity,
        metadata=metadata,
        description=problem,
    )
