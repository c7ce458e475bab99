"""Tests of the demo service and its pack, over real HTTP on loopback."""
