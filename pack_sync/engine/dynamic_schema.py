"""The schema of a table that says it only when it is asked, before every sync (contract C23)."""

from dataclasses import replace

from pack_sdk.context import PreviousAttemptError
from pack_sync.engine.attempt import Execution
from pack_sync.engine.page_loop import PageRequest, open_session, state_of
from pack_sync.engine.sync_failures import sentence
from pack_sync.engine.sync_job import SyncJob
from pack_sync.http.fetcher import SyncFetcher


def ask_schema(sync: SyncJob, request: PageRequest, fetcher: SyncFetcher) -> SyncJob:
    """The sync with the schema that its table has now; a static table's sync as it is.

    Raises what the pack raises, and `InvalidResultError` for a schema that cannot be one.
    """
    if not sync.awaits_schema:
        return sync
    session = open_session(sync, request, fetcher)
    try:
        schema = session.get_schema(state_of(sync, request))
    finally:
        session.close()
    return replace(sync, table=replace(sync.table, schema=schema), schema_asked=True)


def ask_schema_for(
    execution: Execution, sync: SyncJob, previous_error: PreviousAttemptError | None
) -> SyncJob:
    """As `ask_schema`, as a part of this execution."""
    request = PageRequest(
        mode="full",  # what it is going to be may depend on the schema
        cursor=None,
        started_at=execution.started_at,
        execution_id=execution.id,
        previous_error=previous_error,
    )
    execution.asking_schema = True
    known = ask_schema(sync, request, execution.fetcher)
    execution.asking_schema = False
    return known


def failure_of(execution: Execution, error: Exception) -> str:
    """Why an execution failed, as a sentence that says so where it was the schema's turn."""
    if execution.asking_schema:
        return f"the table's schema could not be asked for: {sentence(error)}"
    return sentence(error)
