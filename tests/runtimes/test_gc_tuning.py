"""The garbage collector's threshold while packs run."""

import gc
from collections.abc import Iterator

import pytest

from pack_sync.runtimes.python.gc_tuning import NEW_OBJECTS, rare_collections


@pytest.fixture(autouse=True)
def threshold() -> Iterator[tuple[int, int, int]]:
    """What it is before a test, and again after it."""
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)


def test_the_last_of_several_syncs_sets_it_back(threshold: tuple[int, int, int]) -> None:
    """It is the process's; one sync that ends, by an error too, leaves the other its own."""
    with rare_collections:
        with pytest.raises(RuntimeError), rare_collections:
            raise RuntimeError
        assert gc.get_threshold()[0] == NEW_OBJECTS
    assert gc.get_threshold() == threshold


@pytest.mark.parametrize("own", [0, NEW_OBJECTS + 1])
def test_a_process_that_collects_rarely_or_never_goes_on_so(own: int) -> None:
    """A threshold of 0 is no collector at all."""
    gc.set_threshold(own)
    with rare_collections:
        assert gc.get_threshold()[0] == own
    assert gc.get_threshold()[0] == own
