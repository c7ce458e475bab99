"""`packsync query`: SQL over the warehouse, without keeping it."""

from typing import Annotated

import duckdb
import typer

from pack_sync.cli.context import fail, open_warehouse, plain_errors


def query(sql: Annotated[str, typer.Argument(help='Such as "FROM demo.Tasks LIMIT 5".')]) -> None:
    """Run SQL over the warehouse, read-only, and show the rows; waits while a sync commits."""
    with plain_errors():
        try:
            with open_warehouse().read() as connection:
                result = connection.sql(sql)
                if result:  # a statement such as SET has none
                    result.show()
        except duckdb.Error as error:
            fail(str(error))
