"""What stands for personal data in recordings: always the same for the same value."""

import hashlib
import hmac
import re
import secrets
from pathlib import Path

_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
_LETTERS = 10
"""So many letters has a stand-in at least: 33 bits, so that no two ids become one."""
_MOST_WORDS = 6
EMAIL = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_IPV6 = re.compile(r"(?=.*:.*:)[0-9a-f:]{4,39}", re.I)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DIGITS = re.compile(r"[\d\s().+/-]*\d[\d\s().+/-]*")


def key_of(file: Path) -> bytes:
    """The key in this file, made if it is not there: who has it can tell whom a stand-in means."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(secrets.token_bytes(32))
    return file.read_bytes()


class StandIns:
    """Makes stand-ins with a secret key; they look like what they stand for.

    >>> StandIns(b"key").of("Ada Lovelace") == StandIns(b"key").of("Ada Lovelace")
    True
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, value: str) -> str:
        """A stand-in of the same kind: an address of mail, of a machine or a page, digits, words.

        Upper and lower case make no difference to which one it is.
        """
        number = self._number(value)
        if EMAIL.fullmatch(value):
            return f"{_word(number, _LETTERS)[0]}@example.com"
        if re.match("[a-z][a-z0-9+.-]*://", value, re.I):
            return f"https://example.com/{_word(number, _LETTERS)[0]}"
        if _IPV4.fullmatch(value):
            return f"10.{number % 256}.{number // 256 % 256}.{number // 65536 % 256}"
        if _IPV6.fullmatch(value):
            return f"2001:db8::{number % 65536:x}:{number // 65536 % 65536:x}"
        if _DATE.match(value):
            year, month, day = 1950 + number % 50, 1 + number // 50 % 12, 1 + number // 600 % 28
            return f"{year}-{month:02}-{day:02}{value[10:]}"
        if _DIGITS.fullmatch(value):
            return self.digits(value)
        return _words(value, number)

    def digits(self, value: str) -> str:
        """A text in which each digit is another one; the first of several is never 0."""
        number = self._number(value)
        first = True

        def other(_: re.Match[str]) -> str:
            nonlocal number, first
            number, digit = divmod(number, 10)
            if first:
                first, digit = False, digit or 7
            return str(digit)

        return re.sub(r"\d", other, value)

    def _number(self, value: str) -> int:
        digest = hmac.digest(self._key, value.casefold().encode("utf-8", "replace"), hashlib.sha256)
        return int.from_bytes(digest)


def _words(value: str, number: int) -> str:
    """As many words as the value has, up to some, each with a capital where that has one."""
    words = value.split()[:_MOST_WORDS] or [value]
    letters = max(4, -(-_LETTERS // len(words)))
    made: list[str] = []
    for word in words:
        new, number = _word(number, letters)
        made.append(new.capitalize() if word[:1].isupper() else new)
    return " ".join(made)


def _word(number: int, letters: int) -> tuple[str, int]:
    """A word that can be spoken, and what is left of the number."""
    word = ""
    while len(word) < letters:
        number, consonant = divmod(number, len(_CONSONANTS))
        number, vowel = divmod(number, len(_VOWELS))
        word += _CONSONANTS[consonant] + _VOWELS[vowel]
    return word, number
