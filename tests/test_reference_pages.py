"""The pages that are made from the code are up to date: `python -m tests.reference_pages`."""

from tests.reference_pages import FOLDER, api, check_rules, commands


def test_the_page_of_commands_is_up_to_date() -> None:
    """Each command and option is there, as its help says it."""
    assert (FOLDER / "commands.md").read_text() == commands()


def test_the_page_of_the_api_is_up_to_date() -> None:
    """Each public name is there, as its docstring says it."""
    assert (FOLDER / "api.md").read_text() == api()


def test_the_page_of_the_rules_is_up_to_date() -> None:
    """Each rule of `packsync check` is there, with what to do."""
    assert (FOLDER / "check-rules.md").read_text() == check_rules()
