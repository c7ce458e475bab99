"""A pack's check as a test of pytest."""

import subprocess
import sys
from pathlib import Path

from tests.check.packs import write_pack

LINE = "from pack_sync.check import check_tests\n\ntest_pack = check_tests({!r})\n"


def run(folder: Path, pack: Path) -> "subprocess.CompletedProcess[str]":
    """Run pytest on a file with that line."""
    (folder / "test_it.py").write_text(LINE.format(str(pack)))
    arguments = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    return subprocess.run(  # noqa: S603 - our own tests
        arguments, cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_clean_pack_passes(tmp_path: Path) -> None:
    """A test for each table."""
    done = run(tmp_path, write_pack(tmp_path, "pages"))
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_finding_fails_with_its_line(tmp_path: Path) -> None:
    """And without a traceback of ours."""
    done = run(tmp_path, write_pack(tmp_path, "pages", [("len(rows) == 20", "len(rows) > 20")]))
    assert done.returncode == 1
    assert "pages/pack.py:35: paging-forgotten: a full sync ended after 1 page(s)" in done.stdout
    assert "Traceback" not in done.stdout
