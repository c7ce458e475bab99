"""Tests of the room `runtimes`."""
