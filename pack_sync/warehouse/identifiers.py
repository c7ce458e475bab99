"""Names and texts as SQL and as folders, whatever they hold: packs choose both."""

import hashlib
import re


def quote_identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """A text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def folder_name(name: str) -> str:
    """A name as that of one folder, which leads nowhere else: itself, if it is a plain word.

    >>> folder_name("Tasks"), folder_name("../Tasks")
    ('Tasks', '___Tasks-89a97f6fcab5a26f')
    """
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", name):
        return name
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{re.sub(r'[^A-Za-z0-9_]', '_', name)[:60]}-{digest}"
