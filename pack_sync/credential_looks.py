"""What credentials look like, and what they are called, whichever service they are of."""

import re
from collections.abc import Iterator
from itertools import chain

NAMES = frozenset(
    {
        "accesstoken", "refreshtoken", "idtoken", "bearertoken", "authtoken", "sessiontoken",
        "sessionid", "apikey", "apitoken", "apisecret", "secret", "clientsecret", "secretkey",
        "privatekey", "password", "passwd", "passphrase", "authorization", "csrftoken",
        "xsrftoken", "webhooksecret", "signingsecret", "jwt", "cookie", "setcookie",
        "xamzsignature", "xamzcredential", "xamzsecuritytoken", "xgoogsignature", "signature",
        "sig",
    }
)  # fmt: skip
"""Names of fields and parameters with credentials, as small letters alone."""

LOOKS = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # a JSON Web Token
    r"|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}"
    r"|[sr]k_(?:live|test)_\w{10,}|(?<![A-Za-z0-9])[a-z]{2,3}_(?:live|test)_(?=\w*\d)\w{10,}"
    r"|AKIA[0-9A-Z]{16}|ya29\.[\w-]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----"
)
"""Credentials that can be told by their first letters."""

_WRITTEN = re.compile(
    r"""(?i)(?:api_?key|secret|token|passw(?:or)?d|authorization)["']?\s*[\])]?\s*[:=]\s*"""
    r"""f?["'](?:Bearer |Basic |Token )?([\w./+=-]{16,})["']"""
    r"""|["'](?:Bearer|Basic|Token) ([\w./+=-]{16,})["']"""
    r"""|[?&](?:api_?key|key|(?:access_?)?token|secret)=([\w-]{16,})"""
)


def is_credential_name(name: str) -> bool:
    """Whether what has this name is a credential, whatever its value."""
    return re.sub("[^a-z]", "", name.lower()) in NAMES


def credentials_in_code(line: str) -> Iterator[str]:
    """What looks like a credential in a line of source: by its look, or by what it is given to."""
    yield from LOOKS.findall(line)
    for value in filter(None, chain.from_iterable(_WRITTEN.findall(line))):
        if re.search(r"\d", value) and re.search("[A-Za-z]", value) and not LOOKS.search(value):
            yield value
