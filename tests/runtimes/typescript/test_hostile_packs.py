"""Packs that change what the child's code might use, or that ask for more than there is."""

from pathlib import Path
from threading import Event
from typing import Any

import pytest

from pack_sdk import SyncState
from pack_sdk.errors import PackError
from pack_sync.runtimes.typescript import deno
from pack_sync.runtimes.typescript.javascript_errors import JavaScriptError
from pack_sync.runtimes.typescript.messages import Message, MessageKind
from pack_sync.runtimes.typescript.process import Limits, PackProcess, PackProcessError
from tests.runtimes.typescript.packs import Bench, one_table

WATCHED = {
    "species of bytes": """
        const Bytes = Uint8Array;
        Object.defineProperty(Uint8Array, Symbol.species, {get() {
            return function (...given) { const all = new Bytes(...given); saw(all); return all; };
        }});""",
    "length of bytes": """
        const shared = Object.getPrototypeOf(Uint8Array.prototype);
        const {get} = Object.getOwnPropertyDescriptor(shared, "length");
        Object.defineProperty(shared, "length", {get() {
            const length = get.call(this);
            if (length < 1e6) saw(new Uint8Array(this.buffer.slice(0)));
            return length;
        }});""",
}
"""What shows a pack the bytes of messages, if the child's code uses it."""


@pytest.mark.parametrize("what", WATCHED)
def test_messages_are_not_shown_to_the_pack(bench: Bench, what: str) -> None:
    """Whoever sees the bytes of a message before it is sent can write another one in them."""
    before = f"""let seen = 0;
        const saw = (bytes) => {{
            let text = "";
            for (let i = 0; i < 400; i++) text += String.fromCharCode(bytes[i] || 0);
            if (text.includes("from the pack")) seen += 1;
        }};
        try {{ {WATCHED[what]} }} catch {{}}"""
    page = bench.execute(
        """await context.fetcher.fetch({method: "GET", url: "/x?from the pack"});
        console.log("from the pack");
        return {result: [seen]};""",
        before=before,
    )
    assert page.rows == b"0\n"


def test_a_result_that_lies_about_its_length(bench: Bench) -> None:
    """A proxy of an array is an array; its rows are counted as they are sent."""
    page = bench.execute("""let asked = 0;
        const get = (rows, key) => key === "length" ? (asked++ ? 777 : 2) : rows[key];
        return {result: new Proxy([1, 2], {get})};""")
    assert (page.row_count, page.rows) == (2, b"1\n2\n")


def test_a_call_ends_once(bench: Bench) -> None:
    """A pack that ends its own call early changes nothing in the next one."""
    session = bench.open(
        one_table(
            """if (calls++) return {result: ["second"]};
            dispatch.call(globalThis, new Event("beforeunload"));
            return {result: ["first"]};""",
            before="let calls = 0; const dispatch = EventTarget.prototype.dispatchEvent;",
        )
    )
    with pytest.raises(PackProcessError, match="never ends"):
        session.execute([], SyncState())
    assert session.execute([], SyncState()).rows == b'"second"\n'


IMPORTS = {
    "data": "await import(`data:text/javascript,${code}`)",
    "blob": "await import(URL.createObjectURL(new Blob([code], {type: 'text/javascript'})))",
    "a function's": "await new Function('u', 'return import(u)')(`data:text/javascript,${code}`)",
    "JSON": """await import(`data:application/json,"${"x".repeat(1e6)}"`,
        {with: {type: "json"}})""",
}


@pytest.mark.parametrize("what", IMPORTS)
def test_imports_leave_nothing_on_the_disk(
    bench: Bench, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deno would keep what it imports; also where no other limit keeps it from writing."""
    monkeypatch.setattr("pack_sync.runtimes.typescript.process.forbid_writing", lambda _: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]

    def kept() -> set[Path]:
        return {file for file in deno.state_folder().rglob("*") if file.is_file()}

    bench.execute("return {result: []}")
    before = kept()
    page = bench.execute(f"""for (let i = 0; i < 5; i++) {{
            const code = `//${{Math.random()}}${{"x".repeat(1e6)}}`;
            {IMPORTS[what]};
        }}
        return {{result: [1]}};""")
    assert page.row_count == 1
    assert kept() <= before


def test_imports_without_end_are_bounded(bench: Bench) -> None:
    """They are in the child's memory, of which there is so much."""
    bench.limits = Limits(memory_megabytes=200)
    with pytest.raises(PackProcessError, match="the pack ran out of memory"):
        bench.execute("""for (;;) {
            await import(`data:text/javascript,//${Math.random()}${"x".repeat(1e6)}`);
        }""")


LOOKED_UP = {
    "a function's call": """const {call} = Function.prototype;
        Function.prototype.call = function (...given) {
            saw(this);
            return Reflect.apply(call, this, given);
        };""",
    "a promise's kind": """Object.defineProperty(Promise, Symbol.species, {get() {
            saw("species");
            return Promise;
        }});""",
}
"""What Deno's own code looks up while it reads the pipe."""


@pytest.mark.parametrize("what", LOOKED_UP)
def test_the_means_to_read_the_pipe_are_not_shown_to_the_pack(bench: Bench, what: str) -> None:
    """Whoever sees Deno's function for reading can call it, too."""
    before = (
        f"let seen = 0; const saw = () => {{ seen += 1; }}; try {{ {LOOKED_UP[what]} }} catch {{}}"
    )
    page = bench.execute(
        "await context.fetcher.fetch({method: 'GET', url: '/x'}); return {result: [seen]};",
        before=before,
    )
    assert page.rows == b"0\n"


def test_functions_may_have_a_call_of_their_own(bench: Bench) -> None:
    """That of all functions alone stays as it is."""
    page = bench.execute("""const own = () => {};
        own.call = 7;
        return {result: [own.call, Object.prototype.toString.call([])]};""")
    assert page.rows == b'7\n"[object Array]"\n'


def test_a_pack_that_breaks_javascript_itself(bench: Bench) -> None:
    """The error says what it did."""
    with pytest.raises(PackProcessError, match="changed what its runtime needs of JavaScript"):
        bench.execute("""Promise.prototype.constructor = class {};
            Promise.prototype.then = () => { throw new Error("no"); };
            await context.fetcher.fetch({method: "GET", url: "/x"});""")


@pytest.mark.parametrize(
    "spoilt",
    [
        "Error.prepareStackTrace = () => { throw new Error('another') };",
        "Error.prepareStackTrace = () => ({get toString() { throw 1 }});",
    ],
)
def test_an_error_whose_stack_cannot_be_read(bench: Bench, spoilt: str) -> None:
    """Its message can."""
    with pytest.raises(JavaScriptError, match="the real one"):
        bench.execute(f"{spoilt} throw new Error('the real one')")


@pytest.mark.parametrize(
    "execute",
    [
        "return {result: ['x'.repeat(2 ** 28)]};",
        r"return {result: ['\u0001'.repeat(2 ** 27)]};",
        "throw new Error('x'.repeat(2 ** 28));",
        "await context.fetcher.fetch({method: 'POST', url: '/x', body: 'x'.repeat(2 ** 28)});",
    ],
    ids=["row", "escaped row", "error", "request"],
)
def test_whatever_takes_too_much_memory(bench: Bench, execute: str) -> None:
    """One error, which says what there is, however the child ended."""
    bench.limits = Limits(memory_megabytes=300)
    with pytest.raises((PackProcessError, JavaScriptError)) as caught:
        bench.execute(execute)
    said = str(caught.value)
    assert "the pack ran out of memory" in said or "Array buffer allocation" in said


def test_a_text_longer_than_any(bench: Bench) -> None:
    """JavaScript itself says so."""
    with pytest.raises(PackError, match=r"Invalid string length|ran out of memory"):
        bench.execute("return {result: ['x'.repeat(2 ** 29)]};")


def test_one_large_row(bench: Bench) -> None:
    """It is sent in parts: no message may have so much."""
    bench.limits = Limits(heap_megabytes=512, memory_megabytes=1500)
    page = bench.execute("return {result: ['x'.repeat(70_000_000)]};")
    assert len(page.rows) == 70_000_003


def test_requests_wait_in_the_child(bench: Bench) -> None:
    """Many at once are all answered, in order; those without an answer do not heap up here."""
    page = bench.execute("""const asked = [];
        for (let i = 0; i < 500; i++) {
            const body = new Uint8Array(200_000);
            asked.push(context.fetcher.fetch({method: "POST", url: `/${i}`, body}));
            body.fill(1);
        }
        const answers = await Promise.all(asked);
        return {result: [answers.every((answer, i) => answer.body === `/${i}`)]};""")
    assert page.rows == b"true\n"
    assert all(request.body == bytes(200_000) for request in bench.fetcher.requests)


def test_a_request_that_is_too_large(bench: Bench) -> None:
    """The error says how large one may be."""
    with pytest.raises(JavaScriptError, match="a request may have 33554432 bytes, and this one"):
        bench.execute(
            "await context.fetcher.fetch({method: 'POST', url: '/x', body: 'x'.repeat(4e7)});"
        )


def test_requests_that_nobody_awaits_do_not_pile_up(bench: Bench) -> None:
    """A call that is over has no more than those under way in this process's memory."""
    bench.execute("""for (let i = 0; i < 5000; i++) {
            context.fetcher.fetch({method: "POST", url: `/${i}`}).catch(() => {});
        }
        return {result: []};""")
    assert len(bench.fetcher.requests) <= 64


FLOODS = {
    "requests": """for (let i = 0; i < 100; i++) {
        send(FETCH, {id: i, call: 1, request: {method: "GET", url: "/"}});
    }""",
    "lines": """for (let i = 0; i < 5000; i++) send(LOG, {level: "info", text: "x"});""",
    "a late end": "send(RESULT, {call: 0, rows: 1});",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_child_that_breaks_its_word(flood: str, tmp_path: Path) -> None:
    """Should a pack ever get hold of the pipe, what it writes there is bounded as well."""
    script = tmp_path / "child.js"
    source = deno.child_source().replace(
        "\nfunction call(head) {", "\nfunction call(head) {" + FLOODS[flood]
    )
    script.write_text(source)
    process = PackProcess(Limits(), deno.command(256, script))
    process.load(b"exports.pack = {};", "bundle.js")
    head: dict[str, Any] = {"call": 1, "function": "manifest", "context": {"sync": {}}}
    call = Message(kind=MessageKind.CALL, head={**head, "maxLogLines": 0})
    over = Event()

    def handle(message: Message) -> None:
        if message.kind is MessageKind.FETCH:
            over.wait(30)

    try:
        with pytest.raises(PackProcessError, match="broke the protocol"):
            process.call(call, 30, "loading", handle)
    finally:
        over.set()
        process.close()
