"""`dg scaffold defs`: a defs.yaml for a pack, with what the pack needs already in it."""

from typing import Any

import click
import dagster as dg
from pydantic import BaseModel, Field, field_validator

from pack_sdk.errors import PackDefinitionError
from pack_sdk.pack import Pack
from pack_sync.dagster.configuration import variable_for
from pack_sync.runtimes.loader import load_pack

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
    """Writes the defs.yaml: the pack, and its connection with a variable for each credential."""

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
            file.write_text(file.read_text().rstrip() + "\n" + _HINTS.format(table=first))


def _attributes(name: str, pack: Pack) -> dict[str, Any]:
    authentication = pack.authentication
    connection: dict[str, Any] = {}
    if authentication.requires_endpoint_url:
        connection["endpoint"] = "https://example.com"
    if authentication.credential_keys:
        connection["credentials"] = {
            key: {"env": variable_for(name, key)} for key in authentication.credential_keys
        }
    attributes: dict[str, Any] = {"pack": name}
    if connection:
        attributes["connections"] = {"default": connection}
    return attributes
