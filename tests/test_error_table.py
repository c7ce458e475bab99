"""docs/reference/errors.md has every error that a user can see, as it is worded."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "reference" / "errors.md").read_text()
ROWS = re.findall(r"^\| (`.+?) \| (.+?) \| (.+?) \|$", PAGE, re.M)

NOT_SHOWN = {
    "AbandonedCallError": "raised inside a pack's code that is given up",
    "AttemptFailedError": "carries one of the others to the ledger and the retries",
    "BrokenBodyError": "becomes a ConnectionFailedError",
    "CannotCheckError": "`packsync check` says it, and exits with 2",
    "BrokenEncodingError": "becomes a ConnectionFailedError",
    "BrokenMessageError": "becomes a PackProcessError",
    "PastedAddressError": "the command says it and asks again",
    "ForeignAnswerError": "is ignored, or becomes a ConnectError",
    "CannotDraftError": "`packsync new` says it, about an address or a file that was just typed",
    "FetchError": "the root of those that the table has",
    "LargeDeleteError": "becomes a HeldSyncError",
    "PackError": "the root of those that the table has",
    "NoSuchPageError": "`packsync preview --page` says it",
    "NotSentError": "becomes a line in the sensor's log, or of `packsync notify --test`",
    "ParentRowsError": "becomes a SyncFailedError",
    "RetryLater": "becomes a pause, or a LongPauseError",
    "StorageError": "the root of those that the table has",
    "SyncFailedError": "says the table and one of the others",
    "UnknownEncodingError": "becomes a LastingFailureError",
    "UndecodableTextError": "becomes a LastingFailureError",
    "TooLargeError": "becomes a ResponseSizeTooLargeError",
}
"""Errors of ours that no message names, and why."""


def modules() -> Iterator[ast.Module]:
    """Our source, parsed; the fakes and tests of ready packs raise nothing that a user sees."""
    for folder in ("pack_sdk", "pack_sync"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "tests" not in path.parts[len(ROOT.parts) :]:
                yield ast.parse(path.read_text())


def error_classes() -> set[str]:
    """The names of all classes that can be raised: those that derive from another such one."""
    bases = {
        node.name: {ast.unparse(base) for base in node.bases}
        for module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
    }
    found = {"Exception", "BaseException"}
    while more := {name for name in bases if bases[name] & found} - found:
        found |= more
    return found - {"Exception", "BaseException"}


def texts() -> str:
    """Everything that our source can say; what is filled in is `…`."""
    said: list[str] = []
    for module in modules():
        for node in ast.walk(module):
            if isinstance(node, ast.JoinedStr):
                parts = [getattr(part, "value", None) for part in node.values]
                said.append("".join(part if isinstance(part, str) else "…" for part in parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.append(node.value)
    return "\n".join(said)


ERRORS = error_classes()
SAID = texts()


def test_every_error_is_in_the_table() -> None:
    """An error that is new needs a row: what it says and what to do; or a reason in NOT_SHOWN."""
    named = set(re.findall(r"`(\w+)`", " ".join(row[0] for row in ROWS)))
    assert ERRORS - named - set(NOT_SHOWN) == set()
    assert named - ERRORS == {"KeyError", "TypeError"}
    assert set(NOT_SHOWN) - ERRORS == set()


@pytest.mark.parametrize(("name", "says", "remedy"), ROWS, ids=[row[0] for row in ROWS])
def test_the_table_quotes_what_is_said(name: str, says: str, remedy: str) -> None:
    """Every word in backticks of the second column is in a message of our source."""
    for quoted in re.findall(r"`([^`]+)`", says):
        pieces = [piece.strip() for piece in quoted.split("…")]
        for piece in filter(None, pieces):
            assert piece in SAID, f"{name}: nothing says {piece!r}"
    assert remedy


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`packsync ([a-z]+)", PAGE))))
def test_the_remedies_are_commands(command: str) -> None:
    """What the table tells to run can be run."""
    from pack_sync.cli.app import app

    names = [each.name for each in (*app.registered_commands, *app.registered_groups)]
    assert command in names
