"""Tests of `pack_sdk`."""
