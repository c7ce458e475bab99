"""Dates and times as people, programs and standards write them (contract S4b)."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import duckdb
import pytest

from pack_sync.stage.moments import moment_of, quick_moment

AS_JAVASCRIPT = [
    "Tue, 02 Jan 2024 03:04:05 +0100",
    "Tue, 2 Jan 2024 03:04:05 GMT",
    "Tue Jan 02 2024 03:04:05 GMT+0100 (Central European Standard Time)",
    "Tue Jan 02 2024",
    "Tuesday, 02-Jan-24 03:04:05 GMT",
    "Tue Jan  2 03:04:05 2024",
    "Tue Jan  2 03:04:05 EST 2024",
    "Jan 2, 2024",
    "Jan. 2, 2024",
    "January 2, 2024 3:04 PM",
    "Jan 2, 2024, 3:04:05 PM GMT+1",
    "2 January 2024",
    "2. Jan 2024",
    "2-Jan-2024",
    "02-Jan-24",
    "Jan 2024",
    "2024 Jan 2",
    "2024-Jan-02",
    "Sept 5 2024",
    "5 may 2020 10:00z",
    "Mar 5 2024 UTC",
    "3 Mar 2024 UTC+1",
    "Jan 2",
    "1/2/2024",
    "12/25/99",
    "1/2/49",
    "1/2/2024, 3:04:05\u202fPM",
    "12/31/2024 23:59",
    "1.2.2024",
    "1-2-2024",
    "2024/1/2 3:4:5",
    "2024. 1. 2.",
    "2024-1-2",
    "2024-01",
    "2024",
    "2024-01-02 UTC",
    "2024-01-02 03:04:05 -0800",
    "2024-01-02 03:04:05.5 PST",
    "Jan 2 2024 12:00 AM",
    "Jan 2 2024 12:30 PM",
    "+002024-01-02",
    "2024-01-02T03:04Z",
    "2024-01-02T03:04:05.123456789Z",
    "2024-01-02T24:00:00Z",
    "2024-01-02T03:04:05+23:59",
    "Thu, 01 Jan 1970 00:00:00 GMT-0200",
    " 2024-01-02 ",
]
"""What JavaScript reads; each is checked against a real one, in UTC."""

NONE = [
    "2024-01-02T03:04:05+24:00", "2024-01-02T03:04:05+99:99", "2024-01-02T03:04:05+05:60",
    "2024-01-02T24:00:01Z", "2024-01-02T25:00Z", "2024-13-01", "2024-00-10", "24-01-02",
    "Jan 32, 2024", "13/13/2024", "31.12.2024", "Jan 2 2024 13:30 PM", "2024-01-02T", "infinity",
    "epoch", "now", "today", "", "1704164645", "2024-01-02T03:04:05 later",
]  # fmt: skip
"""What JavaScript does not read either."""

BY_STANDARD = {
    "20240102": (2024, 1, 2),
    "20240102T030405Z": (2024, 1, 2, 3, 4, 5),
    "20240102T0304+0530": (2024, 1, 1, 21, 34),
    "20240102T03Z": (2024, 1, 2, 3),
    "2024-01-02t03:04:05z": (2024, 1, 2, 3, 4, 5),
    "2024-01-02T03:04:05,5Z": (2024, 1, 2, 3, 4, 5, 500_000),
    "2024-01-02T03:04,5Z": (2024, 1, 2, 3, 4, 30),
    "2016-12-31T23:59:60Z": (2017, 1, 1),
    "2024-W01-1": (2024, 1, 1),
    "2024W017": (2024, 1, 7),
    "2024-W01": (2024, 1, 1),
    "2024-366": (2024, 12, 31),
    "2024060": (2024, 2, 29),
    "2024-01-02+05:00": (2024, 1, 1, 19),
    "2024-01-02T03:04:05\u221205:00": (2024, 1, 2, 8, 4, 5),
    "2024-01-02T03:04:05[Europe/Berlin]": (2024, 1, 2, 2, 4, 5),
    "2024-07-02T03:04:05+02:00[Europe/Berlin][u-ca=gregory]": (2024, 7, 2, 1, 4, 5),
    "2024-01-02T03:04:05Z[UTC]": (2024, 1, 2, 3, 4, 5),
    "2024-01-02T03:04:05[!+01:00]": (2024, 1, 2, 2, 4, 5),
    "2024-01-02T12:04:05[Japan]": (2024, 1, 2, 3, 4, 5),
    "2024-01-02 03:04:05 Europe/Berlin": (2024, 1, 2, 2, 4, 5),
}
"""What RFC 3339, its appendix A and RFC 9557 add to that, and the leap second."""

NO_DAYS = ["2024-02-30", "Feb 30, 2024", "2023-366", "2024-W54-1",
           "Room 12", "5", "Marble 5", "Sunny 3 Decaf 2024",
           "2024-01-02T03:04:05[No/Where]"]  # fmt: skip


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in memory, in UTC as the stage is."""
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


def read(connection: duckdb.DuckDBPyConnection, texts: Sequence[str]) -> list[datetime | None]:
    """The moments of these texts, by the thorough SQL; the quick one agrees or knows nothing."""
    found = connection.execute(
        f"SELECT {moment_of('text')}, timezone('UTC', {quick_moment('text')}) "
        "FROM (SELECT unnest(?) AS text)",
        [texts],
    ).fetchall()
    for text, (moment, quick) in zip(texts, found, strict=True):
        assert quick in (None, moment), text
    return [moment and moment.replace(tzinfo=UTC) for moment, _ in found]


def javascript(texts: Sequence[str]) -> list[datetime | None]:
    """What `Date.parse` of a real JavaScript makes of them, in UTC."""
    deno = pytest.importorskip("deno", reason="the extra `typescript` has a JavaScript")
    code = "console.log(JSON.stringify(JSON.parse(Deno.args[0]).map((text) => Date.parse(text))))"
    done = subprocess.run(  # noqa: S603
        [deno.find_deno_bin(), "eval", code, json.dumps(texts)],
        capture_output=True,
        check=True,
        env={"TZ": "UTC", "DENO_DIR": "/dev/null/none", "NO_COLOR": "1"},
    )
    parsed: list[int | None] = json.loads(done.stdout)
    return [None if at is None else datetime.fromtimestamp(at / 1000, UTC) for at in parsed]


def test_what_javascript_reads(connection: duckdb.DuckDBPyConnection) -> None:
    """The same moments, to the millisecond that it keeps (S4b)."""
    expected = javascript(AS_JAVASCRIPT)
    found = [
        moment and moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        for moment in read(connection, AS_JAVASCRIPT)
    ]
    assert None not in expected
    assert dict(zip(AS_JAVASCRIPT, found, strict=True)) == dict(
        zip(AS_JAVASCRIPT, expected, strict=True)
    )


def test_what_javascript_does_not_read(connection: duckdb.DuckDBPyConnection) -> None:
    """Neither is read here (S4b)."""
    assert javascript(NONE) == [None] * len(NONE)
    assert dict(zip(NONE, read(connection, NONE), strict=True)) == dict.fromkeys(NONE)


def test_what_the_standards_add(connection: duckdb.DuckDBPyConnection) -> None:
    """Basic forms, weeks, numbered days, leap seconds, zones by name (S4b)."""
    texts = list(BY_STANDARD)
    expected = [datetime(*parts, tzinfo=UTC) for parts in BY_STANDARD.values()]  # pyright: ignore[reportArgumentType]
    assert read(connection, texts) == expected


def test_days_that_do_not_exist(connection: duckdb.DuckDBPyConnection) -> None:
    """They are no dates, although V8 makes some others of them (S4b)."""
    assert read(connection, NO_DAYS) == [None] * len(NO_DAYS)
