"""What is known of a pack that is to be written: each guess with its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from pack_sdk.testing.list_endpoint import ListEndpoint

Json: TypeAlias = Any
"""A value of JSON, of a shape that others have chosen."""


class CannotDraftError(Exception):
    """Nothing can be made of it; the message says what was found and what to do."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What speaks for something, and what its author should find out, if anything."""

    evidence: str = ""
    question: str = ""


@dataclass(frozen=True, kw_only=True)
class ParameterDraft:
    """A value that each request needs and only the user knows.

    `name` is the service's name of it, `variable` the pack's; where it is in the path, the
    endpoint's URL has that in braces. `numeric` says that it is a number. With a `parent`, a table
    and its property, it takes the values that are there.
    """

    name: str
    variable: str
    place: Literal["path", "query"]
    numeric: bool = False
    description: str = ""
    parent: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class TableDraft:
    """A sync table to be written.

    `guesses` are by what they are about: url, rows, id, display, paging, size, changes, deleted.
    """

    name: str
    identity: str
    endpoint: ListEndpoint
    description: str = ""
    parameters: Sequence[ParameterDraft] = ()
    guesses: Mapping[str, Guess] = field(default_factory=dict[str, Guess])

    def guess(self, about: str) -> Guess:
        """What is known of that, which may be nothing."""
        return self.guesses.get(about, Guess())


@dataclass(frozen=True, kw_only=True)
class AuthenticationDraft:
    """The arguments of `pack.set_authentication`; none if the service wants no credentials."""

    arguments: Mapping[str, Json] = field(default_factory=dict[str, Json])
    guess: Guess = Guess()


@dataclass(frozen=True, kw_only=True)
class PackDraft:
    """A pack to be written. `source` says what it was made of; `domains` are its hosts.

    With `needs_endpoint` the URLs of its tables are paths below the endpoint of a connection,
    because each account has a host of its own.
    """

    name: str
    source: str
    domains: Sequence[str]
    tables: Sequence[TableDraft]
    authentication: AuthenticationDraft = AuthenticationDraft()
    needs_endpoint: bool = False
    domain_guess: Guess = Guess()

    @property
    def questions(self) -> int:
        """How many things its author is asked."""
        guesses = [self.domain_guess, self.authentication.guess]
        guesses += [guess for table in self.tables for guess in table.guesses.values()]
        return sum(bool(guess.question) for guess in guesses)
