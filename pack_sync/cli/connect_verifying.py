"""Whose account it is: asked of the pack's `getConnectionName`, or a first page of a table."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pack_sdk.errors import AuthenticationFailedError, RequestRefusedError, StatusCodeError
from pack_sync.cli.chosen_connection import ChosenConnection
from pack_sync.cli.connect_consent import say
from pack_sync.cli.context import call_environment
from pack_sync.dagster.pack_resource import PackResource
from pack_sync.dagster.sync_jobs import sync_job_of
from pack_sync.engine.attempt import AttemptFailedError
from pack_sync.engine.preview import preview_rows
from pack_sync.engine.sync_tables import TableRuns
from pack_sync.http.connection import Connection
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.project import ConfigurationError
from pack_sync.runtimes.runtime import PackRuntime
from pack_sync.settings import SyncSettings
from pack_sync.warehouse.database import Database

_LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What came of it: `name` of the account or `how` it was verified, or the `problem`.

    `refused` says that the service does not accept the credentials, rather than that it could not
    be asked.
    """

    name: str = ""
    how: str = ""
    problem: str = ""
    refused: bool = False


def verify(chosen: ChosenConnection, connection: Connection) -> Verified:
    """Ask the service, by the connection as it would be used by syncs. Nothing is written."""
    try:
        environment = call_environment(chosen.resource, connection)
        name = chosen.resource.runtime().connection_name(environment)
        if name:
            return Verified(name=printable(name), how="the pack's getConnectionName")
        if chosen.authentication.get_connection_name is not None:
            return Verified(how="the pack's getConnectionName, which gives no name")
        return _by_a_table(chosen, connection)
    except Exception as error:
        cause = error.error if isinstance(error, AttemptFailedError) else error
        text = connection.redactor.redact(f"{type(cause).__name__}: {cause}")
        return Verified(problem=printable(text, 600), refused=_refuses(cause))


def printable(text: str, longest: int = _LONGEST_NAME) -> str:
    """A text from elsewhere on one line, without what a terminal would obey."""
    shown = "".join(each if each.isprintable() else " " for each in text).strip()
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _by_a_table(chosen: ChosenConnection, connection: Connection) -> Verified:
    pack, runs = _Candidate(chosen.resource, connection), TableRuns(max_parallel=1)
    definition = chosen.definition
    for table in definition.configured_tables:
        syncs = definition.syncs_of(table)
        sync = next((n for n, each in syncs.items() if each.connection == chosen.name), None)
        if sync is None or definition.parent_of(table):
            continue
        key = SyncKey(pack=definition.name, table=table, sync=sync)
        try:
            job = sync_job_of(definition, key, pack, chosen.warehouse, runs, None)
        except ConfigurationError:  # a parameter that is not set yet
            continue
        with tempfile.TemporaryDirectory() as folder:
            preview_rows(job, Path(folder), limit=1, tell=say)
        return Verified(how=f"a page of {table}")
    return Verified(
        problem="it was not tried: the pack has no getConnectionName, and no table that uses this "
        "connection can be read without further parameters"
    )


def _refuses(error: BaseException) -> bool:
    if isinstance(error, StatusCodeError):
        return error.status_code in (401, 403)
    return isinstance(error, AuthenticationFailedError | RequestRefusedError)


class _Candidate:
    """A pack whose connection is the one that is being tried (a `sync_op.OpenPack`)."""

    def __init__(self, resource: PackResource, connection: Connection) -> None:
        self._resource = resource
        self._connection = connection

    def code_version(self) -> str:
        return self._resource.code_version()

    def runtime(self) -> PackRuntime:
        return self._resource.runtime()

    def settings(self) -> SyncSettings:
        return self._resource.settings()

    def connection(self, name: str, database: Database) -> Connection:
        del name, database
        return self._connection
