"""A pack of what a service answers: a table of the list at a URL."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from pack_sdk.testing.list_endpoint import ChangeFilter, ListEndpoint, OnePage, Paging, TimeFormat
from pack_sdk.urls import get_query_params, with_query_params
from pack_sdk.wording import counted
from pack_sync.new_pack import paging_names
from pack_sync.new_pack.answers import Answer, read_answer
from pack_sync.new_pack.change_filters import is_since
from pack_sync.new_pack.draft import AuthenticationDraft, Guess, Json, PackDraft, TableDraft
from pack_sync.new_pack.naming import names_of, normalized, words_of
from pack_sync.new_pack.probing import Ask, Probe
from pack_sync.new_pack.row_fields import fields_of
from pack_sync.new_pack.row_schema import FORMATS, schema_of

CREDENTIALS = (
    "apikey", "key", "token", "accesstoken", "authtoken", "apitoken", "auth", "secret", "appid",
    "clientsecret", "password", "accesskey", "subscriptionkey", "sig", "signature",
)  # fmt: skip
"""Parameters that hold a credential, whatever their value."""


def credential_in(url: str) -> tuple[str, str, str] | None:
    """The parameter of a URL that holds a credential, its value, and the URL without it."""
    for name, value in get_query_params(url).items():
        if normalized(name) in CREDENTIALS and isinstance(value, str) and value:
            return name, value, with_query_params(url, {name: None})
    return None


def draft_from_url(
    name: str, url: str, ask: Ask, authentication: AuthenticationDraft, table: str | None = None
) -> PackDraft:
    """The pack with the list at a URL; further pages of it are asked for.

    Raises `CannotDraftError` for an answer without rows, and what `ask` raises.
    """
    first = read_answer(url, ask(url))
    rows = list(first.rows)
    table_name, identity = names_of(words_of(table) if table else _words_of(urlsplit(url).path))
    fields, _ = fields_of(schema_of(rows), identity, rows)
    probe = Probe(ask=ask, first=first, id_key=fields.id_key)
    paging = probe.paging()
    drafted = table_of((table_name, identity), probe.pages, paging)
    return PackDraft(
        name=name,
        source=f"{drafted.guess('rows').evidence} of {drafted.endpoint.url}",
        domains=[urlsplit(url).hostname or ""],
        tables=[drafted],
        authentication=authentication,
        domain_guess=Guess(evidence="the host of the URL"),
    )


def table_of(names: tuple[str, str], pages: Sequence[Answer], paging: Paging) -> TableDraft:
    """The table of that name and identity, of its first pages and how they follow one another."""
    parts = urlsplit(pages[0].url)
    rows = [row for page in pages for row in page.rows]
    schema = schema_of(rows)
    fields, guesses = fields_of(schema, names[1], rows)
    query, size, changes = _query(pages[0].url, paging)
    guesses |= {
        "url": Guess(evidence=f"GET {parts.path}"),
        "paging": _paging_guess(paging, pages, {**query, **dict([size] if size else [])}),
        "changes": _changes_guess(changes, query, fields.updated_key, pages[-1]),
        "display": Guess(evidence=fields.display_key),
        "rows": Guess(evidence=counted(len(rows), "row", "rows")),
    }
    endpoint = ListEndpoint(
        url=parts._replace(query="", fragment="").geturl(),
        query=query,
        rows=pages[0].path,
        row_schema=schema,
        id_key=fields.id_key,
        updated_key=(fields.updated_key,) if fields.updated_key else None,
        deleted_key=(fields.deleted_key,) if fields.deleted_key else None,
        paging=paging,
        size_parameter=size[0] if size else None,
        page_size=size[1] if size else None,
        changes=changes,
    )
    return TableDraft(name=names[0], identity=names[1], endpoint=endpoint, guesses=guesses)


def _words_of(path: str) -> list[str]:
    """The words of the table's name: of the last part of the path that is a name."""
    parts = [re.sub(r"\.(json|xml)$", "", part) for part in path.split("/") if part]
    named = [
        part for part in parts if not re.fullmatch(r"v?\d[\d.]*|api|rest|[0-9a-f-]{16,}", part)
    ]
    return words_of(named[-1]) if named else []


def _paging_guess(paging: Paging, pages: Sequence[Answer], query: Mapping[str, Json]) -> Guess:
    rows = sum(len(page.rows) for page in pages)
    seen = f"{len(pages)} pages seen" if len(pages) > 1 else counted(rows, "row", "rows")
    if not isinstance(paging, OnePage):
        return Guess(evidence=f"{paging_names.in_words(paging)}: {seen}")
    values = pages[0].values()
    texts = [path for path, value in values.items() if isinstance(value, str) and value]
    if tokens := paging_names.may_be_tokens(texts):
        return Guess(
            evidence=f"{seen}, and the answer has {paging_names.shown(tokens[0])}",
            question="does that lead to further rows, and which parameter takes it?",
        )
    full = next((f"{name}={size}" for name, size in query.items() if str(size) == str(rows)), "")
    return Guess(
        evidence=f"{seen}, and nothing that leads to further ones",
        question="are these all rows, or is there a parameter for further ones?"
        + (f" There are as many as {full} asks for." if full else ""),
    )


def _query(
    url: str, paging: Paging
) -> tuple[dict[str, str], tuple[str, int] | None, ChangeFilter | None]:
    """The parameters of the URL: what is always the same, the page's size, and since when."""
    place = getattr(paging, "parameter", None)
    fixed: dict[str, str] = {}
    size: tuple[str, int] | None = None
    changes: ChangeFilter | None = None
    for name, value in get_query_params(url).items():
        text = str(value)
        if name == place:
            continue
        if normalized(name) in paging_names.SIZE_PARAMETERS and text.isdigit() and int(text) > 0:
            size = (name, int(text))
        elif is_since(name) and (style := style_of(text)):
            changes = ChangeFilter(name, style)
        else:
            fixed[name] = text
    return fixed, size, changes


def style_of(text: str) -> TimeFormat | None:
    """How a moment in a URL is written; None for what is none."""
    if re.fullmatch(r"\d{10}", text):
        return "seconds"
    if re.fullmatch(r"\d{13}", text):
        return "milliseconds"
    if re.fullmatch(FORMATS["date"], text):
        return "date"
    return "iso" if re.fullmatch(FORMATS["date-time"], text) else None


def _changes_guess(
    changes: ChangeFilter | None, query: Mapping[str, str], updated_key: str, last: Answer
) -> Guess:
    if changes:
        return Guess(evidence=f"{changes.parameter} of the URL")
    if moment := next((name for name, value in query.items() if style_of(value)), ""):
        question = (
            f"{moment} is the same in each sync, as in the URL: is it a filter by the time of "
            "change? Send the `since` of `TimeCursor` instead, which is None in a full sync."
        )
        return Guess(question=question)
    if token := paging_names.find_value(last.values(), paging_names.SYNC_TOKENS):
        question = (
            f"the last page may have {'.'.join(token)}: does it lead to what changed since then? "
            "`SyncToken` of pack_sdk then makes syncs incremental."
        )
        return Guess(question=question)
    if not updated_key:
        return Guess()
    question = (
        f"rows have {updated_key!r}: does the service take a filter by it? "
        "`TimeCursor` of pack_sdk then makes syncs incremental."
    )
    return Guess(question=question)
