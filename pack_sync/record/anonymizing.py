"""Replacing personal data of a recording by stand-ins, the same everywhere."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlsplit

from pack_sdk.testing.recordings import Exchange, Recording
from pack_sync.record.errors import NotRecordedError
from pack_sync.record.secrets import readings
from pack_sync.record.stand_ins import EMAIL, StandIns
from pack_sync.record.texts import with_texts

_PERSONAL_NUMBERS = re.compile(
    r"phone|mobile|fax|ssn|salary|income|latitude|longitude|^(?:lat|lng|lon)$|iban|account_?number"
    r"|tax_?id|zip|postal|card",
    re.I,
)
_BIRTHS = re.compile(r"birth|dob$", re.I)
_IDS = re.compile(r"(?:^|_)(?:u?id|guid|key|hash|sha|etag|version|rev)s?$|Ids?$")
_KINDS = re.compile(
    r"(?:^|_)(?:status|state|type|kind|role|priority|currency|language|locale|unit|visibility|object"
    r"|action|event|mode|scope|level|format|method|class|category|time_?zone|tz)s?$",
    re.I,
)
_OF_PAGING = re.compile(r"cursor|token|next|prev|continu|after|before", re.I)
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ][\d:.,]+)?\s*(?:Z|[+-]\d{2}:?\d{2})?|\d{1,2}:\d{2}(?::[\d.]+)?"
)
_NUMBER = re.compile(r"-?\d{1,6}(?:\.\d+)?")
_OPAQUE = re.compile(r"(?=.*\d)[\w.:=/+-]{1,256}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}", re.I)
_PHONE = re.compile(r"\+\d[\d\s().-]{6,}\d")
_TELLING = 6
"""A value of so many characters is looked for inside of others."""


class Anonymizer:
    """Replaces the texts of answers, except those that are known to be none of a person's.

    What stays: ids of digits and letters, dates other than of birth, short numbers, words of
    properties such as `status`, addresses of the service itself, and properties to `keep`.
    """

    def __init__(self, stand_ins: StandIns, keep: Collection[str]) -> None:
        self._stand_ins = stand_ins
        self._keep = {name.casefold() for name in keep}
        self._replaced: dict[str, str] = {}
        self._made: set[str] = set()
        self._row_ids: set[str] = set()
        self._hosts: set[str] = set()

    def anonymized(self, recording: Recording) -> Recording:
        """The recording with stand-ins, in answers and wherever else the same values are.

        Raises `NotRecordedError` for an answer that is no JSON or XML.
        """
        self._hosts = {_host(each.request.url) for each in recording.exchanges}
        self._hosts.add(_host(recording.endpoint or ""))
        expected = recording.expected
        self._row_ids.update(_texts_in([list(expected.ids), list(expected.deleted_ids)]))
        for exchange in recording.exchanges:
            for name, value in _leaves(_body(exchange)):
                if isinstance(value, str) and self._is_personal(name, value):
                    self._replaced[value] = self._stand_ins.of(value)
        self._made = set(self._replaced.values())
        exchanges = [self._with_stand_ins(each) for each in recording.exchanges]
        recording = replace(recording, exchanges=exchanges)
        known = self._replaced
        changed = with_texts(recording, self._in_text, lambda text: known.get(text, text))
        if changed.next_cursor != recording.next_cursor:
            changed = replace(changed, next_cursor=None)  # the service knows no stand-ins
        return changed

    def _with_stand_ins(self, exchange: Exchange) -> Exchange:
        """With the numbers of its answer replaced; texts are, wherever they are, afterwards."""
        response = exchange.response
        body = _mapped(_body(exchange), self._number)
        return replace(exchange, response=response and replace(response, body=body))

    def _number(self, name: str, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        if name.casefold() in self._keep or not _PERSONAL_NUMBERS.search(name):
            return value
        return type(value)(self._stand_ins.digits(str(value)))

    def _is_personal(self, name: str, value: str) -> bool:
        if not value.strip() or name.casefold() in self._keep:
            return False
        if EMAIL.fullmatch(value) or _PHONE.fullmatch(value):
            return True
        if _host(value):
            return _host(value) not in self._hosts
        if _MOMENT.fullmatch(value):
            return bool(_BIRTHS.search(name))
        if _NUMBER.fullmatch(value):
            return bool(_PERSONAL_NUMBERS.search(name))
        named_so = bool(_IDS.search(name) or _OF_PAGING.search(name))
        is_reference = named_so or value in self._row_ids  # as in a bare list of deleted ids
        is_kind = bool(_KINDS.search(name)) and len(value.split()) == 1
        is_opaque = bool(_OPAQUE.fullmatch(value)) and "@" not in value
        return not ((is_reference and is_opaque) or is_kind or _UUID.fullmatch(value))

    def _in_text(self, text: str) -> str:
        """A text, or a part of a URL, with stand-ins."""
        if text in self._replaced:
            return self._replaced[text]
        if text in self._made:
            return text
        text = EMAIL.sub(lambda hit: self._mail(hit[0]), text)
        return _PHONE.sub(lambda hit: self._stand_ins.of(hit[0]), text)

    def _mail(self, address: str) -> str:
        return address if address.endswith("@example.com") else self._stand_ins.of(address)

    def check(self, recording: Recording) -> None:
        """Raise `NotRecordedError` for a value that is left inside of another, or in an id."""
        telling = [each for each in self._replaced if len(each) >= _TELLING]
        texts = {text for text in _texts(recording) if text not in self._made}
        for text in texts:
            meant = "\n".join(
                each.decode("utf-8", "replace") for each in readings(text.encode(), 1)
            )
            mails = [each for each in EMAIL.findall(meant) if not each.endswith("@example.com")]
            for value in (*telling, *mails):
                if value.casefold() in meant.casefold():
                    raise NotRecordedError(
                        f"a value that is to be replaced is left inside of {text[:60]!r}, so it "
                        "was not kept: record it without --anonymize, or name the property that "
                        "it is of with --keep"
                    )


def _body(exchange: Exchange) -> Any:
    body = exchange.response.body if exchange.response else None
    if isinstance(body, bytes) or (isinstance(body, str) and body.strip()):
        raise NotRecordedError(
            f"the answer to {exchange} is no JSON, and personal data cannot be told in it, so it "
            "was not kept: record it without --anonymize"
        )
    return body


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a body, with the key that it, or the list that it is in, has; keys as well."""
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[str, Any]", value).items():
            if EMAIL.fullmatch(key):
                yield "", key
            yield from _leaves(item, key)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _leaves(item, name)
    else:
        yield name, value


def _mapped(value: Any, change: Callable[[str, Any], Any], name: str = "") -> Any:
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {key: _mapped(item, change, key) for key, item in items}
    if isinstance(value, list):
        return [_mapped(item, change, name) for item in cast("list[Any]", value)]
    return change(name, value)


def _texts(recording: Recording) -> Iterator[str]:
    """Every text that is written of a recording, but not the names of properties."""
    yield from _texts_in(recording.parameters)
    yield from _texts_in([recording.cursor_before, recording.next_cursor, recording.dynamic_url])
    expected = recording.expected
    yield from _texts_in([list(expected.ids), list(expected.deleted_ids), expected.cursor])
    for exchange in recording.exchanges:
        request, response = exchange.request, exchange.response
        yield from (request.url, str(request.body or ""), exchange.error or "")
        yield from _texts_in([dict(request.headers), request.form])
        if response:
            yield from _texts_in([dict(response.headers), response.body])


def _texts_in(value: Any) -> Iterator[str]:
    for _, leaf in _leaves(value):
        if isinstance(leaf, str):
            yield leaf


def _host(text: str) -> str:
    """The host of a URL; nothing of another text."""
    if not re.match(r"[a-z][a-z0-9+.-]*://", text, re.I):
        return ""
    try:
        return urlsplit(text).netloc.lower()
    except ValueError:
        return ""
