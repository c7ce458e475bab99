"""The authentication that a specification asks for, as a pack declares it."""

import re
from collections.abc import Mapping
from urllib.parse import urljoin

from pack_sync.new_pack.draft import AuthenticationDraft, Guess, Json
from pack_sync.new_pack.json_nodes import EMPTY, Node, listed, mapping
from pack_sync.new_pack.specification import Specification

_ORDER = ("bearer", "apiKey", "basic", "oauth2")


def authentication_of(specification: Specification, server: str) -> AuthenticationDraft:
    """What the pack declares; a scheme that takes a plain token before one with a consent."""
    schemes = _schemes(specification)
    wanted = _wanted(specification.document.get("security"), schemes)
    ranked = sorted(wanted, key=lambda name: _rank(schemes[name]))
    for name in ranked:
        arguments = _arguments(schemes[name], server)
        if arguments:
            others = ", ".join(each for each in schemes if each != name)
            question = f"there are also {others}: which one has your account?" if others else ""
            return AuthenticationDraft(
                arguments=arguments,
                guess=Guess(evidence=f"the security scheme {name!r}", question=question),
            )
    if schemes:
        names = ", ".join(schemes)
        question = f"the security schemes {names} were not understood: which credentials go where?"
        return AuthenticationDraft(guess=Guess(question=question))
    return AuthenticationDraft(
        guess=Guess(evidence="no security scheme", question="does it want no credentials at all?")
    )


def _schemes(specification: Specification) -> Mapping[str, Node]:
    if specification.is_swagger_2:
        found = mapping(specification.document.get("securityDefinitions"))
    else:
        components = mapping(specification.document.get("components"))
        found = mapping(components.get("securitySchemes"))
    return {str(name): specification.resolve(node) for name, node in found.items()}


def _wanted(security: Json, schemes: Mapping[str, Node]) -> list[str]:
    """Those that all operations want, if that is said; else all."""
    named = [str(name) for each in listed(security) for name in mapping(each)]
    return [name for name in named if name in schemes] or list(schemes)


def _rank(scheme: Node) -> int:
    kind = str(scheme.get("type"))
    kind = str(scheme.get("scheme")).lower() if kind == "http" else kind
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _arguments(scheme: Node, server: str) -> Mapping[str, Json] | None:
    kind = scheme.get("type")
    name = str(scheme.get("name") or "")
    if kind == "basic" or (kind == "http" and str(scheme.get("scheme")).lower() == "basic"):
        return {"type": "WebBasic"}
    if kind == "http" and str(scheme.get("scheme")).lower() == "bearer":
        return {"type": "HeaderBearerToken"}
    if kind == "apiKey" and scheme.get("in") == "query" and name:
        return {"type": "QueryParamToken", "param_name": name}
    if kind == "apiKey" and scheme.get("in") == "header" and name:
        return _header(name, str(scheme.get("description") or ""))
    if kind == "oauth2":
        return _oauth2(scheme, server)
    return None


def _header(name: str, said: str) -> Mapping[str, Json]:
    if name.lower() != "authorization":
        return {"type": "CustomHeaderToken", "header_name": name}
    prefix = re.search(r"\b(Token|ApiKey|Key|Basic|SSWS|GoogleLogin|Apikey)\s+[\"'`<{\[]?\w", said)
    if prefix and "bearer" not in said.lower():
        return {"type": "CustomHeaderToken", "header_name": name, "token_prefix": prefix[1]}
    return {"type": "HeaderBearerToken"}


def _oauth2(scheme: Node, server: str) -> Mapping[str, Json] | None:
    """The first flow that a pack can use; a token that is pasted where there is none."""
    flows = mapping(scheme.get("flows")) or {str(scheme.get("flow")): scheme}
    for names, kind in (
        (("authorizationCode", "accessCode"), "OAuth2"),
        (("clientCredentials", "application"), "OAuth2ClientCredentials"),
    ):
        flow = next((mapping(flows[name]) for name in names if name in flows), EMPTY)
        token_url = urljoin(f"{server}/", str(flow.get("tokenUrl") or ""))
        if not flow.get("tokenUrl") or not re.match(r"https://[^/?#@{]+([/?#]|$)", token_url):
            continue
        found: dict[str, Json] = {"type": kind, "token_url": token_url}
        if kind == "OAuth2":
            found["authorization_url"] = urljoin(f"{server}/", str(flow.get("authorizationUrl")))
        return found
    return {"type": "HeaderBearerToken"}
