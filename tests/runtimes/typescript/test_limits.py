"""What a pack cannot do for ever, or without bounds: each ends in a clear error."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pack_sdk import InvalidResultError, MissingScopesError, SyncState, UserVisibleError
from pack_sync.runtimes.runtime import PageTimeoutError
from pack_sync.runtimes.typescript.javascript_errors import JavaScriptError
from pack_sync.runtimes.typescript.process import Limits, PackProcessError
from tests.runtimes.typescript.packs import Bench, one_table


def is_gone(pid: int) -> bool:
    """Whether no process has that id any more."""
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize(
    "execute",
    [
        "for (;;) {}",
        "const spin = () => Promise.resolve().then(spin); await spin();",
        "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
        "await new Promise((resolve) => setTimeout(resolve, 1e9));",
        "setInterval(() => {}, 10); await new Promise(() => {});",
        "'x'.repeat(30).replace(/^(x+x+)+y$/, '') + /(x+x+)+y/.test('x'.repeat(60));",
    ],
    ids=["loop", "microtasks", "Atomics.wait", "timer", "interval", "regular expression"],
)
def test_a_page_takes_too_long(bench: Bench, execute: str) -> None:
    """The child is ended, requests are refused, and the error names the setting (C14)."""
    bench.seconds = 1
    session = bench.open(one_table(execute))
    with pytest.raises(PageTimeoutError) as caught:
        session.execute([], SyncState())
    assert str(caught.value) == (
        "execute of the table 'Tasks' took longer than 1 s. Return smaller pages, "
        "or raise `page_timeout_seconds`."
    )
    assert bench.fetcher.cancelled
    assert is_gone(bench.pid_of(session))


def test_a_promise_that_can_never_settle(bench: Bench) -> None:
    """It is noticed at once, not waited for until the page's time is over."""
    bench.seconds = 3600
    with pytest.raises(
        PackProcessError, match="execute of the table 'Tasks' never ends: it awaits"
    ):
        bench.execute("await new Promise(() => {});")


def test_a_promise_that_settles_after_timers_and_requests(bench: Bench) -> None:
    """What still may settle is waited for."""
    page = bench.execute("""
        await new Promise((resolve) => setTimeout(resolve, 30));
        await context.fetcher.fetch({method: "GET", url: "/a"});
        await new Promise((resolve) => setImmediate(resolve));
        const stream = new Blob(["x"]).stream().pipeThrough(new CompressionStream("gzip"));
        const size = (await bytes(stream)).length;
        return {result: [size > 0]};""", before="""
        async function bytes(stream) {
            const chunks = [];
            for await (const chunk of stream) chunks.push(...chunk);
            return chunks;
        }""")  # fmt: skip
    assert page.rows == b"true\n"


@pytest.mark.parametrize(
    "execute",
    [
        "const kept = []; for (let i = 0; ; i++) kept.push({i, text: `text ${i}`});",
        "const kept = []; for (;;) kept.push(new Array(1e6).fill(1.5));",
        "let text = 'x'; for (;;) text += text + Math.random();",
    ],
    ids=["objects", "arrays", "text"],
)
def test_the_heap_is_bounded(bench: Bench, execute: str) -> None:
    """The error says how much a pack may use; this process is unharmed."""
    bench.limits = Limits(heap_megabytes=64, memory_megabytes=400)
    with pytest.raises((PackProcessError, JavaScriptError)) as caught:
        bench.execute(execute)
    message = str(caught.value)
    assert "ran out of memory: it may use 64 MB for objects" in message or (
        "Invalid string length" in message
    )


@pytest.mark.parametrize(
    "execute",
    [
        "const kept = []; for (;;) kept.push(new Uint8Array(1e7).fill(1));",
        "const kept = []; for (;;) kept.push(Buffer.alloc(1e7, 1));",
        "new WebAssembly.Memory({initial: 65536}).buffer; new Uint8Array(4e9).fill(1);",
    ],
    ids=["ArrayBuffer", "Buffer", "WebAssembly"],
)
def test_memory_outside_of_the_heap_is_bounded(bench: Bench, execute: str) -> None:
    """Buffers too: the kernel refuses them, and the pack's code gets a RangeError."""
    bench.limits = Limits(memory_megabytes=300)
    with pytest.raises((PackProcessError, JavaScriptError), match=r"memory|allocation"):
        bench.execute(execute)


def test_rows_without_end(bench: Bench) -> None:
    """A page's rows are bounded as well, before they are all here."""
    bench.limits = Limits(page_bytes=2_000_000)
    with pytest.raises(InvalidResultError, match="may have 2000000 bytes of JSON, and row 21"):
        bench.execute(
            "const row = {id: 'x'.repeat(100_000)}; return {result: Array(1e5).fill(row)}"
        )


def test_a_flood_of_lines(bench: Bench) -> None:
    """A call may log so many lines; what was left out is counted, and the page counts."""
    bench.limits = Limits(log_lines=10)
    page = bench.execute(
        "for (let i = 0; i < 1e5; i++) console.log(i, 'x'.repeat(1e4)); return {result: [1]}"
    )
    assert page.row_count == 1
    assert len(bench.logger.lines) == 11
    assert len(bench.logger.lines[0][1]) == 4000
    assert bench.logger.lines[-1] == (
        "warning",
        "99990 further lines of the pack were left out: it may write 10 in one call",
    )


def test_a_child_that_dies(bench: Bench) -> None:
    """Whatever ended it, the error says how."""
    session = bench.open(one_table("await context.fetcher.fetch({method: 'GET', url: '/x'})"))
    os.kill(bench.pid_of(session), signal.SIGKILL)
    with pytest.raises(PackProcessError, match="was killed by signal 9"):
        session.execute([], SyncState())
    assert is_gone(bench.pid_of(session))


def test_a_child_that_nobody_ends(bench: Bench) -> None:
    """If this process is killed, the kernel ends a pack that computes for ever."""
    bench.seconds = 100
    session = bench.open(one_table("return"))
    session.execute([], SyncState())
    limits = Path(f"/proc/{bench.pid_of(session)}/limits").read_text()
    limit = next(line.split()[3] for line in limits.splitlines() if "Max cpu time" in line)
    assert 410 <= int(limit) < 420


ORPHAN = """
import sys
from pack_sync.runtimes.typescript.messages import Message, MessageKind
from pack_sync.runtimes.typescript.process import Limits, PackProcess

process = PackProcess(Limits())
process.load(sys.argv[1].encode(), "bundle.js")
head = {"call": 1, "function": "manifest", "context": {"sync": {}}, "maxLogLines": 0}
process.call(Message(kind=MessageKind.CALL, head=head), 60, "loading", print)
print(process.pid, flush=True)
sys.stdin.read()
"""
"""A process that starts a child and waits."""


def test_a_child_whose_parent_was_killed() -> None:
    """It ends, whatever timers the pack has left behind."""
    pack = one_table("return", before="setInterval(() => {}, 10);")
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", ORPHAN, pack], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        ended = select.poll()
        ended.register(child, select.POLLIN)
        assert ended.poll(0) == []
        parent.kill()
    assert ended.poll(60_000) != []
    os.close(child)


def test_closing_ends_the_child(bench: Bench) -> None:
    """Also one that is busy; closing again does nothing."""
    session = bench.open(one_table("return"))
    session.close()
    session.close()
    assert is_gone(bench.pid_of(session))


def test_errors_of_the_pack(bench: Bench) -> None:
    """Type, text, the pack's own file and line, and what the API said; the stack is logged."""
    bench.fetcher.last_answer = "status 200, a list of 0"
    with pytest.raises(JavaScriptError) as caught:
        bench.execute("\n\nnull.x;")
    assert str(caught.value).startswith(
        "TypeError: Cannot read properties of null (reading 'x') (Object.execute bundle.js:17:"
    )
    assert caught.value.__notes__ == ["(the last answer was: status 200, a list of 0)"]
    assert bench.logger.lines == [("debug", f"{caught.value}\n{caught.value.stack}")]


def test_errors_that_a_pack_throws_on_purpose(bench: Bench) -> None:
    """Get no note; missing rights are an error of their own, as in Python packs."""
    bench.fetcher.last_answer = "status 200, a list of 0"
    with pytest.raises(JavaScriptError) as caught:
        bench.execute("throw new Error('no team')")
    assert not hasattr(caught.value, "__notes__")
    with pytest.raises(MissingScopesError, match="more rights"):
        bench.execute("throw Object.assign(new Error('more rights'), {name: 'MissingScopesError'})")


@pytest.mark.parametrize("thrown", ["'a text'", "undefined", "{a: 1}", "Object.create(null)"])
def test_anything_may_be_thrown(bench: Bench, thrown: str) -> None:
    """Things that are no errors, too."""
    with pytest.raises(JavaScriptError):
        bench.execute(f"throw {thrown}")


def test_a_user_visible_error(bench: Bench) -> None:
    """Its text is what the user reads, and nothing else."""
    with pytest.raises(UserVisibleError) as caught:
        bench.execute("throw Object.assign(new Error('Ask your admin.'), {isUserVisible: true})")
    assert str(caught.value) == "Ask your admin."
