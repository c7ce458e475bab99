"""From JSON lines to typed rows, in a scratch database beside the warehouse.

In come a schema and the pages of a spool; out comes a `Stage`: rows with the columns of the table,
rejected rows with their reasons, and ids to delete. `row_conversion` and `value_conversion` write
the SQL that types a row; `background_typing` does so while the next pages are fetched;
`deduplication` finds out which rows count. A stage can be made again from its spool at any time, so
nothing in it has to survive a crash.
"""
