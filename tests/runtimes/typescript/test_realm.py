"""What a pack's code finds around it, also in a bundle that was compiled elsewhere."""

import orjson
import pytest

from pack_sync.runtimes.typescript.javascript_errors import JavaScriptError
from tests.runtimes.typescript.packs import Bench

FOUND = {
    "[__dirname, __filename]": ["/", "/bundle.js"],
    "[typeof require, typeof module, typeof exports, typeof global, typeof window]": [
        "undefined", "object", "object", "object", "undefined",
    ],
    "[process.env.NODE_ENV, process.env.OTHER ?? null, process.browser, process.cwd()]": [
        "production", None, True, "/",
    ],
    "[process.on('exit', () => {}) === process, process.once('x', 1) === process]": [True, True],
    "new URL('https://a.example/c?d=ä#x').href": "https://a.example/c?d=%C3%A4#x",
    "new URLSearchParams({q: 'ä b'}).toString()": "q=%C3%A4+b",
    "new TextDecoder('latin1').decode(new Uint8Array([0xfc]))": "ü",
    "[...new TextEncoder().encode('ü')]": [195, 188],
    "[btoa('x'), atob('eA==')]": ["eA==", "x"],
    "[crypto.randomUUID().length, crypto.getRandomValues(new Uint8Array(4)).length]": [36, 4],
    "(await crypto.subtle.digest('SHA-256', new Uint8Array())).byteLength": 32,
    "new Date(0).toLocaleString('de-DE', {timeZone: 'Europe/Berlin'})": "1.1.1970, 01:00:00",
    "new Intl.NumberFormat('de-DE').format(1234.5)": "1.234,5",
    "Intl.DateTimeFormat().resolvedOptions().timeZone": "UTC",
    "new Date().getTimezoneOffset()": 0,
    "structuredClone({a: [new Date(0)]})": {"a": ["1970-01-01T00:00:00.000Z"]},
    "AbortSignal.abort().aborted": True,
    "await new Promise((done) => setImmediate(done, 5))": 5,
    "await new Promise((done) => setTimeout(done, 1e10, 6))": 6,
    "await new Promise((done) => setTimeout(done, NaN, 7))": 7,
    "await new Promise((done) => process.nextTick(done, 8))": 8,
    "[new Buffer('hü').toString('base64'), Buffer(3).length, new Buffer([1]).length]": [
        "aMO8", 3, 1,
    ],
    "[Buffer.from('x') instanceof Buffer, Buffer.from('x').constructor === Buffer]": [True, True],
    "Buffer.concat([Buffer.from('a'), Buffer.from('b')]).toString('hex')": "6162",
    "new (class Own extends Array {})().length": 0,
    "Object.keys(Object.groupBy([1, 2, 3], (n) => n % 2))": ["0", "1"],
}  # fmt: skip


@pytest.mark.parametrize("code", FOUND)
def test_what_a_pack_finds(bench: Bench, code: str) -> None:
    """Of JavaScript, of the web, and of Node as the original runtime has it."""
    assert orjson.loads(bench.execute(f"return {{result: [{code}]}};").rows) == FOUND[code]


def test_every_method_of_a_console(bench: Bench) -> None:
    """None of them is missing in the middle of a sync."""
    page = bench.execute("""const names = ["assert", "clear", "count", "countReset", "debug", "dir",
            "dirxml", "error", "group", "groupCollapsed", "groupEnd", "info", "log", "profile",
            "profileEnd", "table", "time", "timeEnd", "timeLog", "timeStamp", "trace", "warn"];
        for (const name of names) console[name]("x");
        return {result: [1]};""")
    assert page.row_count == 1


SOUGHT = {
    "fetch('https://example.com')": "ReferenceError: fetch is not defined: ask for it with cont",
    "new XMLHttpRequest()": "ask for it with context.fetcher.fetch",
    "require('lodash')": "require is not defined: bundle the pack with the modules",
    "document.title": "document is not defined: a pack runs in no browser",
    "Deno.env.get('HOME')": "a pack reaches nothing but its fetcher",
    "process.exit(1)": "process.exit is not there: a pack is no program of its own",
    "await import('lodash')": "the pack imports lodash while it runs: bundle the pack with all",
    "await import('https://a.example/x.js')": "the pack imports a.example:443 while it runs",
    "await import('node:fs')": "the pack imports a module of Node while it runs",
    "(() => { const fs = {}; return fs.readFileSync('x'); })()": (
        "fs.readFileSync is not a function: a pack cannot read or write files. Import the data"
    ),
    "(() => { const import_fs2 = {}; return (0, import_fs2.readFileSync)('x'); })()": (
        "import_fs2.readFileSync) is not a function: a pack cannot read or write files."
    ),
    "(() => { const store = {}; return store.readFile('x'); })()": (
        "TypeError: store.readFile is not a function ("
    ),
    "own.name": "ReferenceError: own is not defined (",
    "(() => { throw new Error('outer', {cause: new TypeError('inner')}); })()": (
        "Error: outer (because of TypeError: inner) ("
    ),
}


@pytest.mark.parametrize("code", SOUGHT)
def test_what_a_pack_looks_for_in_vain(bench: Bench, code: str) -> None:
    """The error says what to do instead, and where."""
    with pytest.raises(JavaScriptError) as caught:
        bench.execute(f"return {{result: [{code}]}};")
    assert SOUGHT[code] in str(caught.value)
    assert "bundle.js:" in str(caught.value) or "import(" in code
