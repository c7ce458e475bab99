"""The text of Atlassian documents, in which Jira keeps descriptions and comments.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pack_sdk import value_at

_BLOCKS = frozenset({"paragraph", "heading", "codeBlock", "rule", "mediaSingle", "tableRow"})
"""Nodes that stand on lines of their own."""


def plain_text(document: Any) -> str | None:
    """A document without its formatting, in lines; None for none, and a text as it is."""
    if not isinstance(document, Mapping):
        return document
    return "".join(_parts(cast("Mapping[str, Any]", document))).strip("\n")


def without_formatting(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an issue, with the text of a document in place of each."""
    return {
        name: plain_text(value) if _is_document(value) else value for name, value in fields.items()
    }


def _is_document(value: Any) -> bool:
    return value_at(value, "type") == "doc" and isinstance(value_at(value, "content"), list)


def _parts(node: Mapping[str, Any]) -> list[str]:
    """The texts within a node; of mentions, emoji, statuses and cards what a reader sees."""
    if node["type"] == "hardBreak":
        return ["\n"]
    own = node.get("text") or value_at(node, "attrs.text") or value_at(node, "attrs.url") or ""
    content: Sequence[Mapping[str, Any]] = node.get("content") or []
    inner = [part for child in content for part in _parts(child)]
    return [own, *inner, "\n"] if node["type"] in _BLOCKS else [own, *inner]
