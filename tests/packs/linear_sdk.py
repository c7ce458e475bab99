"""Linear's SDK for TypeScript, from the npm registry, and the schema that is in its types."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_schema

from tests.npm_packages import npm_package

_OPERATIONS = re.compile(r"^type \w+Fragment = ", re.M)
_TYPE = re.compile(r"^type (\w+) = (?:[\w& ]*& )?\{\n(.*?)^\};$", re.M | re.S)
_PARENTS = re.compile(r"^type \w+ = ([\w& ]+) & \{$", re.M)
_UNION = re.compile(r"^type (\w+) =([^;{}<>\"]+);$", re.M)
_ENUM = re.compile(r"^declare enum (\w+) \{\n(.*?)^\}$", re.M | re.S)
_SCALAR = re.compile(r"^  (\w+): ", re.M)
_FIELD = re.compile(r"^  (\w+)\??: (.+);$", re.M)
_VALUE = re.compile(r'^  \w+ = "(\w+)",$', re.M)
_MAY_LACK = re.compile(r"(?:Maybe|InputMaybe)<(.*)>")


def sdk_folder() -> Path:
    """A folder in which the SDK can be imported; skips the test if there is no npm."""
    return npm_package("@linear/sdk", "98.0.0")


@cache
def linear_schema() -> GraphQLSchema:
    """Linear's schema, read back from the types that the SDK's generator made of it."""
    types = next((sdk_folder() / "node_modules/@linear/sdk/dist").glob("index-*.d.mts")).read_text()
    return build_schema("\n".join(_definitions(types)), assume_valid_sdl=True)


def _definitions(types: str) -> Iterator[str]:
    """The schema in GraphQL's own language, without what changes something.

    The types of the operations that the SDK has come after those of the schema.
    """
    types = types[: _OPERATIONS.search(types).start()]  # pyright: ignore[reportOptionalMemberAccess]
    bodies: dict[str, str] = dict(_TYPE.findall(types))
    del bodies["Mutation"]
    built_in = {"ID", "String", "Boolean", "Int", "Float"}
    for scalar in _SCALAR.findall(bodies.pop("Scalars")):
        if scalar not in built_in:
            yield f"scalar {scalar}"
    for name, body in _ENUM.findall(types):
        if values := _VALUE.findall(body):
            yield f"enum {name} {{ {' '.join(values)} }}"
    objects = {name for name, body in bodies.items() if f'__typename?: "{name}"' in body}
    interfaces = {name for parents in _PARENTS.findall(types) for name in parents.split(" & ")}
    for name, body in bodies.items():
        fields = [
            f"{field}{_arguments(bodies, name, field)}: {_written(kind)}"
            for field, kind in _FIELD.findall(body)
            if not field.startswith("__")
        ]
        kind = "type" if name in objects else "interface" if name in interfaces else "input"
        if name in objects or not name.endswith("Args"):
            yield f"{kind} {name} {{ {' '.join(fields)} }}"
    for name, members in _UNION.findall(types):
        if (parts := re.findall(r"\w+", members)) and objects >= set(parts):
            yield f"union {name} = {' | '.join(parts)}"


def _arguments(bodies: dict[str, str], name: str, field: str) -> str:
    body = bodies.get(f"{name}{field[0].upper()}{field[1:]}Args", "")
    given = ", ".join(f"{each}: {_written(kind)}" for each, kind in _FIELD.findall(body))
    return f"({given})" if given else ""


def _written(kind: str) -> str:
    """`Maybe<Array<Scalars["Float"]>>` is `[Float!]`."""
    if found := _MAY_LACK.fullmatch(kind):
        return _written(found[1]).removesuffix("!")
    if found := re.fullmatch(r"Array<(.*)>", kind):
        return f"[{_written(found[1])}]!"
    named = re.fullmatch(r'Scalars\["(\w+)"\]', kind)
    return f"{named[1] if named else kind}!"
