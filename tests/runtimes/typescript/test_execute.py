"""Pages of TypeScript packs: what `execute` is given, and what becomes of what it returns."""

from datetime import UTC, datetime

import orjson
import pytest

from pack_sdk import InvalidResultError, PreviousAttemptError, SyncState
from pack_sdk.results import Completion
from tests.runtimes.typescript.packs import Bench, one_table


def test_rows_are_lines_of_json(bench: Bench) -> None:
    """Each row is a line as JSON.stringify writes it, with its own keys (contract S2)."""
    page = bench.execute("""return {result: [
        {id: "1", task_name: "first\\nline", day: new Date(0), nothing: undefined, nan: NaN},
        {id: "2", half: "\\ud83d!"}, undefined, 7,
    ]};""")
    assert page.row_count == 4
    assert page.rows.endswith(b"\n")
    assert [orjson.loads(line) for line in page.rows.splitlines()] == [
        {"id": "1", "task_name": "first\nline", "day": "1970-01-01T00:00:00.000Z", "nan": None},
        {"id": "2", "half": "\ufffd!"},
        None,
        7,
    ]


@pytest.mark.parametrize("returned", ["", "return null;", "return {};", "return {result: null};"])
def test_nothing_is_an_empty_page(bench: Bench, returned: str) -> None:
    """A falsy return or result is a page without rows (contract C2)."""
    page = bench.execute(returned)
    assert (page.rows, page.row_count, page.continuation) == (b"", 0, None)


def test_continuation_and_completion(bench: Bench) -> None:
    """They count when they are truthy in JavaScript: `{}` is, `""` is not (contract C3, C5)."""
    more = bench.execute("return {continuation: {}, completion: {incrementalContinuation: 1}}")
    assert (more.continuation, more.completion) == ({}, None)
    last = bench.execute(
        'return {continuation: "", completion: {incrementalContinuation: {}, other: 1}}'
    )
    assert last.continuation is None
    assert last.completion == Completion(incremental_continuation={})
    incomplete = bench.execute("return {completion: {hasIncompleteResults: true}}")
    assert incomplete.completion == Completion(has_incomplete_results=True)


def test_deleted_ids(bench: Bench) -> None:
    """`deletedRowIds ?? deletedItemIds` (contract C9)."""
    page = bench.execute("return {deletedItemIds: ['a', 1]}")
    assert page.deleted_row_ids == ["a", 1]
    page = bench.execute("return {deletedRowIds: [], deletedItemIds: ['a']}")
    assert page.deleted_row_ids == []


def test_deletions_by_values(bench: Bench) -> None:
    """Properties are named as the schema has them, or by the fields that fill them (C9, D12)."""
    page = bench.execute("return {deletedRowIds: ['a', {task_name: 'x'}, {TaskName: 7}]}")
    assert page.deleted_row_ids == ["a", {"TaskName": "x"}, {"TaskName": 7}]
    for told, says in (("{taskname: 1}", "'taskname' is no property"), ("{id: 1}", "the id alone")):
        with pytest.raises(InvalidResultError, match=says):
            bench.execute(f"return {{deletedRowIds: [{told}]}}")


def test_both_spellings_of_the_context(bench: Bench) -> None:
    """`context.sync.continuation` and `context.continuation` are the same (contract C16)."""
    state = SyncState(
        continuation={"page": 2},
        previous_completion=Completion(incremental_continuation={"since": 1}),
        started_at=datetime(2025, 1, 2, tzinfo=UTC),
        execution_id="x",
    )
    page = bench.execute(
        """return {result: [
            context.sync.continuation, context.continuation,
            context.sync.previousCompletion, context.previousCompletion,
            context.sync.startedAt.getTime(), context.executionId, context.timezone,
        ]};""",
        sync=state,
    )
    cursor = {"incrementalContinuation": {"since": 1}}
    assert [orjson.loads(line) for line in page.rows.splitlines()] == [
        *[{"page": 2}] * 2, *[cursor] * 2, 1735776000000, "x", "UTC",
    ]  # fmt: skip


def test_what_is_absent_is_undefined(bench: Bench) -> None:
    """A full sync has no previousCompletion at all; an argument left out is undefined (C1, C7)."""
    page = bench.execute(
        """return {result: [
            "previousCompletion" in context.sync, "continuation" in context, args[0] === undefined,
            context.endpoint === undefined, args.length,
        ]};""",
        [None, "x"],
    )
    assert page.rows.split() == [b"false", b"false", b"true", b"true", b"2"]


def test_dates_are_dates(bench: Bench) -> None:
    """Parameters of the type date, and arrays of them, arrive as JavaScript's Date."""
    moment = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    page = bench.execute(
        """const [day, text, days] = args;
        const times = days.map((one) => one && one.getTime());
        return {result: [day instanceof Date, day.toISOString(), times, text]};""",
        [moment, "2025-01-02", [moment, None]],
        parameters="""[
            {name: "day", type: 4}, {name: "text", type: 0},
            {name: "days", type: {type: "array", items: 4, allowEmpty: true}},
        ]""",
    )
    assert [orjson.loads(line) for line in page.rows.splitlines()] == [
        True, "2025-01-02T03:04:05.000Z", [1735787045000, None], "2025-01-02",
    ]  # fmt: skip


def test_a_property_s_own_name_will_do(bench: Bench) -> None:
    """A row may have the property's name instead of `fromKey`, as in the original SDK."""
    source = one_table("return {result: [{Id: '1', task_name: 'a', TaskName: 'b'}, {id: '2'}]}")
    schema = bench.pack(source).sync_tables["Tasks"].schema
    page = bench.open(source).execute([], SyncState(schema=schema))
    assert [orjson.loads(line) for line in page.rows.splitlines()] == [
        {"task_name": "a", "TaskName": "b", "id": "1"},
        {"id": "2"},
    ]


def test_module_state_lasts_for_one_sync(bench: Bench) -> None:
    """Pages of a sync share what a pack keeps in its module; the next sync has a fresh child."""
    source = one_table("return {result: [count += 1]}", before="let count = 0;")
    for _ in range(2):
        session = bench.open(source)
        pages = [session.execute([], SyncState()) for _ in range(2)]
        assert [page.rows for page in pages] == [b"1\n", b"2\n"]


def test_why_the_last_try_failed(bench: Bench) -> None:
    """`context.previousAttemptError` is there after a failure only (contract C17)."""
    source = one_table("return {result: [context.previousAttemptError ?? null]}")
    error = PreviousAttemptError(type="HttpStatusError", message="bad", status_code=500)
    page = bench.open(source, previous_attempt_error=error).execute([], SyncState())
    assert orjson.loads(page.rows) == {
        "type": "HttpStatusError", "message": "bad", "statusCode": 500,
    }  # fmt: skip
    assert bench.open(source).execute([], SyncState()).rows == b"null\n"


@pytest.mark.parametrize(
    ("execute", "message"),
    [
        ("return 7", "execute returned 7"),
        ("return {result: 'rows'}", "result is not an array"),
        ("return {result: [{id: 1}, {n: 1n}]}", "row 1 of the page cannot be written as JSON"),
        ("const a = {}; a.a = a; return {result: [a]}", "row 0 of the page cannot be written"),
        ("return {continuation: () => 1}", "continuation is a function, which is not JSON"),
        ("return {continuation: {n: 1n}}", "continuation cannot be written as JSON"),
        ("return {completion: {incrementalContinuation: 1n}}", "completion cannot be written"),
        ("return {deletedRowIds: 'a'}", "deletedRowIds is a str; it must be a list"),
    ],
)
def test_what_is_no_page(bench: Bench, execute: str, message: str) -> None:
    """The error says which part of it is wrong (contract C4)."""
    with pytest.raises(InvalidResultError, match=message):
        bench.execute(execute)


def test_what_the_pack_writes_is_logged(bench: Bench) -> None:
    """Console and context.logger go to the run's log, objects as JSON, errors with their stack."""
    bench.execute("""
        console.log("plain", {a: 1}, 2, undefined);
        console.warn(new TypeError("oops"));
        context.logger.error("bad");
        context.logger.debug(null);
    """)
    lines = bench.logger.lines
    assert lines[0] == ("info", 'plain {"a":1} 2 undefined')
    assert lines[1][0] == "warning"
    assert lines[1][1].startswith("TypeError: oops\n    at ")
    assert lines[2:] == [("error", "bad"), ("debug", "null")]


def test_rejections_that_nobody_awaits_are_logged(bench: Bench) -> None:
    """As in the original runtime they do not end the sync."""
    page = bench.execute("""
        Promise.reject(new Error("lost"));
        setTimeout(() => { throw new Error("late"); }, 0);
        await new Promise((resolve) => setTimeout(resolve, 20));
        return {result: [1]};
    """)
    assert page.row_count == 1
    said = " ".join(line for _, line in bench.logger.lines)
    assert "a rejected promise was not awaited: Error: lost" in said
    assert "an error in a timer's callback: Error: late" in said


def test_the_globals_of_bundles(bench: Bench) -> None:
    """What packs rely on is there; what the original runtime does not have is not."""
    page = bench.execute("""
        const bytes = crypto.getRandomValues(new Uint8Array(4));
        const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode("abc"));
        process.nextTick(() => {});
        const old = {};
        old.__proto__ = {inherited: 1};
        return {result: [
            Buffer.from("aGk=", "base64").toString(), bytes.length, new Uint8Array(digest)[0],
            new URL("/b?c=d", "https://a.example").searchParams.get("c"), atob(btoa("x")),
            new TextDecoder().decode(new TextEncoder().encode("ä")), global === globalThis,
            typeof process.env.HOME, typeof fetch, typeof Deno, typeof require, old.inherited,
            structuredClone({a: 1}).a, new Intl.NumberFormat("en").format(1234),
        ]};
    """)
    assert [orjson.loads(line) for line in page.rows.splitlines()] == [
        "hi", 4, 0xBA, "d", "x", "ä", True, "undefined", "undefined", "undefined", "undefined", 1,
        1, "1,234",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("{A: 1, x: 2}", {"x": 1, "y": 2}),
        ("{A: 1}", {"x": 1}),
        ("{x: 2}", {"y": 2}),
        ("{A: 1, x: 2, z: 3}", {"x": 1, "y": 2, "z": 3}),
    ],
)
def test_a_property_called_as_the_field_of_another(
    bench: Bench, row: str, expected: dict[str, int]
) -> None:
    """What the SDK returns has the properties' own names: each goes to its own field."""
    source = one_table(f"return {{result: [{row}]}}").replace(
        'Id: {type: "string", fromKey: "id"},',
        'Id: {type: "string"}, A: {type: "number", fromKey: "x"}, '
        'x: {type: "number", fromKey: "y"},',
    )
    schema = bench.pack(source).sync_tables["Tasks"].schema
    page = bench.open(source).execute([], SyncState(schema=schema))
    assert orjson.loads(page.rows) == expected
