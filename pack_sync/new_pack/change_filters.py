"""The parameter of a list that asks for what has changed since a moment."""

import re
from collections.abc import Mapping

from pack_sdk.testing.list_endpoint import ChangeFilter, TimeFormat
from pack_sync.new_pack import paging_names as names
from pack_sync.new_pack.draft import Guess
from pack_sync.new_pack.json_nodes import Node
from pack_sync.new_pack.naming import normalized

_OTHERS = ("before", "until", "lte", "sort", "creat", "credit", "unmodified")
"""What a name has that means another moment, or none."""


def is_since(name: str, said: str = "") -> bool:
    """Whether a parameter asks for what has changed since a moment, by its name and description."""
    plain = normalized(name)
    if any(word in plain for word in _OTHERS):
        return False
    if plain in ("since", "ifmodifiedsince"):
        return not said or any(word in said.lower() for word in names.CHANGE_WORDS)
    in_name = any(word in plain for word in names.CHANGE_WORDS)
    return in_name and any(word in plain for word in names.SINCE_WORDS)


def changes_of(parameters: Mapping[str, Node]) -> tuple[ChangeFilter | None, Guess]:
    """The parameter that asks for what has changed since a moment, if it is surely that."""
    for name, node in parameters.items():
        said = " ".join(str(node.get("description") or "").split())
        if not is_since(name, said or "nothing"):
            continue
        kind, question = _time_format(node)
        if kind:
            evidence = f"{name}: {said[:70]!r}" if said else f"{name}, by its name"
            return ChangeFilter(name, kind), Guess(evidence=evidence, question=question)
    return None, Guess()


def _time_format(node: Node) -> tuple[TimeFormat | None, str]:
    said = str(node.get("description") or "")
    if node.get("type") in ("array", "object", "boolean"):
        return None, ""
    if node.get("format") == "date":
        return "date", ""
    if node.get("format") == "date-time":
        return "iso", ""
    if re.search(r"millisecond", said, re.I):
        return "milliseconds", ""
    if node.get("type") in ("integer", "number") or re.search(r"unix|epoch", said, re.I):
        return "seconds", ""
    if re.search(r"ISO ?8601|RFC ?3339|YYYY-MM-DDT|\d{4}-\d\d-\d\dT", said, re.I):
        return "iso", ""
    return "iso", "is a moment written as ISO 8601 has it?"
