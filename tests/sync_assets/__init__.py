"""Tests of the sync engine and of what Dagster shows of it."""
