"""What is remembered about each table, in the warehouse itself, so that it changes with the rows.

`ledger_tables` are the tables of the schema `_sync`, `ledger_versions` their migrations. In come
keys (`sync_key`) and facts; out go cursors, runs, leases and rejected rows. Everything is called
with a connection, most of it inside of the transaction that the room `commit` has begun.
"""
