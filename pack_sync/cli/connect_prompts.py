"""What `packsync connect` needs to be told: typed with hidden input, or read from variables."""

import getpass
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sync.cli.terminal import console, fail
from pack_sync.dagster.configuration import variable_for

_VISIBLE = {
    "client_id", "username", "user", "email", "login", "subject", "key_id", "access_key_id",
    "region",
}  # fmt: skip
"""Credentials that open nothing by themselves."""
_LONGEST_LINE = 4095
"""What Linux takes of a line that is typed or pasted (`MAX_CANON`)."""
_FILES = {
    "service_account_key": "the key file (JSON)",
    "private_key": "the file with the private key (PEM)",
}


def keys_to_ask(authentication: Authentication) -> Sequence[str]:
    """The credentials that a person has to give; a consent gives the others."""
    if authentication.type is AuthenticationType.OAUTH2:
        return ("client_id", "client_secret")
    return authentication.credential_keys


def may_be_left_out(authentication: Authentication, key: str) -> bool:
    """Whether a connection works without that credential, or with an empty one."""
    if authentication.type is AuthenticationType.WEB_BASIC and key == "password":
        return True
    return key not in authentication.credential_keys


def from_environment(
    pack: str, authentication: Authentication, keys: Sequence[str], variables: Mapping[str, str]
) -> dict[str, str]:
    """The values of the variables that the configuration names, or of `PACK_KEY`.

    Exits with the names of those that are not set.
    """
    names = {key: variables.get(key) or variable_for(pack, key) for key in keys}
    found = {key: os.environ.get(name, "") for key, name in names.items()}
    unset = [
        names[key]
        for key, value in found.items()
        if not value.strip() and not may_be_left_out(authentication, key)
    ]
    if unset:
        fail(f"--from-env: not set, or empty: {', '.join(unset)}")
    return {key: value for key, value in found.items() if value.strip()}


def ask(authentication: Authentication, keys: Sequence[str]) -> dict[str, str]:
    """What somebody types; what is secret is not shown. Exits where nobody can be asked."""
    described = {
        field.name: field.description for field in (*authentication.params, *authentication.headers)
    }
    typed: dict[str, str] = {}
    for key in keys:
        optional = may_be_left_out(authentication, key)
        value = _asked(key, described.get(key, ""), optional)
        if value:
            typed[key] = value
    return typed


def ask_text(prompt: str, *, hidden: bool = False) -> str:
    """A line that somebody types. Exits where there is no terminal to ask at."""
    if not sys.stdin.isatty():
        fail(
            "there is no terminal to ask at. Set the variables of the credentials and use "
            "--from-env, and --endpoint where an endpoint is wanted; a consent in a browser needs "
            "a terminal unless the browser is opened here"
        )
    try:
        line = getpass.getpass(prompt) if hidden else input(prompt)
    except (EOFError, KeyboardInterrupt):
        console.print()
        fail("stopped; nothing was saved")
    if len(line) >= _LONGEST_LINE:
        fail(
            f"a terminal cuts lines after {_LONGEST_LINE:,} characters, and this one is as long: "
            "put it into a variable and use --from-env"
        )
    return line


def _asked(key: str, description: str, optional: bool) -> str:
    what = key.replace("_", " ")
    about = f" ({description})" if description else ""
    while True:
        if key in _FILES:
            value = _content(ask_text(f"Path of {_FILES[key]}: "))
        else:
            hidden = key.lower() not in _VISIBLE
            note = ", not shown" if hidden else ""
            empty = ", may be empty" if optional else ""
            value = ask_text(f"{what}{about}{note}{empty}: ", hidden=hidden)
        if value.strip() or optional:
            return value if key == "password" else value.strip()
        console.print("This is needed; Ctrl-C stops.")


def _content(path: str) -> str:
    try:
        return Path(path.strip()).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        console.print(f"That file cannot be read ({reason}).", markup=False)
        return ""
