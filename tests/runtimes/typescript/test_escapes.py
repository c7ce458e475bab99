"""What a pack's code must not reach. Each attack succeeds against a child without defences.

Otherwise a test could pass because the attack is wrong. The defences stand one behind the other:
there is nothing to attack with in the pack's realm, and without it there is no permission.
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from pack_sdk import SyncState
from pack_sync.runtimes.typescript import deno, process
from pack_sync.runtimes.typescript.javascript_errors import JavaScriptError
from pack_sync.runtimes.typescript.process import PackProcessError
from tests.http_server import Answer, HttpServer
from tests.runtimes.typescript.packs import Bench, one_table

SECRET = "the-secret-token"
"""What no attack may bring to light: in a file, an answer, the environment, an output."""

Weaken = Callable[[], None]


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """A server that answers with the secret."""
    server = HttpServer()
    server.answer = lambda _: Answer(status=200, body=SECRET.encode())
    yield server
    server.close()


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: HttpServer) -> dict[str, str]:
    """Where the secret lies."""
    file = tmp_path / "secret"
    file.write_text(SECRET)
    monkeypatch.setenv("TRACKER_TOKEN", SECRET)
    return {"FILE": str(file), "ADDRESS": server.url, "PARENT": str(os.getpid()), "PROOF": SECRET}


@pytest.fixture
def open_realm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Weaken:
    """Lets the pack's code reach what Deno has, and Node's modules; permissions stay denied."""

    def weaken() -> None:
        script = tmp_path / "open_child.js"
        source = deno.child_source()
        assert source.count("\ncloseRealm();\n") == 1
        script.write_text(source.replace("\ncloseRealm();\n", "\n"))

        def command(heap_megabytes: int) -> Sequence[str]:
            arguments = deno.command(heap_megabytes, script)
            return [argument for argument in arguments if "--import-map" not in argument]

        monkeypatch.setattr(process, "command", command)

    return weaken


@pytest.fixture
def no_defences(open_realm: Weaken, monkeypatch: pytest.MonkeyPatch) -> Weaken:
    """As `open_realm`, with every permission and our environment."""

    def start(arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
        kept = [a for a in arguments if not a.startswith("--deny-") and a != "--no-prompt"]
        kept.insert(kept.index("run") + 1, "--allow-all")
        return subprocess.Popen(  # noqa: S603
            kept,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            restore_signals=False,
        )

    def weaken() -> None:
        open_realm()
        monkeypatch.setattr(process, "start", start)

    return weaken


def use_script(monkeypatch: pytest.MonkeyPatch, script: Path) -> None:
    """Run children with this script, but with all other defences."""

    def command(heap_megabytes: int) -> Sequence[str]:
        return deno.command(heap_megabytes, script)

    monkeypatch.setattr(process, "command", command)


OUTSIDE = {
    "file": "return Deno.readTextFileSync(FILE);",
    "file by Node": "return (await import('node:fs')).readFileSync(FILE, 'utf8');",
    "file by import": "return (await import('file://' + FILE, {with: {type: 'text'}})).default;",
    "network": "return await (await fetch(ADDRESS)).text();",
    "network by a socket": """const {hostname, port} = new URL(ADDRESS);
        const socket = await Deno.connect({hostname, port: Number(port)});
        await socket.write(new TextEncoder().encode(`GET / HTTP/1.0\\r\\n\\r\\n`));
        return await new Response(socket.readable).text();""",
    "network by Node": """const http = await import('node:http');
        return await new Promise((resolve, reject) => http.get(ADDRESS, (answer) => {
            let text = '';
            answer.on('data', (data) => text += data);
            answer.on('end', () => resolve(text));
        }).on('error', reject));""",
    "environment": "return Deno.env.get('TRACKER_TOKEN');",
    "environment by Node": "return (await import('node:process')).env.TRACKER_TOKEN;",
    "the parent's": "return Deno.readTextFileSync(`/proc/${PARENT}/environ`) && PROOF;",
    "subprocess": """const output = new Deno.Command('cat', {args: [FILE]}).outputSync();
        return new TextDecoder().decode(output.stdout);""",
    "subprocess by Node": """const {execFileSync} = await import('node:child_process');
        return execFileSync('cat', [FILE]).toString();""",
    "a worker": """const worker = new Worker('data:text/javascript,' + encodeURIComponent(
            `self.postMessage(Deno.readTextFileSync(${JSON.stringify(FILE)}))`), {type: 'module'});
        return await new Promise((resolve, reject) => {
            worker.onmessage = (event) => resolve(event.data);
            worker.onerror = (event) => {
                event.preventDefault();
                reject(new Error(event.message));
            };
        });""",
}


def page_of(bench: Bench, attack: str, secrets: dict[str, str]) -> bytes:
    """The rows of a page that the attack filled, or the text of the error it ended in."""
    values = "".join(f"const {name} = {value!r};\n" for name, value in secrets.items())
    body = f"{values}\nreturn {{result: [await (async () => {{ {attack} }})()]}};"
    session = bench.open(one_table(body))
    try:
        return session.execute([], SyncState()).rows
    except (JavaScriptError, PackProcessError) as error:
        return f"error: {error}".encode().replace(SECRET.encode(), b"(quoted)")


@pytest.mark.parametrize("attack", OUTSIDE)
def test_nothing_outside_can_be_reached(
    attack: str, bench: Bench, secrets: dict[str, str], no_defences: Weaken
) -> None:
    """No file, network, environment or subprocess."""
    assert SECRET.encode() not in page_of(bench, OUTSIDE[attack], secrets)
    no_defences()
    assert SECRET.encode() in page_of(bench, OUTSIDE[attack], secrets)


@pytest.mark.parametrize("attack", OUTSIDE)
def test_without_the_closed_realm_there_is_no_permission(
    attack: str, bench: Bench, secrets: dict[str, str], open_realm: Weaken
) -> None:
    """The second wall: code that gets hold of Deno itself is not allowed anything."""
    open_realm()
    answer = page_of(bench, OUTSIDE[attack], secrets)
    assert SECRET.encode() not in answer
    assert b"ReferenceError" not in answer


FORGED = """
    const head = new TextEncoder().encode(JSON.stringify({call: 1, rows: 777}));
    const message = new Uint8Array(9 + head.length + 2);
    message.set([0, 0, 0, 7 + head.length, 86, 0, 0, 0, head.length]);
    message.set(head, 9);
    message.set([123, 125], 9 + head.length);
"""
"""The message of a page with 777 rows, as bytes."""

FORGERIES = {
    "Deno": f"{FORGED} Deno.stdout.writeSync(message);",
    "process": f"{FORGED} process.stdout.write(message);",
    "Node's process": f"{FORGED} (await import('node:process')).stdout.write(message);",
    "Node's fs": f"{FORGED} (await import('node:fs')).writeSync(1, message);",
    "a worker": f"""{FORGED} new Worker('data:text/javascript,' + encodeURIComponent(
        `Deno.stdout.writeSync(new Uint8Array([${{message}}]))`), {{type: 'module'}});""",
    "a module": f"""{FORGED} globalThis.message = message;
        await import('data:text/javascript,Deno.stdout.writeSync(message)');""",
    "another function's realm": f"""{FORGED}
        (async () => {{}}).constructor('message', 'Deno.stdout.writeSync(message)')(message);""",
}


@pytest.mark.parametrize("attack", FORGERIES)
def test_frames_cannot_be_forged(attack: str, bench: Bench, open_realm: Weaken) -> None:
    """A page is what `execute` returned, not what a pack writes on the child's pipes."""

    def rows() -> int:
        waiting = "await new Promise((resolve) => setTimeout(resolve, 300)); return {result: []};"
        session = bench.open(one_table(FORGERIES[attack] + waiting))
        try:
            return session.execute([], SyncState()).row_count
        except JavaScriptError:
            return -1

    assert rows() <= 0
    open_realm()
    assert rows() == 777


ENDINGS = {
    "exit": "Deno.exit(0);",
    "process.exit": "process.exit(0);",
    "Node's exit": "(await import('node:process')).exit(0);",
    "close": "close(); await new Promise((resolve) => setTimeout(resolve, 1000));",
    "closing the output": "(await import('node:fs')).closeSync(1); throw new Error('closed');",
}


@pytest.mark.parametrize("attack", ENDINGS)
def test_the_pipes_cannot_be_closed(attack: str, bench: Bench, open_realm: Weaken) -> None:
    """A pack can end its own call with an error, but not its child."""
    with pytest.raises(JavaScriptError):
        bench.execute(ENDINGS[attack] + "throw new Error('still here')")
    open_realm()
    with pytest.raises(PackProcessError):
        bench.execute(ENDINGS[attack])


READINGS = {
    "Deno": "const read = (bytes) => Deno.stdin.readSync(bytes);",
    "Node's fs": "const {readSync} = await import('node:fs'); const read = (b) => readSync(0, b);",
}


@pytest.mark.parametrize("attack", READINGS)
def test_the_pipes_cannot_be_read(attack: str, bench: Bench, open_realm: Weaken) -> None:
    """What is sent to the child is read by its own code alone."""
    body = f"""{READINGS[attack]}
        const bytes = new Uint8Array(1000);
        setTimeout(() => {{}}, 0);
        context.fetcher.fetch({{method: "GET", url: "/the-answer"}}).catch(() => {{}});
        const count = read(bytes);
        return {{result: [new TextDecoder().decode(bytes.subarray(0, count))]}};"""

    def read() -> bytes:
        try:
            return bench.open(one_table(body)).execute([], SyncState()).rows
        except JavaScriptError as error:
            return str(error).encode()

    assert b"the-answer" not in read()
    open_realm()
    assert b"the-answer" in read()


POLLUTIONS = {
    "JSON.stringify": """const real = JSON.stringify;
        const forged = (value) => value && value.rows === 0 ? {...value, rows: 777} : value;
        JSON.stringify = (value, ...more) => real(forged(value), ...more);""",
    "encode": """const {encode} = TextEncoder.prototype;
        TextEncoder.prototype.encode = function (text) {
            return encode.call(this, text.replace('"rows":0', '"rows":777'));
        };""",
    "toJSON": """Object.defineProperty(Object.prototype, 'toJSON', {configurable: true, value() {
            return this.rows === 0 ? {call: this.call, rows: 777} : this;
        }});""",
    "set": """const {set} = Uint8Array.prototype;
        Uint8Array.prototype.set = function (bytes, at) {
            const text = new TextDecoder().decode(bytes).replace('"rows":0', '"rows":7');
            return set.call(this, new TextEncoder().encode(text), at);
        };""",
}
TRUSTING = {
    "const { parse, stringify } = JSON;": (
        "const { parse } = JSON; const stringify = (...all) => JSON.stringify(...all);"
    ),
    "const encode = uncurry(TextEncoder.prototype.encode).bind(null, new TextEncoder());": (
        "const encode = (text) => new TextEncoder().encode(text);"
    ),
    "const setBytes = uncurry(Uint8Array.prototype.set);": (
        "const setBytes = (bytes, other, at) => bytes.set(other, at);"
    ),
    "send(RESULT, { __proto__: null, call: head.call, rows": "send(RESULT, { call: head.call, rows",
}
"""Where the child's own code would look things up that a pack can change."""


@pytest.fixture
def trusting_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Weaken:
    """The child's own code looks things up where the pack can change them."""

    def weaken() -> None:
        source = deno.child_source()
        for safe, trusting in TRUSTING.items():
            assert source.count(safe) == 1, safe
            source = source.replace(safe, trusting)
        script = tmp_path / "trusting_child.js"
        script.write_text(source)
        use_script(monkeypatch, script)

    return weaken


@pytest.mark.parametrize("attack", POLLUTIONS)
def test_the_child_s_own_code_cannot_be_changed(
    attack: str, bench: Bench, trusting_child: Weaken
) -> None:
    """It took all it needs before the pack was there: a page of no rows says so."""

    def rows() -> int:
        session = bench.open(one_table("return {result: []}", before=POLLUTIONS[attack]))
        return session.execute([], SyncState()).row_count

    assert rows() == 0
    trusting_child()
    assert rows() in (7, 777)


def test_what_a_pack_adds_to_all_objects_is_not_taken_for_a_message(bench: Bench) -> None:
    """Also not for the answer of a request."""
    page = bench.execute(
        "return {result: [(await context.fetcher.fetch({method: 'GET', url: '/x'})).body]}",
        before="Object.prototype.error = 'forged'; Object.prototype.status = 500;",
    )
    assert page.rows == b'"/x"\n'


def test_every_module_of_node_is_blocked(bench: Bench) -> None:
    """Also those that the Deno which is installed knows beyond the ones we could name."""
    page = bench.execute("""const open = [];
        for (const name of ["fs", "process", "worker_threads", "vm", "sqlite", "test", "module",
                            "fs/promises", "stream/web", "buffer", "_http_agent", "console"]) {
            try { await import("node:" + name); open.push(name); } catch {}
        }
        return {result: [open]};""")
    assert page.rows == b"[]\n"


def test_the_child_s_own_code_cannot_be_imported(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that is loaded can be imported again without permission, but it exports nothing."""
    attack = f"""{FORGED}
        const own = /file:\\S*?\\.js/.exec(new Error().stack)[0];
        (await import(own)).writeSome(message);
        return {{result: []}};"""
    with pytest.raises(JavaScriptError, match="writeSome is not a function"):
        bench.execute(attack)
    script = tmp_path / "exporting_child.js"
    script.write_text(deno.child_source() + "export { writeSome };")
    use_script(monkeypatch, script)
    assert bench.open(one_table(attack)).execute([], SyncState()).row_count == 777
