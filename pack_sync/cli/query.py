"""`packsync query`: SQL over the warehouse, without keeping it."""

from typing import Annotated

import typer

from pack_sync.cli.known_project import open_warehouse
from pack_sync.cli.terminal import fail, plain_errors
from pack_sync.warehouse.storage_errors import DatabaseError


def query(sql: Annotated[str, typer.Argument(help='Such as "FROM demo.Tasks LIMIT 5".')]) -> None:
    """Run a read-only SQL query on the warehouse and show the rows."""
    with plain_errors():
        try:
            with open_warehouse().read() as connection:
                result = connection.sql(sql)
                if result:  # a statement such as SET has none
                    result.show()
        except DatabaseError as error:
            fail(str(error))
