"""Definitions without what is for the UI's editor alone: the schemas of all kinds of components.

To make them takes most of the time of loading a small project, and a command shows none. Where
this Dagster does not have the function, they are made.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster.components.core import load_defs

_MAKER = "get_library_json_enriched_defs"


@contextmanager
def without_component_schemas() -> Generator[None]:
    """Load definitions in this block without these schemas."""
    made = getattr(load_defs, _MAKER, None)
    if made is None:
        yield
        return
    setattr(load_defs, _MAKER, _with_the_tree_alone)
    try:
        yield
    finally:
        setattr(load_defs, _MAKER, made)


def _with_the_tree_alone(tree: Any) -> dg.Definitions:
    return dg.Definitions(component_tree=tree)
