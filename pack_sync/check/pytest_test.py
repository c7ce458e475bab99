"""`check_tests`: a pack's check as a test of pytest."""

from collections.abc import Callable

from pack_sync.check.checked_table import check_table
from pack_sync.check.loading import load_pack_under_test
from pack_sync.runtimes.loader import load_pack


def check_tests(pack: str) -> Callable[[str], None]:
    """A pytest test that checks each table of a pack, as `packsync check` does.

        test_pack = check_tests("demo")

    It fails with the findings; advice does not make it fail. Raises `PackDefinitionError`.
    """
    import pytest  # only tests need it

    loaded = load_pack_under_test(pack)

    @pytest.mark.parametrize("table", list(load_pack(pack).sync_tables))
    def test_pack(table: str) -> None:
        report = check_table(loaded.table(table))
        if report.unchecked:
            pytest.skip(report.unchecked)
        errors = [finding for finding in report.findings if finding.level == "error"]
        if errors:
            pytest.fail("\n".join(map(str, errors)), pytrace=False)

    return test_pack
