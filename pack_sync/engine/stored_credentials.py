"""Cursors and continuations that hold a credential, which is not written (contract A4, C6).

APIs repeat credentials in `next` links. Where that is the query parameter that requests get anyway,
nothing is lost without it. Anywhere else a sync must not go on with what is left of the value: it
would ask for something else.
"""

import re
from typing import Any
from urllib.parse import quote

from pack_sync.http.connection import Connection
from pack_sync.redaction import REPLACEMENT, map_texts


def without_credentials(connection: Connection, value: Any) -> tuple[Any, bool]:
    """The value as it may be written, and whether requests that are made of it are the same."""
    redactor = connection.redactor
    written = redactor.without_certain_secrets(value)
    if written == value:
        return value, True
    names = list(connection.authenticator.query_param_names())
    spelled = "|".join(re.escape(each) for name in names for each in {name, quote(name, safe="")})
    param = re.compile(rf"(?<=[?&])({spelled})=[^&#]*")

    def without_params(text: str) -> str:
        return param.sub(rf"\1={REPLACEMENT}", text) if names else text

    cleaned = map_texts(value, without_params)
    return written, redactor.without_certain_secrets(cleaned) == cleaned
