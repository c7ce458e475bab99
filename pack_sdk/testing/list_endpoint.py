"""What is known of an address that answers with a list: where its rows are, and how it is paged.

It is found by looking at answers or at a specification, and served by the fake of a service.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from pack_sdk.fetching import Method

Path: TypeAlias = tuple[str, ...]
"""The keys that lead to a value in a JSON body; none for the body itself."""

TimeFormat: TypeAlias = Literal["iso", "date", "seconds", "milliseconds"]
"""How a service writes a moment: ISO 8601, its day, or numbers since 1970, all in UTC."""


@dataclass(frozen=True)
class OnePage:
    """All rows come at once."""


@dataclass(frozen=True)
class LinkHeader:
    """The header `Link` names the next page with `rel="next"` (RFC 8288)."""


@dataclass(frozen=True)
class NextUrl:
    """The body holds the URL of the next page, or its path."""

    key: Path


@dataclass(frozen=True)
class NextToken:
    """The body holds a token, which is sent as `parameter` for the next page.

    Where there is a `more_key`, it says whether there is one; the last page may have a token too.
    """

    key: Path
    parameter: str
    more_key: Path | None = None


@dataclass(frozen=True)
class PageNumber:
    """The pages are numbered from `first` on.

    `pages_key` leads to their number, `more_key` says whether there are further ones; without
    both, an empty page comes after the last.
    """

    parameter: str
    first: int = 1
    pages_key: Path | None = None
    more_key: Path | None = None


@dataclass(frozen=True)
class Offset:
    """The number of rows to pass over is sent, counted from `first` on.

    `total_key` leads to the number of all rows, `more_key` says whether there are further ones;
    without both, an empty page comes after the last.
    """

    parameter: str
    total_key: Path | None = None
    first: int = 0
    more_key: Path | None = None


@dataclass(frozen=True)
class LastId:
    """The id of the last row is sent; `more_key` says whether there are further ones."""

    parameter: str
    more_key: Path | None = None


Paging: TypeAlias = OnePage | LinkHeader | NextUrl | NextToken | PageNumber | Offset | LastId


@dataclass(frozen=True)
class ChangeFilter:
    """A parameter with which only rows are asked for that changed since a moment."""

    parameter: str
    format: TimeFormat


@dataclass(frozen=True, kw_only=True)
class ListEndpoint:
    """A list of a service.

    `url` has no query; what is only known when it is asked, such as an owner's name, is in its path
    as `{owner}`. `query` holds the parameters that are the same on every page, the page's
    size apart, which is sent as `size_parameter`, `page_size` at most. `rows` leads to the list in
    the body. `row_schema` is the JSON Schema of a row. `id_key` names what identifies a row,
    `updated_key` when it was last changed, `deleted_key` that it is deleted, each as a path in the
    row.
    """

    url: str
    method: Method = "GET"
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    rows: Path = ()
    row_schema: Mapping[str, Any] = field(default_factory=dict[str, Any])
    id_key: Path | None = None
    updated_key: Path | None = None
    deleted_key: Path | None = None
    paging: Paging = OnePage()
    size_parameter: str | None = None
    page_size: int | None = None
    changes: ChangeFilter | None = None
