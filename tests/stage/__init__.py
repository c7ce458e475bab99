"""Tests of the room `stage`."""
