"""The schema of a table that tells it only when it is asked, before every sync (contract C23)."""

from dataclasses import replace

from pack_sync.engine.attempt import Attempt, failures_of
from pack_sync.engine.page_loop import open_session, state_of
from pack_sync.engine.sync_job import SyncJob


def ask_schema(sync: SyncJob, attempt: Attempt) -> SyncJob:
    """The sync with the schema that its table has now; a static table's sync as it is.

    Raises `AttemptFailedError`; its error is what the pack raised, or `InvalidResultError` for
    a schema that cannot be one.
    """
    if not sync.awaits_schema:
        return sync
    with failures_of(attempt, asking_schema=True):
        session = open_session(sync, attempt)
        try:
            # Without a previous completion: whether the sync has one may depend on the schema.
            schema = session.get_schema(state_of(sync, attempt))
        finally:
            session.close()
        return replace(sync, table=replace(sync.table, schema=schema), schema_asked=True)
