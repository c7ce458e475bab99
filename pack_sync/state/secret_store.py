"""Small secret documents, such as tokens and connected accounts, and where they are kept.

One interface for all places: files (`secret_files`), the Postgres of a lake (`postgres_secrets`),
the system's keyring (`keyring_secrets`).
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

from pack_sync.connection_settings import ConnectionOptions
from pack_sync.project import current_project
from pack_sync.state.keyring_secrets import KeyringSecret
from pack_sync.state.secret_files import SecretFile


class SecretStore(Protocol):
    """One document, by its name; as text it is the place where it is kept.

    All methods raise `AuthenticationFailedError` where the place cannot be used, and
    `ConnectionFailedError` where it does not answer now.
    """

    def locked(self, seconds: float) -> AbstractContextManager[None]:
        """Be the only process, and the only thread, that changes it.

        Raises `AuthenticationFailedError` if that takes longer than `seconds`.
        """
        ...

    def load(self) -> Mapping[str, Any] | None:
        """What was saved last, None if there is nothing."""
        ...

    def save(self, document: Mapping[str, Any]) -> None:
        """Keep the document, for good when this returns; called while it is locked."""
        ...

    def remove(self) -> None:
        """Forget the document; called while it is locked."""
        ...


SecretStores: TypeAlias = Callable[[str], SecretStore]
"""Where documents are kept: the store of each, by its name."""


def stores_of(options: ConnectionOptions, shared: SecretStores | None) -> SecretStores:
    """Where the secrets of a connection are kept, as its settings say.

    In the keyring or the folder that they name; else in `shared`, where all workers of a lake
    find them; else in the project's folder for them.
    """
    project = current_project()
    folder = project.path(options.credentials_folder or project.state_folder / "credentials")
    if options.use_keyring:
        return lambda name: KeyringSecret(name, project.root, folder)
    if shared is None or options.credentials_folder:
        return lambda name: SecretFile(folder, name)
    return shared
