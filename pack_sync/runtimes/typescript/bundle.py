"""A pack's code as it is run: one JavaScript file, with its source map."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """`file` is the code, `folder` where the pack's own files are, as errors show them.

    `source_map` is the file that leads from the one to the others, if there is one.
    """

    file: Path
    folder: Path
    source_map: Path | None = None

    @property
    def name(self) -> str:
        """What stack traces call the code."""
        return "bundle.js"

    def code(self) -> bytes:
        """The JavaScript."""
        return self.file.read_bytes()
