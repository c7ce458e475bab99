"""Tests of `packsync check`."""
