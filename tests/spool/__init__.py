"""Tests of the room `spool`."""
