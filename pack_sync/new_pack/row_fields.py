"""Which property of a row is its id, its name, when it changed, and whether it is deleted."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pack_sdk.row_values import value_at
from pack_sdk.testing.list_endpoint import Path
from pack_sync.new_pack.draft import CannotDraftError, Guess, Json
from pack_sync.new_pack.json_nodes import Node, properties_of
from pack_sync.new_pack.naming import normalized

_IDS = ("id", "uuid", "guid", "gid", "sid", "uid", "key", "ref", "reference", "arn", "urn")
_WEAKER_IDS = (
    "seq",
    "number",
    "code",
    "slug",
    "handle",
    "identifier",
    "name",
    "email",
    "login",
    "url",
)
_DISPLAYED = (
    "name", "title", "displayname", "fullname", "label", "subject", "summary", "login",
    "username", "email", "number", "code", "description",
)  # fmt: skip
_CHANGED = (
    "updatedat", "modifiedat", "lastmodified", "updated", "modified", "lastupdated", "changedat",
    "lastmodifiedat", "lastupdatedat", "dateupdated", "datemodified", "updatedon", "modifiedon",
    "lastmodifieddate", "lastmodifiedtime", "lastmodifieddatetime", "updatedtime", "updatetime",
    "modifiedtime", "updateddate", "modifieddate", "updatedatetime", "changed", "lastchanged",
    "lastupdate", "lastupdatetime", "lastupdateddate", "lastmodifiedon", "touched", "touchedat",
    "edited", "editedat", "lastedited", "lasteditedat", "revisedat",
)  # fmt: skip
_DELETED = ("deleted", "isdeleted", "deletedat", "isremoved", "removed", "tombstone")
_SCALARS = ("string", "integer", "number")


@dataclass(frozen=True, kw_only=True)
class RowFields:
    """Properties of a row, by what they are for; empty where there is none.

    The id may be inside another one, such as `metadata`.
    """

    id_key: Path
    display_key: str = ""
    updated_key: str = ""
    deleted_key: str = ""


def fields_of(
    schema: Node, identity: str, rows: Sequence[Json] | None = None
) -> tuple[RowFields, dict[str, Guess]]:
    """What the properties are for, with the evidence; `rows` are samples, if there are any.

    Raises `CannotDraftError` if there are none.
    """
    properties = properties_of(schema)
    id_key, id_guess = _find_id(properties, identity, rows)
    deleted = _named(properties, _DELETED, ("boolean", *_SCALARS))
    guesses = {"id": id_guess}
    if deleted:
        # Where syncs are incremental, the code already takes such rows for deleted.
        guesses["deleted"] = Guess(
            question=f"are rows returned after they were deleted, told by {deleted!r}?"
        )
    found = RowFields(
        id_key=id_key,
        display_key=_named(properties, _DISPLAYED, ("string", "integer")),
        updated_key=_named(properties, _CHANGED, _SCALARS),
        deleted_key=deleted,
    )
    return found, guesses


def _named(properties: Mapping[str, Node], names: Sequence[str], types: Sequence[str]) -> str:
    """The property that has the first of these names, and one of these types."""
    by_name = {normalized(key): key for key in reversed(list(properties)) if key}
    fitting = (by_name[name] for name in names if name in by_name)
    return next((key for key in fitting if properties[key].get("type") in types), "")


def _find_id(
    properties: Mapping[str, Node], identity: str, rows: Sequence[Json] | None
) -> tuple[Path, Guess]:
    candidates = [key for key in properties if key and properties[key].get("type") in _SCALARS]
    ranked = _ranked(candidates, ["id", *_own_ids(identity), *_IDS])
    first = [key for key in candidates[:1] if normalized(key).endswith("id")]
    own = normalized(identity.removesuffix("Row"))
    weaker = [*first, *_ranked(candidates, [own, *_WEAKER_IDS]), *_with_ending(candidates)]
    sure: list[Path] = [(key,) for key in ranked] or list(_inside(properties))
    moments = [key for key in candidates if "date" in str(properties[key].get("format"))]
    others = [key for key in candidates if key not in moments]
    unsure: list[Path] = [(key,) for key in (*weaker, *others, *moments)]
    for path in (*sure, *unsure):
        if rows is None or _unique(rows, path):
            told = _in_rows(len(rows)) if rows is not None else "by its name"
            asked = path not in sure or (rows is not None and len(rows) < _ENOUGH)
            return path, Guess(evidence=f"{'.'.join(path)}, {told}", question=_ASK * asked)
    if not unsure:
        raise CannotDraftError(f"rows of {identity} have no text or number that could be their id")
    evidence = "no property has another value in each row"
    return (*sure, *unsure)[0], Guess(evidence=evidence, question=_ASK)


def _own_ids(identity: str) -> list[str]:
    """`taskid`, `tasklistid` and so on, as a row of `TaskList` may call its id."""
    own = identity.removesuffix("Row")
    ends = [own[at:].lower() for at, letter in enumerate(own) if letter.isupper()]
    return [f"{end}{kind}" for end in ends for kind in ("id", "uuid", "guid", "key")]


def _with_ending(candidates: Sequence[str]) -> list[str]:
    endings = ("id", "number", "num", "code", "key", "url", "uri", "name")
    return [key for end in endings for key in candidates if normalized(key).endswith(end)]


def _inside(properties: Mapping[str, Node]) -> Iterator[Path]:
    """Ids in what often surrounds what describes a row."""
    for outer in ("metadata", "node", "resource", "data", "attributes", "header"):
        inner = properties_of(properties.get(outer))
        for key in _ranked(list(inner), ("uid", "id", "uuid", "guid")):
            yield (outer, key)


_ASK = "is it unique, and never given to another row?"
_ENOUGH = 2
"""In fewer rows any value is unique."""


def _in_rows(count: int) -> str:
    return f"in all {count:,} rows, each value once" if count > 1 else "in the only row seen"


def _ranked(candidates: Sequence[str], names: Sequence[str]) -> list[str]:
    order = {name: at for at, name in reversed(list(enumerate(names)))}
    known = [key for key in candidates if normalized(key) in order]
    return sorted(known, key=lambda key: order[normalized(key)])


def _unique(rows: Sequence[Json], path: Path) -> bool:
    values: list[Json] = [value_at(row, ".".join(path)) for row in rows]
    if any(value is None or value == "" or isinstance(value, dict | list) for value in values):
        return False
    return len({json.dumps(value) for value in values}) == len(values) > 0
