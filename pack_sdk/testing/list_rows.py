"""The rows that a fake of a list holds: samples that were seen, or made up from a schema."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, cast

from pack_sdk.testing.collection import Fields
from pack_sdk.testing.list_endpoint import ListEndpoint, Path, TimeFormat
from pack_sdk.testing.made_up_rows import make_value

Row = dict[str, Any]


def value_at(value: Any, path: Path) -> Any:
    """What the keys lead to, None where there is nothing."""
    for key in path:
        value = cast("Row", value).get(key) if isinstance(value, dict) else None
    return value


def put_at(row: Row, path: Path, value: Any) -> None:
    """Set what the keys lead to; objects on the way are made."""
    for key in path[:-1]:
        inner = row.get(key)
        if not isinstance(inner, dict):
            inner = row[key] = cast("Row", {})
        row = cast("Row", inner)
    row[path[-1]] = value


def write_moment(moment: datetime, style: TimeFormat) -> Any:
    """A moment as the service writes it."""
    match style:
        case "iso":
            return moment.isoformat().replace("+00:00", "Z")
        case "date":
            return moment.date().isoformat()
        case "seconds":
            return int(moment.timestamp())
        case "milliseconds":
            return int(moment.timestamp() * 1000)


def read_moment(text: str, style: TimeFormat) -> datetime:
    """The moment that a client wrote; without a zone it is in UTC. Raises `ValueError`."""
    if style in ("seconds", "milliseconds"):
        return datetime.fromtimestamp(float(text) / (1000 if style == "milliseconds" else 1), UTC)
    moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class RowMaker:
    """Makes and revises the rows of an endpoint; `samples` are rows that were seen."""

    endpoint: ListEndpoint
    samples: Sequence[Mapping[str, Any]] = field(default_factory=tuple[Mapping[str, Any], ...])
    large_ids: bool = False

    @property
    def id_path(self) -> Path:
        """Where a row's id is."""
        return self.endpoint.id_key or ("id",)

    def id_of(self, fields: Fields) -> Any:
        """A row's id."""
        return value_at(dict(fields), self.id_path)

    @property
    def has_numbers_as_ids(self) -> bool:
        """Whether ids are numbers: in the rows that were seen, or by the schema."""
        if self.samples:
            return isinstance(self.id_of(self.samples[0]), int)
        kind = _schema_at(self.endpoint.row_schema, self.id_path).get("type")
        return kind in ("integer", "number")

    def make(self, random: Random, number: int, now: datetime) -> Row:
        """The sample of that number, or another row with an id of its own."""
        if number <= len(self.samples) and not self.large_ids:
            return copy.deepcopy(dict(self.samples[number - 1]))
        row = self._template(random, now)
        for name, value in row.items():
            if _names_a_row(name) and not isinstance(value, bool):
                row[name] = value + number if isinstance(value, int) else f"{value}-{number}"
        put_at(row, self.id_path, self._id(number))
        return row

    def revise(self, random: Random, fields: Fields, now: datetime) -> Row:
        """The row with other values in its texts and numbers, as far as they are no ids."""
        row = copy.deepcopy(dict(fields))
        other = self._template(random, now)
        fixed = {self.id_path[0], *(key[0] for key in self._times if key)}
        changed = False
        for name, value in other.items():
            if name not in fixed and row.get(name) != value and not _is_kept(name):
                row[name] = value
                changed = True
        if not changed:
            self._touch(row, random, fixed)
        return row

    def shown(self, fields: Fields, updated_at: datetime, *, deleted: bool) -> Row:
        """The row as the service answers it: with its time of modification, and its deletion."""
        row = copy.deepcopy(dict(fields))
        if self.endpoint.updated_key:
            put_at(row, self.endpoint.updated_key, write_moment(updated_at, self._updated_style))
        if self.endpoint.deleted_key:
            put_at(row, self.endpoint.deleted_key, self._deletion(updated_at, deleted=deleted))
        return row

    @property
    def _times(self) -> Sequence[Path]:
        return [path for path in (self.endpoint.updated_key, self.endpoint.deleted_key) if path]

    @property
    def _updated_style(self) -> TimeFormat:
        """How the rows write times: as those that were seen, or as the schema says."""
        path = self.endpoint.updated_key or ()
        seen = next((v for row in self.samples if (v := value_at(dict(row), path)) is not None), "")
        if isinstance(seen, int | float):
            return "milliseconds" if seen > 10**11 else "seconds"
        schema = _schema_at(self.endpoint.row_schema, path)
        changes = self.endpoint.changes
        if schema.get("type") in ("integer", "number"):
            numbers = changes and changes.format in ("seconds", "milliseconds")
            return changes.format if changes and numbers else "seconds"
        is_day = schema.get("format") == "date" or (len(seen) == 10 and seen.count("-") == 2)
        return "date" if is_day else "iso"

    def _deletion(self, moment: datetime, *, deleted: bool) -> Any:
        schema = _schema_at(self.endpoint.row_schema, self.endpoint.deleted_key or ())
        if schema.get("type") in ("string", ["string", "null"]):
            return write_moment(moment, "iso") if deleted else None
        return deleted

    def _template(self, random: Random, now: datetime) -> Row:
        if self.samples:
            return copy.deepcopy(dict(random.choice(self.samples)))
        made = make_value({"type": "object", **self.endpoint.row_schema}, random, now)
        return cast("Row", made) if isinstance(made, dict) else {}

    def _id(self, number: int) -> Any:
        seen = [self.id_of(row) for row in self.samples]
        if self.large_ids and self.has_numbers_as_ids:
            return 2**53 + number
        if seen:
            return max(seen) + number if self.has_numbers_as_ids else f"{seen[0]}-{number}"
        return 1_000 + number if self.has_numbers_as_ids else f"id-{number}"

    def _touch(self, row: Row, random: Random, fixed: set[str]) -> None:
        """Change the first text or number that may be changed."""
        for name, value in row.items():
            if name in fixed or _is_kept(name) or isinstance(value, bool):
                continue
            if isinstance(value, str) and not _looks_like_a_date(value):
                row[name] = f"{value.rsplit(' #', 1)[0]} #{random.randint(1, 10**6)}"
                return
            if isinstance(value, int | float):
                row[name] = value + 1
                return


_NAMES_OF_ROWS = {
    "key", "slug", "uuid", "guid", "gid", "sha", "code", "number", "handle", "login", "sku", "ref",
    "identifier", "uid", "external_id", "externalid", "node_id",
}  # fmt: skip


def _names_a_row(name: str) -> bool:
    """Whether a field may be what tells rows apart, beside the id: each row has its own."""
    return name.lower() in _NAMES_OF_ROWS


def _is_kept(name: str) -> bool:
    """Whether a field keeps its value when the row changes: it names the row, or another one."""
    names = name.lower() in ("id", "url", "uri", "href") or name.endswith(("_id", "Id", "_url"))
    return names or _names_a_row(name)


def _looks_like_a_date(text: str) -> bool:
    return len(text) >= 10 and text[:4].isdigit() and text[4] == "-"


def _schema_at(schema: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    for key in path:
        properties = cast("Mapping[str, Mapping[str, Any]]", schema.get("properties") or {})
        schema = properties.get(key) or {}
    return schema
