"""The pages that are made from the code are up to date: `python -m tests.reference_pages`."""

from tests.reference_pages import FOLDER, api, commands


def test_the_page_of_commands_is_up_to_date() -> None:
    """Each command and option is there, as its help says it."""
    assert (FOLDER / "commands.md").read_text() == commands()


def test_the_page_of_the_api_is_up_to_date() -> None:
    """Each public name is there, as its docstring says it."""
    assert (FOLDER / "api.md").read_text() == api()
