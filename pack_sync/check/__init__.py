"""`packsync check`: tries to break a pack, against a made-up service whose rows change.

Each rule is a function in `rules/`, registered with a code. It is given a `TableUnderTest`, makes
made-up services of its own as `Lab`s, syncs from them in ways that a real service brings about, and
yields what it found. Nothing is stored, and no network is used.
"""

from pack_sync.check.pytest_test import check_tests

__all__ = ["check_tests"]
