"""Names and texts as SQL and as folders, whatever they hold: packs choose both."""

import hashlib
import re


def quote_identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """A text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def text_of(expression: str, sql_type: str | None = None) -> str:
    """SQL: a value as text, as people and packs write it: a DECIMAL 7 as 7, not 7.000000000.

    Where its type is known, what it takes is shorter, and planned sooner.
    """
    text = f"CAST({expression} AS VARCHAR)"
    if sql_type is not None:
        is_decimal = sql_type.startswith("DECIMAL")
        return f"rtrim(rtrim({text}, '0'), '.')" if is_decimal else text
    is_decimal = f"starts_with(typeof({expression}), 'DECIMAL')"
    return f"CASE WHEN {is_decimal} THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"


def folder_name(name: str) -> str:
    """A name as that of one folder, which leads nowhere else: itself, if it is a plain word.

    >>> folder_name("Tasks"), folder_name("../Tasks")
    ('Tasks', '___Tasks-89a97f6fcab5a26f')
    """
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", name):
        return name
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:16]
    return f"{re.sub(r'[^A-Za-z0-9_]', '_', name)[:60]}-{digest}"
