"""Tokens in the query: QueryParamToken and MultiQueryParamToken."""

from collections.abc import Iterable

import httpx

from pack_sync.http.auth.authenticator import Authenticator, RequestTokens, credential
from pack_sync.http.auth.query_params import with_query_param


class QueryParamToken(Authenticator):
    """QueryParamToken: a query parameter that the pack names."""

    def put_on(self, request: httpx.Request, tokens: RequestTokens) -> httpx.Request:
        """Set the parameter."""
        token = credential(self.credentials, "token")
        request.url = with_query_param(request.url, self.authentication.param_name, token)
        return request


class MultiQueryParamToken(Authenticator):
    """MultiQueryParamToken: several query parameters, each with the credential of its name."""

    def put_on(self, request: httpx.Request, tokens: RequestTokens) -> httpx.Request:
        """Set each parameter."""
        for param in self.authentication.params:
            token = credential(self.credentials, param.name)
            request.url = with_query_param(request.url, param.name, token)
        return request

    def query_param_names(self) -> Iterable[str]:
        """As the pack declares them."""
        return [*super().query_param_names(), *(param.name for param in self.authentication.params)]
