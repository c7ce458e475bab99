"""`dg scaffold defs`: a defs.yaml for a pack, with what the pack needs already in it."""

from typing import Any

import click
import dagster as dg
import yaml
from pydantic import BaseModel, Field, field_validator

from pack_sdk.errors import PackDefinitionError
from pack_sdk.pack import Pack
from pack_sync.dagster.configuration import variable_for
from pack_sync.runtimes.loader import load_pack, pack_name

_HINTS = """
  # The next most useful keys; an editor shows all after `dg utils configure-editor vscode`,
  # and `packsync settings` prints them with their defaults.
  #
  # tables:               # leave out to sync every table of the pack
  #   {table}:
  #     parameters: {{}}
  # schedule:
  #   enabled: true       # every 4 hours where there is a cursor, else daily; weekly in full
  #   time_zone: UTC
  # owners: ["team:data"]
"""


_CONNECT = (
    "Connect the account with `packsync connect {pack}`. Or name environment variables, which win:"
)


class PackSyncScaffoldParams(BaseModel):
    """What `dg scaffold defs` asks for."""

    pack: str = Field(description="A folder of packs/, or the path of a module of your own.")

    @field_validator("pack")
    @classmethod
    def _there_is_one(cls, name: str) -> str:
        """Before `dg` makes the folder, and as an error that it shows without a traceback."""
        try:
            load_pack(name)
        except PackDefinitionError as error:
            raise click.BadParameter(str(error), param_hint="--pack") from error
        return name


class PackSyncScaffolder(dg.Scaffolder[PackSyncScaffoldParams]):
    """Writes the defs.yaml: the pack, and as comments what else it may need."""

    @classmethod
    def get_scaffold_params(cls) -> type[PackSyncScaffoldParams]:
        """The options of the command."""
        return PackSyncScaffoldParams

    def scaffold(self, request: dg.ScaffoldRequest[PackSyncScaffoldParams]) -> None:
        """Write it."""
        name = request.params.pack
        pack = load_pack(name)
        dg.scaffold_component(request, _attributes(name, pack))
        if request.scaffold_format == "yaml" and not request.append:
            file = request.target_path / "defs.yaml"
            first = next(iter(pack.sync_tables))
            hints = _account_hints(name, pack) + _HINTS.format(table=first)
            file.write_text(f"{file.read_text().rstrip()}\n{hints}")


def defs_yaml(name: str, pack: Pack, *, allow_http_localhost: bool) -> str:
    """The whole file for a pack that has just been written.

    A table that needs parameters gets a place for each; the others are named beside it, since
    tables that are not named are then not synced.
    """
    attributes = _attributes(name, pack)
    connection: dict[str, Any] = attributes.pop("connections", {}).get("default", {})
    if allow_http_localhost:
        connection["allow_http_localhost"] = True
    needed = {
        table.name: {
            each.name: "?"
            for each in table.parameters
            if not each.optional and each.crawl_parent_table is None
        }
        for table in pack.sync_tables.values()
    }
    if any(needed.values()):
        attributes["tables"] = {
            table: {"parameters": parameters} if parameters else {}
            for table, parameters in needed.items()
        }
    if connection:  # the last, so that the comments about it stand in it
        attributes["connections"] = {"default": connection}
    content = {"type": "pack_sync.PackSyncComponent", "attributes": attributes}
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    hints = _HINTS.format(table=next(iter(pack.sync_tables)))
    account = _account_hints(name, pack, in_connection=bool(connection))
    return f"{text.rstrip()}\n{account}{hints}"


def _attributes(name: str, pack: Pack) -> dict[str, Any]:
    """The pack; and its endpoint where no account is connected, which would bring it."""
    attributes: dict[str, Any] = {"pack": name}
    if pack.authentication.requires_endpoint_url and not pack.authentication.credential_keys:
        attributes["connections"] = {"default": {"endpoint": "https://example.com"}}
    return attributes


def _account_hints(name: str, pack: Pack, *, in_connection: bool = False) -> str:
    """How the pack gets its credentials, as comments; nothing if it needs none.

    With `in_connection` they stand at the end of the connection that the file has, else they have
    one of their own.
    """
    keys = pack.authentication.credential_keys
    if not keys:
        return ""
    settings = (
        ["endpoint: https://example.com"] if pack.authentication.requires_endpoint_url else []
    )
    settings += ["credentials:", *(f"  {key}: {{env: {variable_for(name, key)}}}" for key in keys)]
    if not in_connection:
        settings = ["connections:", "  default:", *(f"    {line}" for line in settings)]
    lines = [_CONNECT.format(pack=pack_name(name)), "", *settings]
    indent = " " * (6 if in_connection else 2)
    commented = [f"{indent}# {line}".rstrip() for line in lines]
    return "\n".join([*([] if in_connection else [""]), *commented, ""])
