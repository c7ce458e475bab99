"""Custom authentication: credentials in place of `{{name-<invocationToken>}}` (contract A2).

The token is new for each call into a pack and cannot be guessed. A text from elsewhere that
happens to hold a template, such as a row that the pack sends on, is therefore left alone:
only a template with the token of the very call that makes the request is replaced.
"""

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, quote_plus, unquote_plus

import httpx
import orjson

from pack_sdk.errors import RequestRefusedError
from pack_sync.http.auth.authenticator import Authenticator, RequestTokens, credential, header_text


class CustomTemplate(Authenticator):
    """Custom: the pack says itself where in a request each credential goes."""

    may_be_anywhere_in_url = True

    def put_on(self, request: httpx.Request, tokens: RequestTokens) -> httpx.Request:
        """The request with the credentials in URL (but not its host), headers and body.

        In a URL or a form they are url-encoded, in a body of JSON they are written as JSON has
        it; elsewhere they are put in as they are. Raises `RequestRefusedError` for a template
        whose name is no parameter of the pack's authentication.
        """
        if not tokens.invocation_token:
            return request
        names = [param.name for param in self.authentication.params]
        template = _Template(names, tokens.invocation_token)
        values = {name: credential(self.credentials, name) for name in names}
        headers = {
            name: template.fill(value, lambda key, _: header_text(self.credentials, key))
            for name, value in request.headers.items()
            if name != "content-length"  # which may change
        }
        path = request.url.raw_path.decode("ascii")
        path = template.fill(path, lambda key, _: quote(values[key], safe=""))
        content = None
        if "content-length" in request.headers:
            content = _filled_body(request, template, values)
        return httpx.Request(
            request.method,
            request.url.copy_with(raw_path=path.encode("ascii")),
            headers=headers,
            content=content,
            extensions=request.extensions,
        )


def _filled_body(request: httpx.Request, template: "_Template", values: Mapping[str, str]) -> bytes:
    # Latin-1 takes any bytes to text and back; the credentials go in as UTF-8.
    text = request.content.decode("latin-1")
    kind = request.headers.get("content-type", "")
    is_json = _is_json(request.content)

    def encoded(name: str, found: str) -> str:
        value = values[name]
        if "{{" not in found or "x-www-form-urlencoded" in kind:
            value = quote_plus(value)
        elif is_json:
            value = json.dumps(value, ensure_ascii=False)[1:-1]
        return value.encode().decode("latin-1")

    return template.fill(text, encoded).encode("latin-1")


def _is_json(content: bytes) -> bool:
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return True


class _Template:
    """Finds the templates of one call, as the pack wrote them or url-encoded."""

    def __init__(self, names: list[str], invocation_token: str) -> None:
        self._names = names
        token = re.escape(invocation_token)
        self._pattern = re.compile(
            rf"(?:\{{|%7[Bb]){{2}}((?:(?!%7[BbDd])[^{{}}])*)-{token}(?:\}}|%7[Dd]){{2}}"
        )

    def fill(self, text: str, value_of: Callable[[str, str], str]) -> str:
        """The text with `value_of(name, template)` in place of each template."""
        return self._pattern.sub(lambda found: value_of(self._name(found[1]), found[0]), text)

    def _name(self, written: str) -> str:
        for name in (written, unquote_plus(written)):
            if name in self._names:
                return name
        raise RequestRefusedError(
            f"The request is refused: it has a template for the credential {written!r}, which the "
            f"pack's authentication does not have (it has {', '.join(self._names)}). Correct the "
            "template, or add the parameter to `params` of the authentication."
        )
