"""State that no worker owns: what must outlive the machine that a sync ran on.

Where the catalogue of the warehouse is in Postgres, that Postgres has it, in a schema of its own.
Everywhere else it is in files beside the project, and in the ledger.
"""
