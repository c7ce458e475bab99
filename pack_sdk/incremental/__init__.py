"""How a service tells what changed, and what to ask and to remember for each way.

Nothing here makes a request. A helper is made of the `context`, says what to ask for, and makes
the page of what came; so it is the same in `def` and `async def`. What it keeps from page to page,
and from sync to sync, is plain JSON in `continuation` and `completion`.

`TimeCursor` and `Keyset` are for times and growing keys, `SyncToken` and `ChangeFeed` for what the
service remembers, `SyncParts` for several lists of one table, `Window` and `IdBatches` for
limits on how much may be asked at once. `full_sync_when_expired` is for cursors that end.
"""
