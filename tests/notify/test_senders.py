"""Messages over real wires: HTTP and SMTP servers on loopback, and programs; none is to hang."""

import base64
import email
import hashlib
import hmac
import json
import logging
import os
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from pack_sync.notify import delivery, senders
from pack_sync.notify.changes import Condition, Seen
from pack_sync.notify.delivery import MOST_TRIES, Envelope, Memory, Told, tell
from pack_sync.notify.message import Message
from pack_sync.notify.senders import NotSentError, send
from pack_sync.notify_settings import NotifierSettings
from tests.http_server import Answer, HttpServer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAILED = Condition(
    kind="failed",
    subject="acme.Items",
    since=NOW,
    text="1 run failed: <!channel> a & b",
    remedy="x",
)
MESSAGE = Message(id="msg_1", project="shop", at=NOW, new=[FAILED])
SEEN = Seen(conditions=[FAILED], subjects={"acme.Items"})
ENVELOPE = Envelope(project="shop", at=NOW)
SECRET = "T0/B0/verysecretpath"


@dataclass
class MailServer:
    """An SMTP server that takes every mail, or answers the sender with another code."""

    port: int = 0
    sender_code: int = 250
    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])
    logins: list[str] = field(default_factory=list[str])


@contextmanager
def mail_server() -> Generator[MailServer]:
    """A real server on loopback that speaks as much of RFC 5321 as clients need."""
    state = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 loopback")
            for line in self.rfile:
                word = line.decode().strip().split(" ")[0].split(":")[0].upper()
                if word == "MAIL":
                    self._say(f"{state.sender_code} what about it")
                elif word == "DATA":
                    self._say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    parsed = email.message_from_bytes(b"".join(lines), policy=policy.default)
                    state.mails.append(parsed)  # pyright: ignore[reportArgumentType]
                    self._say("250 kept")
                elif word == "QUIT":
                    return self._say("221 bye")
                else:
                    self._say("250 fine")
            return None

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield state
        server.shutdown()
        thread.join()


def webhook(server: HttpServer, key: str | None = None) -> NotifierSettings:
    """A webhook whose address has a secret in it."""
    return NotifierSettings(webhook=f"{server.url}/{SECRET}", signing_key=key)


def test_slack_gets_text_without_mentions(server: HttpServer) -> None:
    """An error of a service that names a channel must not call it."""
    send(NotifierSettings(slack=f"{server.url}/{SECRET}"), MESSAGE)
    (request,) = server.requests
    assert request.path == f"/{SECRET}"
    body = json.loads(request.body)
    assert body.keys() == {"text"}
    assert "&lt;!channel&gt; a &amp; b" in body["text"]


@pytest.mark.parametrize("key", ["plain key", "whsec_" + base64.b64encode(b"raw key").decode()])
def test_a_webhook_is_signed(server: HttpServer, key: str) -> None:
    """As https://www.standardwebhooks.com has it; checked by the receiver's part of that page."""
    send(webhook(server, key), MESSAGE)
    (request,) = server.requests
    secret = b"raw key" if key.startswith("whsec_") else b"plain key"
    at = request.headers["webhook-timestamp"]
    signed = f"{request.headers['webhook-id']}.{at}.".encode() + request.body
    expected = base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"
    assert abs(time.time() - int(at)) < 300
    assert json.loads(request.body)["new"][0]["kind"] == "failed"


def test_a_mail_arrives() -> None:
    """With a subject of one line, and a text that is readable as it is."""
    with mail_server() as server:
        send(
            NotifierSettings(
                mail=["data@example.com", "team@example.com"],
                mail_from="dagster@example.com",
                smtp_host="127.0.0.1",
                smtp_port=server.port,
                smtp_security="none",
            ),
            MESSAGE,
        )
    (mail,) = server.mails
    assert mail["Subject"] == "shop: acme.Items: sync failed"
    assert mail["To"] == "data@example.com, team@example.com"
    assert "1 run failed: <!channel> a & b" in mail.get_content()


def test_a_server_that_refuses_the_mail_is_named() -> None:
    """And one that does not speak TLS is not sent it as plain text."""
    with mail_server() as server:
        server.sender_code = 550
        plain = NotifierSettings(
            mail=["data@example.com"],
            smtp_host="127.0.0.1",
            smtp_port=server.port,
            smtp_security="none",
        )
        with pytest.raises(NotSentError, match="550"):
            send(plain, MESSAGE)
        with pytest.raises(NotSentError, match="STARTTLS"):
            send(plain.model_copy(update={"smtp_security": "starttls"}), MESSAGE)
    assert server.mails == []


def test_a_command_gets_the_message_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On its standard input; variables of the process, which may be secrets, are not its."""
    monkeypatch.setenv("TRACKER_TOKEN", SECRET)
    file = tmp_path / "told"
    program = (
        "import os, sys; "
        f"open({str(file)!r}, 'w').write(sys.stdin.read() + str(sorted(os.environ)))"
    )
    send(NotifierSettings(command=[sys.executable, "-c", program]), MESSAGE)
    assert '"kind":"failed"' in file.read_text()
    assert "TRACKER_TOKEN" not in file.read_text()


def test_a_command_that_hangs_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is what it has started."""
    monkeypatch.setattr(senders, "TIMEOUT_SECONDS", 1.0)
    file = tmp_path / "child"
    program = (
        "import subprocess, time; child = subprocess.Popen(['sleep', '600']); "
        f"open({str(file)!r}, 'w').write(str(child.pid)); time.sleep(600)"
    )
    with pytest.raises(NotSentError, match="did not end within 1 s"):
        send(NotifierSettings(command=[sys.executable, "-c", program]), MESSAGE)
    deadline = time.monotonic() + 30
    while _lives(int(file.read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _lives(int(file.read_text()))


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
        stat = Path(f"/proc/{process}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_commands_that_fail_say_so() -> None:
    """By their status, or because there is no such program."""
    with pytest.raises(NotSentError, match="status 3"):
        send(NotifierSettings(command=[sys.executable, "-c", "raise SystemExit(3)"]), MESSAGE)
    with pytest.raises(NotSentError, match="no-such-program"):
        send(NotifierSettings(command=["no-such-program"]), MESSAGE)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(status=500), "it answered 500"),
        (Answer(status=404), "it answered 404"),
        (Answer(status=302, headers={"Location": "http://127.0.0.1:9/"}), "names another address"),
        (Answer(drop=True), "RemoteProtocolError"),
    ],
)
def test_an_answer_that_is_no_success_is_a_failure(
    server: HttpServer, answer: Answer, why: str
) -> None:
    """Redirects are not followed: the body would go to somebody who is not configured."""
    server.answers(answer)
    with pytest.raises(NotSentError, match=why):
        send(webhook(server), MESSAGE)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/", "ftp://example.com/", "no address ", "http://[::1"]
)
def test_no_log_and_no_error_has_the_address(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """For Slack it is the secret itself; httpx would log it."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(NotSentError) as failure:
        send(NotifierSettings(slack=address + SECRET, signing_key=SECRET), MESSAGE)
    assert SECRET not in f"{failure.value!r}{failure.value.__cause__!r}{caplog.text}"


def test_success_leaves_no_address_in_the_log(
    server: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does the settings' own text have it."""
    caplog.set_level(logging.DEBUG)
    notifier = webhook(server, "a signing key")
    send(notifier, MESSAGE)
    shown = f"{caplog.text}{notifier!r}{notifier.name}"
    assert SECRET not in shown
    assert "a signing key" not in shown


@contextmanager
def held_back(server: HttpServer) -> Generator[None]:
    """The server does not answer until the block ends."""
    free = threading.Event()

    def answer(_request: object) -> Answer:
        free.wait(60)
        return Answer()

    server.answer = answer
    try:
        yield
    finally:
        free.set()


def told_by(lines: list[str]) -> Callable[[str], object]:
    """A log."""
    return lines.append


def test_one_who_does_not_answer_delays_no_other(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """All are told side by side, and the slow one is not waited for."""
    monkeypatch.setattr(delivery, "PATIENCE_SECONDS", 3.0)
    file = tmp_path / "told"
    quick = NotifierSettings(command=["touch", str(file)])
    lines: list[str] = []
    with held_back(server):
        after = tell([webhook(server), quick], SEEN, {}, ENVELOPE, told_by(lines))
    assert after["command touch"] == Told({FAILED.key: NOW.isoformat()})
    assert after["webhook"] == Told({}, 1)
    assert file.exists()
    assert any("webhook could not be told, and is tried again" in line for line in lines)


def test_a_message_is_dropped_after_some_tries(server: HttpServer) -> None:
    """Then the log says so, and the next condition is tried anew."""
    server.answers(Answer(status=500))
    told: dict[str, Told] = {}
    lines: list[str] = []
    for _ in range(MOST_TRIES):
        told = tell([webhook(server)], SEEN, told, ENVELOPE, told_by(lines))
    assert len(server.requests) == MOST_TRIES
    assert [line for line in lines if "dropped" in line] == lines[-1:]
    told = tell([webhook(server)], SEEN, told, ENVELOPE, told_by(lines))
    assert len(server.requests) == MOST_TRIES
    assert told["webhook"].failures == 0


def test_two_of_a_kind_have_memories_of_their_own(server: HttpServer) -> None:
    """One of them down does not repeat the message to the other."""
    other = HttpServer()
    other.answers(Answer(status=500), Answer())
    pair = [webhook(server), webhook(other)]
    told = tell(pair, SEEN, {}, ENVELOPE, told_by([]))
    told = tell(pair, SEEN, Memory.read(Memory(told).as_text()).told, ENVELOPE, told_by([]))
    other.close()
    assert [len(server.requests), len(other.requests)] == [1, 2]
    assert told.keys() == {"webhook", "webhook 2"}


def test_many_conditions_are_counted() -> None:
    """A service that is down fails all its tables; nobody reads two hundred paragraphs."""
    many = [
        Condition(kind="failed", subject=f"acme.T{n}", since=NOW, text="x" * 400, remedy="y")
        for n in range(200)
    ]
    message = Message(id="msg_1", project="shop", at=NOW, new=many)
    assert message.subject == "shop: 200 new, 0 over"
    assert "And 190 more; `packsync notify` shows all." in message.text
    assert len(message.text) < 8_000
    assert message.document()["new_count"] == 200
