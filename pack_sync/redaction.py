"""Keeping secrets out of every text that leaves the fetcher (contract A4)."""

import base64
import html
import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast
from urllib.parse import quote, quote_plus

REPLACEMENT = "[secret]"
SHORTEST_SAFE_SECRET = 4
SHORTEST_CERTAIN_SECRET = 12
"""A secret of so many characters is in a text by no chance."""


class Redactor:
    """Replaces secrets by `[secret]`, in whatever form a message may carry them (A4).

    The forms are the text itself and its url-encoded, base64, JSON, HTML and Python
    `repr` spellings. For basic authentication hand in `user:password` as a secret of its
    own: its base64 is what goes over the wire.

    An empty secret is ignored. One shorter than four characters is replaced only where it
    stands alone, with no letter or digit on either side: replacing every "a" of a message
    would make it unreadable and give the secret away by the holes.

    >>> Redactor(["s3cret/key"]).redact("GET https://api.example.com/?token=s3cret%2Fkey")
    'GET https://api.example.com/?token=[secret]'
    """

    def __init__(
        self,
        secrets: Iterable[str],
        names: Iterable[str] = (),
        *,
        replacement: str = REPLACEMENT,
    ) -> None:
        """`names` are secrets that only say who asks, such as a user name (see below)."""
        self._replacement = replacement
        self._names = {form for name in names if name.strip() for form in _forms(name)}
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.learn(secrets)

    def __repr__(self) -> str:
        return "Redactor(…)"

    @property
    def has_any(self) -> bool:
        """Whether there is anything to replace."""
        return self._pattern is not None

    def learn(self, secrets: Iterable[str]) -> None:
        """Replace these from now on as well, such as tokens obtained at run time."""
        with self._lock:
            self._known |= {form for secret in secrets if secret.strip() for form in _forms(secret)}
            # The longest form wins where two match.
            forms = sorted(self._known, key=lambda form: (-len(form), form))
            if forms:
                self._pattern = re.compile("|".join(_pattern(form) for form in forms))

    def redact(self, text: str) -> str:
        """The text without secrets."""
        return self._pattern.sub(self._replacement, text) if self._pattern else text

    def without_certain_secrets(self, value: Any) -> Any:
        """A JSON-like value without long secrets, in which nothing else can have been replaced.

        For what the engine will use again: a short secret may be in it as a part of a word, and a
        name, such as `administrator`, may be a word of its own.
        """
        with self._lock:
            known = self._known - self._names
            certain = [form for form in known if len(form) >= SHORTEST_CERTAIN_SECRET]
        if not certain:
            return value
        pattern = "|".join(re.escape(form) for form in sorted(certain, key=len, reverse=True))
        return map_texts(value, lambda text: re.sub(pattern, self._replacement, text))

    def has_secret(self, content: bytes) -> bool:
        """Whether a secret is in it that opens something, in any spelling.

        Of secrets with fewer than four characters that cannot be told.
        """
        with self._lock:
            forms = self._known - self._names
        text = content.decode("latin-1")
        return any(form in text for form in forms if len(form) >= SHORTEST_SAFE_SECRET)

    def redact_value(self, value: Any) -> Any:
        """A JSON-like value, text or bytes without secrets; anything else as it is."""
        return value if self._pattern is None else map_texts(value, self.redact)

    def redact_message(self, error: BaseException) -> None:
        """Mend what an exception says, and nothing that it holds: the latter is for the pack."""
        arguments = tuple(self.redact_value(argument) for argument in error.args)
        BaseException.__setattr__(error, "args", arguments)
        if notes := vars(error).get("__notes__"):
            vars(error)["__notes__"] = self.redact_value(notes)

    def redact_error(self, error: BaseException) -> None:
        """Mend an exception in place so that neither it nor what led to it shows a secret.

        Covers `args`, attributes that hold text or JSON (such as `StatusCodeError.body` and
        its `response`), notes, the texts of an `OSError`, the members of a group, and all
        of that along `__cause__` and `__context__`.
        """
        if self._pattern is not None:
            self._mend(error, set())

    def _mend(self, error: BaseException, seen: set[int]) -> None:
        if id(error) in seen:
            return
        seen.add(id(error))
        # Not by `setattr`: a frozen exception would refuse, and keep its secret.
        arguments = tuple(self.redact_value(argument) for argument in error.args)
        BaseException.__setattr__(error, "args", arguments)
        for name, value in list(vars(error).items()):
            vars(error)[name] = self._mended_attribute(value)
        if isinstance(error, OSError):
            # str() of an OSError is made of these, which are not in its __dict__.
            for name in ("strerror", "filename", "filename2"):
                if isinstance(text := getattr(error, name, None), str | bytes):
                    BaseException.__setattr__(error, name, self.redact_value(text))
        linked = [*error.args, error.__cause__, error.__context__]
        if isinstance(error, BaseExceptionGroup):
            linked += cast("BaseExceptionGroup[BaseException]", error).exceptions
        for other in linked:
            if isinstance(other, BaseException):
                self._mend(other, seen)

    def _mended_attribute(self, value: Any) -> Any:
        """An attribute of an exception; a `FetchResponse` is rebuilt, as it is frozen."""
        from pack_sdk.fetching import FetchResponse

        if isinstance(value, FetchResponse):
            return FetchResponse(
                status=value.status,
                headers=self.redact_value(value.headers),
                body=self.redact_value(value.body),
            )
        return self.redact_value(value)


def map_texts(value: Any, redact: Callable[[str], str]) -> Any:
    """The value with every text in it, keys of objects and bytes too, as `redact` returns it."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes):
        return redact(value.decode("latin-1")).encode("latin-1")
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {map_texts(key, redact): map_texts(item, redact) for key, item in items}
    if isinstance(value, list | tuple):
        replaced = [map_texts(item, redact) for item in cast("Iterable[Any]", value)]
        return replaced if isinstance(value, list) else tuple(replaced)
    return value


def _forms(secret: str) -> set[str]:
    """The spellings under which a secret may turn up in a text."""
    texts = {secret, secret.strip()}
    forms = set(texts)
    for text in texts:
        raw = text.encode("utf-8", errors="replace")
        for encoded in (quote(text), quote(text, safe=""), quote_plus(text)):
            forms |= {encoded, re.sub("%[0-9A-F]{2}", lambda hit: hit[0].lower(), encoded)}
        for coded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
            forms |= {coded.decode(), coded.decode().rstrip("="), quote(coded, safe="")}
        for in_ascii in (True, False):
            escaped = json.dumps(text, ensure_ascii=in_ascii)[1:-1]
            forms |= {escaped, escaped.replace("/", "\\/")}
        # The first has both kinds of quotes escaped, which repr does only where it must.
        forms |= {repr(text + "'\"")[1:-4], repr(text)[1:-1], repr(raw)[2:-1]}
        forms |= {html.escape(text), raw.decode("latin-1")}
    return forms


def _pattern(form: str) -> str:
    escaped = re.escape(form)
    if len(form) >= SHORTEST_SAFE_SECRET:
        return escaped
    return f"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"
