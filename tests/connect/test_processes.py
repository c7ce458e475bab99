"""`packsync connect` in processes: a real browser, every byte that is left, kills (A6)."""

import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.connect.authorization_server import AuthorizationServer
from tests.connect.real_project import RealProject, real_project
from tests.http_server import Answer, HttpServer, SeenRequest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PLANTED = b"PLANTED"

FOLLOW = f"""#!{sys.executable}
# A browser without a window: it follows where it is led.
import sys, httpx
with httpx.Client(follow_redirects=True, timeout=60, trust_env=False) as client:
    client.get(sys.argv[1])
"""

CLICK = f"""#!{sys.executable}
# Chromium, in which somebody clicks on Allow.
import sys
from pathlib import Path
from playwright.sync_api import sync_playwright
with sync_playwright() as started:
    browser = started.chromium.launch(
        executable_path={CHROMIUM!r}, args=["--no-sandbox", "--disable-gpu"]
    )
    page = browser.new_page()
    page.goto(sys.argv[1])
    page.get_by_role("link", name="Allow").click()
    page.get_by_text("You may close this window").wait_for()
    Path(__file__).with_suffix(".seen").write_text(page.inner_text("body"))
    browser.close()
"""


@pytest.fixture
def service(server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> AuthorizationServer:
    """A service that behaves."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    return AuthorizationServer(server=server)


def browser(folder: Path, text: str) -> str:
    """A program that opens pages."""
    program = folder / "browser.py"
    program.write_text(text)
    program.chmod(0o700)
    return str(program)


@pytest.fixture
def shop(tmp_path: Path, service: AuthorizationServer) -> RealProject:
    """A project, and a browser that follows."""
    return real_project(tmp_path / "project", service, browser(tmp_path, FOLLOW))


@pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium; on Debian: apt install chromium"
)
def test_a_person_clicks_in_a_real_browser(tmp_path: Path, service: AuthorizationServer) -> None:
    """Chromium opens, is led to the service, somebody allows, and the page may be closed (A6)."""
    pytest.importorskip("playwright")

    def with_a_page(_: SeenRequest, answer: Answer) -> Answer:
        link = answer.headers["Location"].replace("&", "&amp;")
        page = f'<h1>Access to your items</h1><a href="{link}">Allow</a>'
        return Answer(body=page.encode(), content_type="text/html")

    service.twists["/authorize"] = with_a_page
    shop = real_project(tmp_path / "project", service, browser(tmp_path, CLICK))
    code, output = shop.run("packsync", "connect", "acme", "--from-env")
    assert code == 0, output
    assert "Connected acme default as Ada Lovelace." in output
    for _ in range(100):  # the browser's program ends after the command
        if (tmp_path / "browser.seen").exists():
            break
        threading.Event().wait(0.1)
    assert "The service has answered" in (tmp_path / "browser.seen").read_text()


def test_no_byte_of_a_secret_is_elsewhere(
    shop: RealProject, service: AuthorizationServer, tmp_path: Path
) -> None:
    """Of a consent, its failures, a sync through Dagster and a look: only the store has it (A4)."""
    watched = Watcher()
    failing = Answer(status=400, body=b'{"error": "x", "error_description": "PLANTED"}')
    with watched:
        service.twists["/token"] = lambda seen, _: Answer(status=400, body=seen.body)
        outputs = [shop.run("packsync", "connect", "acme", "--from-env")]
        service.twists["/token"] = lambda _, __: failing
        outputs.append(shop.run("packsync", "connect", "acme", "--from-env"))
        service.twists.clear()
        outputs.append(shop.run("packsync", "connect", "acme", "--from-env"))
        client_only = {"ACME_CLIENT_ID": "", "ACME_CLIENT_SECRET": ""}
        outputs.append(shop.run("packsync", "sync", "acme", **client_only))
        outputs.append(shop.run("packsync", "connect", "--check", **client_only))
    assert [code for code, _ in outputs] == [1, 1, 0, 0, 0], outputs
    assert not any("PLANTED" in text for _, text in outputs)
    codes = [form["code"] for form in service.asked("/token") if "code" in form]
    verifiers = [form["code_verifier"] for form in service.asked("/token") if "code" in form]
    states = [form["state"] for form in service.asked("/authorize")]
    wanted = [PLANTED, *(each.encode() for each in [*codes, *verifiers, *states])]
    with_secrets = {
        file.parent.name
        for file in tmp_path.rglob("*")
        if file.is_file() and any(secret in file.read_bytes() for secret in wanted)
    }
    assert with_secrets == {"credentials"}
    assert any(b"looking for items" in file.read_bytes() for file in tmp_path.rglob("*.db"))
    for file in shop.credentials.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        assert not any(secret in file.read_bytes() for secret in wanted[1:])
    assert watched.programs >= {"webbrowser", "browser.py"}
    assert watched.found == []


class Watcher:
    """Looks at arguments and environment of all processes below this one, all the time."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.programs: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            for process in _ours():
                try:
                    arguments = process.cmdline()
                    given = Path(f"/proc/{process.pid}/environ").read_bytes()
                except (psutil.Error, OSError):
                    continue
                self.programs |= {Path(each).name for each in arguments}
                own = any(Path(each).name == "packsync" for each in arguments)
                texts = " ".join(arguments).encode() + (b"" if own else given)
                if PLANTED in texts or b"state=" in texts:
                    self.found.append(" ".join(arguments))


def _ours() -> Iterator[psutil.Process]:
    """The processes of the commands, also those that outlive them."""
    for process in psutil.process_iter():
        try:
            if "packsync" in " ".join(process.cmdline()) or "browser" in " ".join(
                process.cmdline()
            ):
                yield process
        except psutil.Error:
            continue


def kill_at(path: str, shop: RealProject, service: AuthorizationServer, *options: str) -> None:
    """Connect; the command is killed when the service is asked for that path, and answers."""
    started: list[int] = []

    def kill(_: SeenRequest, answer: Answer) -> Answer:
        os.kill(started[0], signal.SIGKILL)
        return answer

    service.twists[path] = kill
    running = shop.start("packsync", "connect", "acme", "--from-env", *options)
    started.append(running.pid)
    running.communicate(timeout=120)
    assert running.returncode == -signal.SIGKILL
    service.twists.clear()


AFTER = {"the tokens": "/token", "the verification": "/me"}
"""Between these answers and the saving of the account."""


@pytest.mark.parametrize("answer", AFTER)
def test_killed_when_there_was_no_account(
    shop: RealProject, service: AuthorizationServer, answer: str
) -> None:
    """Then there is none, and connecting again works (A6)."""
    kill_at(AFTER[answer], shop, service)
    assert shop.accounts == []
    code, output = shop.run("packsync", "connect", "acme", "--from-env")
    assert code == 0, output
    assert len(shop.accounts) == 1


@pytest.mark.parametrize("answer", AFTER)
def test_killed_when_there_was_an_account(
    shop: RealProject, service: AuthorizationServer, answer: str
) -> None:
    """It is whole and goes on being used; no lock and no half file is left (A3, A6)."""
    assert shop.run("packsync", "connect", "acme", "--from-env")[0] == 0
    before = {file: file.read_bytes() for file in shop.credentials.glob("*.json")}
    kill_at(AFTER[answer], shop, service, "--reconnect")
    after = {file: file.read_bytes() for file in shop.credentials.glob("*.json")}
    assert {file: after[file] for file in before} == before
    assert shop.run("packsync", "connect", "--check")[0] == 0
    assert shop.run("packsync", "connect", "acme", "--from-env", "--reconnect")[0] == 0
    [account] = shop.accounts
    assert account.read_bytes() != before[account]
    assert not list(shop.credentials.glob("*.tmp"))


def test_two_at_once(shop: RealProject, service: AuthorizationServer) -> None:
    """Both get a consent; one account is kept, whole, and the other command says so (A6)."""
    together = threading.Barrier(2)
    met: list[int] = []

    def meet(_: SeenRequest, answer: Answer) -> Answer:
        if len(met) < 2:
            met.append(1)
            together.wait(60)
        return answer

    service.twists["/me"] = meet
    processes = [shop.start("packsync", "connect", "acme", "--from-env") for _ in range(2)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    codes = [process.returncode for process in processes]
    assert sorted(codes) == [0, 1], outputs
    assert "Another process has changed this account meanwhile" in outputs[codes.index(1)]
    [account] = shop.accounts
    [tokens] = shop.credentials.glob("oauth2-*.json")
    assert json.loads(tokens.read_bytes())["refresh_token"] in service.validator.refresh
    assert json.loads(account.read_bytes())["name"] == "Ada Lovelace"


def test_two_on_one_port(shop: RealProject, service: AuthorizationServer) -> None:
    """The second says that the port is taken (A6)."""
    held = HttpServer()
    code, output = shop.run("packsync", "connect", "acme", "--from-env", "--port", str(held.port))
    held.close()
    assert code == 1
    assert f"Port {held.port} of this machine cannot be listened on" in output
    assert service.server.requests == []
