"""Small specifications, made up for tests."""

from typing import Any

TASK: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "title": {"type": "string"},
        "project": {"$ref": "#/components/schemas/Project"},
    },
}
PROJECT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "parent": {"$ref": "#/components/schemas/Project"},
    },
}


def query(name: str, **schema: Any) -> dict[str, Any]:
    """A query parameter; what is no part of its schema is its description or `required`."""
    outer = {key: schema.pop(key) for key in ("description", "required") if key in schema}
    return {"name": name, "in": "query", "schema": {"type": "string", **schema}, **outer}


def tasks_in(**beside: Any) -> dict[str, Any]:
    """The schema of an answer: tasks, and these properties beside them."""
    rows = {"type": "array", "items": {"$ref": "#/components/schemas/Task"}}
    return {"type": "object", "properties": {"tasks": rows, **beside}}


LIST = {"type": "array", "items": {"$ref": "#/components/schemas/Task"}}


def operation(
    answer: dict[str, Any], *parameters: dict[str, Any], headers: Any = None, **fields: Any
) -> dict[str, Any]:
    """An operation that answers so."""
    response = {"description": "OK", "content": {"application/json": {"schema": answer}}}
    if headers:
        response["headers"] = headers
    return {"parameters": list(parameters), "responses": {"200": response}, **fields}


def specification(paths: dict[str, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """The document, with a GET operation at each path."""
    return {
        "openapi": "3.0.3",
        "info": {"title": "Tasks", "version": "1"},
        "servers": [{"url": "https://api.example.com/v1"}],
        "paths": {path: {"get": each} for path, each in paths.items()},
        "components": {"schemas": {"Task": TASK, "Project": PROJECT}},
        **fields,
    }
