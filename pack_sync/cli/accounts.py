"""Which accounts the connections of a pack belong to, as the pack's `getConnectionName` says."""

from collections.abc import Iterator

import dagster as dg

from pack_sync.cli.context import call_environment, database
from pack_sync.dagster.component import PackSyncComponent
from pack_sync.dagster.pack_resource import PackResource
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.project import ConfigurationError


def account_names(
    component: PackSyncComponent, definition: PackTables
) -> Iterator[tuple[str, str]]:
    """Each connection, and the account's name; the services are asked.

    A service that cannot be asked does not end the list: its error stands for the name.
    """
    with dg.build_resources({definition.resource_key: component.resource()}) as built:
        pack: PackResource = getattr(built, definition.resource_key)
        for name in component.connection_names:
            yield name, _account_of(pack, name)


def _account_of(pack: PackResource, name: str) -> str:
    try:
        connection = pack.connection(name, database())
    except ConfigurationError as error:
        return str(error)
    environment = call_environment(pack, connection)
    try:
        return pack.runtime().connection_name(environment) or "the pack does not say"
    except Exception as error:
        return connection.redactor.redact(f"{type(error).__name__}: {error}")
