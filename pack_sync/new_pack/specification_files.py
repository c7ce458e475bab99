"""The files of a specification: the first one, and those that its references lead to."""

from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit

import orjson
import yaml

from pack_sync.new_pack.draft import CannotDraftError, Json

_KINDS = (".json", ".yaml", ".yml")


class OtherFiles:
    """Files that references name, relative to the file that they are in; each is read once.

    `missing` says of those that were not followed why: the URLs, and what cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.missing: dict[str, str] = {}
        self._folder = folder
        self._documents: dict[str, Json] = {}

    def document(self, name: str) -> Json:
        """What is in a file; None where it is not followed."""
        if name not in self._documents:
            self._documents[name] = self._read(name)
        return self._documents[name]

    def _read(self, name: str) -> Json:
        if urlsplit(name).scheme in ("http", "https"):
            self.missing[name] = "it is a URL, and nothing is fetched for a specification"
            return None
        file = (self._folder / unquote(name)).resolve()
        if file.suffix.lower() not in _KINDS:
            self.missing[name] = f"it is none of {', '.join(_KINDS)}"
            return None
        try:
            document = read_json_or_yaml(file)
        except CannotDraftError as error:
            self.missing[name] = str(error)
            return None
        _place_references(document, file)
        return document


def _place_references(document: Json, file: Path) -> None:
    """Have each reference of a file say where it leads from anywhere."""
    nodes: list[Json] = [document]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            fields = cast("dict[str, Json]", node)
            reference = fields.get("$ref")
            if isinstance(reference, str):
                other, mark, pointer = reference.partition("#")
                if not urlsplit(other).scheme:
                    place = file.parent / other if other else file
                    fields["$ref"] = f"{place}{mark}{pointer}"
            nodes.extend(fields.values())
        elif isinstance(node, list):
            nodes.extend(cast("list[Json]", node))


def read_json_or_yaml(file: Path) -> Json:
    """What a file holds. Raises `CannotDraftError` if it is neither JSON nor YAML."""
    try:
        return _parsed(file.read_bytes())
    except OSError as error:
        raise CannotDraftError(f"{file} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, RecursionError, UnicodeDecodeError, ValueError) as error:
        what = str(error).strip().split("\n")[0]
        raise CannotDraftError(f"{file} is neither JSON nor YAML: {what}") from None


def _parsed(content: bytes) -> Json:
    try:
        return orjson.loads(content)
    except ValueError:
        # As quick as YAML gets, and as safe as `safe_load`, which is thirty times as slow.
        loader = yaml.CSafeLoader(content)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
