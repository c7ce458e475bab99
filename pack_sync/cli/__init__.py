"""The command `packsync`, in a terminal and in scripts.

Each command is a module of its own, registered in `app`. In come words and options; out go tables
and sentences on the terminal, or JSON, and an exit code. What a command does it asks of the room
`dagster` (a sync is a Dagster run); what is stored it reads by `commit`, `ledger` and `engine`.
`project_template` is what `packsync init` copies.
"""
