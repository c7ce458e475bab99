"""What a person has to do at the service before an account can be connected, in words."""

from collections.abc import Sequence

from pack_sdk.authentication import Authentication, AuthenticationType

_WHERE = {
    AuthenticationType.HEADER_BEARER_TOKEN: "Make an API token at the service",
    AuthenticationType.CUSTOM_HEADER_TOKEN: "Make an API key at the service",
    AuthenticationType.QUERY_PARAM_TOKEN: "Make an API key at the service",
    AuthenticationType.MULTI_HEADER_TOKEN: "Make the API keys at the service",
    AuthenticationType.MULTI_QUERY_PARAM_TOKEN: "Make the API keys at the service",
    AuthenticationType.WEB_BASIC: "Have a user of the service ready",
    AuthenticationType.CUSTOM: "Have the account's credentials ready",
    AuthenticationType.LOGIN_TOKEN: "Have a user of the service ready",
    AuthenticationType.OAUTH2: "Register an application (OAuth client) at the service",
    AuthenticationType.OAUTH2_CLIENT_CREDENTIALS: "Register an application at the service that may "
    "use client credentials",
    AuthenticationType.OAUTH2_JWT_BEARER: "Register an application at the service with the "
    "certificate of your private key, and approve it for the user it is to act for",
    AuthenticationType.GOOGLE_SERVICE_ACCOUNT: "Make a service account in Google's console with a "
    "key of the kind JSON, and give it access to the data",
    AuthenticationType.GOOGLE_DOMAIN_WIDE_DELEGATION: "Make a service account in Google's console "
    "with a key of the kind JSON, and allow its client id domain-wide delegation in the admin "
    "console for the scopes below",
    AuthenticationType.AWS_ACCESS_KEY: "Make an access key in AWS' console (IAM)",
}


def what_to_register(
    authentication: Authentication, *, redirect: str | None, any_port: bool, registered: bool
) -> Sequence[str]:
    """Lines that say what to do where, with the exact redirect address and scopes.

    `redirect` is None for a way without one. With `any_port` the address has another port each
    time, which RFC 8252 has services accept. An application that is `registered` is known here.
    """
    what = _WHERE.get(authentication.type, "Have the account's credentials ready")
    lines = [f"{what}{_place(authentication)}."]
    if registered and authentication.type is AuthenticationType.OAUTH2:
        lines = ["What is registered at the service for your application must allow this:"]
    if redirect:
        lines.append(f"  Redirect address: {redirect}")
        if any_port:
            lines.append(
                "    This port is free now; the next time it is another one. If the service "
                "compares the port, choose one with --port."
            )
    if authentication.type is AuthenticationType.OAUTH2 and not redirect:
        lines.append("  Allow it the device flow; it needs no redirect address.")
    if authentication.scopes:
        lines.append(f"  Scopes: {', '.join(authentication.scopes)}")
    return lines


def _place(authentication: Authentication) -> str:
    if authentication.instructions_url:
        return f", as {authentication.instructions_url} says"
    url = authentication.authorization_url or authentication.token_url
    return f" (it answers at {url})" if "://" in url else ""
