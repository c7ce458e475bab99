"""Where a pack's code stumbled, for errors whose own words do not tell: `KeyError: 'rows'`."""

import opcode
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType

from pack_sdk.errors import PackDefinitionError, PackError

_ROOT = Path(__file__).resolve().parents[3]
_NOT_PACKS = (
    *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    *(str(_ROOT / name) for name in ("pack_sdk", "pack_sync")),
    "<",  # <string>, <frozen …>
)
_RAISE = opcode.opmap["RAISE_VARARGS"]


def note_mistake(error: Exception, last_answer: str) -> None:
    """Note on an error of a pack's code where it came up, and what the API had answered last.

    An error that the pack raises itself is meant to be read, and gets no note; nor do the
    fetcher's, which say all.
    """
    says_all = isinstance(error, PackError) and not isinstance(error, PackDefinitionError)
    if says_all or _is_raised_by_the_pack(error.__traceback__):
        return
    if place := place_in_pack(error):
        answer = f"; the last answer was: {last_answer}" if last_answer else ""
        error.add_note(f"({place}{answer})")


def place_in_pack(error: BaseException) -> str:
    """The last file, line and function of a pack that the error came through; "" if none."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_a_packs(frame)]
    if not frames:
        return ""
    last = frames[-1]
    function = "" if last.name == "<module>" else f", in {last.name}"
    return f"{_shown(last.filename)}, line {last.lineno}{function}"


def _is_raised_by_the_pack(frames: TracebackType | None) -> bool:
    """Whether the last instruction of the last frame is a `raise` of the pack's own."""
    if frames is None:
        return False
    while frames.tb_next is not None:
        frames = frames.tb_next
    code = frames.tb_frame.f_code
    return code.co_code[frames.tb_lasti] == _RAISE and _is_a_file_of_packs(code.co_filename)


def _is_a_packs(frame: traceback.FrameSummary) -> bool:
    return _is_a_file_of_packs(frame.filename)


def _is_a_file_of_packs(name: str) -> bool:
    return not name.startswith(_NOT_PACKS)


def _shown(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
