"""No secret leaves in a message, whatever form it takes (contract A4)."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from pack_sdk.errors import StatusCodeError
from pack_sdk.fetching import FetchResponse
from pack_sync.redaction import Redactor

SECRET = 's3cret/k"ey +ü'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
    ],
)
def test_every_form_of_a_secret_is_replaced(form: str) -> None:
    """Plain, url-encoded, base64, JSON-escaped: all become [secret], and nothing else (A4)."""
    assert Redactor([SECRET]).redact(f"before {form} after") == "before [secret] after"


@pytest.mark.parametrize("neighbour", ["", "'", '"', "'\""])
def test_the_repr_of_a_secret_is_replaced(neighbour: str) -> None:
    """Messages show bodies with `str(dict)`, which escapes as repr does (A4)."""
    secret = "it's\nhere"
    text = Redactor([secret]).redact(str({"key": f"{neighbour} {secret}"}))
    assert "here" not in text
    assert "[secret]" in text


def test_empty_secrets_are_ignored() -> None:
    """An empty or blank secret replaces nothing (A4)."""
    assert Redactor(["", "  "]).redact("plain text") == "plain text"
    assert Redactor([]).redact("plain text") == "plain text"


def test_a_short_secret_is_replaced_only_where_it_stands_alone() -> None:
    """Below four characters a secret inside a word is left, one on its own is not (A4)."""
    assert Redactor(["ab"]).redact("about: key=ab&x") == "about: key=[secret]&x"


def test_the_longer_secret_wins() -> None:
    """A secret that begins with another one leaves no rest of itself behind (A4)."""
    assert Redactor(["token", "token-long"]).redact("a token-long b") == "a [secret] b"


def test_repr_shows_no_secret() -> None:
    """A redactor does not give away what it keeps (A4)."""
    assert "hidden" not in repr(Redactor(["hidden"]))


def test_an_error_is_mended_with_all_that_led_to_it() -> None:
    """args, notes, OSError texts, members of groups, causes and contexts are mended (A4)."""
    cause = OSError(2, "no hunter22 here", "/tmp/hunter22")  # noqa: S108
    context = ExceptionGroup("group", [ValueError({"deep": ["hunter22"]})])
    error = RuntimeError("failed with hunter22", cause)
    error.add_note("note on hunter22")
    error.__cause__, cause.__context__, context.__context__ = cause, context, error

    Redactor(["hunter22"]).redact_error(error)

    assert error.args[0] == "failed with [secret]"
    assert error.__notes__ == ["note on [secret]"]
    assert str(cause) == "[Errno 2] no [secret] here: '/tmp/[secret]'"
    assert context.exceptions[0].args == ({"deep": ["[secret]"]},)


def test_the_body_of_a_status_code_error_is_mended() -> None:
    """A pack may log `error.body`, `error.response` and `error.headers` (A4)."""
    body = {"echo": ["hunter22"], "raw": b"hunter22"}
    response = FetchResponse(status=401, headers={"x-echo": "hunter22"}, body=body)
    error = StatusCodeError(response, url="https://a.example/?t=hunter22")

    Redactor(["hunter22"]).redact_error(error)

    shown = f"{error} {error.body} {error.response} {error.headers}"
    assert "hunter22" not in shown
    assert error.body == {"echo": ["[secret]"], "raw": b"[secret]"}
    assert error.status_code == 401
