"""A specification of an API: OpenAPI 3 or Swagger 2, in JSON or YAML, with its references.

<https://spec.openapis.org/oas/latest.html>, <https://swagger.io/specification/v2/>
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit

from pack_sync.new_pack.draft import CannotDraftError, Json
from pack_sync.new_pack.json_nodes import EMPTY, Node, listed, mapping
from pack_sync.new_pack.specification_files import OtherFiles, read_json_or_yaml

_METHODS = ("get", "post")
_MOST_REFERENCES = 50


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation, its references resolved as far as it goes itself.

    `answer` is the schema of its successful answer, `example` is one of those, `headers` are the
    names of its headers in lower case, `said` what is written of the operation. `body` is the
    schema of the JSON that it takes.
    """

    path: str
    method: str
    operation_id: str
    said: str
    parameters: tuple[Node, ...]
    body: Node
    answer: Node
    example: Json
    headers: frozenset[str]
    server: str
    security: Json
    deprecated: bool

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


class Specification:
    """A specification of which parts are looked at as they are asked for."""

    def __init__(self, document: Node, where: str) -> None:
        self.document = document
        self.where = where
        self.other_files = OtherFiles(Path(where).parent)

    @classmethod
    def read(cls, file: Path) -> "Specification":
        """The specification in a file. Raises `CannotDraftError` if it is none."""
        document = read_json_or_yaml(file)
        if not mapping(mapping(document).get("paths")):
            raise CannotDraftError(
                f"{file} is no specification of an API: it has no `paths`. A file of OpenAPI 3 or "
                "Swagger 2 is wanted, as JSON or YAML."
            )
        return cls(mapping(document), str(file))

    @property
    def title(self) -> str:
        """What it is called."""
        return str(mapping(self.document.get("info")).get("title") or "").strip()

    @cached_property
    def is_swagger_2(self) -> bool:
        """Whether it is of version 2, which has other places for some things."""
        return "swagger" in self.document

    def resolve(self, node: Json) -> Node:
        """The mapping itself, or what its `$ref` leads to; empty if that leads nowhere."""
        for _ in range(_MOST_REFERENCES):
            found = mapping(node)
            reference = found.get("$ref")
            if not isinstance(reference, str):
                return found
            node = self._at(reference)
        return EMPTY

    def _at(self, reference: str) -> Json:
        file, _, pointer = reference.partition("#")
        found: Json = self.other_files.document(file) if file else self.document
        for part in pointer.split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if items := listed(found):
                found = items[int(key)] if key.isdigit() and int(key) < len(items) else None
            else:
                found = mapping(found).get(key)
        return found

    def operations(self) -> Iterator[Operation]:
        """All operations that read, or may read: GET, then POST."""
        for path, item in mapping(self.document.get("paths")).items():
            shared = self.resolve(item)
            for method in _METHODS:
                if isinstance(shared.get(method), dict):
                    yield self._operation(str(path), method, shared, shared[method])

    def _operation(self, path: str, method: str, shared: Node, operation: Node) -> Operation:
        given = [*listed(shared.get("parameters")), *listed(operation.get("parameters"))]
        parameters = [self._parameter(each) for each in given]
        by_name = {(each.get("in"), each.get("name")): each for each in parameters}
        response = self._response(operation)
        said = (operation.get(key) for key in ("summary", "description"))
        return Operation(
            path=path,
            method=method,
            operation_id=str(operation.get("operationId") or ""),
            said="\n".join(str(text) for text in said if text),
            parameters=tuple(each for each in by_name.values() if each.get("name")),
            body=self._body(operation, by_name.values()),
            answer=self._content(response),
            example=self._example(response),
            headers=frozenset(str(name).lower() for name in mapping(response.get("headers"))),
            server=self._server(shared, operation),
            security=operation.get("security", self.document.get("security")),
            deprecated=operation.get("deprecated") is True,
        )

    def _body(self, operation: Node, parameters: Iterable[Node]) -> Node:
        if self.is_swagger_2:
            bodies = (each for each in parameters if each.get("in") == "body")
            return self.resolve(next(bodies, EMPTY).get("schema"))
        return self._content(self.resolve(operation.get("requestBody")))

    def _parameter(self, node: Json) -> Node:
        """A parameter with its schema's keys beside its own, as Swagger 2 has them."""
        parameter = self.resolve(node)
        content = next(iter(mapping(parameter.get("content")).values()), EMPTY)
        schema = self.resolve(parameter.get("schema") or mapping(content).get("schema"))
        variants = listed(schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"))
        for variant in reversed(variants):
            schema = {**self.resolve(variant), **schema}
        return {**schema, **parameter}

    def _response(self, operation: Node) -> Node:
        responses = {str(code): each for code, each in mapping(operation.get("responses")).items()}
        codes = [code for code in responses if code.startswith("2")]
        for code in ["200", *sorted(codes), "default"]:
            response = self.resolve(responses.get(code))
            if self._content(response) or self._example(response) is not None:
                return response
        return EMPTY

    def _content(self, response: Node) -> Node:
        if "schema" in response:
            return self.resolve(response["schema"])
        content = mapping(response.get("content"))
        for kind in [*(k for k in content if "json" in k), *(k for k in content if "*" in k)]:
            if found := self.resolve(mapping(content[kind]).get("schema")):
                return found
        return EMPTY

    def _example(self, response: Node) -> Json:
        """An answer that is given as an example; None if there is none."""
        content = mapping(response.get("content") or response.get("examples"))
        for kind, each in content.items():
            if "json" not in str(kind):
                continue
            if "examples" in response and "content" not in response:
                return each
            media = mapping(each)
            named = [self.resolve(one) for one in mapping(media.get("examples")).values()]
            for found in (media, *named):
                value = found.get("value", found.get("example"))
                if isinstance(value, dict | list):
                    return cast("Json", value)
        return None

    def _server(self, shared: Node, operation: Node) -> str:
        """The URL that paths are below, its variables filled with their defaults where they are."""
        if self.is_swagger_2:
            schemes = [str(each) for each in listed(self.document.get("schemes"))]
            scheme = schemes[0] if schemes and "https" not in schemes else "https"
            host = str(self.document.get("host") or "")
            return f"{scheme}://{host}{self.document.get('basePath') or ''}".rstrip("/")
        for holder in (operation, shared, self.document):
            servers = [mapping(each) for each in listed(holder.get("servers"))]
            if servers:
                secure = (each for each in servers if str(each.get("url")).startswith("https"))
                return self._server_url(next(secure, servers[0]))
        return ""

    def _server_url(self, server: Node) -> str:
        url = str(server.get("url") or "").rstrip("/")
        for name, variable in mapping(server.get("variables")).items():
            default = str(mapping(variable).get("default") or "")
            in_host = f"{{{name}}}" in urlsplit(url).netloc
            # A host that has a variable is another for each account, whatever the default.
            if default and not in_host:
                url = url.replace(f"{{{name}}}", default)
        return url.rstrip("/")
