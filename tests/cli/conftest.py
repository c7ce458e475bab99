"""For tests of commands."""

# Commands are imported when they are called. The console must not be made in a test that sets a
# width of its own, which rich would keep for all later ones.
import pack_sync.cli.context  # noqa: F401  # pyright: ignore[reportUnusedImport]
