"""Names of tables, rows, functions and constants, made of what a service calls its things."""

import keyword
import re
import unicodedata
from collections.abc import Collection

_UNCOUNTED = ("ss", "us", "is", "news", "series", "status", "address", "analytics")


def normalized(name: str) -> str:
    """A name without case and punctuation, for comparing: `nextPageToken` as `next_page_token`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def words_of(text: str) -> list[str]:
    """The words of a name in any style, in ASCII.

    >>> words_of("nextPage-token/HTTPStatus")
    ['next', 'Page', 'token', 'HTTP', 'Status']
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", plain)


def singular(word: str) -> str:
    """One of what an English plural names; the word itself where that is not plain.

    >>> [singular(word) for word in ("tasks", "Companies", "boxes", "status", "people")]
    ['task', 'Company', 'box', 'status', 'person']
    """
    low = word.lower()
    if low == "people":
        return word[0] + "erson"
    if low.endswith(_UNCOUNTED) or not low.endswith("s") or len(low) < 3:
        return word
    if low.endswith("ies") and len(low) > 4:
        return word[:-3] + "y"
    if low.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word[:-1]


def camel(words: list[str]) -> str:
    """`TaskLists`; with a letter in front if it would begin with a digit."""
    joined = "".join(word[0].upper() + word[1:] for word in words)
    return f"T{joined}" if joined[:1].isdigit() else joined


def snake(text: str) -> str:
    """`task_lists`, which is an identifier and no keyword of Python."""
    joined = "_".join(word.lower() for word in words_of(text)) or "rows"
    joined = f"t_{joined}" if joined[0].isdigit() else joined
    return f"{joined}_" if keyword.iskeyword(joined) or keyword.issoftkeyword(joined) else joined


def constant(identity: str) -> str:
    """The constant of a row's schema: `TASK_LIST`."""
    return "_".join(word.upper() for word in words_of(identity))


_USED_BY_PACKS = {
    "args", "changes", "context", "fetcher", "following", "format_time", "has_more", "link",
    "next_link", "number", "offset", "pack", "quote", "query", "response", "rows", "url",
    "with_query_params", "answer", "first", "last", "empty", "synced", "parameters", "dict", "list",
    "len", "total", "value_at", "split_deleted", "there", "deleted",
}  # fmt: skip


def variable(name: str, taken: Collection[str]) -> str:
    """A variable for what a service calls so; it hides no other of a pack."""
    base = snake(name)[:40].strip("_") or "value"
    base = f"{base}_value" if base in _USED_BY_PACKS or keyword.iskeyword(base) else base
    found, count = base, 2
    while found in taken:
        found, count = f"{base}_{count}", count + 1
    return found


def names_of(words: list[str]) -> tuple[str, str]:
    """What a table is called, and one of its rows."""
    words = words or ["Rows"]
    table = camel(words)
    identity = camel([*words[:-1], singular(words[-1])])
    return table, identity if identity != table else f"{identity}Row"


def is_pack_name(name: str) -> bool:
    """Whether a folder of that name can be imported, and is written as packs' names are."""
    return bool(re.fullmatch(r"[a-z][a-z0-9_]*", name)) and not keyword.iskeyword(name)
