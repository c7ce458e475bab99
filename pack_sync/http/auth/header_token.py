"""Tokens in headers: HeaderBearerToken, CustomHeaderToken and MultiHeaderToken."""

import httpx

from pack_sync.http.auth.authenticator import Authenticator, RequestTokens, header_text


class BearerToken(Authenticator):
    """HeaderBearerToken: `Authorization: Bearer …`."""

    def put_on(self, request: httpx.Request, tokens: RequestTokens) -> httpx.Request:
        """Set the header."""
        request.headers["Authorization"] = f"Bearer {header_text(self.credentials, 'token')}"
        return request


class CustomHeaderToken(Authenticator):
    """CustomHeaderToken: a header that the pack names, with a prefix if it has one."""

    def put_on(self, request: httpx.Request, tokens: RequestTokens) -> httpx.Request:
        """Set the header."""
        prefix, token = self.authentication.token_prefix, header_text(self.credentials, "token")
        name = self.authentication.header_name
        request.headers[name] = f"{prefix} {token}" if prefix else token
        return request


class MultiHeaderToken(Authenticator):
    """MultiHeaderToken: several headers, each with the credential of its name."""

    def put_on(self, request: httpx.Request, tokens: RequestTokens) -> httpx.Request:
        """Set each header."""
        for header in self.authentication.headers:
            token = header_text(self.credentials, header.name)
            request.headers[header.name] = f"{header.token_prefix} {token}".strip()
        return request
