"""One process at a time changes a secret of this machine: a lock file beside it."""

from pathlib import Path

from filelock import FileLock, Timeout

from pack_sdk.errors import AuthenticationFailedError


def take_lock(lock_file: Path, seconds: float) -> FileLock:
    """The lock, to be released; the folder is made, for its owner alone.

    Raises `AuthenticationFailedError` if that takes longer than `seconds`, or if the folder
    cannot be written.
    """
    try:
        lock_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(lock_file, timeout=seconds, mode=0o600)
        lock.acquire()
    except Timeout:
        raise AuthenticationFailedError(
            f"Another process has been obtaining an access token, or saving an account, for "
            f"{seconds:g} s. Its lock is {lock_file}; try again when that process is done."
        ) from None
    except OSError as error:
        raise unusable(lock_file, "written", error) from None
    return lock


def unusable(file: Path, how: str, error: OSError) -> AuthenticationFailedError:
    """What is wrong with a file of secrets that the system does not let us have."""
    return AuthenticationFailedError(
        f"The file {file} cannot be {how} ({error.strerror}). Make it so, or set "
        "`credentials_folder` of the connection to a folder that can be written and is kept."
    )
