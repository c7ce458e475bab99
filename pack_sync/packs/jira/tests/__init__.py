"""Tests of the pack, and the fake of its service."""
