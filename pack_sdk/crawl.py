"""Crawling: a table whose parameter takes its values from another table (contract C20)."""

from collections.abc import Mapping
from dataclasses import dataclass

from pack_sdk.errors import PackDefinitionError
from pack_sdk.sync_table import SyncTable


@dataclass(frozen=True, kw_only=True)
class Crawl:
    """Where a child table's parameters come from: properties of each row of `parent_table`.

    `properties` maps the child's parameter names to the parent's property names.
    """

    parent_table: str
    properties: Mapping[str, str]


def crawl_of(table: SyncTable) -> Crawl | None:
    """How the table is crawled, None if it is not."""
    crawled = [p for p in table.parameters if p.crawl_parent_table]
    if not crawled:
        return None
    return Crawl(
        parent_table=str(crawled[0].crawl_parent_table),
        properties={p.name: str(p.crawl_property_key) for p in crawled},
    )


def check_crawling(tables: Mapping[str, SyncTable]) -> None:
    """One parent table per child, which exists and has the properties, and no cycles.

    Raises `PackDefinitionError` that names the table, the parameter and the choices.
    """
    for table in tables.values():
        for parameter in table.parameters:
            if parameter.crawl_parent_table:
                what = f"sync table {table.name!r}, parameter {parameter.name!r}"
                _check_property(
                    tables, parameter.crawl_parent_table, str(parameter.crawl_property_key), what
                )
        parents = {p.crawl_parent_table for p in table.parameters if p.crawl_parent_table}
        if len(parents) > 1:
            raise PackDefinitionError(
                f"sync table {table.name!r} is crawled from {' and '.join(sorted(parents))}; a "
                "table has one parent table"
            )
        _check_cycle(tables, table)


def _check_property(tables: Mapping[str, SyncTable], parent: str, key: str, what: str) -> None:
    if parent not in tables:
        raise PackDefinitionError(
            f"{what}: there is no table {parent!r} to crawl; there are {', '.join(tables)}"
        )
    if tables[parent].is_dynamic:
        raise PackDefinitionError(
            f"{what}: the table {parent!r} cannot be crawled, because it is dynamic: it stands for "
            "many tables, one for each URL"
        )
    properties = tables[parent].schema.properties
    if key not in properties and tables[parent].dynamic is None:
        raise PackDefinitionError(
            f"{what}: the table {parent!r} has no property {key!r}; it has {', '.join(properties)}"
        )


def _check_cycle(tables: Mapping[str, SyncTable], start: SyncTable) -> None:
    path = [start.name]
    crawl = crawl_of(start)
    while crawl is not None:
        path.append(crawl.parent_table)
        if crawl.parent_table in path[:-1]:
            raise PackDefinitionError(f"the tables {' → '.join(path)} crawl each other in a circle")
        crawl = crawl_of(tables[crawl.parent_table])
