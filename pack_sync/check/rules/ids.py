"""Rules about ids: one for each row, and the same one for ever."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from pack_sdk.row_values import value_of_property
from pack_sdk.schemas import Schema
from pack_sync.check.findings import Evidence, rule
from pack_sync.check.rules.increments import SEEDS
from pack_sync.check.table_state import fields_of, id_text, row_id, some, stored
from pack_sync.check.table_under_test import TableUnderTest
from pack_sync.stage.column_types import scalar_type

_REMEDY = "Take as the id what the service calls the row's id, as it comes."


@rule(
    "id-not-unique",
    says="Each row has an id of its own.",
    remedy=_REMEDY,
    live=True,
)
def id_not_unique(table: TableUnderTest) -> Iterator[Evidence]:
    """Rows that differ have one id, so only the last of them is kept."""
    rows = defaultdict[str, list[object]](list)
    schema = table.still.schema
    for row in table.still.first.rows:
        if (key := row_id(row, schema)) is not None and stored(row, schema) not in rows[key]:
            rows[key].append(stored(row, schema))
    shared = {key: len(found) for key, found in rows.items() if len(found) > 1}
    if shared:
        lost = sum(shared.values()) - len(shared)
        yield table.evidence(
            f"{sum(shared.values())} different rows share {len(shared)} ids, so {lost} of them are "
            f"lost: {some(list(shared))}",
            "id",
            column=str(schema.id_property),
        )


@rule("id-changes", says="A row keeps its id.", remedy=_REMEDY)
def id_changes(table: TableUnderTest) -> Iterator[Evidence]:
    """The ids of a second full sync are others, though no row was inserted or deleted."""
    if table.broke("id-not-unique", "paging-forgotten"):
        return
    schema = table.still.schema
    before = set(table.still.ids)
    again = [row_id(row, schema) for row in table.still.second.rows]
    fresh = sorted({key for key in again if key is not None} - before)
    if fresh and len(again) >= len(before):
        yield table.evidence(
            f"the same rows have other ids in a second full sync: {some(fresh)}",
            "id",
            column=str(schema.id_property),
        )
        return
    with table.lab(SEEDS[0]) as lab:
        first = {row_id(row, schema) for row in lab.sync().rows}
        lab.advance(hours=1)
        changes = [change for _ in range(5) for change in lab.service.world.step("update")]
        updated = {id_text(change.item.id) for change in changes}
        second = [row_id(row, schema) for row in lab.sync().rows]
    fresh = sorted({key for key in second if key is not None} - first)
    only_updates = updated and all(change.kind == "update" for change in changes)
    if only_updates and fresh and len(second) == len(first) and not set(fresh) & updated:
        yield table.evidence(
            f"rows that were updated have other ids afterwards: {some(fresh)}; the rows of before "
            "stay until the next full sync",
            "id",
            column=str(schema.id_property),
        )


@rule(
    "digits-lost",
    says="Numbers keep all their digits, and so do codes that look like numbers.",
    remedy="Return the number as it came, not as a float. Codes with leading zeros and numbers of "
    "more than 15 digits are best a property of the type string.",
)
def digits_lost(table: TableUnderTest) -> Iterator[Evidence]:
    """Digits that are a text become a number, or ids of more than 2^53 come back rounded."""
    schema = table.still.schema
    for name in schema.properties:
        values = (value_of_property(fields_of(row), schema, name) for row in table.still.first.rows)
        cut = next((each for each in values if _as_number(each, schema, name) != each), None)
        if cut is not None:
            yield table.evidence_of_property(
                f"the property {name!r} is a number, and the value {cut!r} would be stored as "
                f"{_as_number(cut, schema, name)}",
                name,
            )
    if not table.pack.is_python:
        return  # JavaScript itself rounds them
    with table.lab(SEEDS[0], lambda service: service.use_large_ids()) as lab:
        ids = {id_text(i.id) for c in lab.service.world.collections.values() for i in c.items()}
        large = {key for key in ids if key.isdigit() and int(key) > 2**53}
        rows = lab.sync().rows if large else []
        came = {key for row in rows if (key := row_id(row, table.still.schema)) is not None}
    lost = {key: id_text(float(key)) for key in large - came}
    if lost and set(lost.values()) <= came:
        yield table.evidence(
            f"ids beyond 2^53 come back rounded: {min(lost)} as {lost[min(lost)]}",
            "id",
            column=str(table.still.schema.id_property),
        )


def _as_number(value: Any, schema: Schema, name: str) -> Any:
    """The digits that are stored of a text, where the property is a number; else the value."""
    kind = scalar_type(schema.properties[name])
    is_text = isinstance(value, str) and value.isascii() and value.isdigit()
    if kind not in ("DOUBLE", "BIGINT") or not is_text:
        return value
    whole = kind == "BIGINT" or name == schema.id_property
    return str(int(value) if whole and int(value) < 2**63 else int(float(value)))
