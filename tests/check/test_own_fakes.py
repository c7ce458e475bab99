"""Finding the fake that a pack brings."""

from pathlib import Path

from pack_sdk import Pack
from pack_sync.check.fakes import find_fake


def test_a_fake_in_several_files(tmp_path: Path) -> None:
    """What is beside it is imported relatively; two packs' files of one name are not mixed up."""
    made: list[str] = []
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "tests").mkdir(parents=True)
        (folder / "tests" / "rows.py").write_text(f"BASE = 'https://{name}.example.com'\n")
        (folder / "tests" / "fake.py").write_text(
            "from pack_sdk.testing import FakeService, World\n"
            "from .rows import BASE\n"
            "def make_fake(seed):\n"
            "    return FakeService(World(seed), BASE)\n"
        )
        made.append(find_fake(name, Pack(), folder)(1).base_url)
    assert made == ["https://one.example.com", "https://two.example.com"]
