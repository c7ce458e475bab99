"""Cursors and continuations that hold a credential, which is not written (contract A4, C6).

APIs repeat credentials in `next` links. Where that is the query parameter that requests get anyway,
nothing is lost without it. Anywhere else a sync must not go on with what is left of the value: it
would ask for something else.
"""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from pack_sync.http.connection import Connection
from pack_sync.ledger.cursors import SyncPosition
from pack_sync.redaction import REPLACEMENT, map_texts


def without_credentials(connection: Connection, value: Any) -> tuple[Any, bool]:
    """The value as it may be written, and whether requests that are made of it are the same."""
    redactor = connection.redactor
    written = redactor.without_certain_secrets(value)
    if written == value:
        return value, True
    rest = _without_own_params(connection, value)
    return written, redactor.without_certain_secrets(rest) == rest


def lacks_credential(connection: Connection, written: Any) -> bool:
    """Whether a credential was taken out of what is written, other than one that requests get."""
    rest = _without_own_params(connection, written)
    return map_texts(rest, lambda text: text.replace(REPLACEMENT, "")) != rest


def without_mangled_cursor(connection: Connection, position: SyncPosition) -> SyncPosition:
    """The position, without a cursor of which an earlier version stored the rest (contract C6)."""
    if position.cursor is None or not lacks_credential(connection, position.cursor):
        return position
    return replace(
        position,
        cursor=None,
        no_cursor_reason=f"its cursor was stored with {REPLACEMENT} in place of a credential",
    )


def _without_own_params(connection: Connection, value: Any) -> Any:
    """The value without the values of query parameters that requests get anyway."""
    names = list(connection.authenticator.query_param_names())
    spelled = "|".join(re.escape(each) for name in names for each in {name, quote(name, safe="")})
    param = re.compile(rf"(?<=[?&])({spelled})=[^&#]*")
    return map_texts(value, lambda text: param.sub(r"\1=", text)) if names else value
