"""Rules about secrets: none in what a pack returns, logs, or has in its source."""

import json
import re
from collections.abc import Iterator

from pack_sync.check.findings import Evidence, rule
from pack_sync.check.made_up_account import secret_of
from pack_sync.check.table_state import fields_of
from pack_sync.check.table_under_test import TableUnderTest
from pack_sync.credential_looks import credentials_in_code


@rule(
    "secret-returned",
    says="No credential is in a row, a cursor or a line for the log.",
    remedy="Leave the credential out: requests get it anyway. Look for it in URLs of the service.",
)
def secret_returned(table: TableUnderTest) -> Iterator[Evidence]:
    """The made-up credentials of the connection are looked for."""
    secrets = _secrets(table)
    first = table.still.first
    for row in first.rows:
        for name, value in fields_of(row).items():
            if any(secret in json.dumps(value) for secret in secrets):
                yield table.evidence_of_property(
                    f"the field {name!r} of a row holds a credential of the connection",
                    _property_of(table, name),
                )
                return
    if any(secret in json.dumps(first.next_cursor) for secret in secrets):
        yield table.evidence("the cursor holds a credential of the connection", "cursor")
    if any(secret in line for secret in secrets for line in table.still.log):
        yield table.evidence("a line for the log holds a credential of the connection", "log")


@rule(
    "credential-in-source",
    says="No credential is written in the pack's source.",
    remedy="Declare the authentication with `pack.set_authentication`, and leave the credential to "
    "the connection; have the service withdraw the one that is in the source.",
)
def credential_in_source(table: TableUnderTest) -> Iterator[Evidence]:
    """Lines are looked at for what looks like one; told once, with the pack's first table."""
    if table.name != next(iter(table.pack.pack.sync_tables)):
        return
    for place, line in table.pack.source.lines():
        for found in credentials_in_code(line):
            yield Evidence(
                says=f"the source has what looks like a credential: {found[:4]}…", place=place
            )


def _secrets(table: TableUnderTest) -> list[str]:
    keys = table.pack.pack.authentication.credential_keys
    given = table.still.service.credentials.values()
    made_up = [secret_of(key) for key in (*keys, "token")]
    return [*made_up, *(value for value in given if re.fullmatch(r"\S{12,}", value))]


def _property_of(table: TableUnderTest, field: str) -> str:
    schema = table.still.schema
    return next((name for name in schema.properties if schema.field_of(name) == field), field)
