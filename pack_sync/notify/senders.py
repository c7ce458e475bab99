"""How a message reaches somebody: Slack, a webhook, a mail, a command. None waits for long."""

import base64
import hashlib
import hmac
import logging
import os
import signal
import smtplib
import ssl
import subprocess
import time
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import httpx
import orjson

from pack_sync.notify.message import Message
from pack_sync.notify_settings import NotifierSettings
from pack_sync.project import current_project
from pack_sync.redaction import Redactor

TIMEOUT_SECONDS = 5.0
"""For each step of sending, such as connecting; and for a command as a whole."""

_ENVIRONMENT = ("PATH", "HOME", "LANG", "TZ", "SYSTEMROOT")
_ERROR_SHOWN = 300

# Both would write the address, which for Slack is the secret itself.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.INFO)


class NotSentError(Exception):
    """A message was not sent; says why, without secrets."""


def send(notifier: NotifierSettings, message: Message) -> None:
    """Send a message. Raises `NotSentError`."""
    try:
        if notifier.slack:
            _post(notifier.slack, orjson.dumps({"text": _for_slack(message.text)}), {})
        elif notifier.webhook:
            body = orjson.dumps(message.document())
            _post(notifier.webhook, body, _signature(notifier.signing_key, message.id, body))
        elif notifier.mail:
            _mail(notifier, message)
        else:
            _run(notifier.command, orjson.dumps(message.document()))
    except NotSentError:
        raise
    except Exception as error:  # of httpx, smtplib, ssl or the system
        why = Redactor(notifier.secrets).redact(f"{type(error).__name__}: {error}")
        raise NotSentError(why[:_ERROR_SHOWN]) from None


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    sent = {"Content-Type": "application/json", "User-Agent": "packsync", **headers}
    with (
        httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client,
        client.stream("POST", url, content=body, headers=sent) as response,  # body is not read
    ):
        if response.is_redirect:
            raise NotSentError(
                f"it answered {response.status_code} and names another address; configure that one"
            )
        if not response.is_success:
            raise NotSentError(f"it answered {response.status_code}")


def _for_slack(text: str) -> str:
    """A text in which nothing is a mention or a link of somebody else's making.

    See https://docs.slack.dev/messaging/formatting-message-text#escaping.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _signature(key: str | None, message_id: str, body: bytes) -> dict[str, str]:
    """The headers of https://www.standardwebhooks.com: who has the key can check the body.

    A key that begins with `whsec_` is base64, as there; any other is taken as it is.
    """
    at = str(int(time.time()))
    headers = {"webhook-id": message_id, "webhook-timestamp": at}
    if key:
        prefix, _, coded = key.partition("whsec_")
        secret = base64.b64decode(coded) if coded and not prefix else key.encode()
        signed = b".".join((message_id.encode(), at.encode(), body))
        digest = hmac.new(secret, signed, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def _mail(notifier: NotifierSettings, message: Message) -> None:
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = notifier.mail_from or notifier.smtp_user or notifier.mail[0]
    mail["To"] = ", ".join(notifier.mail)
    mail["Date"] = formatdate(message.at.timestamp())
    mail["Message-ID"] = make_msgid(message.id, domain="packsync.invalid")
    mail.set_content(message.text)
    with _smtp(notifier) as server:
        if notifier.smtp_security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if notifier.smtp_user and notifier.smtp_password:
            server.login(notifier.smtp_user, notifier.smtp_password)
        server.send_message(mail)


def _smtp(notifier: NotifierSettings) -> smtplib.SMTP:
    host, port = notifier.smtp_host, notifier.smtp_port
    if notifier.smtp_security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=context)
    return smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)


def _run(command: list[str], document: bytes) -> None:
    """Run a command in the project's folder; its environment has no variables but a few."""
    process = subprocess.Popen(  # noqa: S603  what the project's configuration says
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=current_project().root,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        start_new_session=True,
    )
    try:
        process.communicate(document, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise NotSentError(f"it did not end within {TIMEOUT_SECONDS:g} s") from None
    if process.returncode:
        raise NotSentError(f"it ended with status {process.returncode}")
