"""The examples in the docstrings of the SDK say what is."""

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import pack_sdk
from pack_sdk import public_names


def examples() -> Iterator[doctest.DocTest]:
    """All examples; each may use what a pack can import."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for found in pkgutil.walk_packages(pack_sdk.__path__, "pack_sdk."):
        module = importlib.import_module(found.name)
        for example in finder.find(module, found.name):
            if example.examples:
                example.globs = {**vars(public_names), **vars(module)}
                yield example


EXAMPLES = list(examples())


@pytest.mark.parametrize("example", EXAMPLES, ids=[each.name for each in EXAMPLES])
def test_an_example(example: doctest.DocTest) -> None:
    """It runs, and prints what is written there."""
    said: list[str] = []
    assert doctest.DocTestRunner().run(example, out=said.append).failed == 0, "".join(said)


def test_there_are_examples() -> None:
    """They are found at all, and one that is wrong would fail."""
    assert len(EXAMPLES) > 40
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, None)
    assert doctest.DocTestRunner().run(wrong, out=lambda _: None).failed == 1
