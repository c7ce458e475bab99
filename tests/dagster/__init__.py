"""Tests of the room `dagster`."""
